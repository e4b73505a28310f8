// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "build/from-tar-names.h"
#include "build/opacity.h"

/* What gathers the names of an archive (from-tar-names.c) and what finishes the tree with them
 * (from-tar-finish.c) share. */

G_BEGIN_DECLS

/* What stands under one name in one directory; borrowed strings belong to the chunk. */
struct _UlTarName
{
  const UlTarDir *parent;
  const char *name;
  UlTarDir *dir;         /* a directory */
  UlTarInode *inode;     /* a file, or a link that is resolved */
  const char *target;    /* a link whose target hasn't come yet */
  guint hash;            /* of parent and name */
  guint index;           /* of the file in the tree, among those added */
  gboolean is_marker;    /* made of a whiteout */
  gboolean is_resolving; /* on the way from link to link */
};

/* Of a layer: a name that is deleted. It's in no tree before the end. */
typedef struct
{
  UlTarName *name; /* of the marker; it has no inode */
  guint32 uid;
  guint32 gid;
} UlTarWhiteout;

struct _UlTarDir
{
  UlTree *tree;
  /* Not the path: of directories nested deep each would be long. NULL for the root. */
  const UlTarDir *parent;
  const char *name;
  guint depth;        /* 1: the root */
  gboolean has_entry; /* meta is what the archive says; else the tree's own, or the default */
  UlFileMeta meta;
  UlOpacity opacity;
  /* Of a layer, at the end. */
  gboolean has_whiteouts;
  gboolean is_hidden; /* a directory above is opaque: nothing from below shows here */
  gboolean is_below;  /* the layers below have it, too */
};

struct _UlTarNames
{
  const UlIntake *intake;
  UlRepo *repo;
  UlTarParents parents;
  guint32 secret;    /* of the hash */
  GHashTable *names; /* a set of UlTarName, by parent and name */
  GPtrArray *order;  /* the same in the order they came, owned */
  GPtrArray *inodes; /* owned */
  GPtrArray *dirs;   /* of UlTarDir, owned; the first one is the root */
  GStringChunk *strings;
  UlTarDir *last; /* the directory entered last, and its path */
  GString *last_path;
  guint links_source; /* in the intake's links */
  GArray *whiteouts;  /* of UlTarWhiteout */
  gboolean replaced;  /* an entry took the place of another */
};

UlTarDir *ul_tar_names_root (UlTarNames *self);
/* "/" for the root, "/a/b". Free it. */
char *ul_tar_dir_path (const UlTarDir *dir);
UlTarName *ul_tar_names_find (UlTarNames *self, const UlTarDir *dir, const char *name);
/* Look a path of the archive up; NULL if it has had no such entry. */
UlTarName *ul_tar_names_find_path (UlTarNames *self, const char *path);
/* @brought_by may be NULL. */
UlTarInode *ul_tar_names_new_inode (UlTarNames *self, const UlTarName *brought_by);
/* The marker for "@name is deleted" in @dir, or NULL. */
UlTarName *ul_tar_names_find_marker (UlTarNames *self, const UlTarDir *dir, const char *name);

static inline gboolean
ul_tar_names_is_layer (const UlTarNames *self)
{
  return self->parents == UL_TAR_PARENTS_INHERITED;
}

G_END_DECLS
