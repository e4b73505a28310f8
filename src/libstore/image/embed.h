// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "build/graft.h"
#include "image/records.h"

/* An additional image store as a part of a commit: what image/store-fill.h makes as a directory
 * that all users may read, with times of 1970, but without the files that only a writer needs.
 * Layers are the repository's trees by their checksums, so that nothing of their files is stored
 * again.
 *
 * The same images in the same order give the same store. */

G_BEGIN_DECLS

/* Where labels of files in a store are looked up. */
#define UL_EMBED_LABELS_AS "/var/lib/containers/storage"

/* The store at @path, where nothing may be yet, with @images (of UlImage, not empty). NULL with an
 * error. */
UlGraft *ul_embed_store (UlRepo *repo, const char *path, const GPtrArray *images, GError **error);

/* Places of storage.conf in a commit, NULL-terminated: the first one that is there counts. Ours is
 * the last. */
extern const char *const ul_embed_conf_places[];

/* A storage.conf that names the stores at @paths (NULL at the end), where the tree has none. */
UlGraft *ul_embed_conf (const char *const *paths);

/* "additionalimagestores = [...]". */
char *ul_embed_conf_line (const char *const *paths);

/* Does the text of a storage.conf name all of @paths, outside of comments? */
gboolean ul_embed_conf_names (const char *text, const char *const *paths);

G_END_DECLS
