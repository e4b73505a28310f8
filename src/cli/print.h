// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/commit.h"

#include <json-glib/json-glib.h>

/* Output on stdout: text as ostree prints it, and JSON.
 *
 * --json prints exactly one document and nothing else on stdout. Keys are always there and stand in
 * the order of the manual pages; what is absent is null. Checksums are hex strings, modes octal
 * strings with the file type ("0100644"), xattr values base64, times both as seconds and as ISO
 * 8601. */

G_BEGIN_DECLS

/* One document, indented, from a finished builder. */
void ul_print_json (JsonBuilder *builder);

/* The object in @builder, that has members, without its end: what is printed next is the value of
 * one more member, called @name, and a newline. */
void ul_print_json_open (JsonBuilder *builder, const char *name);
void ul_print_json_close (void);

/* A list too long to be held in memory: begin, an element from a builder each, end. The builder is
 * reset. */
typedef struct
{
  gboolean any;
} UlJsonList;

void ul_json_list_begin (UlJsonList *list);
void ul_json_list_add (UlJsonList *list, JsonBuilder *builder);
void ul_json_list_end (UlJsonList *list);

/* A member of the object that is open in @builder. NULL gives null. */
void ul_json_add_string (JsonBuilder *builder, const char *name, const char *value);
/* A name from disk, escaped if it's no UTF-8. */
void ul_json_add_path (JsonBuilder *builder, const char *name, const char *path);
void ul_json_add_int (JsonBuilder *builder, const char *name, gint64 value);
void ul_json_add_bool (JsonBuilder *builder, const char *name, gboolean value);
void ul_json_add_checksum (JsonBuilder *builder, const char *name, const UlChecksum *checksum);
void ul_json_add_mode (JsonBuilder *builder, const char *name, guint32 mode);
/* An array of char *. */
void ul_json_add_strings (JsonBuilder *builder, const char *name, const GPtrArray *strings);
/* An a(ayay) as [{"name", "value"}]. */
void ul_json_add_xattrs (JsonBuilder *builder, const char *name, GVariant *xattrs);
/* An a{sv} as {key: GVariant text}. */
void ul_json_add_metadata (JsonBuilder *builder, const char *name, GVariant *metadata);

/* A variant as GVariant text on a line; with @swap, big-endian integers in it read as such. */
void ul_print_variant (GVariant *variant, gboolean swap);

/* A commit as `ostree log` prints it after the line "commit ...", with an empty line at the end.
 * FALSE if its timestamp is out of range. */
gboolean ul_print_commit_body (const UlChecksum *checksum, const UlCommit *commit, GError **error);

/* The same as an object in JSON. */
gboolean ul_json_commit (JsonBuilder *builder, const UlChecksum *checksum, const UlCommit *commit,
                         GError **error);

G_END_DECLS
