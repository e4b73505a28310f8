// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gio/gio.h>

/* Headers of tar entries, written by hand: the same entry is the same bytes whatever the version of
 * a library and the locale. An entry is in GNU format (as `ostree export` writes it, byte for
 * byte); one with xattrs, which GNU's format can't hold, is in pax format, with SCHILY.xattr.NAME
 * records. Readers take both in one archive. No I/O, any thread.
 *
 * Sources: POSIX (pax, "ustar Interchange Format"), GNU tar's manual ("Tar Internals"), archives
 * written by ostree 2022.7 and GNU tar. */

G_BEGIN_DECLS

#define UL_TAR_BLOCK 512

typedef enum
{
  UL_TAR_FILE = '0',
  UL_TAR_HARDLINK = '1',
  UL_TAR_SYMLINK = '2',
  UL_TAR_CHAR_DEVICE = '3', /* 0:0, no other is ever needed */
  UL_TAR_DIR = '5',
} UlTarType;

typedef struct
{
  UlTarType type;
  const char *path;   /* of a directory, with a slash at its end */
  const char *target; /* of links; else NULL */
  guint32 mode;       /* permissions; more is cut off */
  guint32 uid;
  guint32 gid;
  guint64 size;
  gint64 mtime;     /* cut to what eleven octal digits hold: 1970 to 2242 */
  GVariant *xattrs; /* a(ayay), or NULL */
} UlTarHeader;

/* All blocks that go before the content. */
void ul_tar_append_header (GByteArray *out, const UlTarHeader *header);

/* Zeros up to the next block behind @size bytes of content. */
void ul_tar_append_padding (GByteArray *out, guint64 size);

/* What closes an archive. */
void ul_tar_append_end (GByteArray *out);

G_END_DECLS
