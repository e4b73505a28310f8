// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "image/documents.h"
#include "image/members.h"

/* What `docker save` and `podman save` write: a tar with manifest.json, a list of images with their
 * config and the tars of their layers. It has no manifest; the one that is made here is, byte for
 * byte, the one that skopeo and podman make (`skopeo inspect --raw`, 1.9.3): schema 2, with the
 * digests of unpacked layers. */

G_BEGIN_DECLS

typedef struct _UlDockerArchive UlDockerArchive;

/* Takes @members, also when it fails. @which: NULL for the only one, a name as it's given there or
 * in full, or @N, counted from 0. UL_ERROR_NOT_FOUND and UL_ERROR_INVALID list what there is. */
UlDockerArchive *ul_docker_archive_open (UlMembers *members, const char *which, GError **error);
void ul_docker_archive_free (UlDockerArchive *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlDockerArchive, ul_docker_archive_free)

/* Belong to the archive; to be taken by steal. */
UlImageDocuments *ul_docker_archive_steal_documents (UlDockerArchive *self);

/* Its first name, in full; NULL: it has none. */
const char *ul_docker_archive_name (const UlDockerArchive *self);

/* Layer @index, which may be packed. *out needs clear (). */
gboolean ul_docker_archive_open_layer (const UlDockerArchive *self, guint index, UlExtent *out,
                                       GError **error);

G_END_DECLS
