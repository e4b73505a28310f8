// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/tree-specs.h"

#include <string.h>

#include "util/error.h"

static gboolean
parse (const char *spec, UlTreeSource *out, GError **error)
{
  static const struct
  {
    const char *prefix;
    UlTreeSourceType type;
  } types[] = {
    { "dir=", UL_TREE_SOURCE_DIR },
    { "ref=", UL_TREE_SOURCE_COMMIT },
    { "tar=", UL_TREE_SOURCE_TAR },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (types); i++)
    if (g_str_has_prefix (spec, types[i].prefix))
      {
        *out = (UlTreeSource){ .type = types[i].type, .where = spec + strlen (types[i].prefix) };
        return TRUE;
      }
  const char *equals = strchr (spec, '=');
  if (equals == NULL)
    return ul_throw (error, UL_ERROR_INVALID, "Missing type in tree specification '%s'", spec);
  return ul_throw (error, UL_ERROR_INVALID, "Invalid tree type specification '%.*s'",
                   (int) (equals - spec), spec);
}

gboolean
ul_tree_specs_parse (const UlInvocation *inv, char **specs, GArray **out_sources, GError **error)
{
  g_autoptr (GArray) sources = g_array_new (FALSE, FALSE, sizeof (UlTreeSource));
  UlTreeSource source;
  for (char **spec = specs; spec != NULL && *spec != NULL; spec++)
    {
      if (!parse (*spec, &source, error))
        return FALSE;
      g_array_append_val (sources, source);
    }

  const int may_have = sources->len > 0 ? 0 : 1;
  if (inv->argc > may_have)
    return ul_throw (error, UL_ERROR_INVALID, "Unexpected argument '%s'", inv->argv[may_have]);
  if (sources->len == 0)
    {
      source = (UlTreeSource){
        .type = UL_TREE_SOURCE_DIR,
        .where = inv->argc > 0 ? inv->argv[0] : ".",
      };
      g_array_append_val (sources, source);
    }
  *out_sources = g_steal_pointer (&sources);
  return TRUE;
}

struct _UlTreeRenamer
{
  GRegex *regex;
  char *replacement;
};

UlTreeRenamer *
ul_tree_renamer_new (const char *filter, GError **error)
{
  const char *comma = strchr (filter, ',');
  if (comma == NULL)
    {
      ul_throw (error, UL_ERROR_INVALID, "Missing ',' in --tar-pathname-filter");
      return NULL;
    }
  g_autofree char *pattern = g_strndup (filter, (gsize) (comma - filter));
  g_autoptr (GRegex) regex = g_regex_new (pattern, 0, 0, error);
  if (regex == NULL || !g_regex_check_replacement (comma + 1, NULL, error))
    {
      ul_prefix (error, "--tar-pathname-filter");
      return NULL;
    }
  UlTreeRenamer *self = g_new (UlTreeRenamer, 1);
  self->regex = g_steal_pointer (&regex);
  self->replacement = g_strdup (comma + 1);
  return self;
}

void
ul_tree_renamer_free (UlTreeRenamer *self)
{
  if (self == NULL)
    return;
  g_regex_unref (self->regex);
  g_free (self->replacement);
  g_free (self);
}

gboolean
ul_tree_renamer_run (const char *path, gpointer renamer, char **out, GError **error)
{
  const UlTreeRenamer *self = renamer;
  char *renamed = g_regex_replace (self->regex, path, -1, 0, self->replacement, 0, error);
  if (renamed == NULL)
    return FALSE;
  *out = renamed;
  return TRUE;
}
