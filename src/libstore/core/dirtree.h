// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/checksum.h"
#include <gio/gio.h>

/* Directory objects. A dirtree is (a(say)a(sayay)): files (name, checksum) and subdirectories
 * (name, dirtree checksum, dirmeta checksum), each sorted by name in byte order. A dirmeta is
 * (uuua(ayay)): uid, gid, mode (big-endian), xattrs. Pure functions over variants; source:
 * ostree-core.h. */

G_BEGIN_DECLS

/* A name that can stand in a directory: UTF-8, 1 to 255 bytes, not `.` or `..`, no `/`. OSTree's
 * format can't hold other bytes than UTF-8. */
gboolean ul_name_validate (const char *name, GError **error);

/* Everything hostile that a dirtree can be: not in normal form, bad, duplicate or unsorted names,
 * one name as file and directory, checksums of another length. The accessors below need a validated
 * dirtree. */
gboolean ul_dirtree_validate (GVariant *dirtree, GError **error);

typedef struct
{
  const char *name; /* belongs to the dirtree */
  UlChecksum checksum;
} UlDirtreeFile;

typedef struct
{
  const char *name; /* belongs to the dirtree */
  UlChecksum tree;
  UlChecksum meta;
} UlDirtreeDir;

/* A serialised GVariant array of structs without alignment. */
typedef struct
{
  const guint8 *data; /* n elements, then n offsets of their ends */
  gsize offsets;      /* where these begin */
  guint offset_size;  /* bytes each, little-endian */
} UlDirtreeArray;

/* The two arrays of a dirtree, taken once for a walk. Entries are read straight from the serialised
 * bytes: a GVariant for each of them would cost more than what is done with it. Only n_files and
 * n_dirs are for users. */
typedef struct
{
  GVariant *dirtree;
  UlDirtreeArray files;
  UlDirtreeArray dirs;
  gsize n_files;
  gsize n_dirs;
} UlDirtreeView;

/* Holds a reference; the names it gives live as long as it does. */
void ul_dirtree_view_init (UlDirtreeView *view, GVariant *dirtree);
void ul_dirtree_view_clear (UlDirtreeView *view);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UlDirtreeView, ul_dirtree_view_clear)

void ul_dirtree_view_file (const UlDirtreeView *view, gsize index, UlDirtreeFile *out);
void ul_dirtree_view_dir (const UlDirtreeView *view, gsize index, UlDirtreeDir *out);

/* Binary search by name. */
gboolean ul_dirtree_view_find_file (const UlDirtreeView *view, const char *name,
                                    UlDirtreeFile *out);
gboolean ul_dirtree_view_find_dir (const UlDirtreeView *view, const char *name, UlDirtreeDir *out);

/* How many entries in a row, from the two indices on, are the same: name and checksums. For
 * skipping what two directories share, in a tenth of the time that reading it takes. An index may
 * be n_files (n_dirs), no more. */
gsize ul_dirtree_view_equal_files (const UlDirtreeView *a, gsize a_index, const UlDirtreeView *b,
                                   gsize b_index);
gsize ul_dirtree_view_equal_dirs (const UlDirtreeView *a, gsize a_index, const UlDirtreeView *b,
                                  gsize b_index);

/* A dirtree of these entries, which are sorted and valid already. Floating. */
GVariant *ul_dirtree_new (const UlDirtreeFile *files, gsize n_files, const UlDirtreeDir *dirs,
                          gsize n_dirs);

/* dirmeta; mode includes S_IFDIR. new_ returns a floating reference. */
GVariant *ul_dirmeta_new (guint32 uid, guint32 gid, guint32 mode, GVariant *xattrs);
gboolean ul_dirmeta_validate (GVariant *dirmeta, GError **error);
/* @out_xattrs: a new reference; each out may be NULL. Needs a validated dirmeta. */
void ul_dirmeta_get (GVariant *dirmeta, guint32 *out_uid, guint32 *out_gid, guint32 *out_mode,
                     GVariant **out_xattrs);

G_END_DECLS
