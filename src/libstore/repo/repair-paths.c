// SPDX-License-Identifier: LGPL-2.1-or-later
#include "repo/repair-private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "core/dirtree.h"
#include "core/whiteout.h"
#include "repo/mode.h"
#include "repo/objects.h"
#include "repo/source-file.h"
#include "repo/transaction-private.h"
#include "repo/writer-private.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/xattr.h"

/* More of the same file don't make it more likely that one of them is sound. */
#define MAX_PATHS 32

struct _UlRepairPaths
{
  UlRepo *repo;
  char *dir; /* for messages */
  int dfd;
  GHashTable *paths; /* UlChecksum -> GPtrArray of char *, relative to dir */
};

/* The descent: directories of the checkout beside the dirtrees that lead to what is looked for. */
typedef struct
{
  UlRepairPaths *self;
  GHashTable *trees; /* set of UlChecksum: the only ones worth entering */
  GHashTable *been;  /* set of "CHECKSUM PATH": commits share most of their trees */
  GPtrArray *pending;
} Descent;

typedef struct
{
  UlChecksum tree;
  char *path;
} Step;

static void
step_free (gpointer data)
{
  Step *step = data;
  g_free (step->path);
  g_free (step);
}

void
ul_repair_paths_free (UlRepairPaths *self)
{
  if (self == NULL)
    return;
  ul_fd_cleanup (&self->dfd);
  g_hash_table_unref (self->paths);
  g_object_unref (self->repo);
  g_free (self->dir);
  g_free (self);
}

static char *
join (const char *dir, const char *name)
{
  return *dir != '\0' ? g_strconcat (dir, "/", name, NULL) : g_strdup (name);
}

/* Depth is that of the checkout, not of what a forged dirtree claims. */
static gboolean
is_directory (const UlRepairPaths *self, const char *path)
{
  ul_autofd int fd
      = ul_fd_open_no_symlinks (self->dfd, *path != '\0' ? path : ".", O_PATH | O_DIRECTORY);
  return fd >= 0;
}

static void
plan (Descent *descent, const UlChecksum *tree, const char *path)
{
  if (!g_hash_table_contains (descent->trees, tree))
    return;
  g_autofree char *hex = ul_checksum_dup_hex (tree);
  g_autofree char *key = g_strconcat (hex, " ", path, NULL);
  if (g_hash_table_contains (descent->been, key) || !is_directory (descent->self, path))
    return;
  g_hash_table_add (descent->been, g_steal_pointer (&key));
  Step *step = g_new (Step, 1);
  *step = (Step){ .tree = *tree, .path = g_strdup (path) };
  g_ptr_array_add (descent->pending, step);
}

static void
note_file (const UlRepairPaths *self, const UlDirtreeFile *file, const char *dir)
{
  GPtrArray *paths = g_hash_table_lookup (self->paths, &file->checksum);
  g_autofree char *path = join (dir, file->name);
  if (paths != NULL && paths->len < MAX_PATHS
      && !g_ptr_array_find_with_equal_func (paths, path, g_str_equal, NULL))
    g_ptr_array_add (paths, g_steal_pointer (&path));
}

static void
enter (Descent *descent, const Step *step)
{
  g_autoptr (GVariant) variant = NULL;
  /* A broken one is a finding of its own. */
  if (!ul_objects_load (descent->self->repo, UL_OBJECT_DIRTREE, &step->tree, &variant, NULL))
    return;
  g_auto (UlDirtreeView) view;
  ul_dirtree_view_init (&view, variant);
  for (gsize i = 0; i < view.n_files; i++)
    {
      UlDirtreeFile file;
      ul_dirtree_view_file (&view, i, &file);
      note_file (descent->self, &file, step->path);
    }
  for (gsize i = 0; i < view.n_dirs; i++)
    {
      UlDirtreeDir dir;
      ul_dirtree_view_dir (&view, i, &dir);
      g_autofree char *path = join (step->path, dir.name);
      plan (descent, &dir.tree, path);
    }
}

static void
descend (UlRepairPaths *self, GHashTable *trees, const GArray *commits)
{
  g_autoptr (GHashTable) been = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GPtrArray) pending = g_ptr_array_new_with_free_func (step_free);
  Descent descent = { .self = self, .trees = trees, .been = been, .pending = pending };
  for (guint i = 0; i < commits->len; i++)
    {
      g_auto (UlCommit) commit = { 0 };
      if (ul_objects_load_commit (self->repo, &g_array_index (commits, UlChecksum, i), &commit,
                                  NULL))
        plan (&descent, &commit.tree, "");
    }
  while (pending->len > 0)
    {
      Step *step = g_ptr_array_steal_index_fast (pending, pending->len - 1);
      enter (&descent, step);
      step_free (step);
    }
}

UlRepairPaths *
ul_repair_paths_find (UlRepo *repo, const UlFsckResult *result, const char *dir, GError **error)
{
  g_autoptr (UlRepairPaths) self = g_new0 (UlRepairPaths, 1);
  self->repo = g_object_ref (repo);
  self->dir = g_strdup (dir);
  self->dfd = -1;
  self->paths = g_hash_table_new_full (ul_checksum_hash, ul_checksum_equal_func, g_free,
                                       (GDestroyNotify) g_ptr_array_unref);
  for (guint i = 0; i < result->findings->len; i++)
    {
      const UlFsckFinding *finding = result->findings->pdata[i];
      if (finding->type == UL_OBJECT_FILE)
        g_hash_table_insert (self->paths, g_memdup2 (&finding->checksum, sizeof finding->checksum),
                             g_ptr_array_new_with_free_func (g_free));
    }
  g_autoptr (GHashTable) trees = NULL;
  g_autoptr (GArray) commits = NULL;
  if (!ul_fd_open_dir_at (AT_FDCWD, dir, TRUE, &self->dfd, error)
      || !ul_fsck_find_ways (repo, result, &trees, &commits, error))
    return NULL;
  descend (self, trees, commits);
  return g_steal_pointer (&self);
}

/* A checkout that made whiteouts of markers has a device where the commit has an empty file. */
static gboolean
open_whiteout (int dfd, const char *name, UlSourceFile *out)
{
  UlWhiteoutKind kind;
  const char *deleted;
  struct stat st;
  if (!ul_whiteout_decode (UL_WHITEOUT_COMMIT, name, TRUE, &kind, &deleted, NULL)
      || kind != UL_WHITEOUT_DELETED || fstatat (dfd, deleted, &st, AT_SYMLINK_NOFOLLOW) != 0
      || !ul_whiteout_is_device (st.st_mode, st.st_rdev)
      || !ul_xattr_read_at (dfd, deleted, &out->meta.xattrs, NULL))
    return FALSE;
  out->fd = -1;
  out->st = st;
  out->meta.uid = st.st_uid;
  out->meta.gid = st.st_gid;
  out->meta.mode = S_IFREG | (st.st_mode & 07777);
  return TRUE;
}

static gboolean
open_path (const UlRepairPaths *self, const char *path, UlSourceFile *out, GError **error)
{
  g_autofree char *dir = g_path_get_dirname (path);
  g_autofree char *name = g_path_get_basename (path);
  ul_autofd int dfd = ul_fd_open_no_symlinks (self->dfd, dir, O_RDONLY | O_DIRECTORY);
  if (dfd < 0)
    return ul_throw_errno (error, "open directory");
  g_autoptr (GError) cause = NULL;
  if (ul_source_file_open (dfd, name, out, &cause) || open_whiteout (dfd, name, out))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&cause));
  return FALSE;
}

/* The file's own, then what a user's checkout has lost: what the damaged object still knows, and
 * what a canonical commit has. Each to be cleared; *out_n of them. */
static void
guess_metas (const UlRepairPaths *self, const UlChecksum *checksum, const UlFileMeta *own,
             UlFileMeta out[3], guint *out_n)
{
  UlFileMeta stored = { 0 };
  guint n = 0;
  out[n++] = (UlFileMeta){ .uid = own->uid,
                           .gid = own->gid,
                           .mode = own->mode,
                           .symlink_target = g_strdup (own->symlink_target),
                           .xattrs = g_variant_ref (own->xattrs) };
  if (ul_objects_load_file_meta (self->repo, checksum, &stored, NULL, NULL)
      && S_ISLNK (stored.mode) == S_ISLNK (own->mode))
    {
      g_free (stored.symlink_target);
      stored.symlink_target = g_strdup (own->symlink_target);
      out[n++] = stored;
    }
  else
    ul_file_meta_clear (&stored);
  out[n++] = (UlFileMeta){ .mode = own->mode,
                           .symlink_target = g_strdup (own->symlink_target),
                           .xattrs = g_variant_ref (ul_xattr_empty ()) };
  *out_n = n;
}

/* Hashed once more while it's written: the file may be another by now. */
static gboolean
stage (UlWriter *writer, const UlFileMeta *meta, const UlSource *source, const UlChecksum *checksum,
       gboolean *out_same, GError **error)
{
  UlTransaction *transaction = writer->transaction;
  gboolean claimed;
  char path[UL_STAGED_PATH_MAX];
  *out_same = TRUE;
  if (!ul_transaction_claim (transaction, UL_OBJECT_FILE, checksum, &claimed, error) || !claimed)
    return !claimed;
  if (!ul_transaction_staged_path (transaction, UL_OBJECT_FILE, checksum, path, error))
    return FALSE;
  UlChecksum actual;
  ul_file_meta_start_hash (meta, writer->hasher);
  if (!ul_writer_store (writer, meta, source, TRUE, path, error))
    {
      ul_transaction_disclaim (transaction, UL_OBJECT_FILE, checksum);
      return FALSE;
    }
  ul_hasher_finish (writer->hasher, &actual);
  *out_same = ul_checksum_equal (&actual, checksum);
  if (*out_same)
    return ul_writer_finish_file (writer, meta, source->size, checksum, error);
  (void) unlinkat (ul_transaction_staging_dfd (transaction), path, 0);
  ul_transaction_disclaim (transaction, UL_OBJECT_FILE, checksum);
  return TRUE;
}

static gboolean
is_object (UlWriter *writer, const UlFileMeta *meta, const UlSource *source,
           const UlChecksum *checksum, gboolean *out_is, GError **error)
{
  const UlModeOps *ops = ul_repo_mode_ops (writer->repo);
  UlChecksum actual;
  *out_is = FALSE;
  if (!ul_file_meta_validate_mode (meta->mode, NULL)
      || (ops->check != NULL && !ops->check (meta, NULL)))
    return TRUE;
  ul_file_meta_start_hash (meta, writer->hasher);
  if (source->size > 0 && !ul_source_hash (source, &writer->scratch, writer->hasher, error))
    return FALSE;
  ul_hasher_finish (writer->hasher, &actual);
  *out_is = ul_checksum_equal (&actual, checksum);
  return TRUE;
}

static gboolean
try_file (const UlRepairPaths *self, UlWriter *writer, const UlChecksum *checksum,
          const UlSourceFile *file, gboolean *out_done, GError **error)
{
  UlFileMeta metas[3];
  guint n;
  const UlSource source = {
    .fd = file->fd,
    .size = file->fd >= 0 ? (guint64) file->st.st_size : 0,
  };
  guess_metas (self, checksum, &file->meta, metas, &n);
  gboolean ok = TRUE;
  gboolean is = FALSE;
  *out_done = FALSE;
  for (guint i = 0; i < n; i++)
    {
      if (ok && !is)
        ok = is_object (writer, &metas[i], &source, checksum, &is, error)
             && (!is || stage (writer, &metas[i], &source, checksum, out_done, error));
      ul_file_meta_clear (&metas[i]);
    }
  return ok;
}

static gboolean
try_path (const UlRepairPaths *self, UlWriter *writer, const UlChecksum *checksum, const char *path,
          GString *reasons, gboolean *out_done, GError **error)
{
  g_auto (UlSourceFile) file = { .fd = -1 };
  g_autoptr (GError) cause = NULL;
  *out_done = FALSE;
  if (open_path (self, path, &file, &cause))
    try_file (self, writer, checksum, &file, out_done, &cause);
  if (cause != NULL && ul_fsck_is_our_own (cause))
    {
      g_propagate_error (error, g_steal_pointer (&cause));
      return FALSE;
    }
  if (!*out_done)
    g_string_append_printf (reasons, "%s%s/%s: %s", reasons->len > 0 ? "; " : "", self->dir, path,
                            cause != NULL ? cause->message : "is something else");
  return TRUE;
}

gboolean
ul_repair_paths_fetch (UlRepairPaths *self, UlWriter *writer, const UlChecksum *checksum,
                       GString *reasons, char **out_source, GError **error)
{
  const GPtrArray *paths = g_hash_table_lookup (self->paths, checksum);
  *out_source = NULL;
  for (guint i = 0; paths != NULL && i < paths->len; i++)
    {
      gboolean done;
      if (!try_path (self, writer, checksum, paths->pdata[i], reasons, &done, error))
        return FALSE;
      if (done)
        {
          *out_source = g_strconcat (self->dir, "/", (const char *) paths->pdata[i], NULL);
          return TRUE;
        }
    }
  if (paths == NULL || paths->len == 0)
    g_string_append_printf (reasons, "%s%s: no file of it is known there",
                            reasons->len > 0 ? "; " : "", self->dir);
  return TRUE;
}
