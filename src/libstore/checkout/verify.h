// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "checkout/aspects.h"
#include "checkout/options.h"
#include "core/checksum.h"

/* Is a directory still exactly what a checkout of a commit made? Types, content, modes, owners
 * where the checkout kept them, xattrs, symlinks, whiteouts, nothing missing and nothing besides.
 *
 * A file that is a hardlink of its object in this repository is that object, as long as it's sound,
 * and isn't read (see UlVerifyOptions.full). All others are read and hashed: size and times prove
 * nothing. The directory is hostile: no symlink in it is followed, nothing but regular files and
 * directories is opened. What changes meanwhile is a difference or not, but never a crash. */

G_BEGIN_DECLS

typedef enum
{
  UL_VERIFY_WHITEOUTS_DETECT, /* all as the first one found, marker or device */
  UL_VERIFY_WHITEOUTS_MARKERS,
  UL_VERIFY_WHITEOUTS_DEVICES, /* of a checkout with UL_CHECKOUT_WHITEOUTS_PASSTHROUGH */
} UlVerifyWhiteouts;

typedef struct
{
  UlOwnership ownership; /* as the checkout was made, as are the next two */
  UlCheckoutDirMode dir_mode;
  const char *subpath;
  UlVerifyWhiteouts whiteouts;
  gboolean full;        /* read hardlinks, too: finds bit rot, and what was written through them */
  guint jobs;           /* threads; 0: one a CPU */
  UlProgress *progress; /* NULL: none */
} UlVerifyOptions;

typedef enum
{
  UL_VERIFY_MODIFIED,
  UL_VERIFY_ADDED,   /* the commit doesn't have it; nothing is said of what is below */
  UL_VERIFY_REMOVED, /* nor here */
  UL_VERIFY_UNCHECKED,
} UlVerifyKind;

typedef struct
{
  UlVerifyKind kind;
  char *path;                /* "/a/b", from the root of the checkout; any bytes if ADDED */
  UlCheckoutAspects differs; /* if MODIFIED */
  char *message;             /* if UNCHECKED: why; else NULL */
} UlVerifyFinding;

typedef struct
{
  GPtrArray *findings; /* of UlVerifyFinding, in the order of paths, directories before their
                          contents */
  guint64 files;       /* of the commit, looked at; as are directories */
  guint64 directories;
} UlVerifyResult;

void ul_verify_result_clear (UlVerifyResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UlVerifyResult, ul_verify_result_clear)

/**
 * ul_verify_at:
 * @commit: the checksum of a commit
 * @options: NULL for the defaults
 * @dfd: directory that @path is relative to, or AT_FDCWD
 * @path: the directory; the caller's own path, so symlinks in it are followed
 *
 * Neither differences nor what could not be checked are errors, but findings. Errors: no such
 * commit, subpath or directory, options that contradict each other.
 */
gboolean ul_verify_at (UlRepo *repo, const UlChecksum *commit, const UlVerifyOptions *options,
                       int dfd, const char *path, UlVerifyResult *out_result, GError **error);

G_END_DECLS
