// SPDX-License-Identifier: LGPL-2.1-or-later

/* One thread lists the directories, workers hash the files, and at the end the dirtrees are made
 * from the last directory found to the first: each after those in it. */

#include "build/scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "build/modifier.h"
#include "core/object.h"
#include "core/whiteout.h"
#include "repo/objects.h"
#include "repo/source-file.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/pool.h"
#include "util/xattr.h"

#define BATCH_MAX 32

typedef struct _Dir Dir;
struct _Dir
{
  char *path; /* below the top, "." for the top itself */
  Dir *parent;
  guint index;    /* in the parent's dirs */
  GArray *files;  /* of UlDirtreeFile, whose names are owned; the workers fill in checksums */
  GArray *others; /* the same, of what is no file or symlink: complete */
  GArray *dirs;   /* of UlDirtreeDir, whose names are owned */
  UlChecksum meta;
};

typedef struct
{
  Dir *dir;
  guint start;
  guint n;
} Batch;

typedef struct
{
  int fd; /* of the top */
  const UlModifier *modifier;
  UlProgress *progress;
  GPtrArray *dirs; /* of Dir, parents first; those from @next on are still to be listed */
  guint next;
  GHashTable *objects;
  UlHasher *hasher;
  UlPool *pool;
} Walk;

static void
free_names (GArray *entries)
{
  /* The name is the first member of either struct. */
  const guint size = g_array_get_element_size (entries);
  for (guint i = 0; i < entries->len; i++)
    g_free (*(char **) (gpointer) (entries->data + i * size));
  g_array_unref (entries);
}

static void
dir_free (Dir *dir)
{
  g_free (dir->path);
  free_names (dir->files);
  free_names (dir->others);
  free_names (dir->dirs);
  g_free (dir);
}

static Dir *
dir_new (Dir *parent, const char *name)
{
  Dir *dir = g_new0 (Dir, 1);
  dir->parent = parent;
  dir->path = parent == NULL || parent->parent == NULL
                  ? g_strdup (name)
                  : g_strconcat (parent->path, "/", name, NULL);
  dir->files = g_array_new (FALSE, FALSE, sizeof (UlDirtreeFile));
  dir->others = g_array_new (FALSE, FALSE, sizeof (UlDirtreeFile));
  dir->dirs = g_array_new (FALSE, FALSE, sizeof (UlDirtreeDir));
  return dir;
}

static int
open_dir (const Walk *walk, const Dir *dir)
{
  return ul_fd_open_beneath (walk->fd, dir->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
                             0);
}

static gboolean
modify (const Walk *walk, guint32 *uid, guint32 *gid, guint32 *mode, GVariant **xattrs,
        GError **error)
{
  /* Nothing that counts here depends on the path or the size. */
  ul_modifier_apply (walk->modifier, "/", uid, gid, mode);
  GVariant *kept;
  if (!ul_modifier_xattrs (walk->modifier, "/", *mode, 0, *xattrs, &kept, error))
    return FALSE;
  g_variant_unref (*xattrs);
  *xattrs = kept;
  return TRUE;
}

static gboolean
hash_one (const Walk *walk, int dfd, UlDirtreeFile *entry, UlHasher *hasher, GError **error)
{
  g_auto (UlSourceFile) file = { .fd = -1 };
  return ul_source_file_open (dfd, entry->name, &file, error)
         && modify (walk, &file.meta.uid, &file.meta.gid, &file.meta.mode, &file.meta.xattrs, error)
         && ul_objects_hash_file (&file.meta, file.fd, hasher, &entry->checksum, error);
}

static gboolean
hash_batch (gpointer item, gpointer worker, gpointer data, GError **error)
{
  const Batch *batch = item;
  const Walk *walk = data;
  ul_autofd int dfd = open_dir (walk, batch->dir);
  if (dfd < 0)
    return ul_throw_errno (error, "open %s", batch->dir->path);
  for (guint i = 0; i < batch->n; i++)
    {
      UlDirtreeFile *file = &g_array_index (batch->dir->files, UlDirtreeFile, batch->start + i);
      if (!hash_one (walk, dfd, file, worker, error))
        return ul_prefix (error, "read %s/%s", batch->dir->path, file->name);
    }
  ul_progress_add (walk->progress, done, batch->n);
  return TRUE;
}

static gpointer
new_hasher (G_GNUC_UNUSED gpointer data)
{
  return ul_hasher_new ();
}

static void
remember (Walk *walk, GVariant *floating, UlChecksum *out)
{
  GVariant *object = g_variant_ref_sink (floating);
  ul_checksum_of_data (g_variant_get_data (object), g_variant_get_size (object), out);
  g_hash_table_replace (walk->objects, g_memdup2 (out, sizeof *out), object);
}

static gboolean
read_meta (Walk *walk, Dir *dir, int fd, GError **error)
{
  struct stat st;
  g_autoptr (GVariant) xattrs = NULL;
  if (fstat (fd, &st) != 0)
    return ul_throw_errno (error, "stat");
  if (!ul_xattr_read_fd (fd, &xattrs, error)
      || !modify (walk, &st.st_uid, &st.st_gid, &st.st_mode, &xattrs, error))
    return FALSE;
  remember (walk, ul_dirmeta_new (st.st_uid, st.st_gid, st.st_mode, xattrs), &dir->meta);
  return TRUE;
}

/* What no object can be. A whiteout is its marker, if that is asked for. */
static gboolean
add_other (Walk *walk, Dir *dir, int dfd, const char *name, const struct stat *st, GError **error)
{
  char *entry_name;
  UlChecksum checksum;
  if (walk->modifier->retarget_whiteouts && ul_whiteout_is_device (st->st_mode, st->st_rdev))
    {
      g_auto (UlFileMeta) meta
          = { .uid = st->st_uid, .gid = st->st_gid, .mode = S_IFREG | (st->st_mode & 07777) };
      if (!ul_xattr_read_at (dfd, name, &meta.xattrs, error)
          || !modify (walk, &meta.uid, &meta.gid, &meta.mode, &meta.xattrs, error)
          || !ul_whiteout_encode (UL_WHITEOUT_COMMIT, name, &entry_name, error)
          || !ul_objects_hash_file (&meta, -1, walk->hasher, &checksum, error))
        return FALSE;
    }
  else
    {
      g_autofree char *text = g_strdup_printf ("%o %" G_GUINT64_FORMAT " %u %u", st->st_mode,
                                               (guint64) st->st_rdev, st->st_uid, st->st_gid);
      ul_checksum_of_data (text, strlen (text), &checksum);
      entry_name = g_strdup (name);
    }
  const UlDirtreeFile entry = { .name = entry_name, .checksum = checksum };
  g_array_append_val (dir->others, entry);
  return TRUE;
}

static gboolean
add_entry (Walk *walk, Dir *dir, int dfd, const char *name, GError **error)
{
  struct stat st;
  if (!ul_name_validate (name, error))
    return FALSE;
  if (fstatat (dfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
    return ul_throw_errno (error, "stat %s", name);
  if (S_ISDIR (st.st_mode))
    {
      Dir *child = dir_new (dir, name);
      const UlDirtreeDir entry = { .name = g_strdup (name) };
      child->index = dir->dirs->len;
      g_array_append_val (dir->dirs, entry);
      g_ptr_array_add (walk->dirs, child);
    }
  else if (S_ISREG (st.st_mode) || S_ISLNK (st.st_mode))
    {
      const UlDirtreeFile entry = { .name = g_strdup (name) };
      g_array_append_val (dir->files, entry);
    }
  else
    return add_other (walk, dir, dfd, name, &st, error);
  return TRUE;
}

static gboolean
list (Walk *walk, Dir *dir, GError **error)
{
  const int fd = open_dir (walk, dir);
  DIR *stream = fd >= 0 ? fdopendir (fd) : NULL;
  if (stream == NULL)
    return ul_throw_errno (error, "open");
  gboolean ok = read_meta (walk, dir, fd, error);
  struct dirent *entry;
  while (ok && (errno = 0, entry = readdir (stream)) != NULL)
    if (!g_str_equal (entry->d_name, ".") && !g_str_equal (entry->d_name, ".."))
      ok = add_entry (walk, dir, fd, entry->d_name, error);
  if (ok && errno != 0)
    ok = ul_throw_errno (error, "list");
  closedir (stream);
  for (guint start = 0; ok && start < dir->files->len; start += BATCH_MAX)
    {
      Batch *batch = g_new (Batch, 1);
      *batch = (Batch){ dir, start, MIN (BATCH_MAX, dir->files->len - start) };
      (void) ul_pool_push (walk->pool, batch);
    }
  ul_progress_add (walk->progress, total, dir->files->len);
  return ok;
}

static int
compare_entries (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static void
build (Walk *walk, Dir *dir, UlChecksum *out_tree)
{
  g_array_append_vals (dir->files, dir->others->data, dir->others->len);
  g_array_set_size (dir->others, 0);
  g_array_sort (dir->files, compare_entries);
  g_array_sort (dir->dirs, compare_entries);
  remember (walk,
            ul_dirtree_new ((const UlDirtreeFile *) (gpointer) dir->files->data, dir->files->len,
                            (const UlDirtreeDir *) (gpointer) dir->dirs->data, dir->dirs->len),
            out_tree);
}

static void
build_all (Walk *walk, UlScan *out)
{
  for (guint i = walk->dirs->len; i-- > 0;)
    {
      Dir *dir = walk->dirs->pdata[i];
      UlChecksum tree;
      build (walk, dir, &tree);
      if (dir->parent != NULL)
        {
          UlDirtreeDir *entry = &g_array_index (dir->parent->dirs, UlDirtreeDir, dir->index);
          entry->tree = tree;
          entry->meta = dir->meta;
        }
      else
        *out = (UlScan){ tree, dir->meta, g_hash_table_ref (walk->objects) };
    }
}

static gboolean
walk_all (Walk *walk, GError **error)
{
  g_ptr_array_add (walk->dirs, dir_new (NULL, "."));
  while (walk->next < walk->dirs->len)
    {
      Dir *dir = walk->dirs->pdata[walk->next++];
      if (!list (walk, dir, error))
        return ul_prefix (error, "read %s", dir->path);
    }
  return TRUE;
}

static void
walk_init (Walk *walk, const UlModifier *modifier, guint jobs, UlProgress *progress)
{
  *walk = (Walk){
    .fd = -1,
    .modifier = modifier,
    .progress = progress,
    .dirs = g_ptr_array_new_with_free_func ((GDestroyNotify) dir_free),
    .objects = g_hash_table_new_full (ul_checksum_hash, ul_checksum_equal_func, g_free,
                                      (GDestroyNotify) g_variant_unref),
    .hasher = ul_hasher_new (),
  };
  const UlPoolOptions options = {
    .jobs = jobs,
    .run = hash_batch,
    .item_free = g_free,
    .worker_new = new_hasher,
    .worker_free = (GDestroyNotify) ul_hasher_free,
    .data = walk,
  };
  walk->pool = ul_pool_new (&options);
}

static void
walk_clear (Walk *walk)
{
  ul_pool_free (walk->pool); /* first: workers hold directories */
  ul_fd_cleanup (&walk->fd);
  g_ptr_array_unref (walk->dirs);
  g_hash_table_unref (walk->objects);
  ul_hasher_free (walk->hasher);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Walk, walk_clear)

gboolean
ul_scan_dir (const char *path, const UlModifier *modifier, guint jobs, UlProgress *progress,
             UlScan *out, GError **error)
{
  g_auto (Walk) walk;
  walk_init (&walk, modifier, jobs, progress);
  if (!ul_fd_open_dir_at (AT_FDCWD, path, TRUE, &walk.fd, error) || !walk_all (&walk, error)
      || !ul_pool_finish (walk.pool, error))
    return FALSE;
  build_all (&walk, out);
  return TRUE;
}

void
ul_scan_clear (UlScan *scan)
{
  g_clear_pointer (&scan->objects, g_hash_table_unref);
}
