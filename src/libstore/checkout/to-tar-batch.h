// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "checkout/to-tar-sink.h"

/* A run of entries of an archive. The walk adds them by name and checksum, a worker reads the
 * objects and lays out the bytes, the writer takes these in order. Belongs to one of them at a
 * time.
 */

G_BEGIN_DECLS

typedef enum
{
  UL_TAR_ITEM_DIR,
  UL_TAR_ITEM_FILE,
  UL_TAR_ITEM_DEVICE, /* a marker, to become a device 0:0 */
} UlTarItemKind;

/* What holds for the whole archive. */
typedef struct
{
  UlRepo *repo;
  const UlToTarOptions *options;
  gint64 mtime;
  gboolean links_anything; /* also an empty file or a symlink with a first one */
} UlTarContext;

typedef struct _UlTarBatch UlTarBatch;

UlTarBatch *ul_tar_batch_new (void);
void ul_tar_batch_free (UlTarBatch *batch);
/* Empty it for the next run; keeps its memory. */
void ul_tar_batch_reset (UlTarBatch *batch);

/* @path: in the archive. @checksum: of the file, or of the dirmeta. @first: the path of an earlier
 * file with this checksum to link to, or NULL. */
void ul_tar_batch_add (UlTarBatch *batch, UlTarItemKind kind, const char *path,
                       const UlChecksum *checksum, const char *first);
guint ul_tar_batch_length (UlTarBatch *batch);

/* Lay out the bytes. Content that is too large to be held stays a gap. */
gboolean ul_tar_batch_prepare (UlTarBatch *batch, const UlTarContext *context,
                               UlContentBuffers *buffers, GError **error);
/* Write them; gaps are filled from the objects. */
gboolean ul_tar_batch_write (UlTarBatch *batch, const UlTarContext *context, UlTarSink *sink,
                             GError **error);

G_END_DECLS
