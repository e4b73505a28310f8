// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/checksum.h"
#include "util/json.h"

/* What layers.json and images.json of containers/storage have in common: arrays of objects, in
 * which a newer library keeps members that we don't know. So an entry is kept as the text it is,
 * and changed by putting a member behind the others. No I/O. */

G_BEGIN_DECLS

#define UL_STORE_MAX_FILE (32 * 1024 * 1024)
#define UL_STORE_MAX_LIST 10000 /* of names, of owners */

/* Gives one entry; @text is what it is in the file. */
typedef gpointer (*UlStoreJsonEntry) (const UlJsonValue *entry, const char *text, GError **error);

/* The entries of a file, in its order. @name is what errors call it. UL_ERROR_CORRUPT, or
 * UL_ERROR_UNSUPPORTED for other digests than SHA-256. */
GPtrArray *ul_store_json_parse (GBytes *bytes, const char *name, UlStoreJsonEntry parse,
                                GDestroyNotify free_entry, GError **error);

/* A file of entries with these texts. */
GBytes *ul_store_json_join (const GPtrArray *texts);

/* The texts of the elements of an array, or of the members of an object. It has passed
 * ul_json_check (). */
GPtrArray *ul_store_json_split (const char *text, gsize len);

/* The object @text with the members of the object @change, in place of those of the same name. */
char *ul_store_json_merge (const char *text, const char *change);

/* The object @text without member @name. */
char *ul_store_json_without (const char *text, const char *name);

/* An id of a layer or image. NULL where an optional one isn't there, or is "". */
gboolean ul_store_json_get_id (const UlJsonValue *object, const char *name, UlJsonNeed need,
                               char **out, GError **error);

/* Optional members: new arrays, empty where they aren't there; NULL. */
gboolean ul_store_json_get_list (const UlJsonValue *object, const char *name, GPtrArray **out,
                                 GError **error); /* of char * */
gboolean ul_store_json_get_ids (const UlJsonValue *object, const char *name, GArray **out,
                                GError **error); /* of guint32 */
gboolean ul_store_json_get_time (const UlJsonValue *object, const char *name, char **out,
                                 GError **error); /* as it's written */
gboolean ul_store_json_get_digest (const UlJsonValue *object, const char *name, gboolean *out_has,
                                   UlChecksum *out, GError **error);
/* Of bytes; -1 for any negative number, which is the library's "not known", and where it isn't
 * there. */
gboolean ul_store_json_get_bytes (const UlJsonValue *object, const char *name, gint64 *out,
                                  GError **error);

/* "name":value, after a comma unless it's the first of an object. The owners are left out where
 * there are none. */
void ul_store_json_add_string (GString *out, const char *name, const char *text);
void ul_store_json_add_digest (GString *out, const char *name, const UlChecksum *digest);
void ul_store_json_add_number (GString *out, const char *name, gint64 number);
void ul_store_json_add_list (GString *out, const char *name, const GPtrArray *list);
void ul_store_json_add_ids (GString *out, const char *name, const GArray *ids);

G_END_DECLS
