// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/verb.h"

#include "cli/options.h"
#include "cli/suggest.h"
#include "util/error.h"

#include <string.h>

void
ul_verb_clear (UlVerb *verb)
{
  g_clear_pointer (&verb->group, g_free);
  g_clear_pointer (&verb->unknown, g_free);
}

const char *
ul_verb_in_group (const char *name, const char *group)
{
  const gsize len = strlen (group);
  if (len == 0)
    return name;
  return g_str_has_prefix (name, group) && name[len] == ' ' ? name + len + 1 : NULL;
}

/* The first word that is no option and no option's value; -1 if there is none. */
static int
find_word (const GPtrArray *words)
{
  const UlOptionSet sets[] = {
    { ul_options_repo, NULL },
    { ul_options_jobs, NULL },
    { ul_options_lock, NULL },
    { NULL, NULL },
  };
  char **word = (char **) words->pdata;
  for (int i = 0; word[i] != NULL; i++)
    {
      if (word[i][0] != '-')
        return i;
      if (ul_options_takes_next (sets, word[i]) != NULL && word[i + 1] != NULL)
        i++;
    }
  return -1;
}

/* Does a verb of the group go on with @word? *out is the verb if that is its last one, else NULL.
 */
static gboolean
goes_on (const UlProgram *program, const char *group, const char *word, const UlCommand **out)
{
  const gsize len = strlen (word);
  for (const UlCommandGroup *g = program->groups; g->title != NULL; g++)
    for (const UlCommand *const *c = g->commands; *c != NULL; c++)
      {
        const char *rest = ul_verb_in_group ((*c)->name, group);
        if (rest == NULL || len != strcspn (rest, " ") || strncmp (rest, word, len) != 0)
          continue;
        *out = rest[len] == '\0' ? *c : NULL;
        return TRUE;
      }
  return FALSE;
}

static char *
join (const char *group, const char *word)
{
  return g_strconcat (group, *group != '\0' ? " " : "", word, NULL);
}

void
ul_verb_take (const UlProgram *program, GPtrArray *words, UlVerb *out)
{
  UlVerb verb = { .group = g_strdup ("") };
  for (int i = find_word (words); i >= 0; i = find_word (words))
    {
      const char *word = g_ptr_array_remove_index (words, (guint) i);
      if (!goes_on (program, verb.group, word, &verb.command))
        {
          verb.unknown = g_strdup (word);
          break;
        }
      if (verb.command != NULL)
        break;
      g_autofree char *shorter = verb.group;
      verb.group = join (shorter, word);
    }
  *out = verb;
}

/* The words that verbs of the group go on with, or with @whole all that follows. */
static GPtrArray *
list_group (const UlProgram *program, const char *group, gboolean whole)
{
  GPtrArray *list = g_ptr_array_new_with_free_func (g_free);
  for (const UlCommandGroup *g = program->groups; g->title != NULL; g++)
    for (const UlCommand *const *c = g->commands; *c != NULL; c++)
      {
        const char *rest = ul_verb_in_group ((*c)->name, group);
        if (rest != NULL)
          g_ptr_array_add (list, g_strndup (rest, strcspn (rest, whole ? "" : " ")));
      }
  g_ptr_array_add (list, NULL);
  return list;
}

/* The rest of the verb in the group that other programs call @word; NULL for none. */
static const char *
find_others_say (const UlProgram *program, const char *group, const char *word)
{
  for (const UlCommandGroup *g = program->groups; g->title != NULL; g++)
    for (const UlCommand *const *c = g->commands; *c != NULL; c++)
      {
        const char *rest = ul_verb_in_group ((*c)->name, group);
        if (rest == NULL || strchr (rest, ' ') != NULL || (*c)->others_say == NULL)
          continue;
        g_auto (GStrv) names = g_strsplit ((*c)->others_say, " ", -1);
        if (g_strv_contains ((const char *const *) names, word))
          return rest;
      }
  return NULL;
}

gboolean
ul_verb_throw_unknown (const UlProgram *program, const UlVerb *verb, GError **error)
{
  g_autofree char *typed = join (verb->group, verb->unknown);
  if (g_strv_contains (program->refused, typed))
    return ul_throw (error, UL_ERROR_UNSUPPORTED, "%s is not supported", typed);

  g_autoptr (GPtrArray) words = list_group (program, verb->group, FALSE);
  const char *near = find_others_say (program, verb->group, verb->unknown);
  if (near == NULL)
    near = ul_suggest_nearest (verb->unknown, (const char *const *) words->pdata);
  if (near == NULL)
    return ul_throw (error, UL_ERROR_INVALID, "Unknown command '%s'", typed);
  g_autofree char *meant = join (verb->group, near);
  return ul_throw (error, UL_ERROR_INVALID, "Unknown command '%s', did you mean '%s'?", typed,
                   meant);
}

gboolean
ul_verb_throw_missing (const UlProgram *program, const UlVerb *verb, const char *called_by,
                       GError **error)
{
  if (*verb->group == '\0')
    return ul_throw (error, UL_ERROR_INVALID, "No command specified, see '%s --help'", called_by);
  g_autoptr (GPtrArray) names = list_group (program, verb->group, TRUE);
  g_autofree char *list = g_strjoinv (", ", (char **) names->pdata);
  return ul_throw (error, UL_ERROR_INVALID, "No %s command specified (%s), see '%s %s --help'",
                   verb->group, list, called_by, verb->group);
}
