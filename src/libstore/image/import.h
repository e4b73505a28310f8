// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "build/commit.h"
#include "image/source.h"
#include "repo/repo.h"
#include "util/progress.h"

/* An image into a repository: a commit for each layer that isn't there yet, and one for the image
 * (image/records.h). Options struct: zero is the default. */

G_BEGIN_DECLS

typedef struct
{
  const char *name; /* in full */
  UlDevicePolicy devices;
  gboolean forget_blobs; /* don't keep what makes packed layers' blobs again, bit for bit: of gzip
                            its gzip-split (core/gzip-split.h), of anything else all of it */
  guint n_base;          /* so many lowest layers the source lacks: they have to be there */
  guint jobs;            /* 0: all CPUs */
  UlTransactionOptions transaction;
  UlProgress *progress; /* layers, and bytes of the blobs; may be NULL */
} UlImageImportOptions;

typedef struct
{
  UlChecksum commit;
  gboolean unchanged;    /* the name stood for this very image before */
  guint layers;          /* that it has */
  guint layers_read;     /* of these, not there before */
  guint blobs_kept;      /* that weren't before */
  guint blobs_added;     /* of these, to layers that were there */
  guint64 bytes_read;    /* of the blobs of all these */
  guint64 bytes_written; /* of files, uncompressed */
} UlImageImportResult;

/* Everything is verified before it's given a name: blobs and tars by their digests. A layer that is
 * there isn't read, unless its blob is another than those known. Layers are read on several
 * threads. All refs are set at the end, in one transaction, durable on return unless
 * fsync is off; after a failure the repository has what it had. */
gboolean ul_image_import (UlRepo *repo, const UlImageSource *source,
                          const UlImageImportOptions *options, UlImageImportResult *out_result,
                          GError **error);

G_END_DECLS
