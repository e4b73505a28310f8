// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gio/gio.h>

/* Where in a tar the contents of its files are: takes the bytes of an archive as they come and cuts
 * them into structure (headers, padding, the end) and content, so that the one can be kept and the
 * other be found again in a tree (core/tar-split.h). Nothing is left out, nothing comes twice: what
 * the callbacks get, in order, is the archive.
 *
 * Content is only what a regular file has in one piece. That of a sparse file is a map and parts,
 * and what follows an entry of a type we don't know isn't known: both are structure.
 *
 * Readers of tars disagree on damaged and odd ones. Where that would move the border of an entry
 * this one refuses: a header whose checksum is wrong, a size that is no number, records that don't
 * add up, a size or path for all that follows (pax `g`), a lone block of zeros between entries.
 *
 * Memory: a header with its pax records, 1 MiB of these at most. One thread at a time. Sources:
 * POSIX (pax, "ustar Interchange Format"), GNU tar's manual ("Tar Internals"). */

G_BEGIN_DECLS

/* What else an entry's header says, and nothing here depends on. */
typedef struct
{
  guint8 type;  /* '0' (or NUL) a file, '1' hardlink, '2' symlink, '5' directory, ... */
  guint64 size; /* bytes of content that follow */
  gint64 mtime; /* seconds since 1970; 0 where it's no number */
  guint32 mtime_nsec;
  guint64 uid;
  guint64 gid;
} UlTarStat;

/* NULL: nobody is interested. */
typedef struct
{
  gboolean (*structure) (const guint8 *bytes, gsize len, gpointer data, GError **error);
  /* After the structure of its header. @name as it's there, and @size bytes of content follow.
   * Comes for every header but those that only say something about others. */
  gboolean (*entry) (const char *name, guint64 size, gpointer data, GError **error);
  gboolean (*content) (const guint8 *bytes, gsize len, gpointer data, GError **error);
  /* The entry that comes next is a link, hard or symbolic, to @target (NULL: it's longer
   * than 100 bytes, and not read). */
  gboolean (*link) (const char *name, const char *target, gboolean is_hard, gpointer data,
                    GError **error);
  /* Of the entry that comes next, after link. */
  gboolean (*stat) (const char *name, const UlTarStat *stat, gpointer data, GError **error);
} UlTarFrameSink;

typedef struct _UlTarFrame UlTarFrame;

/* @sink: copied. */
UlTarFrame *ul_tar_frame_new (const UlTarFrameSink *sink, gpointer data);
void ul_tar_frame_free (UlTarFrame *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlTarFrame, ul_tar_frame_free)

/* UL_ERROR_CORRUPT or UL_ERROR_UNSUPPORTED for an archive as above; no call after that. */
gboolean ul_tar_frame_push (UlTarFrame *self, const void *bytes, gsize len, GError **error);

/* So many bytes of content come next. Whoever only looks for what there is may leave them out: for
 * the frame they have been pushed, and no callback gets them. */
guint64 ul_tar_frame_skip (UlTarFrame *self);

/* The archive ends here. UL_ERROR_CORRUPT if that is inside an entry; the blocks of zeros at the
 * end may be missing. */
gboolean ul_tar_frame_finish (UlTarFrame *self, GError **error);

G_END_DECLS
