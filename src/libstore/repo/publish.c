// SPDX-License-Identifier: LGPL-2.1-or-later
#include "repo/publish.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "repo/transaction-private.h"
#include "util/error.h"
#include "util/fd.h"

/* What publishing did to the directories of objects/. */
typedef struct
{
  gboolean whole[256]; /* came as one, with all that was staged for it */
  gboolean used[256];  /* was given something */
} Dirs;

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
  const UlStaged *x = *(UlStaged *const *) a;
  const UlStaged *y = *(UlStaged *const *) b;
  if (rank (x->type) != rank (y->type))
    return rank (x->type) - rank (y->type);
  return memcmp (&x->checksum, &y->checksum, sizeof x->checksum);
}

/* Detached metadata is replaced, and what is known to be broken; any other object that is there
 * already is the same. */
static int
move (const UlPublish *self, const char *from, const char *to, gboolean replace)
{
  const int objects_dfd = ul_repo_objects_dfd (self->repo);
  if (!replace)
    {
      const int result = renameat2 (self->staging_dfd, from, objects_dfd, to, RENAME_NOREPLACE);
      if (result == 0 || errno != EINVAL) /* EINVAL: the file system can't */
        return result;
    }
  return renameat (self->staging_dfd, from, objects_dfd, to);
}

/* Where objects/ lacks a directory, all that is staged for it comes in one rename. Not where a
 * commit is: that has to come last. */
static gboolean
publish_directories (const UlPublish *self, GPtrArray *list, Dirs *dirs, GError **error)
{
  gboolean staged[256] = { 0 };
  for (guint i = 0; i < list->len; i++)
    staged[((UlStaged *) list->pdata[i])->checksum.bytes[0]] = TRUE;
  for (guint i = 0; i < list->len; i++)
    {
      const UlStaged *object = list->pdata[i];
      if (object->type == UL_OBJECT_COMMIT || object->type == UL_OBJECT_COMMITMETA)
        staged[object->checksum.bytes[0]] = FALSE;
    }
  for (guint i = 0; i < G_N_ELEMENTS (staged); i++)
    {
      char from[sizeof UL_STAGED_PREFIX + 2];
      char to[3];
      if (!staged[i])
        continue;
      g_snprintf (from, sizeof from, UL_STAGED_PREFIX "%02x", i);
      g_snprintf (to, sizeof to, "%02x", i);
      step (self, "publish");
      if (move (self, from, to, FALSE) == 0)
        dirs->whole[i] = dirs->used[i] = TRUE;
      else if (errno != EEXIST && errno != ENOTEMPTY)
        return ul_throw_errno (error, "rename to objects/%s", to);
    }
  return TRUE;
}

static gboolean
publish_one (const UlPublish *self, const UlStaged *staged, Dirs *dirs, GError **error)
{
  const guint8 first = staged->checksum.bytes[0];
  if (dirs->whole[first])
    return TRUE;
  dirs->used[first] = TRUE;
  char from[UL_STAGED_PATH_MAX];
  const char *to = from + strlen (UL_STAGED_PREFIX);
  ul_staged_path (&staged->checksum, (UlObjectType) staged->type,
                  ul_repo_is_compressed (self->repo), from);

  step (self, "publish");
  const gboolean replace = staged->type == UL_OBJECT_COMMITMETA || staged->replace;
  int result = move (self, from, to, replace);
  if (result != 0 && errno == ENOENT)
    {
      const char dir[3] = { to[0], to[1], '\0' };
      if (mkdirat (ul_repo_objects_dfd (self->repo), dir, 0777) != 0 && errno != EEXIST)
        return ul_throw_errno (error, "create directory objects/%s", dir);
      result = move (self, from, to, replace);
    }
  if (result != 0 && errno == EEXIST) /* another process was first; ours goes with the staging */
    return TRUE;
  if (result != 0)
    return ul_throw_errno (error, "rename to objects/%s", to);
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
      (void) unlinkat (ul_repo_objects_dfd (self->repo), path, 0);
    }
}

/* With a fsync for each object there is one for each directory, too: whoever asked for that wants
 * no syncfs, which makes others wait. */
static gboolean
sync_each_directory (const UlPublish *self, const Dirs *dirs, GError **error)
{
  const int objects_dfd = ul_repo_objects_dfd (self->repo);
  for (guint i = 0; i < G_N_ELEMENTS (dirs->used); i++)
    {
      char dir[3];
      g_snprintf (dir, sizeof dir, "%02x", i);
      if (dirs->used[i] && !ul_fd_sync_dir_at (objects_dfd, dir, error))
        return FALSE;
    }
  return fsync (objects_dfd) == 0 || ul_throw_errno (error, "fsync objects");
}

/* In a batch the second syncfs covers more than what was renamed here: objects that another process
 * published and hasn't synced yet, which this transaction found and so didn't write; and the files
 * of refs, where there was nothing for the first. */
static gboolean
sync_directories (const UlPublish *self, const Dirs *dirs, GError **error)
{
  switch (self->sync)
    {
    case UL_SYNC_NONE:
      return TRUE;
    case UL_SYNC_EACH:
      return sync_each_directory (self, dirs, error);
    case UL_SYNC_BATCH:
      return syncfs (ul_repo_objects_dfd (self->repo)) == 0 || ul_throw_errno (error, "syncfs");
    }
  g_assert_not_reached ();
}

static GPtrArray *
in_order (GHashTable *staged)
{
  GPtrArray *list = g_ptr_array_sized_new (g_hash_table_size (staged));
  GHashTableIter iter;
  gpointer key;
  g_hash_table_iter_init (&iter, staged);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    if (((UlStaged *) key)->complete)
      g_ptr_array_add (list, key);
  g_ptr_array_sort (list, compare_staged);
  return list;
}

gboolean
ul_publish (const UlPublish *self, GHashTable *staged, GError **error)
{
  g_autoptr (GPtrArray) list = in_order (staged);
  step (self, "sync");
  if (self->sync == UL_SYNC_BATCH && list->len > 0 && syncfs (self->staging_dfd) != 0)
    return ul_throw_errno (error, "publishing objects: syncfs");
  step (self, "synced");

  Dirs dirs = { 0 };
  if (!self->make_directories && !publish_directories (self, list, &dirs, error))
    return ul_prefix (error, "publishing objects");
  for (guint i = 0; i < list->len; i++)
    if (!publish_one (self, list->pdata[i], &dirs, error))
      return ul_prefix (error, "publishing objects");
  remove_tombstones (self, list);
  step (self, "published");
  if (!sync_directories (self, &dirs, error))
    return ul_prefix (error, "publishing objects");
  step (self, "dirs-synced");
  return TRUE;
}
