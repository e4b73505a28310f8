// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "checkout/to-tar.h"
#include "image/build-config.h"
#include "image/import.h"

/* An image made of commits: each is a layer, on those of another image or on none. What comes of it
 * is what an import of the same image would leave (image/records.h), since it is one: the layers
 * are packed into a layout that is there only meanwhile, and read and verified from that.
 *
 * The same commits, options and settings give the same image, with the same digests, on every
 * machine that has the same libraries for compression. Options struct: zero is the default. */

G_BEGIN_DECLS

typedef struct
{
  const char *name;        /* in full */
  const char *base;        /* the image that it stands on, in full; NULL: none */
  const char *const *revs; /* commits, the lowest first, NULL-terminated; may be none with a base */
  gboolean squash;         /* what they make together is one layer */
  UlToTarCompression compression; /* plain, gzip or zstd */
  gboolean keep_labels;           /* SELinux's, which are of the machine and not of an image */
  gboolean has_timestamp; /* FALSE: of the image that of its newest commit, of each file that of
                             its own */
  gint64 timestamp;
  const UlImageSettings *settings;
  char **annotations;  /* of the manifest, NAME=VALUE; NULL: none */
  gboolean keep_blobs; /* what makes the blobs again as well, which makes an export faster */
  guint jobs;          /* 0: all CPUs */
  UlTransactionOptions transaction;
  UlProgress *progress; /* entries and bytes of the layers; may be NULL */
} UlImageBuildOptions;

typedef struct
{
  UlImageImportResult import;
  UlChecksum manifest;
  UlChecksum config; /* which is its id */
} UlImageBuildResult;

/* Durable on return, as an import is; after a failure the repository has what it had. Nothing holds
 * the commits meanwhile: one that is pruned is UL_ERROR_NOT_FOUND. */
gboolean ul_image_build (UlRepo *repo, const UlImageBuildOptions *options,
                         UlImageBuildResult *out_result, GError **error);

G_END_DECLS
