// SPDX-License-Identifier: LGPL-2.1-or-later
#include "build/link-groups.h"

#include "core/checksum-set.h"
#include "core/hardlinks.h"

/* What a file is, other than its name. All of it counts as bytes, so there must be no padding. */
typedef struct
{
  guint64 source; /* 0: a file system */
  guint64 device;
  guint64 inode; /* or a pointer */
} Inode;

/* Keys are hashed: paths may be long, and chosen so that they collide in a hash table. */
struct _UlLinkGroups
{
  UlChecksumSet *paths;  /* path -> group; 0 or not there: alone */
  GMutex lock;           /* guards the rest */
  UlChecksumSet *inodes; /* Inode -> group */
  guint32 last;          /* group */
  guint last_source;
};

UlLinkGroups *
ul_link_groups_new (void)
{
  UlLinkGroups *self = g_new0 (UlLinkGroups, 1);
  g_mutex_init (&self->lock);
  self->paths = ul_checksum_set_new (sizeof (guint32));
  self->inodes = ul_checksum_set_new (sizeof (guint32));
  return self;
}

void
ul_link_groups_free (UlLinkGroups *self)
{
  if (self == NULL)
    return;
  ul_checksum_set_free (self->inodes);
  ul_checksum_set_free (self->paths);
  g_mutex_clear (&self->lock);
  g_free (self);
}

/* 0: none. */
static guint32
get (UlChecksumSet *set, const UlChecksum *key)
{
  guint32 group;
  return ul_checksum_set_get (set, key, &group) ? group : 0;
}

/* What it has, or a new one. */
static guint32
get_or_make (UlChecksumSet *set, const UlChecksum *key, guint32 *last)
{
  guint32 group = get (set, key);
  if (group != 0)
    return group;
  group = ++*last;
  ul_checksum_set_put (set, key, &group);
  return group;
}

static void
set_group (UlLinkGroups *self, const char *path, guint32 group)
{
  UlChecksum key;
  ul_checksum_of_data (path, strlen (path), &key);
  if (group != 0 || ul_checksum_set_contains (self->paths, &key))
    ul_checksum_set_put (self->paths, &key, &group);
}

void
ul_link_groups_add_alone (UlLinkGroups *self, const char *path)
{
  set_group (self, path, 0);
}

static guint32
group_of (UlLinkGroups *self, const Inode *inode)
{
  UlChecksum key;
  ul_checksum_of_data (inode, sizeof *inode, &key);
  g_mutex_lock (&self->lock);
  const guint32 group = get_or_make (self->inodes, &key, &self->last);
  g_mutex_unlock (&self->lock);
  return group;
}

void
ul_link_groups_add_inode (UlLinkGroups *self, const char *path, const struct stat *st)
{
  const Inode inode = { .device = st->st_dev, .inode = st->st_ino };
  set_group (self, path, st->st_nlink > 1 ? group_of (self, &inode) : 0);
}

guint
ul_link_groups_new_source (UlLinkGroups *self)
{
  g_mutex_lock (&self->lock);
  const guint source = ++self->last_source;
  g_mutex_unlock (&self->lock);
  return source;
}

void
ul_link_groups_add_file (UlLinkGroups *self, const char *path, guint source, gconstpointer file)
{
  const Inode inode = { .source = source, .inode = (guintptr) file };
  set_group (self, path, group_of (self, &inode));
}

void
ul_link_groups_set_file (UlLinkGroups *self, guint source, gconstpointer file, const char *target)
{
  const Inode inode = { .source = source, .inode = (guintptr) file };
  UlChecksum key;
  UlChecksum path_key;
  ul_checksum_of_data (&inode, sizeof inode, &key);
  ul_checksum_of_data (target, strlen (target), &path_key);
  g_mutex_lock (&self->lock);
  const guint32 group = get_or_make (self->paths, &path_key, &self->last);
  ul_checksum_set_put (self->inodes, &key, &group);
  g_mutex_unlock (&self->lock);
}

typedef struct
{
  UlLinkGroups *groups;
  GArray *links; /* of UlHardlink; NULL: none */
  guint32 base;  /* what the commit's group 0 is here */
  UlLinkGroupsSkipFunc skips;
  gpointer data;
} CommitLinks;

static void
add_commit_file (const char *path, guint32 number, G_GNUC_UNUSED const UlChecksum *checksum,
                 gpointer data)
{
  const CommitLinks *commit = data;
  if (commit->skips != NULL && commit->skips (path, commit->data))
    return;
  const UlHardlink *link = commit->links != NULL ? ul_hardlinks_find (commit->links, number) : NULL;
  set_group (commit->groups, path, link != NULL ? commit->base + link->group : 0);
}

/* Take numbers for the groups of @links; what the first one becomes. */
static guint32
reserve_groups (UlLinkGroups *self, GArray *links)
{
  guint32 n = 0;
  for (guint i = 0; links != NULL && i < links->len; i++)
    n = MAX (n, g_array_index (links, UlHardlink, i).group + 1);
  g_mutex_lock (&self->lock);
  const guint32 base = self->last + 1;
  self->last += n;
  g_mutex_unlock (&self->lock);
  return base;
}

gboolean
ul_link_groups_add_commit (UlLinkGroups *self, UlRepo *repo, const UlCommit *commit,
                           UlLinkGroupsSkipFunc skips, gpointer data, GError **error)
{
  g_autoptr (GArray) links = NULL;
  if (!ul_hardlinks_load (commit, &links, error))
    return FALSE;
  if (links == NULL && ul_checksum_set_size (self->paths) == 0)
    return TRUE;
  const CommitLinks of_commit = { self, links, reserve_groups (self, links), skips, data };
  g_autoptr (UlTree) tree = ul_tree_new ();
  ul_tree_set_base (tree, &commit->tree, &commit->meta);
  return ul_tree_foreach_file (tree, repo, add_commit_file, (gpointer) &of_commit, error);
}

/* Numbering the files of a tree. */
typedef struct
{
  UlLinkGroups *groups;
  UlChecksumSet *split; /* group and checksum -> group: names that are one object */
  guint32 last;
  GArray *links;
} Numbering;

static void
number_file (const char *path, guint32 number, const UlChecksum *checksum, gpointer data)
{
  Numbering *numbering = data;
  UlChecksum key;
  ul_checksum_of_data (path, strlen (path), &key);
  const guint32 group = get (numbering->groups->paths, &key);
  if (group == 0)
    return;
  guint8 bytes[sizeof group + sizeof *checksum];
  memcpy (bytes, &group, sizeof group);
  memcpy (bytes + sizeof group, checksum, sizeof *checksum);
  ul_checksum_of_data (bytes, sizeof bytes, &key);
  const UlHardlink link
      = { .file = number, .group = get_or_make (numbering->split, &key, &numbering->last) };
  g_array_append_val (numbering->links, link);
}

gboolean
ul_link_groups_number (UlLinkGroups *self, UlTree *root, UlRepo *repo, GArray **out_links,
                       GError **error)
{
  g_autoptr (GArray) links = g_array_new (FALSE, FALSE, sizeof (UlHardlink));
  g_autoptr (UlChecksumSet) split = ul_checksum_set_new (sizeof (guint32));
  Numbering numbering = { .groups = self, .split = split, .links = links };
  if (ul_checksum_set_size (self->paths) > 0
      && !ul_tree_foreach_file (root, repo, number_file, &numbering, error))
    return FALSE;
  *out_links = g_steal_pointer (&links);
  return TRUE;
}
