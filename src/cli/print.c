// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/print.h"

#include "cli/escape.h"
#include "util/error.h"

#include <stdio.h>
#include <string.h>

static char *
to_text (JsonBuilder *builder, guint indent)
{
  g_autoptr (JsonGenerator) generator = json_generator_new ();
  g_autoptr (JsonNode) root = json_builder_get_root (builder);
  json_generator_set_root (generator, root);
  json_generator_set_pretty (generator, indent > 0);
  json_generator_set_indent (generator, indent);
  return json_generator_to_data (generator, NULL);
}

void
ul_print_json (JsonBuilder *builder)
{
  g_autofree char *text = to_text (builder, 2);
  puts (text);
}

void
ul_print_json_open (JsonBuilder *builder, const char *name)
{
  g_autofree char *text = to_text (builder, 2);
  char *end = strrchr (text, '\n');
  g_assert (end != NULL);
  *end = '\0';
  printf ("%s,\n  \"%s\" : ", text, name);
}

void
ul_print_json_close (void)
{
  puts ("}");
}

void
ul_json_list_begin (UlJsonList *list)
{
  list->any = FALSE;
  fputs ("[", stdout);
}

void
ul_json_list_add (UlJsonList *list, JsonBuilder *builder)
{
  g_autofree char *text = to_text (builder, 0);
  printf ("%s\n  %s", list->any ? "," : "", text);
  list->any = TRUE;
  json_builder_reset (builder);
}

void
ul_json_list_end (UlJsonList *list)
{
  fputs (list->any ? "\n]\n" : "]\n", stdout);
}

void
ul_json_add_string (JsonBuilder *builder, const char *name, const char *value)
{
  json_builder_set_member_name (builder, name);
  if (value != NULL)
    json_builder_add_string_value (builder, value);
  else
    json_builder_add_null_value (builder);
}

void
ul_json_add_path (JsonBuilder *builder, const char *name, const char *path)
{
  g_autofree char *shown = g_utf8_validate (path, -1, NULL) ? g_strdup (path) : ul_escape (path);
  ul_json_add_string (builder, name, shown);
}

void
ul_json_add_int (JsonBuilder *builder, const char *name, gint64 value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, value);
}

void
ul_json_add_bool (JsonBuilder *builder, const char *name, gboolean value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_boolean_value (builder, value);
}

void
ul_json_add_checksum (JsonBuilder *builder, const char *name, const UlChecksum *checksum)
{
  char hex[UL_CHECKSUM_HEX_LEN + 1];
  if (checksum != NULL)
    ul_checksum_to_hex (checksum, hex);
  ul_json_add_string (builder, name, checksum != NULL ? hex : NULL);
}

void
ul_json_add_mode (JsonBuilder *builder, const char *name, guint32 mode)
{
  char text[16];
  g_snprintf (text, sizeof text, "%07o", mode);
  ul_json_add_string (builder, name, text);
}

void
ul_json_add_strings (JsonBuilder *builder, const char *name, const GPtrArray *strings)
{
  json_builder_set_member_name (builder, name);
  json_builder_begin_array (builder);
  for (guint i = 0; i < strings->len; i++)
    json_builder_add_string_value (builder, strings->pdata[i]);
  json_builder_end_array (builder);
}

void
ul_json_add_xattrs (JsonBuilder *builder, const char *name, GVariant *xattrs)
{
  json_builder_set_member_name (builder, name);
  json_builder_begin_array (builder);
  for (gsize i = 0; i < g_variant_n_children (xattrs); i++)
    {
      g_autoptr (GVariant) key = NULL, value = NULL;
      g_variant_get_child (xattrs, i, "(@ay@ay)", &key, &value);
      gsize len;
      const guint8 *bytes = g_variant_get_fixed_array (value, &len, 1);
      g_autofree char *base64 = len > 0 ? g_base64_encode (bytes, len) : g_strdup ("");
      g_autofree char *shown = g_utf8_make_valid (g_variant_get_bytestring (key), -1);
      json_builder_begin_object (builder);
      ul_json_add_string (builder, "name", shown);
      ul_json_add_string (builder, "value", base64);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
}

void
ul_json_add_metadata (JsonBuilder *builder, const char *name, GVariant *metadata)
{
  json_builder_set_member_name (builder, name);
  json_builder_begin_object (builder);
  GVariantIter iter;
  const char *key;
  GVariant *value;
  g_variant_iter_init (&iter, metadata);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &value))
    {
      g_autofree char *text = g_variant_print (value, TRUE);
      ul_json_add_string (builder, key, text);
    }
  json_builder_end_object (builder);
}

void
ul_print_variant (GVariant *variant, gboolean swap)
{
  g_autoptr (GVariant) shown = swap && G_BYTE_ORDER == G_LITTLE_ENDIAN
                                   ? g_variant_byteswap (variant)
                                   : g_variant_ref (variant);
  g_autofree char *text = g_variant_print (shown, TRUE);
  puts (text);
}

static gboolean
format_time (const UlChecksum *checksum, guint64 timestamp, const char *format, char **out_text,
             GError **error)
{
  /* The type is unsigned, but times before 1970 are stored in it as they wrap. */
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc ((gint64) timestamp);
  if (time == NULL)
    {
      char hex[UL_CHECKSUM_HEX_LEN + 1];
      ul_checksum_to_hex (checksum, hex);
      return ul_throw (error, UL_ERROR_CORRUPT,
                       "Failed to read commit %s: Invalid timestamp: %" G_GUINT64_FORMAT, hex,
                       timestamp);
    }
  *out_text = g_date_time_format (time, format);
  return TRUE;
}

static char *
lookup_version (const UlCommit *commit)
{
  char *version = NULL;
  g_variant_lookup (commit->metadata, UL_COMMIT_KEY_VERSION, "s", &version);
  return version;
}

static void
print_indented (const char *text)
{
  while (*text != '\0')
    {
      const char *end = strchrnul (text, '\n');
      printf ("    %.*s\n", (int) (end - text), text);
      text = *end == '\n' ? end + 1 : end;
    }
}

/* What the checksum of the tree itself is: of its dirtree and dirmeta. */
static void
content_checksum (const UlCommit *commit, UlChecksum *out)
{
  g_autoptr (UlHasher) hasher = ul_hasher_new ();
  ul_hasher_start (hasher);
  ul_hasher_update (hasher, commit->tree.bytes, UL_CHECKSUM_LEN);
  ul_hasher_update (hasher, commit->meta.bytes, UL_CHECKSUM_LEN);
  ul_hasher_finish (hasher, out);
}

gboolean
ul_print_commit_body (const UlChecksum *checksum, const UlCommit *commit, GError **error)
{
  g_autofree char *date = NULL;
  if (!format_time (checksum, commit->timestamp, "%Y-%m-%d %H:%M:%S +0000", &date, error))
    return FALSE;

  char hex[UL_CHECKSUM_HEX_LEN + 1];
  if (commit->has_parent)
    {
      ul_checksum_to_hex (&commit->parent, hex);
      printf ("Parent:  %s\n", hex);
    }
  UlChecksum content;
  content_checksum (commit, &content);
  ul_checksum_to_hex (&content, hex);
  printf ("ContentChecksum:  %s\n", hex);
  printf ("Date:  %s\n", date);
  g_autofree char *version = lookup_version (commit);
  if (version != NULL)
    printf ("Version: %s\n", version);

  if (commit->subject[0] != '\0')
    {
      putchar ('\n');
      print_indented (commit->subject);
    }
  else
    puts ("(no subject)");
  if (commit->body[0] != '\0')
    {
      putchar ('\n');
      print_indented (commit->body);
    }
  putchar ('\n');
  return TRUE;
}

gboolean
ul_json_commit (JsonBuilder *builder, const UlChecksum *checksum, const UlCommit *commit,
                GError **error)
{
  g_autofree char *date = NULL;
  if (!format_time (checksum, commit->timestamp, "%Y-%m-%dT%H:%M:%SZ", &date, error))
    return FALSE;
  g_autofree char *version = lookup_version (commit);
  UlChecksum content;
  content_checksum (commit, &content);

  json_builder_begin_object (builder);
  ul_json_add_checksum (builder, "checksum", checksum);
  ul_json_add_checksum (builder, "parent", commit->has_parent ? &commit->parent : NULL);
  ul_json_add_checksum (builder, "content_checksum", &content);
  ul_json_add_checksum (builder, "dirtree", &commit->tree);
  ul_json_add_checksum (builder, "dirmeta", &commit->meta);
  ul_json_add_int (builder, "timestamp", (gint64) commit->timestamp);
  ul_json_add_string (builder, "date", date);
  ul_json_add_string (builder, "version", version);
  ul_json_add_string (builder, "subject", commit->subject);
  ul_json_add_string (builder, "body", commit->body);
  ul_json_add_metadata (builder, "metadata", commit->metadata);
  json_builder_end_object (builder);
  return TRUE;
}
