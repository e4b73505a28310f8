// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "repo/refs.h"

/* Refs by the path of their file, relative to the repository. Private to repo/. */

G_BEGIN_DECLS

gboolean ul_refs_read_path (UlRepo *repo, const char *path, gboolean *out_found, UlChecksum *out,
                            GError **error);
/* The new file is made in @tmp_dfd (tmp/ or a staging directory) under a name with this prefix. */
#define UL_REFS_TMP_PREFIX "ref-"
gboolean ul_refs_write_path (UlRepo *repo, int tmp_dfd, const char *path,
                             const UlChecksum *checksum, gboolean sync, GError **error);
/* A ref can't be where others are below it, nor below another ref: UL_ERROR_EXISTS. */
gboolean ul_refs_check_conflict (UlRepo *repo, const char *path, GError **error);
gboolean ul_refs_path (const char *refspec, char **out_path, GError **error);
gboolean ul_refs_collection_path (UlRepo *repo, const char *collection_id, const char *ref,
                                  char **out_path, GError **error);

G_END_DECLS
