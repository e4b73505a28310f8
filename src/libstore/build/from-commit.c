// SPDX-License-Identifier: LGPL-2.1-or-later
#include "build/from-commit.h"

#include <string.h>

#include "build/modifier.h"
#include "build/opacity.h"
#include "core/whiteout.h"
#include "repo/objects.h"
#include "repo/refs.h"
#include "util/error.h"
#include "util/pool.h"
#include "util/xattr.h"

#define BATCH_FILES 32

/* A directory of the commit that is still to be laid over one of the tree, which is held if it's
 * written early. */
typedef struct
{
  UlTree *tree;
  char *path; /* "" for the root, "/a/b" */
  UlChecksum contents;
  UlChecksum meta;
  guint depth;
} Level;

static void
level_clear (gpointer level)
{
  g_free (((Level *) level)->path);
}

typedef struct
{
  const UlIntake *intake;
  UlRepo *repo;
  UlModifier modifier; /* the intake's one, without what concerns file systems */
  gboolean by_path;    /* some paths are treated in another way than others */
  gboolean changes_files;
  gboolean both_opaque;
  UlWriter *writer; /* the walking thread's */
  UlPool *pool;
  GArray *levels; /* of Level: a stack, as depth comes from disk */
} Walk;

/* Files of one directory, whose checksums are those in the commit. */
typedef struct
{
  char *path;
  UlTreeFile *files;
  guint n;
  UlTree *tree; /* held; NULL: written later */
} Batch;

static void
batch_free (gpointer data)
{
  Batch *batch = data;
  g_free (batch->path);
  g_free (batch);
}

static gboolean
read_content (gpointer content, void *buffer, gsize len, gsize *out_n, GError **error)
{
  return ul_content_read (content, buffer, len, out_n, error);
}

/* What the modifier makes of @meta, and whether that is something else. */
static gboolean
modify (const Walk *walk, const char *path, const UlFileMeta *meta, guint64 size, UlFileMeta *out,
        gboolean *out_changed, GError **error)
{
  g_auto (UlFileMeta) wanted = *meta;
  wanted.symlink_target = g_strdup (meta->symlink_target);
  wanted.xattrs = NULL;
  if (!ul_modifier_xattrs (&walk->modifier, path, meta->mode, size, meta->xattrs, &wanted.xattrs,
                           error))
    return FALSE;
  ul_modifier_apply (&walk->modifier, path, &wanted.uid, &wanted.gid, &wanted.mode);
  *out_changed = wanted.uid != meta->uid || wanted.gid != meta->gid || wanted.mode != meta->mode
                 || !g_variant_equal (wanted.xattrs, meta->xattrs);
  *out = wanted;
  wanted = (UlFileMeta){ 0 };
  return TRUE;
}

static gboolean
change_file (Walk *walk, UlWriter *writer, const char *path, UlChecksum *checksum, GError **error)
{
  g_autoptr (UlContent) content = NULL;
  g_auto (UlFileMeta) meta = { 0 };
  gboolean changed;
  if (!ul_objects_open_file (walk->repo, checksum, &content, error)
      || !modify (walk, path, ul_content_meta (content), ul_content_size (content), &meta, &changed,
                  error))
    return FALSE;
  if (!changed)
    return TRUE;
  const int fd = ul_content_fd (content);
  const UlSource source = {
    .fd = fd,
    .read = fd < 0 ? read_content : NULL,
    .user = content,
    .size = ul_content_size (content),
  };
  ul_progress_add (walk->intake->progress, bytes, source.size);
  return ul_writer_file (writer, &meta, &source, checksum, error);
}

static gboolean
run_batch (gpointer data, gpointer writer, gpointer user, GError **error)
{
  const Batch *batch = data;
  Walk *walk = user;
  for (guint i = 0; i < batch->n; i++)
    {
      UlTreeFile *file = &batch->files[i];
      g_autofree char *path = g_strconcat (batch->path, "/", file->name, NULL);
      if (ul_modifier_touches (&walk->modifier, path)
          && !change_file (walk, writer, path, &file->checksum, error))
        return ul_prefix (error, "%s", path);
      ul_progress_add (walk->intake->progress, done, 1);
    }
  return batch->tree == NULL || ul_tree_release (batch->tree, writer, error);
}

static gboolean
push_files (Walk *walk, const Level *level)
{
  guint n;
  UlTreeFile *files = ul_tree_added_files (level->tree, &n);
  ul_progress_add (walk->intake->progress, total, n);
  if (!walk->changes_files)
    {
      ul_progress_add (walk->intake->progress, done, n);
      return TRUE;
    }
  for (guint start = 0; start < n; start += BATCH_FILES)
    {
      Batch *batch = g_new (Batch, 1);
      *batch = (Batch){
        .path = g_strdup (level->path),
        .files = files + start,
        .n = MIN (n - start, BATCH_FILES),
        .tree = walk->intake->is_last ? level->tree : NULL,
      };
      if (batch->tree != NULL)
        ul_tree_hold (batch->tree);
      if (!ul_pool_push (walk->pool, batch))
        return FALSE;
    }
  return TRUE;
}

/* Native overlayfs reads one form as root and the other one in a user namespace. */
static gboolean
complete_opaque (const Walk *walk, GVariant **xattrs, GError **error)
{
  UlOpacity opacity;
  ul_opacity_read (*xattrs, &opacity);
  if (!opacity.opaque)
    return TRUE;
  if (walk->modifier.no_xattrs && !walk->modifier.keep_opaque)
    return ul_opacity_refuse (error);
  GVariant *trusted = ul_file_meta_set_xattr (*xattrs, UL_WHITEOUT_OPAQUE_TRUSTED, "y", 1);
  g_variant_unref (*xattrs);
  *xattrs = ul_file_meta_set_xattr (trusted, UL_WHITEOUT_OPAQUE_USER, "y", 1);
  g_variant_unref (trusted);
  return TRUE;
}

static gboolean
set_meta (Walk *walk, const Level *level, GError **error)
{
  const char *path = *level->path ? level->path : "/";
  UlChecksum meta = level->meta;
  if (walk->both_opaque || ul_modifier_touches (&walk->modifier, path))
    {
      g_autoptr (GVariant) dirmeta = NULL;
      g_autoptr (GVariant) xattrs = NULL;
      guint32 uid, gid, mode;
      UlIntake intake = *walk->intake;
      intake.modifier = &walk->modifier;
      if (!ul_objects_load (walk->repo, UL_OBJECT_DIRMETA, &level->meta, &dirmeta, error))
        return FALSE;
      ul_dirmeta_get (dirmeta, &uid, &gid, &mode, &xattrs);
      if (walk->both_opaque && !complete_opaque (walk, &xattrs, error))
        return FALSE;
      if (!ul_intake_store_dirmeta (&intake, walk->writer, path, uid, gid, mode, xattrs, &meta,
                                    error))
        return FALSE;
    }
  ul_tree_set_meta (level->tree, &meta);
  return TRUE;
}

static gboolean
is_skipped (Walk *walk, const Level *level, const char *name)
{
  if (walk->modifier.skip_list == NULL)
    return FALSE;
  g_autofree char *path = g_strconcat (level->path, "/", name, NULL);
  return ul_intake_skips (walk->intake, path);
}

/* What stands in a commit under a marker's name is taken for a marker, without reading it. */
static gboolean
check_whiteouts (Walk *walk, const Level *level, const char *name, GError **error)
{
  if (!ul_intake_check_name (walk->intake, level->tree, name, error))
    return FALSE;
  return !ul_whiteout_may_be_marker (UL_WHITEOUT_COMMIT, name)
         || ul_intake_check_marker (walk->intake, level->tree,
                                    name + strlen (UL_WHITEOUT_COMMIT_PREFIX), error);
}

static gboolean
add_files (Walk *walk, const Level *level, const UlDirtreeView *view, GError **error)
{
  for (gsize i = 0; i < view->n_files; i++)
    {
      UlDirtreeFile file;
      guint n;
      ul_dirtree_view_file (view, i, &file);
      if (is_skipped (walk, level, file.name))
        continue;
      if (!check_whiteouts (walk, level, file.name, error)
          || !ul_tree_add_file (level->tree, file.name, error))
        return FALSE;
      ul_tree_added_files (level->tree, &n)[n - 1].checksum = file.checksum;
    }
  return TRUE;
}

static gboolean
add_dirs (Walk *walk, const Level *level, const UlDirtreeView *view, GError **error)
{
  for (gsize i = view->n_dirs; i-- > 0;) /* the first one is to lie on top of the stack */
    {
      UlDirtreeDir dir;
      UlTree *child;
      ul_dirtree_view_dir (view, i, &dir);
      if (is_skipped (walk, level, dir.name))
        continue;
      if (level->depth == UL_INTAKE_MAX_DEPTH)
        return ul_throw (error, UL_ERROR_UNSUPPORTED, "directories nested deeper than %d levels",
                         UL_INTAKE_MAX_DEPTH);
      if (!check_whiteouts (walk, level, dir.name, error)
          || !ul_tree_ensure_dir (level->tree, dir.name, &child, error))
        return FALSE;
      if (walk->intake->is_last)
        ul_tree_hold (child);
      const Level below = {
        .tree = child,
        .path = g_strconcat (level->path, "/", dir.name, NULL),
        .contents = dir.tree,
        .meta = dir.meta,
        .depth = level->depth + 1,
      };
      g_array_append_val (walk->levels, below);
    }
  return TRUE;
}

/* A pool that failed says so by FALSE without an error: ul_pool_finish () has it. */
static gboolean
overlay (Walk *walk, const Level *level, GError **error)
{
  if (!walk->by_path && !walk->changes_files && !walk->both_opaque
      && ul_tree_is_blank (level->tree))
    {
      ul_tree_set_base (level->tree, &level->contents, &level->meta);
      return TRUE;
    }
  g_autoptr (GVariant) dirtree = NULL;
  g_auto (UlDirtreeView) view = { 0 };
  if (!ul_objects_load (walk->repo, UL_OBJECT_DIRTREE, &level->contents, &dirtree, error))
    return FALSE;
  ul_dirtree_view_init (&view, dirtree);
  return set_meta (walk, level, error) && ul_tree_open (level->tree, walk->repo, error)
         && add_files (walk, level, &view, error) && add_dirs (walk, level, &view, error)
         && push_files (walk, level);
}

static gboolean
run_level (Walk *walk, GError **error)
{
  const guint top = walk->levels->len - 1;
  Level level = g_array_index (walk->levels, Level, top);
  g_array_index (walk->levels, Level, top).path = NULL;
  g_array_set_size (walk->levels, top);

  gboolean ok = overlay (walk, &level, error);
  if (ok && walk->intake->is_last)
    ok = ul_tree_release (level.tree, walk->writer, error);
  if (!ok)
    ul_prefix (error, "%s", *level.path ? level.path : "/");
  level_clear (&level);
  return ok;
}

static gpointer
worker_new (gpointer data)
{
  return ul_writer_new (((Walk *) data)->intake->transaction);
}

static void
worker_free (gpointer writer)
{
  ul_writer_free (writer);
}

static gboolean
run (Walk *walk, GError **error)
{
  const UlPoolOptions pool_options = {
    .jobs = walk->changes_files ? walk->intake->jobs : 1,
    .run = run_batch,
    .item_free = batch_free,
    .worker_new = worker_new,
    .worker_free = worker_free,
    .data = walk,
  };
  g_autoptr (UlPool) pool = ul_pool_new (&pool_options);
  g_autoptr (GError) walk_error = NULL;
  gboolean walked = TRUE;
  walk->pool = pool;
  while (walked && walk->levels->len > 0)
    walked = run_level (walk, &walk_error);
  if (!ul_pool_finish (pool, error))
    return FALSE;
  if (!walked)
    g_propagate_error (error, g_steal_pointer (&walk_error));
  return walked;
}

/* What a canonical mode asks of every entry its file objects have already. */
static gboolean
changes_files (UlRepo *repo, const UlModifier *modifier)
{
  UlModifier beyond = *modifier;
  if (ul_repo_wants_canonical (repo))
    beyond.canonical_permissions = beyond.no_xattrs = beyond.set_uid = beyond.set_gid = FALSE;
  return beyond.statoverride != NULL || ul_modifier_touches (&beyond, "/");
}

/* Of links: is a file left out, or a directory that it's in? */
static gboolean
leaves_out (const char *path, gpointer intake)
{
  for (const char *end = strchr (path + 1, '/'); end != NULL; end = strchr (end + 1, '/'))
    {
      g_autofree char *dir = g_strndup (path, (gsize) (end - path));
      if (ul_intake_skips (intake, dir))
        return TRUE;
    }
  return ul_intake_skips (intake, path);
}

static gboolean
tell_links (const UlIntake *self, UlRepo *repo, const UlCommit *commit, GError **error)
{
  if (self->links == NULL)
    return TRUE;
  const UlLinkGroupsSkipFunc skips = self->modifier->skip_list != NULL ? leaves_out : NULL;
  return ul_link_groups_add_commit (self->links, repo, commit, skips, (gpointer) self, error);
}

gboolean
ul_from_commit_load (UlRepo *repo, const char *rev, UlCommit *out, GError **error)
{
  UlChecksum checksum;
  gboolean partial;
  if (!ul_refs_resolve (repo, rev, NULL, &checksum, error)
      || !ul_objects_commit_is_partial (repo, &checksum, &partial, error))
    return FALSE;
  if (partial)
    return ul_throw (error, UL_ERROR_NOT_FOUND,
                     "%s: the commit is partial: objects of it are missing", rev);
  return ul_objects_load_commit (repo, &checksum, out, error);
}

static Walk
walk_of (const UlIntake *self)
{
  UlRepo *repo = ul_transaction_repo (self->transaction);
  Walk walk = {
    .intake = self,
    .repo = repo,
    .modifier = *self->modifier,
    .by_path = self->modifier->skip_list != NULL,
    .changes_files = changes_files (repo, self->modifier),
  };
  walk.modifier.retarget_whiteouts = FALSE;
  return walk;
}

gboolean
ul_from_commit_part (const UlIntake *self, const UlCommitPart *part, UlTree *tree, GError **error)
{
  g_autoptr (UlWriter) writer = ul_writer_new (self->transaction);
  g_autoptr (GArray) levels = g_array_new (FALSE, FALSE, sizeof (Level));
  g_array_set_clear_func (levels, level_clear);
  Walk walk = walk_of (self);
  walk.both_opaque = part->both_opaque;
  walk.writer = writer;
  walk.levels = levels;
  const Level top = {
    .tree = tree,
    .path = g_strdup (part->path),
    .contents = part->contents,
    .meta = part->meta,
    .depth = 1,
  };
  g_array_append_val (levels, top);
  if (self->is_last)
    ul_tree_hold (tree);
  return run (&walk, error);
}

gboolean
ul_from_commit (const UlIntake *self, const char *rev, UlTree *root, GError **error)
{
  UlRepo *repo = ul_transaction_repo (self->transaction);
  g_auto (UlCommit) commit = { 0 };
  if (!ul_from_commit_load (repo, rev, &commit, error))
    return FALSE;
  const UlCommitPart whole = { .path = "", .contents = commit.tree, .meta = commit.meta };
  return (tell_links (self, repo, &commit, error)
          && ul_from_commit_part (self, &whole, root, error))
         || ul_prefix (error, "%s", rev);
}

gboolean
ul_from_commit_file (const UlIntake *self, UlWriter *writer, const char *path,
                     UlChecksum *io_checksum, GError **error)
{
  Walk walk = walk_of (self);
  return !walk.changes_files || !ul_modifier_touches (&walk.modifier, path)
         || change_file (&walk, writer, path, io_checksum, error);
}
