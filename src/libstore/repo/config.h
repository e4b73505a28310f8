// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "repo/repo.h"

/* The keys of a repository's config file that the library acts on; see ostree.repo-config(5).
 * Private to repo/. */

G_BEGIN_DECLS

typedef struct
{
  UlRepoMode mode;
  char *collection_id; /* NULL: none */
  char *parent;        /* path of the parent repository; NULL: none */
  gboolean no_fsync;
  gboolean per_object_fsync;
  gboolean no_locking;
  gboolean disable_xattrs;
  gboolean tombstone_commits;
  gboolean keep_blobs;
  const char *unwritable; /* the setting for which we must not write; NULL: none. A constant */
  gint lock_timeout_secs;
  gint tmp_expiry_secs;
  gint keep_unreferenced_secs;
  gint zlib_level;
  guint min_free_space_percent;
  guint64 min_free_space_size; /* bytes; 0: the percentage counts */
} UlRepoSettings;

/* Unknown keys and groups are left to other tools. @out is untouched on failure. */
gboolean ul_repo_settings_parse (GKeyFile *config, UlRepoSettings *out, GError **error);
void ul_repo_settings_clear (UlRepoSettings *settings);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UlRepoSettings, ul_repo_settings_clear)

G_END_DECLS
