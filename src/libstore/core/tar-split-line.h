// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gio/gio.h>

/* One line of a tar-split (core/tar-split.h), which may come from a stranger. Taken is the one form
 * that Go's encoder gives these lines, with members in this order and no spaces: that's all there
 * is, and a JSON parser would take ten times as long for the 100,000 lines of a large layer.
 * Strict: base64 as encoders write it, strings as RFC 8259 has them, numbers without signs or
 * leading zeros. No I/O, any thread. */

G_BEGIN_DECLS

typedef struct
{
  guint64 position;
  gboolean is_file;
  const char *name; /* of a file; size and crc are 0 if it has no content */
  guint64 size;
  guint64 crc;
  const guint8 *bytes; /* of what is no file: as they are; may be none */
  gsize len;
} UlTarSplitLine;

/* @line: without the newline. What @out refers to is in @scratch, whose contents are replaced.
 * UL_ERROR_CORRUPT. */
gboolean ul_tar_split_line_parse (const char *line, gsize len, GByteArray *scratch,
                                  UlTarSplitLine *out, GError **error);

G_END_DECLS
