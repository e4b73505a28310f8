// SPDX-License-Identifier: LGPL-2.1-or-later
#include "build/from-dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "build/from-dir-private.h"
#include "build/modifier.h"
#include "build/opacity.h"
#include "core/whiteout.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/pool.h"
#include "util/sort.h"
#include "util/xattr.h"

/* A batch is so many files, or so many bytes, or one large file. */
#define BATCH_FILES 32
#define BATCH_BYTES (1024 * 1024)

/* With so many or fewer, one batch waits at a time. */
#define FEW_DESCRIPTORS 48

typedef struct
{
  const UlIntake *options;
  UlPool *pool;
  UlWriter *writer;     /* the walking thread's, for directories and whiteouts */
  GPtrArray *offenders; /* paths of what can't be stored, with a note */
  UlSight sight;        /* of trusted.* xattrs */
  gboolean by_size; /* batches are dealt out by size: not to one worker, which gets all in turn, nor
                       where most files are objects, which aren't read */
} Walk;

/* One directory while it's listed. */
typedef struct
{
  Walk *walk;
  UlSourceDir *dir;
  UlTree *tree;
  UlOpacity opacity;
  GPtrArray *subdirs;   /* names */
  GPtrArray *whiteouts; /* names of 0:0 devices, or of files in the xattr form */
} Listing;

static gboolean
store_meta (Walk *walk, UlSourceDir *dir, UlTree *tree, UlOpacity *out_opacity, GError **error)
{
  struct stat st;
  g_autoptr (GVariant) read_xattrs = NULL;
  UlChecksum meta;
  if (fstat (dir->fd, &st) != 0)
    return ul_throw_errno (error, "stat");
  if (!ul_xattr_read_fd (dir->fd, &read_xattrs, error))
    return FALSE;
  ul_opacity_read (read_xattrs, out_opacity);
  if (!ul_opacity_check (out_opacity, walk->options->modifier, walk->sight, st.st_uid, error)
      || !ul_intake_store_dirmeta (walk->options, walk->writer, *dir->path ? dir->path : "/",
                                   st.st_uid, st.st_gid, st.st_mode, read_xattrs, &meta, error))
    return FALSE;
  ul_tree_set_meta (tree, &meta);
  return TRUE;
}

static gboolean
is_skipped (Walk *walk, const UlSourceDir *dir, const char *name)
{
  if (walk->options->modifier->skip_list == NULL)
    return FALSE;
  g_autofree char *path = g_strconcat (dir->path, "/", name, NULL);
  return ul_intake_skips (walk->options, path);
}

static void
list_special (Listing *listing, const char *name, const struct stat *st)
{
  const UlModifier *modifier = listing->walk->options->modifier;
  const gboolean whiteout = ul_whiteout_is_device (st->st_mode, st->st_rdev);
  if (whiteout && modifier->retarget_whiteouts)
    g_ptr_array_add (listing->whiteouts, g_strdup (name));
  else if (modifier->devices == UL_DEVICES_ERROR)
    g_ptr_array_add (
        listing->walk->offenders,
        g_strconcat (listing->dir->path, "/", name, whiteout ? " (a whiteout)" : NULL, NULL));
}

/* What overlay mounts write besides devices; only the directories that say so are looked into. */
static gboolean
list_overlay_form (Listing *listing, const char *name, gboolean *out_done, GError **error)
{
  *out_done = FALSE;
  if (!listing->walk->options->modifier->retarget_whiteouts)
    return TRUE;
  struct stat st;
  if (listing->opacity.opaque && g_str_has_prefix (name, UL_WHITEOUT_LAYER_PREFIX))
    {
      if (fstatat (listing->dir->fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return ul_throw_errno (error, "stat %s", name);
      *out_done = ul_whiteout_is_fuse_junk (name, st.st_mode, st.st_rdev, (guint64) st.st_size);
    }
  if (!*out_done && listing->opacity.xattr_whiteouts)
    {
      gboolean trusted = FALSE;
      gboolean user = FALSE;
      if (fstatat (listing->dir->fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return ul_throw_errno (error, "stat %s", name);
      if (S_ISREG (st.st_mode) && st.st_size == 0
          && (!ul_xattr_has_at (listing->dir->fd, name, UL_WHITEOUT_XATTR_TRUSTED, &trusted, error)
              || !ul_xattr_has_at (listing->dir->fd, name, UL_WHITEOUT_XATTR_USER, &user, error)))
        return FALSE;
      *out_done = trusted || user;
      if (*out_done)
        g_ptr_array_add (listing->whiteouts, g_strdup (name));
    }
  return TRUE;
}

static gboolean
list_entry (Listing *listing, const struct dirent *entry, GError **error)
{
  const char *name = entry->d_name;
  gboolean done;
  if (g_str_equal (name, ".") || g_str_equal (name, ".."))
    return TRUE;
  if (!ul_name_validate (name, error))
    return FALSE;
  if (is_skipped (listing->walk, listing->dir, name))
    return TRUE;
  if (!list_overlay_form (listing, name, &done, error) || done)
    return done;

  unsigned char type = entry->d_type;
  struct stat st = { 0 };
  if (type != DT_REG && type != DT_LNK && type != DT_DIR)
    {
      if (fstatat (listing->dir->fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return ul_throw_errno (error, "stat %s", name);
      type = IFTODT (st.st_mode);
    }
  switch (type)
    {
    case DT_REG:
    case DT_LNK:
      return ul_intake_check_name (listing->walk->options, listing->tree, name, error)
             && ul_tree_add_file (listing->tree, name, error);
    case DT_DIR:
      g_ptr_array_add (listing->subdirs, g_strdup (name));
      return ul_intake_check_name (listing->walk->options, listing->tree, name, error);
    default:
      list_special (listing, name, &st);
      return TRUE;
    }
}

static gboolean
list (Listing *listing, GError **error)
{
  /* The stream has its own descriptor: workers use the directory's long after. */
  const int fd = openat (listing->dir->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *stream = fd >= 0 ? fdopendir (fd) : NULL;
  if (stream == NULL)
    return ul_throw_errno (error, "list");
  gboolean ok = TRUE;
  struct dirent *entry;
  while (ok && (errno = 0, entry = readdir (stream)) != NULL)
    ok = list_entry (listing, entry, error);
  if (ok && errno != 0)
    ok = ul_throw_errno (error, "list");
  closedir (stream);
  return ok;
}

static gboolean
store_whiteout (Listing *listing, const char *name, UlTreeFile *file, GError **error)
{
  Walk *walk = listing->walk;
  struct stat st;
  g_autoptr (GVariant) read_xattrs = NULL;
  g_auto (UlFileMeta) meta = { 0 };
  if (fstatat (listing->dir->fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
    return ul_throw_errno (error, "stat %s", name);
  g_autofree char *path = g_strconcat (listing->dir->path, "/", name, NULL);
  if (!ul_xattr_read_at (listing->dir->fd, name, &read_xattrs, error)
      || !ul_modifier_xattrs (walk->options->modifier, path, S_IFCHR, 0, read_xattrs, &meta.xattrs,
                              error))
    return FALSE;
  meta.uid = st.st_uid;
  meta.gid = st.st_gid;
  meta.mode = S_IFREG | (st.st_mode & 07777);
  ul_modifier_apply (walk->options->modifier, path, &meta.uid, &meta.gid, &meta.mode);
  /* Whiteouts are one inode as often as not, which says nothing. */
  if (walk->options->links != NULL)
    {
      g_autofree char *marker = g_strconcat (listing->dir->path, "/", file->name, NULL);
      ul_link_groups_add_alone (walk->options->links, marker);
    }
  ul_progress_add (walk->options->progress, done, 1);
  return ul_writer_file (walk->writer, &meta, &(UlSource){ .fd = -1 }, &file->checksum, error);
}

/* All that was listed, for a quick look; borrows the names. */
static GHashTable *
listed_names (Listing *listing)
{
  guint n;
  const UlTreeFile *files = ul_tree_added_files (listing->tree, &n);
  GHashTable *names = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < n; i++)
    g_hash_table_add (names, (gpointer) files[i].name);
  for (guint i = 0; i < listing->subdirs->len; i++)
    g_hash_table_add (names, listing->subdirs->pdata[i]);
  return names;
}

/* A source that has the marker's name already would have two entries become one. */
static gboolean
add_marker (Listing *listing, const char *name, GHashTable *names, GError **error)
{
  g_autofree char *marker = NULL;
  if (!ul_whiteout_encode (UL_WHITEOUT_COMMIT, name, &marker, error))
    return FALSE;
  if (g_hash_table_contains (names, marker))
    return ul_throw (error, UL_ERROR_INVALID, "both whiteout %s and its marker %s are there", name,
                     marker);
  return ul_intake_check_marker (listing->walk->options, listing->tree, name, error)
         && ul_tree_add_file (listing->tree, marker, error);
}

/* Before any batch is pushed: adding a name moves the array that the workers write into. */
static gboolean
add_whiteouts (Listing *listing, guint *out_n_files, GError **error)
{
  ul_tree_added_files (listing->tree, out_n_files);
  if (listing->whiteouts->len == 0)
    return TRUE;
  g_autoptr (GHashTable) names = listed_names (listing);
  for (guint i = 0; i < listing->whiteouts->len; i++)
    if (!add_marker (listing, listing->whiteouts->pdata[i], names, error))
      return FALSE;
  guint n;
  UlTreeFile *files = ul_tree_added_files (listing->tree, &n);
  for (guint i = 0; i < listing->whiteouts->len; i++)
    if (!store_whiteout (listing, listing->whiteouts->pdata[i], &files[*out_n_files + i], error))
      return FALSE;
  return TRUE;
}

/* Bytes that a worker will read, or 0; what can't be looked at here is the worker's to tell. */
static guint64
weigh (Listing *listing, const char *name)
{
  struct stat st;
  if (!listing->walk->by_size || fstatat (listing->dir->fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0
      || !S_ISREG (st.st_mode))
    return 0;
  return (guint64) st.st_size;
}

/* Large files first: one that is left for the end keeps a single thread busy. A failed pool says so
 * by FALSE without an error; ul_pool_finish () has it. */
static gboolean
push_batch (Listing *listing, UlTreeFile *files, guint n, guint64 bytes)
{
  UlImportBatch *batch = g_new (UlImportBatch, 1);
  batch->dir = ul_source_dir_ref (listing->dir);
  batch->files = files;
  batch->n = n;
  batch->tree = listing->walk->options->is_last ? listing->tree : NULL;
  if (batch->tree != NULL)
    ul_tree_hold (batch->tree);
  UlPool *pool = listing->walk->pool;
  return bytes >= BATCH_BYTES ? ul_pool_push_first (pool, batch) : ul_pool_push (pool, batch);
}

static gboolean
push_files (Listing *listing, guint n)
{
  guint all;
  UlTreeFile *files = ul_tree_added_files (listing->tree, &all);
  ul_progress_add (listing->walk->options->progress, total, all + listing->subdirs->len);
  guint start = 0;
  guint64 bytes = 0;
  for (guint i = 0; i < n; i++)
    {
      const guint64 size = weigh (listing, files[i].name);
      if (i > start && (i - start == BATCH_FILES || size >= BATCH_BYTES || bytes >= BATCH_BYTES))
        {
          if (!push_batch (listing, files + start, i - start, bytes))
            return FALSE;
          start = i;
          bytes = 0;
        }
      bytes += size;
    }
  return start == n || push_batch (listing, files + start, n - start, bytes);
}

static gboolean
import_entries (Walk *walk, UlSourceDir *dir, UlTree *tree, const UlOpacity *opacity,
                GPtrArray *subdirs, GError **error)
{
  g_autoptr (GPtrArray) whiteouts = g_ptr_array_new_with_free_func (g_free);
  Listing listing = {
    .walk = walk,
    .dir = dir,
    .tree = tree,
    .opacity = *opacity,
    .subdirs = subdirs,
    .whiteouts = whiteouts,
  };
  guint n_files;
  if (!ul_tree_open (tree, ul_transaction_repo (walk->options->transaction), error)
      || !list (&listing, error) || !add_whiteouts (&listing, &n_files, error))
    return FALSE;
  /* With an offender found, nothing will be committed: only the rest of them matters. */
  return walk->offenders->len > 0 || push_files (&listing, n_files);
}

static gboolean walk_dir (Walk *walk, UlSourceDir *dir, UlTree *tree, guint depth, GError **error);

static gboolean
walk_subdir (Walk *walk, UlSourceDir *parent, const char *name, UlTree *tree, guint depth,
             GError **error)
{
  UlTree *child;
  g_autofree char *path = g_strconcat (parent->path, "/", name, NULL);
  if (!ul_tree_ensure_dir (tree, name, &child, error))
    return FALSE;
  if (depth > UL_INTAKE_MAX_DEPTH)
    return ul_throw (error, UL_ERROR_UNSUPPORTED, "directories nested deeper than %d levels",
                     UL_INTAKE_MAX_DEPTH);
  const int fd = openat (parent->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0)
    return ul_throw_errno (error, "open directory %s", path);
  UlSourceDir *dir = g_new (UlSourceDir, 1);
  *dir = (UlSourceDir){ .refs = 1, .fd = fd, .path = g_steal_pointer (&path) };
  const gboolean ok = walk_dir (walk, dir, child, depth, error);
  ul_source_dir_unref (dir);
  return ok;
}

static gboolean
walk_dir (Walk *walk, UlSourceDir *dir, UlTree *tree, guint depth, GError **error)
{
  g_autoptr (GPtrArray) subdirs = g_ptr_array_new_with_free_func (g_free);
  UlOpacity opacity = { 0 };
  const char *shown = *dir->path ? dir->path : "/";
  if (walk->options->is_last)
    ul_tree_hold (tree);
  if (!store_meta (walk, dir, tree, &opacity, error)
      || !import_entries (walk, dir, tree, &opacity, subdirs, error))
    return ul_prefix (error, "%s", shown);
  ul_progress_add (walk->options->progress, done, 1);
  for (guint i = 0; i < subdirs->len; i++)
    if (!walk_subdir (walk, dir, subdirs->pdata[i], tree, depth + 1, error))
      return FALSE;
  if (!walk->options->is_last || walk->offenders->len > 0)
    return TRUE;
  return ul_tree_release (tree, walk->writer, error) || ul_prefix (error, "%s", shown);
}

static gboolean
check_offenders (Walk *walk, GError **error)
{
  if (walk->offenders->len == 0)
    return TRUE;
  g_ptr_array_sort (walk->offenders, ul_compare_strings);
  g_ptr_array_add (walk->offenders, NULL);
  g_autofree char *all = g_strjoinv (", ", (char **) walk->offenders->pdata);
  return ul_throw (error, UL_ERROR_UNSUPPORTED, "Not a regular file or symlink: %s", all);
}

/* Long enough that large files far apart are found in time. Each batch that waits may keep a source
 * directory open. */
static guint
queue_length (void)
{
  const guint limit = ul_fd_limit ();
  return limit > FEW_DESCRIPTORS ? MIN ((limit - FEW_DESCRIPTORS) / 4 + 1, 1024) : 1;
}

static gpointer
worker_new (gpointer data)
{
  return ul_writer_new (((UlImport *) data)->options->transaction);
}

static void
worker_free (gpointer writer)
{
  ul_writer_free (writer);
}

static gboolean
run (const UlIntake *self, UlSourceDir *dir, UlTree *root, GError **error)
{
  g_autoptr (UlLinkTable) links = ul_link_table_new ();
  g_autoptr (UlWriter) writer = ul_writer_new (self->transaction);
  g_autoptr (GPtrArray) offenders = g_ptr_array_new_with_free_func (g_free);
  UlImport import = { .options = self, .links = links };
  const UlPoolOptions pool_options = {
    .jobs = self->jobs,
    .queue_length = queue_length (),
    .run = ul_import_batch_run,
    .item_free = ul_import_batch_free,
    .worker_new = worker_new,
    .worker_free = worker_free,
    .data = &import,
  };
  g_autoptr (UlPool) pool = ul_pool_new (&pool_options);
  Walk walk = {
    .options = self,
    .pool = pool,
    .writer = writer,
    .offenders = offenders,
    .sight = ul_sight_find (),
    .by_size = self->devino == NULL && ul_pool_jobs (self->jobs) > 1,
  };
  g_autoptr (GError) walk_error = NULL;
  const gboolean walked = walk_dir (&walk, dir, root, 1, &walk_error);
  /* What the walk found comes after what workers found in files listed before. */
  if (!ul_pool_finish (pool, error))
    return FALSE;
  if (!walked)
    {
      g_propagate_error (error, g_steal_pointer (&walk_error));
      return FALSE;
    }
  return check_offenders (&walk, error);
}

gboolean
ul_from_dir (const UlIntake *self, const char *path, UlTree *root, GError **error)
{
  const int fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return ul_throw_errno (error, "opendir(%s)", path);
  UlSourceDir *dir = g_new (UlSourceDir, 1);
  *dir = (UlSourceDir){ .refs = 1, .fd = fd, .path = g_strdup ("") };
  const gboolean ok = run (self, dir, root, error);
  ul_source_dir_unref (dir);
  return ok;
}
