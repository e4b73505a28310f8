// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/oci-config-diff.h"

#include <string.h>

#include "core/oci-media.h"
#include "util/json.h"

#define MARK    "{}"
#define ENV_MAX UL_JSON_MAX_VALUES

typedef struct
{
  char **path; /* first, for compare_leaves () */
  char *text;
} Leaf;

typedef struct
{
  GPtrArray *leaves;
  gboolean env_is_split;
} Reading;

static void
leaf_free (gpointer data)
{
  Leaf *leaf = data;
  g_strfreev (leaf->path);
  g_free (leaf->text);
  g_free (leaf);
}

static void
change_free (gpointer data)
{
  UlOciConfigChange *change = data;
  g_strfreev (change->path);
  g_free (change->old);
  g_free (change->new);
  g_free (change);
}

static int
compare_paths (char **a, char **b)
{
  guint i = 0;
  while (a[i] != NULL && b[i] != NULL && g_str_equal (a[i], b[i]))
    i++;
  return a[i] == NULL || b[i] == NULL ? (a[i] != NULL) - (b[i] != NULL) : strcmp (a[i], b[i]);
}

static int
compare_leaves (gconstpointer a, gconstpointer b)
{
  return compare_paths ((*(const Leaf *const *) a)->path, (*(const Leaf *const *) b)->path);
}

static void
take_leaf (Reading *self, char **path, char *text)
{
  Leaf *leaf = g_new (Leaf, 1);
  *leaf = (Leaf){ .path = path, .text = text };
  g_ptr_array_add (self->leaves, leaf);
}

/* "NAME=VALUE" as member NAME. */
static void
take_variable (Reading *self, const char *variable)
{
  const char *equals = strchr (variable, '=');
  g_autofree char *name
      = equals != NULL ? g_strndup (variable, (gsize) (equals - variable)) : g_strdup (variable);
  const char *const path[] = { "config", "Env", name, NULL };
  take_leaf (self, g_strdupv ((char **) path),
             equals != NULL ? ul_json_quote (equals + 1) : g_strdup (MARK));
}

/* FALSE if it isn't what it should be; then it's a value like any other. */
static gboolean
split_env (Reading *self, const UlJson *json)
{
  UlJsonValue root;
  UlJsonValue config;
  UlJsonValue env;
  UlJsonValue variable;
  guint n;
  if (!ul_json_root (json, UL_JSON_OBJECT, &root, NULL)
      || !ul_json_get (&root, "config", UL_JSON_OBJECT, UL_JSON_REQUIRED, &config, NULL)
      || !ul_json_get_array (&config, "Env", UL_JSON_REQUIRED, ENV_MAX, &env, &n, NULL))
    return FALSE;
  for (guint i = 0; i < n; i++)
    {
      if (!ul_json_element (&env, i, UL_JSON_STRING, &variable, NULL))
        {
          g_ptr_array_set_size (self->leaves, 0);
          return FALSE;
        }
      take_variable (self, ul_json_string (&variable));
    }
  return TRUE;
}

static void
see_leaf (const char *const *path, guint n, const char *text, gpointer data)
{
  static const char *const left_out[]
      = { "rootfs", "history", "container", "container_config", NULL };
  Reading *self = data;
  if (n == 0 || g_strv_contains (left_out, path[0])
      || (self->env_is_split && n == 2 && g_str_equal (path[0], "config")
          && g_str_equal (path[1], "Env")))
    return;
  char **copy = g_new0 (char *, n + 1);
  for (guint i = 0; i < n; i++)
    copy[i] = g_strdup (path[i]);
  take_leaf (self, copy, g_strdup (text));
}

/* Sorted; a variable that is there twice stays so, in its order. */
static gboolean
read_leaves (GBytes *bytes, GPtrArray **out, GError **error)
{
  g_autoptr (GPtrArray) leaves = g_ptr_array_new_with_free_func (leaf_free);
  g_autoptr (UlJson) json = ul_json_parse (bytes, "config", UL_OCI_MAX_DOCUMENT, error);
  Reading reading = { .leaves = leaves };
  if (json == NULL)
    return FALSE;
  reading.env_is_split = split_env (&reading, json);
  ul_json_foreach_leaf (json, see_leaf, &reading);
  g_ptr_array_sort (leaves, compare_leaves);
  *out = g_steal_pointer (&leaves);
  return TRUE;
}

/* The leaf at *at, NULL behind the end; of several at one path the last counts. */
static const Leaf *
leaf_at (const GPtrArray *leaves, guint *at)
{
  while (*at + 1 < leaves->len
         && compare_leaves (&leaves->pdata[*at], &leaves->pdata[*at + 1]) == 0)
    ++*at;
  return *at < leaves->len ? leaves->pdata[*at] : NULL;
}

static void
add_change (GPtrArray *changes, char **path, const char *old, const char *new)
{
  UlOciConfigChange *change = g_new (UlOciConfigChange, 1);
  *change = (UlOciConfigChange){
    .path = g_strdupv (path),
    .old = g_strdup (old),
    .new = g_strdup (new),
  };
  g_ptr_array_add (changes, change);
}

/* Of two lists of which not both are at their end: which comes first? */
static int
compare_next (const Leaf *a, const Leaf *b)
{
  return a == NULL ? 1 : b == NULL ? -1 : compare_paths (a->path, b->path);
}

gboolean
ul_oci_config_is_mark (const char *value)
{
  return value == NULL || g_str_equal (value, MARK);
}

gboolean
ul_oci_config_diff (GBytes *a, GBytes *b, GPtrArray **out, GError **error)
{
  g_autoptr (GPtrArray) of_a = NULL;
  g_autoptr (GPtrArray) of_b = NULL;
  if (!read_leaves (a, &of_a, error) || !read_leaves (b, &of_b, error))
    return FALSE;
  GPtrArray *changes = g_ptr_array_new_with_free_func (change_free);
  for (guint i = 0, j = 0; i < of_a->len || j < of_b->len;)
    {
      const Leaf *x = leaf_at (of_a, &i);
      const Leaf *y = leaf_at (of_b, &j);
      const int order = compare_next (x, y);
      if (order < 0)
        add_change (changes, x->path, x->text, NULL);
      else if (order > 0)
        add_change (changes, y->path, NULL, y->text);
      else if (!g_str_equal (x->text, y->text))
        add_change (changes, x->path, x->text, y->text);
      i += order <= 0;
      j += order >= 0;
    }
  *out = changes;
  return TRUE;
}
