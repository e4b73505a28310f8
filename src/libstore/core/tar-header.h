// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gio/gio.h>

/* What of a tar header decides where its entry ends, and its name: for core/tar-frame.c alone. Pure
 * bytes to structs. Sources: POSIX (pax, "ustar Interchange Format"), GNU tar's manual ("Tar
 * Internals"), star's manual (the prefix of its own format). */

G_BEGIN_DECLS

#define UL_TAR_NAME_MAX (155 + 1 + 100)
#define UL_TAR_LINK_MAX 100

typedef struct
{
  guint8 type;
  guint64 size;
  gboolean more_sparse_map; /* an old GNU header, and blocks of its map follow */
  char name[UL_TAR_NAME_MAX + 1];
  char link[UL_TAR_LINK_MAX + 1]; /* a link's target, if the records have none */
  gint64 mtime;                   /* seconds; 0 for what is no number */
  guint64 uid;
  guint64 gid;
} UlTarHeading;

/* What the headers before an entry say about it. */
typedef struct
{
  char *long_name; /* GNU's */
  char *path;      /* of pax */
  gboolean has_size;
  guint64 size;
  gboolean sparse;
  gboolean has_link; /* a link's target is too long for the heading */
  gboolean has_mtime, has_uid, has_gid;
  gint64 mtime;
  guint32 mtime_nsec;
  guint64 uid;
  guint64 gid;
} UlTarRecords;

void ul_tar_records_clear (UlTarRecords *self);
gboolean ul_tar_records_any (const UlTarRecords *self);

gboolean ul_tar_block_is_zero (const guint8 *block);
gboolean
ul_tar_sparse_map_goes_on (const guint8 *block); /* a block of the map: does another follow? */

gboolean ul_tar_type_is_special (guint8 type); /* says something about others: x g L K */
gboolean ul_tar_type_is_file (guint8 type);
gboolean ul_tar_type_is_link (guint8 type);  /* hard or symbolic */
gboolean ul_tar_type_has_body (guint8 type); /* FALSE: whatever its size says, nothing follows */

/* UL_ERROR_CORRUPT: the checksum or the size. UL_ERROR_UNSUPPORTED: a type that says something
 * about others in a way that is not known. */
gboolean ul_tar_heading_parse (const guint8 *block, UlTarHeading *out, GError **error);

/* What the special header of @type holds. A later one of the same type replaces what was said.
 * UL_ERROR_CORRUPT for records that don't add up; UL_ERROR_UNSUPPORTED where global ones say what
 * is of each entry. */
gboolean ul_tar_records_add (UlTarRecords *self, guint8 type, const char *bytes, gsize len,
                             GError **error);

/* The name of the entry, from the records or the heading. */
char *ul_tar_records_steal_name (UlTarRecords *self, const UlTarHeading *heading);

G_END_DECLS
