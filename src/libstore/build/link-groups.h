// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "build/tree.h"
#include "core/commit.h"

#include <sys/stat.h>

/* With preserve_hardlinks: which paths of a tree being built are names of one file, whatever
 * source they come from. Sources say it of each file; the last word on a path counts, as in the
 * tree. About 45 bytes for a path that isn't alone. Any thread, but for two words on one path.
 * Private to build/. */

G_BEGIN_DECLS

typedef struct _UlLinkGroups UlLinkGroups;

UlLinkGroups *ul_link_groups_new (void);
void ul_link_groups_free (UlLinkGroups *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlLinkGroups, ul_link_groups_free)

/* The file at @path ("/a/b") is this inode; one of a single name is alone. */
void ul_link_groups_add_inode (UlLinkGroups *self, const char *path, const struct stat *st);

/* For a source that isn't a file system: the file at @path is @file, whatever that points to. The
 * same pointer in another source is another file. */
guint ul_link_groups_new_source (UlLinkGroups *self);
void ul_link_groups_add_file (UlLinkGroups *self, const char *path, guint source,
                              gconstpointer file);
/* @file, none of whose names is known yet, is what is at @target now. */
void ul_link_groups_set_file (UlLinkGroups *self, guint source, gconstpointer file,
                              const char *target);

/* The file at @path has no other name. */
void ul_link_groups_add_alone (UlLinkGroups *self, const char *path);

/* Is the file at @path left out? */
typedef gboolean (*UlLinkGroupsSkipFunc) (const char *path, gpointer data);

/* The whole tree of a commit, with the structure that it records, or none. @skips: NULL for
 * nothing. */
gboolean ul_link_groups_add_commit (UlLinkGroups *self, UlRepo *repo, const UlCommit *commit,
                                    UlLinkGroupsSkipFunc skips, gpointer data, GError **error);

/* The value of UL_COMMIT_KEY_HARDLINKS but for the tree's checksum: an array of UlHardlink. @root
 * is complete, and not yet written. Names of one file that came out as different objects aren't
 * hardlinks. */
gboolean ul_link_groups_number (UlLinkGroups *self, UlTree *root, UlRepo *repo, GArray **out_links,
                                GError **error);

G_END_DECLS
