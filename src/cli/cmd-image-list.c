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
          g_autofree char *cause = ul_escape (ul_image_cause (failure, names->pdata[i]));
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
      ul_json_add_string (builder, "error", image == NULL ? ul_image_cause (failure, name) : NULL);
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
      || !ul_cli_select_images (repo, names, inv->argv, error))
    return FALSE;
  if (options->names)
    {
      for (guint i = 0; i < names->len; i++)
        puts (names->pdata[i]);
      return TRUE;
    }
  const guint broken = inv->json ? print_json (repo, names) : print_table (repo, names);
  return ul_cli_check_broken (names->len, broken, error);
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
  .others_say = "ls images",
  .details = "SIZE is that of the layers unpacked, each counted in full, whoever shares it. NAME "
             "may be an ID.",
  .completes = "@image",
  .uses = UL_USES_REPO | UL_USES_JSON,
  .options_size = sizeof (Options),
  .options = table,
  .run = run,
};
