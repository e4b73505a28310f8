// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/object.h"
#include "repo/repo.h"

/* What a commit reaches: its dirtrees, dirmetas and files, each once. A traversal remembers across
 * commits what it has been to (35 to 40 bytes an object). One thread. */

G_BEGIN_DECLS

typedef struct _UlTraversal UlTraversal;

typedef struct
{
  /* Each object once, before what is below it. @variant: loaded and valid for dirtrees, NULL for
   * the rest. FALSE ends the walk with the error. */
  gboolean (*visit) (UlObjectType type, const UlChecksum *checksum, GVariant *variant,
                     gpointer data, GError **error);
  /* A dirtree that can't be loaded. Takes @cause. FALSE ends the walk with the error; TRUE goes on
   * without what is below. */
  gboolean (*broken) (UlObjectType type, const UlChecksum *checksum, GError *cause, gpointer data,
                      GError **error);
  gpointer data;
} UlTraversalFuncs;

UlTraversal *ul_traversal_new (UlRepo *repo, const UlTraversalFuncs *funcs);
void ul_traversal_free (UlTraversal *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlTraversal, ul_traversal_free)

/* Everything below a commit's root; the commit object itself is the caller's. */
gboolean ul_traversal_walk (UlTraversal *self, const UlChecksum *root_tree,
                            const UlChecksum *root_meta, GError **error);

/* Go on below a dirtree that was broken when the walk came to it. @dirtree: valid. */
gboolean ul_traversal_enter (UlTraversal *self, GVariant *dirtree, GError **error);

/* Has it come to this file, dirtree or dirmeta? */
gboolean ul_traversal_has (UlTraversal *self, UlObjectType type, const UlChecksum *checksum);

G_END_DECLS
