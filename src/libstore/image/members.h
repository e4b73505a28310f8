// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gio/gio.h>

/* Files by name: of a directory, or of a tar that stands for one. Nothing else than these is
 * opened, wherever links point. Not locked. May be used from several threads.
 *
 * A tar is looked through once for where its files are; what is packed is unpacked to a temporary
 * file before. Links in it are followed; of a name that comes twice the last
 * one counts. Sparse files aren't there. */

G_BEGIN_DECLS

typedef struct _UlMembers UlMembers;

/* Where the bytes of a file are: at a place in a file that may be read in any order, or the next
 * ones of a pipe. */
typedef struct _UlExtent UlExtent;
struct _UlExtent
{
  int fd; /* the holder's own */
  guint64 offset;
  guint64 size;
  gboolean is_pipe; /* offset says nothing */
  /* NULL, or: all was read; did all go well where it comes from? Closes fd. */
  gboolean (*done) (UlExtent *extent, GError **error);
  gpointer data; /* for done */
  GDestroyNotify data_free;
};

#define UL_EXTENT_INIT                                                                             \
  {                                                                                                \
    .fd = -1                                                                                       \
  }

void ul_extent_clear (UlExtent *extent);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UlExtent, ul_extent_clear)

#define UL_MEMBERS_MAX (1024 * 1024) /* in a tar */

UlMembers *ul_members_open_dir (int dfd, const char *path, GError **error);

/* The tar at @path, "-" for standard input. @tmp_dfd: where a temporary file may be, -1 for the
 * system's place. */
UlMembers *ul_members_open_tar (const char *path, int tmp_dfd, GError **error);

void ul_members_free (UlMembers *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlMembers, ul_members_free)

/* As given, for messages: errors of what follows don't have it. */
const char *ul_members_path (const UlMembers *self);

/* File @name; *out_found FALSE: there is none, which is an error with NULL. UL_ERROR_CORRUPT for
 * what is no regular file or leads out. *out needs clear (). */
gboolean ul_members_open (const UlMembers *self, const char *name, gboolean *out_found,
                          UlExtent *out, GError **error);

/* The whole of a file of at most @max bytes. */
gboolean ul_members_read (const UlMembers *self, const char *name, gsize max, gboolean *out_found,
                          GBytes **out, GError **error);

G_END_DECLS
