// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/checksum.h"
#include "repo/repo.h"
#include "util/progress.h"

/* A commit as a tar archive. The same commit and options give the same bytes, whatever the number
 * of jobs, the locale or the machine: entries stand in the order of the dirtrees (a directory, its
 * files, its subdirectories), times are the commit's. Without xattrs, whiteouts and hardlinks these
 * are the bytes that `ostree export` writes; the format is util/tar.h's. */

G_BEGIN_DECLS

/* What becomes of whiteout markers and opaque directories; see docs/design/whiteouts.md. */
typedef enum
{
  UL_TO_TAR_WHITEOUTS_KEEP,   /* as they are in the commit */
  UL_TO_TAR_WHITEOUTS_DEVICE, /* char devices 0:0; opaque stays an xattr */
  UL_TO_TAR_WHITEOUTS_LAYER,  /* .wh.NAME and .wh..wh..opq, as in OCI layers */
} UlToTarWhiteouts;

typedef enum
{
  UL_TO_TAR_PLAIN,
  UL_TO_TAR_GZIP,
  UL_TO_TAR_XZ,
  UL_TO_TAR_ZSTD,
} UlToTarCompression;

typedef struct
{
  const char *subpath; /* a directory, whose contents are exported, or a file; NULL: "/" */
  const char *prefix;  /* put before every path as it is; NULL: nothing */
  UlToTarWhiteouts whiteouts;
  UlToTarCompression compression;
  gboolean no_xattrs;
  gboolean no_labels; /* of xattrs, leave out SELinux's */
  gboolean hardlinks; /* the same file again is a hardlink to the first; about 100 bytes a file */
  gboolean
      ignore_hardlinks;   /* those that the commit records: without it, they are written as such */
  gboolean whole_records; /* fill up to a multiple of 10240 bytes, as for a pipe or a tape */
  gboolean has_mtime;     /* of entries: is mtime to be used, and not the commit's? */
  gint64 mtime;
  UlHasher *hasher;     /* started: is fed the archive as it is before compression; NULL: none */
  guint jobs;           /* threads; 0: one a CPU */
  UlProgress *progress; /* NULL: none */
} UlToTarOptions;

/* Write it to @fd at its offset; @what names it in errors. UL_ERROR_INVALID for whiteouts that the
 * form can't express. Nothing is synced; after a failure @fd has a part. */
gboolean ul_checkout_to_tar (UlRepo *repo, const UlChecksum *commit, const UlToTarOptions *options,
                             int fd, const char *what, GError **error);

G_END_DECLS
