// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/checksum.h"

/* Object types and where a loose object stands. Source of the numbers, suffixes and variant types:
 * the type descriptions in OSTree's public header ostree-core.h. */

G_BEGIN_DECLS

typedef enum
{
  UL_OBJECT_FILE = 1,
  UL_OBJECT_DIRTREE = 2,
  UL_OBJECT_DIRMETA = 3,
  UL_OBJECT_COMMIT = 4,
  UL_OBJECT_TOMBSTONE_COMMIT = 5,
  UL_OBJECT_COMMITMETA = 6,
  UL_OBJECT_PAYLOAD_LINK = 7,
  UL_OBJECT_FILE_XATTRS = 8,
  UL_OBJECT_FILE_XATTRS_LINK = 9,
} UlObjectType;

#define UL_OBJECT_TYPE_LAST UL_OBJECT_FILE_XATTRS_LINK

/* The largest metadata object we read or write. OSTree bounds what it pulls at 10 MiB; a local
 * repository may hold larger dirtrees, which this bounds before memory is taken. */
#define UL_OBJECT_MAX_METADATA_SIZE (128 * 1024 * 1024)

/* "file", "dirtree", ...: the suffix of a loose object (an archive's files add a `z`). */
const char *ul_object_type_name (UlObjectType type);
/* FALSE if @name is no type. */
gboolean ul_object_type_from_name (const char *name, UlObjectType *out_type);

/* The GVariant type of a metadata object, NULL for types that are no variant. */
const GVariantType *ul_object_variant_type (UlObjectType type);

/* Is @variant a sound object of @type, which is one that has a variant type? UL_ERROR_CORRUPT if
 * not. */
gboolean ul_object_validate (UlObjectType type, GVariant *variant, GError **error);

/* "aa/bbbb...cc.dirtree", relative to objects/. */
#define UL_OBJECT_LOOSE_PATH_MAX (UL_CHECKSUM_HEX_LEN + sizeof "/.file-xattrs-link")
void ul_object_loose_path (const UlChecksum *checksum, UlObjectType type, gboolean compressed,
                           char out[UL_OBJECT_LOOSE_PATH_MAX]);

/* Parse the two parts of a loose path, directory "aa" and file name "bb....type[z]". FALSE if they
 * name no object. */
gboolean ul_object_parse_loose (const char *dir, const char *name, UlChecksum *out_checksum,
                                UlObjectType *out_type, gboolean *out_compressed);

/* "<checksum>.<type>", as messages and --raw listings show an object. */
char *ul_object_to_string (const UlChecksum *checksum, UlObjectType type);

G_END_DECLS
