// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "repo/objects.h"
#include "transfer/batches.h"

/* Everything a commit reaches but the commit object itself, from one repository into another. It
 * remembers what it has been to, at most 40 bytes an object. One thread. */

G_BEGIN_DECLS

typedef struct _UlTreeImport UlTreeImport;

/* Borrows @batches. */
UlTreeImport *ul_tree_import_new (UlRepo *repo, UlRepo *from, UlBatches *batches);
void ul_tree_import_free (UlTreeImport *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlTreeImport, ul_tree_import_free)

/* Push all below these roots. @base (may be NULL) is the root dirtree of a commit that is whole in
 * the repository: what @tree has in common with it isn't looked at. Dirtrees are verified. */
gboolean ul_tree_import_walk (UlTreeImport *self, const UlChecksum *tree, const UlChecksum *meta,
                              const UlChecksum *base, GError **error);

G_END_DECLS
