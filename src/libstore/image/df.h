// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "image/records.h"
#include "repo/df.h"

/* What images take, and what it saves that layers and files are shared. Sizes are those of
 * repo/df.h. What belongs to an image: its commit with the documents, the commits of its layers
 * with all that is in them, their tar-splits, and those of its blobs that are kept. Each of these
 * counts an object once, so that hardlinks of a layer are no saving.
 *
 * No lock is taken. */

G_BEGIN_DECLS

typedef struct
{
  char *name;
  UlImage *image;  /* NULL: it can't be read */
  GError *failure; /* why not */
  UlDfSize size;   /* each of its parts in full: what it takes where nothing is shared */
  UlDfSize total;  /* objects of its parts, each once */
  UlDfSize alone;  /* of it, what no other image and no other ref has */
  GPtrArray *refs; /* of char *, sorted: aliases of the image, refs of its commit, and refs that
                      have the trees of all its layers, as where a store is embedded */
} UlImageDfRow;

typedef struct
{
  GPtrArray *rows;      /* of UlImageDfRow, by name: the images that were asked about */
  UlDfSize apart;       /* each of them with layers of its own; of several names one */
  UlDfSize layers_once; /* a layer counted once */
  UlDfSize here;        /* an object counted once: what is in the repository */
  UlDfSize layers;      /* of it, what is in layers; */
  UlDfSize tar_splits;  /* of the rest, what is in tar-splits; */
  UlDfSize blobs;       /* of the rest, what is in kept blobs; */
  UlDfSize documents;   /* the rest */
  UlDfSize elsewhere;   /* of it, what other images and refs have, too */
  guint64 n_missing;    /* directories that are missing or broken: what is below isn't counted */
} UlImageDf;

void ul_image_df_clear (UlImageDf *df);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UlImageDf, ul_image_df_clear)

typedef struct
{
  const GPtrArray *names; /* of the images that are asked about, in full */
  guint jobs;             /* 0: all CPUs */
  UlProgress *progress;   /* may be NULL */
} UlImageDfOptions;

/* An image that can't be read is a row without sizes, and what there is of it another ref's. */
gboolean ul_image_df_run (UlRepo *repo, const UlImageDfOptions *options, UlImageDf *out,
                          GError **error);

G_END_DECLS
