// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gio/gio.h>

/* Errors: one domain with few codes, each with a caller that branches on it; everything else that
 * the system reports stays in G_IO_ERROR. A message reads "operation object: cause". */

G_BEGIN_DECLS

#define UL_ERROR (ul_error_quark ())
GQuark ul_error_quark (void);

/**
 * UlError:
 * @UL_ERROR_FAILED: anything without a code of its own
 * @UL_ERROR_CORRUPT: an object or file on disk breaks its format or checksum
 * @UL_ERROR_NOT_FOUND: a ref, commit, object or path in a commit doesn't exist
 * @UL_ERROR_EXISTS: something in the way that the policy forbids to replace
 * @UL_ERROR_INVALID: bad input: a name, an option value, a tree
 * @UL_ERROR_LOCKED: the repository lock could not be had in time
 * @UL_ERROR_UNSUPPORTED: a mode, version or file type we refuse, or the file system does
 * @UL_ERROR_NO_SPACE: the file system is full, or would go below min-free-space
 */
typedef enum
{
  UL_ERROR_FAILED,
  UL_ERROR_CORRUPT,
  UL_ERROR_NOT_FOUND,
  UL_ERROR_EXISTS,
  UL_ERROR_INVALID,
  UL_ERROR_LOCKED,
  UL_ERROR_UNSUPPORTED,
  UL_ERROR_NO_SPACE,
} UlError;

/* Set @error to UL_ERROR/@code with a formatted message; always returns FALSE. */
gboolean ul_throw (GError **error, UlError code, const char *format, ...) G_GNUC_PRINTF (3, 4);

/* Set @error from the current errno: "<formatted>: <strerror>". ENOSPC and EDQUOT become
 * UL_ERROR_NO_SPACE, the rest the matching G_IO_ERROR. Always returns FALSE. */
gboolean ul_throw_errno (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* Put "<formatted>: " before the message in @error, if one is set. Always returns FALSE. */
gboolean ul_prefix (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

G_END_DECLS
