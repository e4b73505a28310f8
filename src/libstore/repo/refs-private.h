// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "repo/refs.h"

/* Refs by the path of their file, relative to the repository. Private to repo/. */

G_BEGIN_DECLS

gboolean ul_refs_read_path (UlRepo *repo, const char *path, gboolean *out_found, UlChecksum *out,
                            GError **error);
/* A new file is made in tmp/ or a staging directory, under a name with this prefix. */
#define UL_REFS_TMP_PREFIX "ref-"

/* A change of one ref. Several are first staged all, so that one sync is enough for their files;
 * then each is published; then their directories are synced, each once. */
typedef struct
{
  char *path;
  char *tmp; /* once it's staged; NULL: not yet, or nothing to stage */
  gboolean remove;
  UlChecksum checksum;
} UlRefChange;

/* Takes @path. @checksum NULL: the ref is to be removed. */
UlRefChange *ul_ref_change_new (char *path, const UlChecksum *checksum);
void ul_ref_change_free (UlRefChange *change);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlRefChange, ul_ref_change_free)

/* Makes the file in @tmp_dfd; durable on return if @sync. */
gboolean ul_ref_change_stage (int tmp_dfd, UlRefChange *change, gboolean sync, GError **error);
/* Its file is gone from @tmp_dfd then, also after an error. The ref's own directory isn't synced;
 * those that had to be made are, if @sync. */
gboolean ul_ref_change_publish (UlRepo *repo, int tmp_dfd, const UlRefChange *change, gboolean sync,
                                GError **error);
/* Of @changes, of UlRefChange, which were published: durable on return. */
gboolean ul_ref_changes_sync (UlRepo *repo, GPtrArray *changes, GError **error);
/* A ref can't be where others are below it, nor below another ref: UL_ERROR_EXISTS. */
gboolean ul_refs_check_conflict (UlRepo *repo, const char *path, GError **error);
gboolean ul_refs_path (const char *refspec, char **out_path, GError **error);
gboolean ul_refs_collection_path (UlRepo *repo, const char *collection_id, const char *ref,
                                  char **out_path, GError **error);

G_END_DECLS
