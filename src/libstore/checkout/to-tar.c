// SPDX-License-Identifier: LGPL-2.1-or-later

/* The walk and the order of an export: one thread walks the commit, hands runs of entries to the
 * workers, and writes what these have laid out, in the order of the walk. */

#include "checkout/to-tar.h"

#include <sys/stat.h>

#include "checkout/to-tar-batch.h"
#include "checkout/to-tar-links.h"
#include "core/dirtree.h"
#include "core/whiteout.h"
#include "util/error.h"
#include "util/interrupt.h"
#include "util/pool.h"
#include "util/tar.h"

/* Entries a batch: some hundred KB of an ordinary tree. */
#define BATCH_MAX 32

#define RECORD (20 * UL_TAR_BLOCK)

/* A batch on its way. */
typedef struct
{
  UlTarBatch *batch;
  GError *error; /* of the worker */
  gboolean done; /* guarded by the export's lock */
} Run;

/* A directory whose subdirectories from @next on are still to come. */
typedef struct
{
  UlDirtreeView view;
  gsize next;
  gsize path_len; /* of its path, with the slash */
} Level;

typedef struct
{
  UlTarContext context;
  UlPool *pool;
  UlTarSink *sink;
  Run *filling;
  GQueue in_order; /* of Run: with the workers, in the order they are to be written */
  GQueue idle;     /* of Run: written, to be used again */
  guint window;    /* runs that may be under way; with CONTENT_MAX the bound of memory */
  GMutex lock;
  GCond ready;

  UlHasher *hasher;  /* of the walk */
  GArray *levels;    /* of Level: a stack, not the C stack, because depth comes from disk */
  GString *path;     /* in the archive */
  UlTarLinks *links; /* NULL: every file is written whole */
} Export;

static void
run_free (Run *run)
{
  ul_tar_batch_free (run->batch);
  g_clear_error (&run->error);
  g_free (run);
}

static Run *
run_new (void)
{
  Run *run = g_new (Run, 1);
  *run = (Run){ .batch = ul_tar_batch_new () };
  return run;
}

static void
level_clear (Level *level)
{
  ul_dirtree_view_clear (&level->view);
}

/* A worker's failure is kept with the batch: which error it is depends on the order of the archive
 * alone. */
static gboolean
prepare (gpointer item, gpointer worker, gpointer data, G_GNUC_UNUSED GError **error)
{
  Run *run = item;
  Export *self = data;
  (void) ul_tar_batch_prepare (run->batch, &self->context, worker, &run->error);
  g_mutex_lock (&self->lock);
  run->done = TRUE;
  g_cond_signal (&self->ready);
  g_mutex_unlock (&self->lock);
  return TRUE;
}

static gpointer
new_buffers (G_GNUC_UNUSED gpointer data)
{
  return ul_content_buffers_new ();
}

static void
export_init (Export *self, UlRepo *repo, const UlToTarOptions *options, gint64 mtime)
{
  *self = (Export){
    .context = { .repo = repo, .options = options, .mtime = mtime },
    .hasher = ul_hasher_new (),
    .levels = g_array_new (FALSE, FALSE, sizeof (Level)),
    .path = g_string_new (options->prefix),
  };
  g_array_set_clear_func (self->levels, (GDestroyNotify) level_clear);
  g_mutex_init (&self->lock);
  g_cond_init (&self->ready);
  const guint jobs = ul_pool_jobs (options->jobs);
  self->window = 2 * jobs + 2;
  const UlPoolOptions pool = {
    .jobs = jobs,
    .queue_length = self->window,
    .run = prepare,
    .worker_new = new_buffers,
    .worker_free = (GDestroyNotify) ul_content_buffers_free,
    .data = self,
  };
  self->pool = ul_pool_new (&pool);
}

static void
export_clear (Export *self)
{
  ul_pool_free (self->pool); /* first: workers hold batches */
  ul_tar_sink_free (self->sink);
  g_clear_pointer (&self->filling, run_free);
  g_queue_clear_full (&self->in_order, (GDestroyNotify) run_free);
  g_queue_clear_full (&self->idle, (GDestroyNotify) run_free);
  ul_hasher_free (self->hasher);
  g_array_unref (self->levels);
  g_string_free (self->path, TRUE);
  ul_tar_links_free (self->links);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->ready);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Export, export_clear)

/* Wait for the oldest batch, and write it. */
static gboolean
write_next (Export *self, GError **error)
{
  Run *run = g_queue_pop_head (&self->in_order);
  g_mutex_lock (&self->lock);
  while (!run->done)
    g_cond_wait (&self->ready, &self->lock);
  g_mutex_unlock (&self->lock);

  UlProgress *progress = self->context.options->progress;
  const guint64 before = ul_tar_sink_position (self->sink);
  gboolean ok = run->error == NULL;
  if (ok)
    ok = ul_tar_batch_write (run->batch, &self->context, self->sink, error);
  else
    g_propagate_error (error, g_steal_pointer (&run->error));
  ul_progress_add (progress, done, ul_tar_batch_length (run->batch));
  ul_progress_add (progress, bytes, ul_tar_sink_position (self->sink) - before);
  ul_tar_batch_reset (run->batch);
  g_queue_push_tail (&self->idle, run);
  return ok;
}

/* Hand over what is being filled. */
static gboolean
flush (Export *self, GError **error)
{
  if (self->filling == NULL)
    return TRUE;
  Run *run = g_steal_pointer (&self->filling);
  run->done = FALSE;
  g_queue_push_tail (&self->in_order, run);
  (void) ul_pool_push (self->pool, run);
  return self->in_order.length < self->window || write_next (self, error);
}

static gboolean
add (Export *self, UlTarItemKind kind, const char *path, const UlChecksum *checksum,
     const char *first, GError **error)
{
  if (self->filling == NULL)
    {
      self->filling = g_queue_pop_head (&self->idle);
      if (self->filling == NULL)
        self->filling = run_new ();
    }
  ul_tar_batch_add (self->filling->batch, kind, path, checksum, first);
  return ul_tar_batch_length (self->filling->batch) < BATCH_MAX || flush (self, error);
}

/* What becomes of a file that may be a marker: it's @out_kind under @out_name then. */
static gboolean
decode_marker (Export *self, const UlDirtreeView *view, const UlDirtreeFile *file,
               UlTarItemKind *out_kind, char **out_name, GError **error)
{
  g_auto (UlFileMeta) meta = { 0 };
  guint64 size;
  if (!ul_objects_load_file_meta (self->context.repo, &file->checksum, &meta, &size, error))
    return FALSE;
  UlWhiteoutKind kind;
  const char *deleted;
  const gboolean empty_regular = S_ISREG (meta.mode) && size == 0;
  if (!ul_whiteout_decode (UL_WHITEOUT_COMMIT, file->name, empty_regular, &kind, &deleted, error))
    return FALSE;
  *out_kind = UL_TAR_ITEM_FILE;
  if (kind == UL_WHITEOUT_NONE)
    {
      *out_name = g_strdup (file->name);
      return TRUE;
    }
  if (view != NULL && !ul_whiteout_check_collision (view, deleted, self->path->str, error))
    return FALSE;
  if (self->context.options->whiteouts == UL_TO_TAR_WHITEOUTS_LAYER)
    return ul_whiteout_encode (UL_WHITEOUT_LAYER, deleted, out_name, error);
  *out_kind = UL_TAR_ITEM_DEVICE;
  *out_name = g_strdup (deleted);
  return TRUE;
}

static gboolean
may_be_marker (const Export *self, const char *name)
{
  return self->context.options->whiteouts != UL_TO_TAR_WHITEOUTS_KEEP
         && ul_whiteout_may_be_marker (UL_WHITEOUT_COMMIT, name);
}

/* A layer can't hold a name that is read as a marker there. */
static gboolean
check_name (const Export *self, const char *name, GError **error)
{
  if (self->context.options->whiteouts != UL_TO_TAR_WHITEOUTS_LAYER
      || !ul_whiteout_may_be_marker (UL_WHITEOUT_LAYER, name))
    return TRUE;
  return ul_throw (error, UL_ERROR_INVALID, "export %s%s: would be a whiteout in a layer",
                   self->path->str, name);
}

/* self->path is that of the directory. @view: of it, NULL for a file that is exported alone.
 * @number: as the links know it. */
static gboolean
add_file (Export *self, const UlDirtreeView *view, const UlDirtreeFile *file, guint32 number,
          GError **error)
{
  UlTarItemKind kind = UL_TAR_ITEM_FILE;
  g_autofree char *other_name = NULL;
  const char *first = NULL;
  if (!check_name (self, file->name, error))
    return FALSE;
  if (may_be_marker (self, file->name)
      && !decode_marker (self, view, file, &kind, &other_name, error))
    return ul_prefix (error, "export %s%s", self->path->str, file->name);

  const gsize dir_len = self->path->len;
  g_string_append (self->path, other_name != NULL ? other_name : file->name);
  /* What a marker has become is no name of a file. */
  const gboolean may_link = self->links != NULL && view != NULL && kind == UL_TAR_ITEM_FILE;
  const gboolean ok
      = (!may_link
         || ul_tar_links_find (self->links, number, &file->checksum, self->path->str, &first, error)
         || ul_prefix (error, "export %s", self->path->str))
        && add (self, kind, self->path->str, &file->checksum, first, error);
  g_string_truncate (self->path, dir_len);
  return ok;
}

/* In a layer, markers go before what they are beside. */
static gboolean
add_files (Export *self, const UlDirtreeView *view, GError **error)
{
  const gboolean markers_first = self->context.options->whiteouts == UL_TO_TAR_WHITEOUTS_LAYER;
  guint32 number = 0;
  if (self->links != NULL && !ul_tar_links_enter (self->links, view->n_files, &number, error))
    return FALSE;
  for (guint pass = markers_first ? 0 : 1; pass < 2; pass++)
    for (gsize i = 0; i < view->n_files; i++)
      {
        UlDirtreeFile file;
        ul_dirtree_view_file (view, i, &file);
        const gboolean is_first = markers_first && may_be_marker (self, file.name);
        if (is_first == (pass == 0) && !add_file (self, view, &file, number + (guint32) i, error))
          return FALSE;
      }
  return TRUE;
}

/* @path is the directory's own; self->path is what goes before the names in it. */
static gboolean
enter (Export *self, const char *path, const UlChecksum *tree, const UlChecksum *meta,
       GError **error)
{
  g_autoptr (GVariant) dirtree = NULL;
  if (!ul_objects_load_verified (self->context.repo, UL_OBJECT_DIRTREE, tree, self->hasher,
                                 &dirtree, error))
    return ul_prefix (error, "export %s", path);
  Level level = { .path_len = self->path->len };
  ul_dirtree_view_init (&level.view, dirtree);
  g_array_append_val (self->levels, level);
  return add (self, UL_TAR_ITEM_DIR, path, meta, NULL, error)
         && add_files (self, &level.view, error);
}

/* The next subdirectory of the innermost level. */
static gboolean
step (Export *self, GError **error)
{
  Level *level = &g_array_index (self->levels, Level, self->levels->len - 1);
  if (!ul_interrupt_check (error))
    return FALSE;
  if (level->next == level->view.n_dirs)
    {
      g_array_set_size (self->levels, self->levels->len - 1);
      return TRUE;
    }
  UlDirtreeDir dir;
  ul_dirtree_view_dir (&level->view, level->next++, &dir);
  g_string_truncate (self->path, level->path_len);
  if (!check_name (self, dir.name, error))
    return FALSE;
  g_string_append (self->path, dir.name);
  g_string_append_c (self->path, '/');
  return enter (self, self->path->str, &dir.tree, &dir.meta, error);
}

/* The prefix is put before names as it is; the root directory has to have a name of its own. */
static char *
root_path (const char *prefix)
{
  if (prefix == NULL || *prefix == '\0')
    return g_strdup ("./");
  return g_strconcat (prefix, g_str_has_suffix (prefix, "/") ? NULL : "/", NULL);
}

static gboolean
walk (Export *self, const UlEntry *root, const char *subpath, GError **error)
{
  if (root->kind == UL_ENTRY_FILE)
    {
      g_autofree char *name = g_path_get_basename (subpath);
      const UlDirtreeFile file = { .name = name, .checksum = root->checksum };
      return add_file (self, NULL, &file, 0, error);
    }
  g_autofree char *path = root_path (self->context.options->prefix);
  gboolean ok = enter (self, path, &root->checksum, &root->meta, error);
  while (ok && self->levels->len > 0)
    ok = step (self, error);
  return ok;
}

static gboolean
finish (Export *self, GError **error)
{
  if (!flush (self, error))
    return FALSE;
  while (self->in_order.length > 0)
    if (!write_next (self, error))
      return FALSE;
  g_autoptr (GByteArray) end = g_byte_array_new ();
  ul_tar_append_end (end);
  const guint64 size = ul_tar_sink_position (self->sink) + end->len;
  if (self->context.options->whole_records)
    {
      const gsize rest = (gsize) ((RECORD - size % RECORD) % RECORD);
      g_autofree guint8 *zeros = g_malloc0 (rest);
      g_byte_array_append (end, zeros, (guint) rest);
    }
  return ul_tar_sink_write (self->sink, end->data, end->len, error)
         && ul_tar_sink_finish (self->sink, error);
}

gboolean
ul_checkout_to_tar (UlRepo *repo, const UlChecksum *checksum, const UlToTarOptions *options, int fd,
                    const char *what, GError **error)
{
  g_auto (UlCommit) commit = { 0 };
  gboolean found;
  UlEntry root;
  const char *subpath = options->subpath != NULL ? options->subpath : "/";
  if (!ul_objects_load_commit (repo, checksum, &commit, error)
      || !ul_objects_lookup_path (repo, &commit.tree, &commit.meta, subpath, &found, &root, error))
    return FALSE;
  if (!found)
    return ul_throw (error, UL_ERROR_NOT_FOUND, "No such file or directory: %s", subpath);

  g_auto (Export) self;
  export_init (&self, repo, options,
               options->has_mtime ? options->mtime : (gint64) commit.timestamp);
  if (root.kind == UL_ENTRY_DIR && !ul_tar_links_new (repo, &commit, options, &self.links, error))
    {
      g_autofree char *hex = ul_checksum_dup_hex (checksum);
      return ul_prefix (error, "commit %s", hex);
    }
  self.context.links_anything = ul_tar_links_are_recorded (self.links);
  self.sink = ul_tar_sink_new (fd, what, options->compression, options->jobs, error);
  if (self.sink == NULL)
    return FALSE;
  ul_tar_sink_set_hasher (self.sink, options->hasher);
  return walk (&self, &root, subpath, error) && finish (&self, error);
}
