// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/commands.h"

#include "cli/escape.h"
#include "cli/image-options.h"
#include "cli/image-print.h"
#include "cli/open.h"
#include "util/error.h"

#include <stdio.h>
#include <string.h>

typedef struct
{
  gboolean names;
} Options;

/* Leave of @names only what the user asks for, if that is anything. */
static gboolean
select_names (GPtrArray *names, char **argv, GError **error)
{
  g_autoptr (GPtrArray) wanted = NULL;
  if (*argv == NULL)
    return TRUE;
  if (!ul_cli_image_names (argv, &wanted, error))
    return FALSE;
  const char *const *list = (const char *const *) wanted->pdata;
  for (const char *const *name = list; *name != NULL; name++)
    if (!g_ptr_array_find_with_equal_func (names, *name, g_str_equal, NULL))
      return ul_throw (error, UL_ERROR_NOT_FOUND, "image %s: not there", *name);
  for (guint i = names->len; i-- > 0;)
    if (!g_strv_contains (list, names->pdata[i]))
      g_ptr_array_remove_index (names, i);
  return TRUE;
}

/* Its row begins with the name already. */
static const char *
cause_of (const GError *failure, const char *name)
{
  g_autofree char *prefix = g_strconcat ("image ", name, ": ", NULL);
  return failure->message + (g_str_has_prefix (failure->message, prefix) ? strlen (prefix) : 0);
}

static void
print_name (const char *name, int width)
{
  printf ("%-*s  ", width, name);
}

static void
print_image (const UlImage *image)
{
  char id[UL_CHECKSUM_HEX_LEN + 1];
  g_autofree char *size = g_format_size (ul_image_size (image));
  g_autofree char *created = ul_image_created (image->documents->config, "%Y-%m-%d");
  /* There is a no-break space before the unit: two bytes, one column. */
  const int wider = (int) strlen (size) - (int) g_utf8_strlen (size, -1);
  ul_checksum_to_hex (&image->documents->manifest->config.digest, id);
  printf ("%.*s  %6u  %*s  %s\n", UL_IMAGE_SHORT_ID, id, image->layers->len, 10 + wider, size,
          created != NULL ? created : "-");
}

static guint
print_table (UlRepo *repo, const GPtrArray *names)
{
  guint broken = 0;
  int width = 4;
  for (guint i = 0; i < names->len; i++)
    width = MAX (width, (int) strlen (names->pdata[i]));
  if (names->len > 0)
    printf ("%-*s  %-*s  %6s  %10s  %s\n", width, "NAME", UL_IMAGE_SHORT_ID, "ID", "LAYERS", "SIZE",
            "CREATED");
  for (guint i = 0; i < names->len; i++)
    {
      g_autoptr (GError) failure = NULL;
      g_autoptr (UlImage) image = ul_image_load (repo, names->pdata[i], &failure);
      print_name (names->pdata[i], width);
      if (image != NULL)
        print_image (image);
      else
        {
          g_autofree char *cause = ul_escape (cause_of (failure, names->pdata[i]));
          printf ("broken: %s\n", cause);
        }
      broken += image == NULL;
    }
  return broken;
}

static guint
print_json (UlRepo *repo, const GPtrArray *names)
{
  guint broken = 0;
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  UlJsonList list;
  ul_json_list_begin (&list);
  for (guint i = 0; i < names->len; i++)
    {
      const char *name = names->pdata[i];
      g_autoptr (GError) failure = NULL;
      g_autoptr (UlImage) image = ul_image_load (repo, name, &failure);
      json_builder_begin_object (builder);
      ul_json_add_string (builder, "name", name);
      ul_json_image_summary (builder, image);
      json_builder_set_member_name (builder, "layers");
      if (image != NULL)
        json_builder_add_int_value (builder, image->layers->len);
      else
        json_builder_add_null_value (builder);
      ul_json_add_string (builder, "error", image == NULL ? cause_of (failure, name) : NULL);
      json_builder_end_object (builder);
      ul_json_list_add (&list, builder);
      broken += image == NULL;
    }
  ul_json_list_end (&list);
  return broken;
}

static gboolean
run (UlInvocation *inv, gpointer data, GError **error)
{
  const Options *options = data;
  g_autoptr (GPtrArray) names = NULL;
  if (options->names && inv->json)
    return ul_throw (error, UL_ERROR_INVALID, "--names and --json exclude each other");
  g_autoptr (UlRepo) repo = ul_cli_open_repo (inv, error);
  if (repo == NULL || !ul_image_list (repo, &names, error)
      || !select_names (names, inv->argv, error))
    return FALSE;
  if (options->names)
    {
      for (guint i = 0; i < names->len; i++)
        puts (names->pdata[i]);
      return TRUE;
    }
  const guint broken = inv->json ? print_json (repo, names) : print_table (repo, names);
  return broken == 0
         || ul_throw (error, UL_ERROR_CORRUPT, "Of %u image%s %u can't be read", names->len,
                      names->len == 1 ? "" : "s", broken);
}

static const UlOption table[] = {
  { "names", 0, UL_OPTION_FLAG, offsetof (Options, names), NULL,
    "Only the names, without looking into the images" },
  UL_OPTIONS_END,
};

const UlCommand ul_cmd_image_list = {
  .name = "image list",
  .args = "[NAME...]",
  .summary = "List images",
  .details = "SIZE is that of the layers unpacked, each counted in full, whoever shares it.",
  .completes = "@image",
  .uses = UL_USES_REPO | UL_USES_JSON,
  .options_size = sizeof (Options),
  .options = table,
  .run = run,
};
