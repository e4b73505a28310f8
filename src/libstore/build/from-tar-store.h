// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "build/from-tar-names.h"
#include "build/from-tar-reader.h"

/* From the thread that reads an archive to those that hash and store: small files together with
 * others in memory, large ones through a pipe. Memory doesn't depend on the sizes of files. Private
 * to build/. */

G_BEGIN_DECLS

typedef struct _UlTarStore UlTarStore;

/* @writer is the reading thread's. */
UlTarStore *ul_tar_store_new (const UlIntake *intake, UlTarReader *reader, UlWriter *writer);
/* Without a finish () before it, drops what waits. */
void ul_tar_store_free (UlTarStore *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlTarStore, ul_tar_store_free)

/* Store the reader's current entry, of which path and meta are taken, and fill in the checksum of
 * @inode some time before finish () returns. It's a regular file, a symlink, or, of size 0, a
 * character device: a whiteout that becomes a marker, with the path that is deleted. FALSE without
 * an error: finish () has it. */
gboolean ul_tar_store_add (UlTarStore *self, UlTarEntry *entry, UlTarInode *inode, GError **error);

/* All is stored. */
gboolean ul_tar_store_finish (UlTarStore *self, GError **error);

G_END_DECLS
