// SPDX-License-Identifier: LGPL-2.1-or-later
#include "repo/publish.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "repo/transaction-private.h"
#include "util/error.h"
#include "util/fd.h"

/* Up to this many directories one fsync each; beyond that one syncfs. Each fsync sends the disk a
 * flush of its own, and everything else was written just before. */
#define FSYNC_DIRS_MAX 8

typedef struct
{
  gboolean touched[256];
  guint n_touched;
  gboolean made_directory;
} Touched;

static void
step (const UlPublish *self, const char *name)
{
  if (self->hook != NULL)
    self->hook (name, self->hook_data);
}

/* Whoever refers comes after what it refers to. */
static int
rank (guint8 type)
{
  switch (type)
    {
    case UL_OBJECT_FILE: /* after its xattrs link, where there is one */
      return 1;
    case UL_OBJECT_DIRTREE:
      return 2;
    case UL_OBJECT_COMMITMETA:
      return 3;
    case UL_OBJECT_COMMIT:
      return 4;
    default:
      return 0;
    }
}

static int
compare_staged (gconstpointer a, gconstpointer b)
{
  const UlStaged *x = *(UlStaged *const *)a;
  const UlStaged *y = *(UlStaged *const *)b;
  if (rank (x->type) != rank (y->type))
    return rank (x->type) - rank (y->type);
  return x->seq < y->seq ? -1 : x->seq > y->seq;
}

/* Detached metadata alone is replaced; any other object that is there already is the same. */
static int
move (const UlPublish *self, const UlStaged *staged, const char *name, const char *path)
{
  const int objects_dfd = ul_repo_objects_dfd (self->repo);
  if (staged->type != UL_OBJECT_COMMITMETA)
    {
      const int result = renameat2 (self->staging_dfd, name, objects_dfd, path, RENAME_NOREPLACE);
      if (result == 0 || errno != EINVAL) /* EINVAL: the file system can't */
        return result;
    }
  return renameat (self->staging_dfd, name, objects_dfd, path);
}

static gboolean
publish_one (const UlPublish *self, const UlStaged *staged, Touched *touched, GError **error)
{
  char name[UL_STAGED_NAME_MAX];
  char path[UL_OBJECT_LOOSE_PATH_MAX];
  g_snprintf (name, sizeof name, "%08" G_GINT64_MODIFIER "x", staged->seq);
  ul_object_loose_path (&staged->checksum, (UlObjectType)staged->type,
                        ul_repo_is_compressed (self->repo), path);

  step (self, "publish");
  int result = move (self, staged, name, path);
  if (result != 0 && errno == ENOENT)
    {
      const char dir[3] = { path[0], path[1], '\0' };
      if (mkdirat (ul_repo_objects_dfd (self->repo), dir, 0755) != 0 && errno != EEXIST)
        return ul_throw_errno (error, "create directory objects/%s", dir);
      touched->made_directory = TRUE;
      result = move (self, staged, name, path);
    }
  if (result != 0 && errno == EEXIST)
    return unlinkat (self->staging_dfd, name, 0) == 0
           || ul_throw_errno (error, "remove staged object");
  if (result != 0)
    return ul_throw_errno (error, "rename to objects/%s", path);

  const guint8 first = staged->checksum.bytes[0];
  touched->n_touched += !touched->touched[first];
  touched->touched[first] = TRUE;
  return TRUE;
}

/* A commit that is written anew is no longer a deleted one. */
static void
remove_tombstones (const UlPublish *self, GPtrArray *staged)
{
  for (guint i = staged->len; i-- > 0;)
    {
      const UlStaged *commit = staged->pdata[i];
      char path[UL_OBJECT_LOOSE_PATH_MAX];
      if (commit->type != UL_OBJECT_COMMIT)
        return;
      ul_object_loose_path (&commit->checksum, UL_OBJECT_TOMBSTONE_COMMIT, FALSE, path);
      (void)unlinkat (ul_repo_objects_dfd (self->repo), path, 0);
    }
}

static gboolean
sync_directories (const UlPublish *self, const Touched *touched, GError **error)
{
  const int objects_dfd = ul_repo_objects_dfd (self->repo);
  if (touched->n_touched > FSYNC_DIRS_MAX)
    return syncfs (objects_dfd) == 0 || ul_throw_errno (error, "syncfs");
  for (guint i = 0; i < G_N_ELEMENTS (touched->touched); i++)
    {
      char dir[3];
      g_snprintf (dir, sizeof dir, "%02x", i);
      if (touched->touched[i] && !ul_fd_sync_dir_at (objects_dfd, dir, error))
        return FALSE;
    }
  if (touched->made_directory && fsync (objects_dfd) != 0)
    return ul_throw_errno (error, "fsync objects");
  return TRUE;
}

static GPtrArray *
in_order (GHashTable *staged)
{
  GPtrArray *list = g_ptr_array_sized_new (g_hash_table_size (staged));
  GHashTableIter iter;
  gpointer key;
  g_hash_table_iter_init (&iter, staged);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    if (((UlStaged *)key)->complete)
      g_ptr_array_add (list, key);
  g_ptr_array_sort (list, compare_staged);
  return list;
}

gboolean
ul_publish (const UlPublish *self, GHashTable *staged, GError **error)
{
  g_autoptr (GPtrArray) list = in_order (staged);
  if (list->len == 0)
    return TRUE;

  step (self, "sync");
  if (self->sync && syncfs (self->staging_dfd) != 0)
    return ul_throw_errno (error, "publishing objects: syncfs");
  step (self, "synced");

  Touched touched = { 0 };
  for (guint i = 0; i < list->len; i++)
    if (!publish_one (self, list->pdata[i], &touched, error))
      return ul_prefix (error, "publishing objects");
  remove_tombstones (self, list);
  step (self, "published");
  if (self->sync && !sync_directories (self, &touched, error))
    return ul_prefix (error, "publishing objects");
  step (self, "dirs-synced");
  return TRUE;
}
