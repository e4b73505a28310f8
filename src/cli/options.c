// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/options.h"

#include "cli/suggest.h"
#include "repo/repo.h"
#include "util/error.h"

#include <string.h>

#define FIELD(name) offsetof (UlInvocation, name)

static gboolean
parse_jobs (const char *value, gpointer target, GError **error)
{
  UlInvocation *inv = target;
  guint64 jobs;
  if (!g_ascii_string_to_unsigned (value, 10, 1, 1024, &jobs, NULL))
    return ul_throw (error, UL_ERROR_INVALID, "--jobs must be a number from 1 to 1024, not '%s'",
                     value);
  inv->jobs = (int) jobs;
  return TRUE;
}

static gboolean
parse_lock_timeout (const char *value, gpointer target, GError **error)
{
  UlInvocation *inv = target;
  gint64 secs;
  if (!g_ascii_string_to_signed (value, 10, -1, G_MAXINT, &secs, NULL))
    return ul_throw (error, UL_ERROR_INVALID,
                     "--lock-timeout must be a number of seconds, or -1 for ever, not '%s'", value);
  inv->lock_timeout = secs == 0 ? UL_REPO_LOCK_TRY : (int) secs;
  return TRUE;
}

const UlOption ul_options_common[] = {
  { "verbose", 'v', UL_OPTION_FLAG, FIELD (verbose), NULL,
    "Print debug information during command processing" },
  { "version", 0, UL_OPTION_FLAG, FIELD (version), NULL, "Print version information and exit" },
  { "help", 'h', UL_OPTION_HELP, FIELD (help), NULL, "Show this help and exit" },
  UL_OPTIONS_END,
};

const UlOption ul_options_repo[] = {
  { "repo", 0, UL_OPTION_PATH, FIELD (repo), "PATH",
    "Path to the repository (defaults to the current directory, $UNDERLAY_REPO, $OSTREE_REPO or "
    "/ostree/repo)",
    "@dir" },
  UL_OPTIONS_END,
};

const UlOption ul_options_jobs[] = {
  { "jobs", 'j', UL_OPTION_CALLBACK, 0, "N",
    "Work with N threads (defaults to the CPUs this process may use)", NULL, parse_jobs },
  UL_OPTIONS_END,
};

const UlOption ul_options_quiet[] = {
  { "quiet", 'q', UL_OPTION_FLAG, FIELD (quiet), NULL, "Show no progress" },
  UL_OPTIONS_END,
};

const UlOption ul_options_json[] = {
  { "json", 0, UL_OPTION_FLAG, FIELD (json), NULL, "Print one JSON document" },
  UL_OPTIONS_END,
};

const UlOption ul_options_lock[] = {
  { "lock-timeout", 0, UL_OPTION_CALLBACK, 0, "SECS",
    "Wait this long for the lock of the repository: 0 not at all, -1 for ever (defaults to "
    "core.lock-timeout-secs)",
    NULL, parse_lock_timeout },
  UL_OPTIONS_END,
};

gboolean
ul_parse_boolean (const char *value, gboolean *out, GError **error)
{
  static const char *const yes[] = { "yes", "true", "1", NULL };
  static const char *const no[] = { "no", "false", "none", "0", NULL };
  g_autofree char *lower = g_ascii_strdown (value, -1);
  *out = g_strv_contains (yes, lower);
  if (*out || g_strv_contains (no, lower))
    return TRUE;
  return ul_throw (error, UL_ERROR_INVALID, "Invalid boolean argument '%s'", value);
}

void
ul_options_sets_for (const UlCommand *command, UlInvocation *inv, gpointer options,
                     UlOptionSet sets[UL_OPTION_SETS_MAX])
{
  const UlCommandUses uses = command != NULL ? command->uses : 0;
  int n = 0;

  if (command != NULL && command->options != NULL)
    sets[n++] = (UlOptionSet){ command->options, options };
  /* A verb's own table comes first: fsck explains --quiet in its own words. */
  if (uses & UL_USES_JSON)
    sets[n++] = (UlOptionSet){ ul_options_json, inv };
  if (uses & UL_USES_QUIET)
    sets[n++] = (UlOptionSet){ ul_options_quiet, inv };
  if (uses & UL_USES_JOBS)
    sets[n++] = (UlOptionSet){ ul_options_jobs, inv };
  if (uses & UL_USES_LOCK)
    sets[n++] = (UlOptionSet){ ul_options_lock, inv };
  if (uses & UL_USES_REPO)
    sets[n++] = (UlOptionSet){ ul_options_repo, inv };
  sets[n++] = (UlOptionSet){ ul_options_common, inv };
  g_assert (n < UL_OPTION_SETS_MAX);
  sets[n] = (UlOptionSet){ NULL, NULL };
}

static const UlOption *
find_long (const UlOptionSet *sets, const char *name, gsize len, gpointer *out_target)
{
  for (; sets->table != NULL; sets++)
    for (const UlOption *o = sets->table; o->type != UL_OPTION_END; o++)
      if (ul_option_is_real (o) && strncmp (o->name, name, len) == 0 && o->name[len] == '\0')
        {
          *out_target = sets->target;
          return o;
        }
  return NULL;
}

static const UlOption *
find_short (const UlOptionSet *sets, char letter, gpointer *out_target)
{
  /* GOption's second name for help. */
  if (letter == '?')
    letter = 'h';
  for (; sets->table != NULL; sets++)
    for (const UlOption *o = sets->table; o->type != UL_OPTION_END; o++)
      if (ul_option_is_real (o) && o->short_name == letter)
        {
          *out_target = sets->target;
          return o;
        }
  return NULL;
}

static gboolean
takes_value (const UlOption *option)
{
  switch (option->type)
    {
    case UL_OPTION_FLAG:
    case UL_OPTION_HELP:
    case UL_OPTION_OPTIONAL:
    case UL_OPTION_UNSUPPORTED:
    case UL_OPTION_HEADING:
    case UL_OPTION_END:
      return FALSE;
    case UL_OPTION_CALLBACK:
      return option->arg != NULL;
    case UL_OPTION_STRING:
    case UL_OPTION_PATH:
    case UL_OPTION_STRING_LIST:
      return TRUE;
    }
  g_assert_not_reached ();
}

static gboolean
unknown_option (const UlOptionSet *sets, const char *word, gsize name_len, GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  for (; sets->table != NULL; sets++)
    for (const UlOption *o = sets->table; o->type != UL_OPTION_END; o++)
      if (ul_option_is_shown (o))
        g_ptr_array_add (names, g_strconcat ("--", o->name, NULL));
  g_ptr_array_add (names, NULL);

  g_autofree char *name = g_strndup (word, name_len);
  const char *near = NULL;
  /* One wrong letter says nothing about which was meant. */
  if (name_len > 3 && word[1] == '-')
    near = ul_suggest_nearest (name, (const char *const *) names->pdata);
  if (near != NULL)
    return ul_throw (error, UL_ERROR_INVALID, "Unknown option %s, did you mean %s?", name, near);
  return ul_throw (error, UL_ERROR_INVALID, "Unknown option %s", word);
}

static void
append_string (char ***list, const char *value)
{
  const guint n = *list != NULL ? g_strv_length (*list) : 0;
  *list = g_renew (char *, *list, n + 2);
  (*list)[n] = g_strdup (value);
  (*list)[n + 1] = NULL;
}

/* @shown is the option as the user wrote it, @value NULL for a flag. */
static gboolean
apply (const UlOption *option, const char *shown, const char *value, gpointer target,
       GError **error)
{
  void *field = (char *) target + option->offset;

  if (value != NULL && option->type != UL_OPTION_PATH && option->type != UL_OPTION_OPTIONAL
      && !g_utf8_validate (value, -1, NULL))
    return ul_throw (error, UL_ERROR_INVALID, "The value of %s is not valid UTF-8", shown);

  switch (option->type)
    {
    case UL_OPTION_FLAG:
    case UL_OPTION_HELP:
      *(gboolean *) field = TRUE;
      return TRUE;
    case UL_OPTION_STRING:
    case UL_OPTION_PATH:
      g_free (*(char **) field);
      *(char **) field = g_strdup (value);
      return TRUE;
    case UL_OPTION_OPTIONAL:
      g_free (*(char **) field);
      *(char **) field = g_strdup (value != NULL ? value : "");
      return TRUE;
    case UL_OPTION_STRING_LIST:
      append_string (field, value);
      return TRUE;
    case UL_OPTION_CALLBACK:
      return option->parse (value, target, error);
    case UL_OPTION_UNSUPPORTED:
      return ul_throw (error, UL_ERROR_UNSUPPORTED, "--%s is not supported", option->name);
    case UL_OPTION_HEADING:
    case UL_OPTION_END:
      break;
    }
  g_assert_not_reached ();
}

static gboolean
apply_flag (const UlOption *option, const char *shown, gpointer target, char ***io_next,
            GError **error)
{
  /* Whoever asks for help isn't told about mistakes that come after it. */
  if (option->type == UL_OPTION_HELP)
    while (**io_next != NULL)
      (*io_next)++;
  return apply (option, shown, NULL, target, error);
}

/* @io_next points at the word after @word and moves if that is the value. */
static gboolean
parse_long (const UlOptionSet *sets, const char *word, char ***io_next, GError **error)
{
  const char *equals = strchr (word, '=');
  const gsize len = equals != NULL ? (gsize) (equals - word) : strlen (word);
  gpointer target = NULL;
  const UlOption *option = find_long (sets, word + 2, len - 2, &target);
  if (option == NULL)
    return unknown_option (sets, word, len, error);

  g_autofree char *shown = g_strndup (word, len);
  if (!takes_value (option))
    {
      if (equals != NULL && option->type == UL_OPTION_OPTIONAL)
        return apply (option, shown, equals + 1, target, error);
      if (equals != NULL && option->type != UL_OPTION_UNSUPPORTED)
        return ul_throw (error, UL_ERROR_INVALID, "%s takes no value", shown);
      return apply_flag (option, shown, target, io_next, error);
    }
  if (equals != NULL)
    return apply (option, shown, equals + 1, target, error);
  if (**io_next == NULL)
    return ul_throw (error, UL_ERROR_INVALID, "Missing argument for %s", shown);
  return apply (option, shown, *(*io_next)++, target, error);
}

static gboolean
parse_shorts (const UlOptionSet *sets, const char *word, char ***io_next, GError **error)
{
  for (const char *p = word + 1; *p != '\0'; p++)
    {
      gpointer target = NULL;
      const UlOption *option = find_short (sets, *p, &target);
      if (option == NULL)
        return unknown_option (sets, word, strlen (word), error);

      const char shown[] = { '-', *p, '\0' };
      if (!takes_value (option))
        {
          if (!apply_flag (option, shown, target, io_next, error))
            return FALSE;
          if (option->type == UL_OPTION_HELP)
            return TRUE;
          continue;
        }
      if (p[1] != '\0')
        return apply (option, shown, p + 1, target, error);
      if (**io_next == NULL)
        return ul_throw (error, UL_ERROR_INVALID, "Missing argument for %s", shown);
      return apply (option, shown, *(*io_next)++, target, error);
    }
  return TRUE;
}

gboolean
ul_options_parse (const UlOptionSet *sets, char **words, GPtrArray *positional, GError **error)
{
  gboolean ended = FALSE;
  while (*words != NULL)
    {
      char *word = *words++;
      if (ended || word[0] != '-' || word[1] == '\0')
        g_ptr_array_add (positional, word);
      else if (strcmp (word, "--") == 0)
        ended = TRUE;
      else if (word[1] == '-')
        {
          if (!parse_long (sets, word, &words, error))
            return FALSE;
        }
      else if (!parse_shorts (sets, word, &words, error))
        return FALSE;
    }
  return TRUE;
}

void
ul_options_clear (const UlOption *table, gpointer target)
{
  for (const UlOption *o = table; o->type != UL_OPTION_END; o++)
    {
      void *field = (char *) target + o->offset;
      if (o->type == UL_OPTION_STRING || o->type == UL_OPTION_PATH || o->type == UL_OPTION_OPTIONAL)
        g_clear_pointer ((char **) field, g_free);
      else if (o->type == UL_OPTION_STRING_LIST)
        g_clear_pointer ((char ***) field, g_strfreev);
    }
}

const UlOption *
ul_options_takes_next (const UlOptionSet *sets, const char *word)
{
  gpointer target;
  const UlOption *option = NULL;
  if (g_str_has_prefix (word, "--"))
    option = find_long (sets, word + 2, strlen (word + 2), &target);
  else if (word[0] == '-' && word[1] != '\0' && word[2] == '\0')
    option = find_short (sets, word[1], &target);
  return option != NULL && takes_value (option) ? option : NULL;
}
