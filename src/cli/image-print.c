// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/image-print.h"

#include <string.h>

char *
ul_image_created (const UlOciConfig *config, const char *format)
{
  g_autoptr (GDateTime) time
      = config->has_created ? g_date_time_new_from_unix_utc (config->created) : NULL;
  return time != NULL ? g_date_time_format (time, format) : NULL;
}

char *
ul_image_platform (const UlOciConfig *config)
{
  const UlOciPlatform *platform = config->platform;
  return *platform->os != '\0' && *platform->architecture != '\0' ? ul_oci_platform_text (platform)
                                                                  : NULL;
}

void
ul_json_add_digest (JsonBuilder *builder, const char *name, const UlChecksum *digest)
{
  char text[UL_OCI_DIGEST_SIZE];
  ul_oci_digest_format (digest, text);
  ul_json_add_string (builder, name, text);
}

static void
add_null (JsonBuilder *builder, const char *name)
{
  ul_json_add_string (builder, name, NULL);
}

static void
add_time (JsonBuilder *builder, const UlOciConfig *config)
{
  g_autofree char *created = ul_image_created (config, "%Y-%m-%dT%H:%M:%SZ");
  if (config->has_created)
    ul_json_add_int (builder, "timestamp", config->created);
  else
    add_null (builder, "timestamp");
  ul_json_add_string (builder, "created", created);
}

void
ul_json_image_summary (JsonBuilder *builder, const UlImage *image)
{
  static const char *const members[]
      = { "id", "manifest", "platform", "size", "timestamp", "created" };
  for (guint i = 0; image == NULL && i < G_N_ELEMENTS (members); i++)
    add_null (builder, members[i]);
  if (image == NULL)
    return;
  g_autofree char *platform = ul_image_platform (image->documents->config);
  ul_json_add_digest (builder, "id", &image->documents->manifest->config.digest);
  ul_json_add_digest (builder, "manifest", &image->documents->manifest_digest);
  ul_json_add_string (builder, "platform", platform);
  ul_json_add_int (builder, "size", (gint64) ul_image_size (image));
  add_time (builder, image->documents->config);
}

const char *
ul_image_cause (const GError *failure, const char *name)
{
  g_autofree char *prefix = g_strconcat ("image ", name, ": ", NULL);
  return failure->message + (g_str_has_prefix (failure->message, prefix) ? strlen (prefix) : 0);
}
