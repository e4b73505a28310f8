// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/commands.h"

#include "cli/open.h"
#include "util/error.h"

#include <stdio.h>
#include <string.h>

typedef struct
{
  char *group;
} Options;

typedef struct
{
  const char *name;
  int n_values; /* arguments after KEY */
  gboolean (*run) (UlRepo *repo, const char *group, const char *key, const char *value,
                   GError **error);
} Operation;

/* A copy to change: what the repository holds is only ever replaced by what was written. */
static GKeyFile *
copy_config (UlRepo *repo, GError **error)
{
  gsize len;
  g_autofree char *text = g_key_file_to_data (ul_repo_config (repo), &len, error);
  if (text == NULL)
    return NULL;
  g_autoptr (GKeyFile) copy = g_key_file_new ();
  if (!g_key_file_load_from_data (copy, text, len, G_KEY_FILE_KEEP_COMMENTS, error))
    return NULL;
  return g_steal_pointer (&copy);
}

static gboolean
check_names (const char *group, const char *key, GError **error)
{
  /* What GKeyFile would write and then not read back. */
  if (*group == '\0' || strpbrk (group, "[]\n\r\t") != NULL || !g_utf8_validate (group, -1, NULL))
    return ul_throw (error, UL_ERROR_INVALID, "Invalid group name '%s'", group);
  if (*key == '\0' || *key == ' ' || key[strlen (key) - 1] == ' '
      || strpbrk (key, "=[]#\n\r") != NULL || !g_utf8_validate (key, -1, NULL))
    return ul_throw (error, UL_ERROR_INVALID, "Invalid key name '%s'", key);
  return TRUE;
}

static gboolean
get (UlRepo *repo, const char *group, const char *key, const char *value, GError **error)
{
  g_autofree char *found = g_key_file_get_string (ul_repo_config (repo), group, key, error);
  if (found == NULL)
    return FALSE;
  puts (found);
  return TRUE;
}

static gboolean
set (UlRepo *repo, const char *group, const char *key, const char *value, GError **error)
{
  if (!check_names (group, key, error))
    return FALSE;
  if (!g_utf8_validate (value, -1, NULL))
    return ul_throw (error, UL_ERROR_INVALID, "The value for %s.%s is not valid UTF-8", group, key);
  g_autoptr (GKeyFile) config = copy_config (repo, error);
  if (config == NULL)
    return FALSE;
  g_key_file_set_string (config, group, key, value);
  return ul_repo_write_config (repo, config, error);
}

static gboolean
unset (UlRepo *repo, const char *group, const char *key, const char *value, GError **error)
{
  /* Nothing to remove is fine, as with ostree. */
  if (!g_key_file_has_key (ul_repo_config (repo), group, key, NULL))
    return TRUE;
  g_autoptr (GKeyFile) config = copy_config (repo, error);
  if (config == NULL)
    return FALSE;
  g_key_file_remove_key (config, group, key, NULL);
  return ul_repo_write_config (repo, config, error);
}

static const Operation operations[] = {
  { "get", 0, get },
  { "set", 1, set },
  { "unset", 0, unset },
};

static const Operation *
find_operation (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (operations); i++)
    if (strcmp (operations[i].name, name) == 0)
      return &operations[i];
  return NULL;
}

/* GROUP.KEY is split at the first dot; a group with a dot in its name (remote "a.b") takes --group.
 */
static gboolean
split_key (const char *word, char **out_group, char **out_key, GError **error)
{
  const char *dot = strchr (word, '.');
  if (dot == NULL)
    return ul_throw (error, UL_ERROR_INVALID, "Key must be of the form \"sectionname.keyname\"");
  *out_group = g_strndup (word, (gsize) (dot - word));
  *out_key = g_strdup (dot + 1);
  return TRUE;
}

static gboolean
run (UlInvocation *inv, gpointer data, GError **error)
{
  const Options *options = data;
  if (inv->argc < 1)
    return ul_throw (error, UL_ERROR_INVALID, "OPERATION must be specified");
  const Operation *operation = find_operation (inv->argv[0]);
  if (operation == NULL)
    return ul_throw (error, UL_ERROR_INVALID, "Unknown operation %s", inv->argv[0]);
  const int wanted = 2 + operation->n_values;
  if (inv->argc < wanted && options->group != NULL)
    return ul_throw (error, UL_ERROR_INVALID,
                     operation->n_values > 0 ? "GROUP name, KEY and VALUE must be specified"
                                             : "Group name and key must be specified");
  if (inv->argc < wanted)
    return ul_throw (error, UL_ERROR_INVALID,
                     operation->n_values > 0 ? "KEY and VALUE must be specified"
                                             : "KEY must be specified");
  if (inv->argc > wanted)
    return ul_throw (error, UL_ERROR_INVALID, "Too many arguments given");

  g_autofree char *group = g_strdup (options->group);
  g_autofree char *key = NULL;
  if (group != NULL)
    key = g_strdup (inv->argv[1]);
  else if (!split_key (inv->argv[1], &group, &key, error))
    return FALSE;

  g_autoptr (UlRepo) repo = ul_cli_open_repo (inv, error);
  if (repo == NULL)
    return FALSE;
  return operation->run (repo, group, key, inv->argv[2], error);
}

static const UlOption table[] = {
  { "group", 0, UL_OPTION_STRING, offsetof (Options, group), "GROUP",
    "The group that KEY is in, for a group whose name has a dot" },
  UL_OPTIONS_END,
};

const UlCommand ul_cmd_config = {
  .name = "config",
  .args = "(get KEY|set KEY VALUE|unset KEY)",
  .summary = "Change repo configuration settings",
  .details = "KEY is GROUP.NAME, for example core.mode. With --group it is the name alone.",
  .completes = "get|set|unset",
  .uses = UL_USES_REPO,
  .options_size = sizeof (Options),
  .options = table,
  .run = run,
};
