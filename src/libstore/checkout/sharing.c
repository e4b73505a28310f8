// SPDX-License-Identifier: LGPL-2.1-or-later
#include "checkout/sharing.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "core/checksum-set.h"
#include "core/hardlinks.h"
#include "repo/file-counts.h"
#include "repo/objects.h"
#include "util/error.h"
#include "util/fd.h"

/* The names of one file. */
typedef struct
{
  /* The walk's alone. */
  UlChecksum checksum;
  gboolean may_be_object;
  guint32 n_names; /* met so far */

  /* Under the lock. */
  guint32 n_done;              /* of them; while there is no first one they take their turns */
  const UlCheckoutName *first; /* that was made; NULL: none yet */
} Group;

typedef struct
{
  Group *group;    /* NULL: a file of one name */
  guint32 ordinal; /* among the names of its group */
  gboolean may_be_object;
} Share;

struct _UlCheckoutShares
{
  guint32 first_file; /* number of its first file */
  const UlCheckoutName *name;
  Share files[];
};

struct _UlCheckoutSharing
{
  GArray *links; /* of UlHardlink, by file; constant */
  int target;

  /* The walk's alone. */
  UlFileCounts *counts;
  guint32 next_file;
  Group *
      *groups; /* NULL until one of its names is met: a record may name files that aren't there */
  guint n_groups;
  UlChecksumSet *claimed; /* objects that some file of the checkout is */
  GPtrArray *above;       /* of UlCheckoutName: the directory entered last and those it's in */

  GMutex lock; /* guards what follows */
  GCond changed;
  GPtrArray *names;     /* all there are, owned */
  guint32 first_failed; /* number of a file; G_MAXUINT32: none */
};

static UlCheckoutSharing *
sharing_new (UlRepo *repo, GArray *links)
{
  UlCheckoutSharing *self = g_new0 (UlCheckoutSharing, 1);
  self->links = links;
  self->target = -1;
  self->counts = ul_file_counts_new (repo);
  for (guint i = 0; i < links->len; i++)
    self->n_groups = MAX (self->n_groups, g_array_index (links, UlHardlink, i).group + 1);
  self->groups = g_new0 (Group *, self->n_groups);
  self->claimed = ul_checksum_set_new (0);
  self->above = g_ptr_array_new ();
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  self->names = g_ptr_array_new_with_free_func (g_free);
  self->first_failed = G_MAXUINT32;
  return self;
}

gboolean
ul_checkout_sharing_new (UlRepo *repo, const UlChecksum *checksum, const char *subpath,
                         UlCheckoutSharing **out_sharing, GError **error)
{
  g_auto (UlCommit) commit = { 0 };
  GArray *links;
  if (!ul_objects_load_commit (repo, checksum, &commit, error))
    return FALSE;
  if (!ul_hardlinks_load (&commit, &links, error))
    {
      g_autofree char *hex = ul_checksum_dup_hex (checksum);
      return ul_prefix (error, "commit %s", hex);
    }
  g_autoptr (UlCheckoutSharing) self = links != NULL ? sharing_new (repo, links) : NULL;
  if (self != NULL && subpath != NULL
      && !ul_file_counts_before (self->counts, &commit.tree, subpath, &self->next_file, error))
    return FALSE;
  *out_sharing = g_steal_pointer (&self);
  return TRUE;
}

void
ul_checkout_sharing_free (UlCheckoutSharing *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->names);
  g_cond_clear (&self->changed);
  g_mutex_clear (&self->lock);
  g_ptr_array_unref (self->above);
  ul_checksum_set_free (self->claimed);
  for (guint i = 0; i < self->n_groups; i++)
    g_free (self->groups[i]);
  g_free (self->groups);
  ul_file_counts_free (self->counts);
  ul_fd_cleanup (&self->target);
  g_array_unref (self->links);
  g_free (self);
}

gboolean
ul_checkout_sharing_set_target (UlCheckoutSharing *self, int fd, GError **error)
{
  self->target = fcntl (fd, F_DUPFD_CLOEXEC, 0);
  return self->target >= 0 || ul_throw_errno (error, "duplicate descriptor");
}

/* Call with the lock. */
static const UlCheckoutName *
name_new (UlCheckoutSharing *self, const UlCheckoutName *dir, const char *name)
{
  const gsize size = strlen (name) + 1;
  UlCheckoutName *new = g_malloc (sizeof *new + size);
  new->dir = dir;
  memcpy (new->name, name, size);
  g_ptr_array_add (self->names, new);
  return new;
}

/* Full paths for all directories would take memory by the square of the depth. */
static const UlCheckoutName *
name_dir (UlCheckoutSharing *self, const char *path)
{
  guint depth = 0;
  for (const char *p = path; *p != '\0'; p++)
    depth += *p == '/' && p[1] != '\0';
  g_ptr_array_set_size (self->above, (int) depth);
  const UlCheckoutName *dir = depth > 0 ? g_ptr_array_index (self->above, depth - 1) : NULL;
  g_mutex_lock (&self->lock);
  const UlCheckoutName *name = name_new (self, dir, strrchr (path, '/') + 1);
  g_mutex_unlock (&self->lock);
  g_ptr_array_add (self->above, (gpointer) name);
  return name;
}

/* The first to ask for an object is the one that may be it. */
static gboolean
claim (UlCheckoutSharing *self, const UlCheckoutPlan *plan, const UlChecksum *checksum)
{
  const gboolean shares_objects = plan->links != UL_LINKS_NONE || plan->cache != NULL;
  return shares_objects && ul_checksum_set_add (self->claimed, checksum);
}

static gboolean
share_file (UlCheckoutSharing *self, const UlCheckoutDir *dir, guint32 number,
            const UlChecksum *checksum, Share *out, GError **error)
{
  const UlHardlink *link = ul_hardlinks_find (self->links, number);
  if (link == NULL)
    {
      *out = (Share){ .may_be_object = claim (self, dir->plan, checksum) };
      return TRUE;
    }
  Group **group = &self->groups[link->group];
  if (*group == NULL)
    {
      *group = g_new (Group, 1);
      **group
          = (Group){ .checksum = *checksum, .may_be_object = claim (self, dir->plan, checksum) };
    }
  if (!ul_checksum_equal (&(*group)->checksum, checksum))
    return ul_throw (error, UL_ERROR_CORRUPT,
                     "metadata key " UL_COMMIT_KEY_HARDLINKS ": a hardlink of a different file");
  *out = (Share){ *group, (*group)->n_names++, (*group)->may_be_object };
  return TRUE;
}

gboolean
ul_checkout_sharing_enter (UlCheckoutSharing *self, UlCheckoutDir *dir, GError **error)
{
  const gsize n = dir->view.n_files;
  const guint32 first_file = self->next_file;
  if (!ul_file_counts_sum (&self->next_file, n, error))
    return FALSE;
  dir->shares = g_malloc0 (sizeof *dir->shares + n * sizeof (Share));
  dir->shares->first_file = first_file;
  dir->shares->name = name_dir (self, dir->path);
  for (gsize i = 0; i < n; i++)
    {
      UlDirtreeFile file;
      ul_dirtree_view_file (&dir->view, i, &file);
      if (!ul_checkout_dir_skips (dir, file.name)
          && !share_file (self, dir, first_file + (guint32) i, &file.checksum,
                          &dir->shares->files[i], error))
        {
          g_autofree char *path = ul_checkout_dir_child_path (dir, file.name);
          return ul_prefix (error, "checkout %s", path);
        }
    }
  return TRUE;
}

gboolean
ul_checkout_sharing_skip (UlCheckoutSharing *self, const UlChecksum *tree, GError **error)
{
  return ul_file_counts_add (self->counts, tree, &self->next_file, error);
}

gboolean
ul_checkout_sharing_may_be_object (const UlCheckoutDir *dir, gsize index)
{
  return dir->shares->files[index].may_be_object;
}

gboolean
ul_checkout_sharing_begin (UlCheckoutSharing *self, const UlCheckoutDir *dir, gsize index,
                           const UlCheckoutName **out_first)
{
  const Share *share = &dir->shares->files[index];
  const Group *group = share->group;
  const guint32 file = dir->shares->first_file + (guint32) index;
  *out_first = NULL;
  if (group == NULL)
    return TRUE;
  g_mutex_lock (&self->lock);
  while (group->first == NULL && group->n_done < share->ordinal && self->first_failed > file)
    g_cond_wait (&self->changed, &self->lock);
  const gboolean is_known = group->first != NULL || group->n_done >= share->ordinal;
  *out_first = group->first;
  g_mutex_unlock (&self->lock);
  return is_known;
}

void
ul_checkout_sharing_end (UlCheckoutSharing *self, const UlCheckoutDir *dir, gsize index,
                         gboolean is_new)
{
  Group *group = dir->shares->files[index].group;
  if (group == NULL)
    return;
  g_mutex_lock (&self->lock);
  if (is_new)
    {
      UlDirtreeFile file;
      ul_dirtree_view_file (&dir->view, index, &file);
      group->first = name_new (self, dir->shares->name, file.name);
    }
  group->n_done++;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

void
ul_checkout_sharing_fail (UlCheckoutSharing *self, const UlCheckoutDir *dir, gsize index)
{
  g_mutex_lock (&self->lock);
  self->first_failed = MIN (self->first_failed, dir->shares->first_file + (guint32) index);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

gboolean
ul_checkout_sharing_open_first (const UlCheckoutSharing *self, const UlCheckoutDir *dir,
                                const UlCheckoutName *first, int *out_fd, GError **error)
{
  const gboolean is_beside = first->dir == dir->shares->name;
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  for (const UlCheckoutName *at = first->dir; !is_beside && at->dir != NULL; at = at->dir)
    g_ptr_array_add (names, (gpointer) at->name);
  ul_autofd int fd
      = openat (is_beside ? dir->fd : self->target, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
  /* One by one: the path may be longer than the kernel takes, and no symlink is followed. */
  for (guint i = names->len; fd >= 0 && i > 0; i--)
    {
      const int next = openat (fd, g_ptr_array_index (names, i - 1),
                               O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
      const int code = errno;
      close (fd);
      fd = next;
      errno = code;
    }
  /* A directory that is complete may be closed to its owner. */
  if (fd < 0 && errno != EACCES)
    return ul_throw_errno (error, "open directory of hardlink %s", first->name);
  *out_fd = ul_fd_steal (&fd);
  return TRUE;
}
