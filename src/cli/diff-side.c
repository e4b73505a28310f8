// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/diff-side.h"

#include "cli/progress.h"
#include "core/dirtree.h"
#include "core/whiteout.h"
#include "repo/refs.h"
#include "repo/source-file.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/xattr.h"

#include <fcntl.h>
#include <string.h>

#define BUFFER (64 * 1024)

gboolean
ul_diff_side_is_dir (const char *arg)
{
  return g_str_has_prefix (arg, "/") || g_str_has_prefix (arg, "./");
}

static gboolean
open_dir (UlDiffSide *side, const char *path, const UlModifier *modifier, const UlInvocation *inv,
          GError **error)
{
  UlProgress progress = { 0 };
  side->modifier = modifier;
  g_autoptr (UlProgressBar) bar = ul_progress_bar_start (inv, "Reading", &progress);
  if (!ul_fd_open_dir_at (AT_FDCWD, path, TRUE, &side->fd, error)
      || !ul_scan_dir (path, modifier, (guint) inv->jobs, &progress, &side->scan, error))
    return ul_prefix (error, "diff %s", path);
  side->root = (UlTreeDiffSide){
    .tree = side->scan.tree,
    .meta = side->scan.meta,
    .objects = side->scan.objects,
  };
  return TRUE;
}

gboolean
ul_diff_side_open (UlDiffSide *side, UlRepo *repo, const char *arg, const UlModifier *modifier,
                   const UlInvocation *inv, GError **error)
{
  if (ul_diff_side_is_dir (arg))
    return open_dir (side, arg, modifier, inv, error);
  g_auto (UlCommit) commit = { 0 };
  if (!ul_refs_resolve (repo, arg, NULL, &side->commit, error)
      || !ul_objects_load_commit (repo, &side->commit, &commit, error))
    return FALSE;
  side->root = (UlTreeDiffSide){ .repo = repo, .tree = commit.tree, .meta = commit.meta };
  return TRUE;
}

void
ul_diff_side_clear (UlDiffSide *side)
{
  ul_scan_clear (&side->scan);
  ul_fd_clear (&side->fd);
}

void
ul_diff_meta_clear (UlDiffMeta *meta)
{
  ul_file_meta_clear (&meta->meta);
}

static gboolean
load_dir (const UlDiffSide *side, const UlEntry *entry, UlDiffMeta *out, GError **error)
{
  GVariant *known
      = side->root.objects != NULL ? g_hash_table_lookup (side->root.objects, &entry->meta) : NULL;
  g_autoptr (GVariant) dirmeta = known != NULL ? g_variant_ref (known) : NULL;
  if (dirmeta == NULL
      && !ul_objects_load (side->root.repo, UL_OBJECT_DIRMETA, &entry->meta, &dirmeta, error))
    return FALSE;
  *out = (UlDiffMeta){ 0 };
  ul_dirmeta_get (dirmeta, &out->meta.uid, &out->meta.gid, &out->meta.mode, &out->meta.xattrs);
  return TRUE;
}

/* The directory that a path is in, and its last component. */
static gboolean
open_parent (const UlDiffSide *side, const char *path, int *out_fd, const char **out_name,
             GError **error)
{
  const char *slash = strrchr (path, '/');
  g_autofree char *parent
      = slash == path ? g_strdup (".") : g_strndup (path + 1, (gsize) (slash - path - 1));
  *out_name = slash + 1;
  *out_fd = ul_fd_open_beneath (side->fd, parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  return *out_fd >= 0 || ul_throw_errno (error, "open %s", parent);
}

/* A device, FIFO or socket; or a whiteout that was taken for its marker. */
static gboolean
load_other (const UlDiffSide *side, int dfd, const char *name, UlDiffMeta *out, gboolean *out_done,
            GError **error)
{
  struct stat st;
  const char *real = name;
  if (fstatat (dfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0
      && ul_whiteout_may_be_marker (UL_WHITEOUT_COMMIT, name))
    {
      real = name + strlen (UL_WHITEOUT_COMMIT_PREFIX);
      if (fstatat (dfd, real, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return ul_throw_errno (error, "stat");
    }
  *out_done = real != name || !(S_ISREG (st.st_mode) || S_ISLNK (st.st_mode));
  if (!*out_done)
    return TRUE;
  const mode_t mode = real != name ? S_IFREG | (st.st_mode & 07777) : st.st_mode;
  *out = (UlDiffMeta){ .meta = { .uid = st.st_uid, .gid = st.st_gid, .mode = mode } };
  return ul_xattr_read_at (dfd, real, &out->meta.xattrs, error);
}

static gboolean
load_local (const UlDiffSide *side, const char *path, UlDiffMeta *out, GError **error)
{
  ul_autofd int dfd = -1;
  const char *name;
  gboolean done = FALSE;
  g_auto (UlSourceFile) file = { .fd = -1 };
  if (!open_parent (side, path, &dfd, &name, error)
      || !load_other (side, dfd, name, out, &done, error))
    return FALSE;
  if (!done)
    {
      if (!ul_source_file_open (dfd, name, &file, error))
        return FALSE;
      *out
          = (UlDiffMeta){ .meta = file.meta, .size = file.fd >= 0 ? (guint64) file.st.st_size : 0 };
      file.meta = (UlFileMeta){ 0 };
    }
  if (side->modifier->set_uid)
    out->meta.uid = side->modifier->owner_uid;
  if (side->modifier->set_gid)
    out->meta.gid = side->modifier->owner_gid;
  if (side->modifier->no_xattrs)
    {
      g_variant_unref (out->meta.xattrs);
      out->meta.xattrs = g_variant_ref (ul_xattr_empty ());
    }
  return TRUE;
}

gboolean
ul_diff_side_load (const UlDiffSide *side, const char *path, const UlEntry *entry, UlDiffMeta *out,
                   GError **error)
{
  if (entry->kind == UL_ENTRY_DIR)
    return load_dir (side, entry, out, error);
  UlDiffMeta meta = { 0 };
  if (side->fd >= 0 ? !load_local (side, path, &meta, error)
                    : !ul_objects_load_file_meta (side->root.repo, &entry->checksum, &meta.meta,
                                                  &meta.size, error))
    return ul_prefix (error, "diff %s", path);
  *out = meta;
  return TRUE;
}

/* A regular file of either side, to be read. */
typedef struct
{
  UlContent *content;
  UlSourceFile local;
} Reader;

static void
reader_clear (Reader *reader)
{
  ul_content_free (reader->content);
  ul_source_file_clear (&reader->local);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Reader, reader_clear)

static gboolean
reader_open (Reader *reader, const UlDiffSide *side, const UlEntry *entry, const char *path,
             GError **error)
{
  if (side->fd < 0)
    return ul_objects_open_file (side->root.repo, &entry->checksum, &reader->content, error);
  ul_autofd int dfd = -1;
  const char *name;
  return open_parent (side, path, &dfd, &name, error)
         && ul_source_file_open (dfd, name, &reader->local, error);
}

/* Less than @len only at the end. */
static gboolean
reader_read (Reader *reader, guint8 *buffer, gsize len, gsize *out_n, GError **error)
{
  if (reader->content == NULL)
    return ul_fd_read_full (reader->local.fd, buffer, len, "file", out_n, error);
  gsize n;
  for (*out_n = 0; *out_n < len; *out_n += n)
    {
      if (!ul_content_read (reader->content, buffer + *out_n, len - *out_n, &n, error))
        return FALSE;
      if (n == 0)
        return TRUE;
    }
  return TRUE;
}

gboolean
ul_diff_side_same_content (const UlDiffSide *a, const UlEntry *entry_a, const UlDiffSide *b,
                           const UlEntry *entry_b, const char *path, gboolean *out_same,
                           GError **error)
{
  g_auto (Reader) reader_a = { .local = { .fd = -1 } };
  g_auto (Reader) reader_b = { .local = { .fd = -1 } };
  if (!reader_open (&reader_a, a, entry_a, path, error)
      || !reader_open (&reader_b, b, entry_b, path, error))
    return ul_prefix (error, "diff %s", path);
  g_autofree guint8 *buffers = g_malloc (2 * BUFFER);
  for (;;)
    {
      gsize n_a;
      gsize n_b;
      if (!reader_read (&reader_a, buffers, BUFFER, &n_a, error)
          || !reader_read (&reader_b, buffers + BUFFER, BUFFER, &n_b, error))
        return ul_prefix (error, "diff %s", path);
      *out_same = n_a == n_b && memcmp (buffers, buffers + BUFFER, n_a) == 0;
      if (!*out_same || n_a < BUFFER)
        return TRUE;
    }
}
