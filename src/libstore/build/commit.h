// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "build/graft.h"
#include "core/checksum.h"
#include "repo/repo.h"
#include "repo/transaction.h"
#include "util/progress.h"
#include "util/selinux.h"

/* Make a commit from directories, commits and archives: the main entry point of build/. Options
 * struct: zero is the default. */

G_BEGIN_DECLS

typedef enum
{
  UL_DEVICES_ERROR, /* devices, FIFOs and sockets fail the commit; the error names every one */
  UL_DEVICES_SKIP,  /* they are left out */
} UlDevicePolicy;

typedef enum
{
  UL_DEVINO_NONE,
  UL_DEVINO_SPEEDUP,   /* a hardlink to an object is that object unless a modifier changes it */
  UL_DEVINO_CANONICAL, /* ... and no modifier is asked */
} UlDevinoUse;

/* One line of a --statoverride file. */
typedef struct
{
  gboolean replace; /* "=MODE": set the permission bits; else OR them in */
  guint32 mode;
  gint matched; /* atomic; set when the commit has met the path. FALSE in the beginning */
} UlStatOverride;

/* What changes entries on their way in. */
typedef struct
{
  gboolean set_uid, set_gid; /* is owner_uid, owner_gid to be used? */
  guint32 owner_uid, owner_gid;
  gboolean canonical_permissions;
  gboolean mode_ro_executables;
  gboolean no_xattrs;
  /* With retarget_whiteouts: of the xattrs that no_xattrs drops, keep that a directory is opaque.
   * Set for repositories that hold no other. */
  gboolean keep_opaque;
  gboolean retarget_whiteouts; /* 0:0 devices become .ostree-wh. markers */
  UlDevicePolicy devices;
  UlDevinoUse devino;
  gboolean consume;         /* remove the source directories once the commit is durable */
  GHashTable *statoverride; /* absolute path in the tree ("/a/b") -> UlStatOverride *; NULL: none */
  GHashTable *skip_list;    /* set of absolute paths in the tree; NULL: none */
  UlSelinux *selinux;       /* labels by this policy; NULL: as they are */
  /* The policy is for directories alone. Set for repositories whose files hold no xattrs. */
  gboolean label_only_dirs;
} UlModifier;

typedef enum
{
  UL_TREE_SOURCE_DIR,
  UL_TREE_SOURCE_COMMIT,
  UL_TREE_SOURCE_TAR,
  UL_TREE_SOURCE_GRAFT,
} UlTreeSourceType;

/* Says what to lay over the trees before; caller frees. Called with the repository's lock, so that
 * what it finds there stays. */
typedef struct
{
  UlGraft *(*make) (UlRepo *repo, gpointer data, GError **error);
  gpointer data;
} UlGraftSource;

typedef struct
{
  UlTreeSourceType type;
  const char *where; /* a path, a REV, or an archive ("-": standard input) */
  UlGraftSource graft;
} UlTreeSource;

/* Where labels come from: security.selinux of what the policy has a label for. */
typedef struct
{
  const char *policy;              /* a directory that has a policy; NULL: none */
  gboolean policy_from_base;       /* that of base, else of the first tree, if it has one */
  guint epoch;                     /* 1: what is in /usr/etc is labelled as if it were in /etc */
  const char *const *equivalences; /* FROM, TO, FROM, TO, ..., NULL: FROM and below as if it were
                                      TO; NULL: none */
} UlLabelOptions;

/* How archives are read. */
typedef struct
{
  gboolean autocreate_parents; /* directories that have no entry are 0:0, 0755; else an error */
  /* Gives another name to each entry, and to what a hardlink refers to: @path is "a/b", or "" for
   * the root; caller frees. Applied before all of the modifier. NULL: none */
  gboolean (*rename) (const char *path, gpointer data, char **out, GError **error);
  gpointer rename_data;
} UlTarOptions;

typedef struct
{
  const UlTreeSource *trees; /* overlaid in order */
  gsize n_trees;
  UlTarOptions tar;
  const char *base;    /* REV to start from, no modifiers applied; NULL: none */
  UlModifier modifier; /* but for selinux, which is opened as labels say */
  UlLabelOptions labels;

  const char *branch; /* ref to set; NULL only with orphan */
  gboolean orphan;    /* the branch's commit isn't the parent */
  const char *parent; /* NULL: the branch's commit, "none": none, else a REV */
  const char *subject;
  const char *body;
  gint64 timestamp;                 /* seconds since the epoch, used if has_timestamp */
  gboolean has_timestamp;           /* FALSE: now */
  GVariant *metadata;               /* a{sv} or NULL */
  const char *const *keep_metadata; /* keys taken over from the parent */
  GVariant *detached_metadata;      /* a{sv} or NULL */
  gboolean no_bindings;
  const char *const *bind_refs; /* more refs to bind */
  gboolean bootable;            /* add ostree.bootable and ostree.linux */
  gboolean generate_sizes;      /* add ostree.sizes, in an archive */
  gboolean preserve_hardlinks;  /* record which files are hardlinks of each other */
  gboolean skip_if_unchanged;

  guint jobs; /* 0: all CPUs */
  UlTransactionOptions transaction;
  UlProgress *progress; /* may be NULL */
} UlCommitOptions;

typedef struct
{
  UlChecksum commit;
  gboolean unchanged; /* skip_if_unchanged: nothing written, commit is the parent */
  UlTransactionStats stats;
} UlCommitResult;

/* Durable on return, unless fsync is off. */
gboolean ul_commit_create (UlRepo *repo, const UlCommitOptions *options, UlCommitResult *out_result,
                           GError **error);

/* The content checksum of one file, or of a whole directory as `ostree checksum` means it, without
 * a repository. @path may be relative to the current directory. */
gboolean ul_commit_checksum_path (const char *path, gboolean ignore_xattrs, UlChecksum *out,
                                  GError **error);

G_END_DECLS
