// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "build/from-layer.h"
#include "image/import.h"
#include "image/layer-blob.h"

/* One layer of an image being imported. Private to image/. */

G_BEGIN_DECLS

typedef struct
{
  guint index; /* in the manifest */
  char id[UL_CHECKSUM_HEX_LEN + 1];
  UlChecksum diff_id;
  const UlOciDescriptor *descriptor;

  gboolean is_there;   /* it was before: commit is set */
  gboolean lacks_blob; /* what makes it again is to be kept, and wasn't before */
  UlLayer *layer;
  guint64 size;         /* of the tar */
  UlChecksum tar_split; /* the commit that keeps it */
  UlRecipe recipe;      /* what of the blob was written last */
  UlChecksum blob;      /* the same of what makes the blob again, where that was lacking */
  UlChecksum commit;    /* after finish () */
} UlImportLayer;

void ul_import_layer_clear (UlImportLayer *self);

/* Fill in @index's ids; is it there? @parent: the layer below, or NULL. */
gboolean ul_import_layer_init (UlImportLayer *self, UlRepo *repo, const UlImageDocuments *image,
                               guint index, const UlImportLayer *parent, gboolean keep_blob,
                               GError **error);

/* Is something of it to be read? */
static inline gboolean
ul_import_layer_is_wanted (const UlImportLayer *self)
{
  return !self->is_there || self->lacks_blob;
}

/* Read one that is wanted from its source: files, tar-split and blob, what of them lacks, are
 * staged on return, and all digests are verified. Any thread. */
gboolean ul_import_layer_read (UlImportLayer *self, const UlImageSource *source,
                               const UlLayerOptions *options, UlWriter *writer,
                               UlProgress *progress, GError **error);

/* Make it complete upon @parent, and its commit; then set its refs. */
gboolean ul_import_layer_finish (UlImportLayer *self, const UlImportLayer *parent,
                                 UlTransaction *transaction, UlWriter *writer, GError **error);

G_END_DECLS
