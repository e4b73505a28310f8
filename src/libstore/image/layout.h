// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/oci-config.h"
#include "core/oci-index.h"
#include "image/documents.h"
#include "image/members.h"

/* An OCI image layout: a directory, or a tar of one (an oci-archive), with oci-layout, index.json,
 * and blobs named by their digest. Nothing outside of it is opened, wherever its symlinks point.
 * Only read, and not locked: whoever writes one adds blobs first and renames index.json last. May
 * be used from several threads. Source: the OCI image specification 1.1, image-layout.md. */

G_BEGIN_DECLS

#define UL_LAYOUT_MAX_NESTING 4 /* indexes within index.json */

typedef struct _UlLayout UlLayout;

/* DIR[:TAG] as other tools have it behind "oci:": the first colon ends the directory. *out_tag is
 * NULL where there is none or nothing behind it. */
void ul_layout_split (const char *location, char **out_dir, char **out_tag);

/* Reads oci-layout and index.json; takes @members, also when it fails. UL_ERROR_UNSUPPORTED for
 * another version than 1.0.x, UL_ERROR_INVALID for what is no layout, UL_ERROR_CORRUPT. */
UlLayout *ul_layout_open (UlMembers *members, GError **error);
void ul_layout_free (UlLayout *layout);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlLayout, ul_layout_free)

/* The image called @tag, or the only one for NULL (ul_oci_index_pick ()); of an index the one for
 * @platform. *out_name: what index.json calls it, or NULL. All that is read is verified against
 * size and digest. UL_ERROR_NOT_FOUND and UL_ERROR_INVALID list what there is. */
UlImageDocuments *ul_layout_load (const UlLayout *layout, const char *tag,
                                  const UlOciPlatform *platform, char **out_name, GError **error);

/* Open the blob that @descriptor points to: a regular file of that size when it was opened. The
 * caller hashes what it reads, and may read another size if the file is being changed.
 * UL_ERROR_CORRUPT. *out needs clear (). */
gboolean ul_layout_open_blob (const UlLayout *layout, const UlOciDescriptor *descriptor,
                              UlExtent *out, GError **error);

G_END_DECLS
