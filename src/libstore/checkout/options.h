// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "repo/repo.h"
#include "util/progress.h"
#include "util/selinux.h"

/* What a checkout is asked to do. A zeroed struct is the default: a new directory, owners and
 * xattrs as committed, hardlinks where they can be made and copies elsewhere, whiteout markers as
 * plain files. The case tables are in docs/design/checkout.md. */

G_BEGIN_DECLS

/* What to do about names that exist. Directories on directories are always united, and keep their
 * own metadata; a directory never replaces something else. */
typedef enum
{
  UL_CHECKOUT_UNION_NONE,      /* the target is new; nothing may be in the way */
  UL_CHECKOUT_UNION_FILES,     /* replace what is not a directory, keep identical files */
  UL_CHECKOUT_UNION_ADD,       /* keep whatever exists */
  UL_CHECKOUT_UNION_IDENTICAL, /* keep identical files, refuse others */
} UlCheckoutUnion;

typedef enum
{
  UL_CHECKOUT_LINK_PREFER,  /* link, and copy where that fails */
  UL_CHECKOUT_LINK_REQUIRE, /* link or fail (empty files are always made new) */
  UL_CHECKOUT_LINK_NEVER,   /* copy; directories keep the time they are made at */
} UlCheckoutLink;

typedef enum
{
  UL_CHECKOUT_WHITEOUTS_KEEP = 0,             /* all markers are files like any other */
  UL_CHECKOUT_WHITEOUTS_PASSTHROUGH = 1 << 0, /* .ostree-wh.NAME becomes device 0:0 NAME */
  UL_CHECKOUT_WHITEOUTS_LAYER = 1 << 1,       /* .wh.NAME removes NAME, .wh..wh..opq empties */
  /* With PASSTHROUGH: what is opaque for root's overlays becomes so for users', too. */
  UL_CHECKOUT_WHITEOUTS_BOTH_OPAQUE = 1 << 2,
} UlCheckoutWhiteouts;

typedef enum
{
  UL_CHECKOUT_DIR_MODE_STORED,
  UL_CHECKOUT_DIR_MODE_0775, /* only the bits within 0775 */
} UlCheckoutDirMode;

typedef enum
{
  UL_CHECKOUT_SYNC_COPIES, /* one syncfs if content was copied, unless core.fsync is off */
  UL_CHECKOUT_SYNC_ALWAYS, /* one syncfs */
  UL_CHECKOUT_SYNC_NEVER,
} UlCheckoutSync;

/* An archive's uncompressed-objects-cache/, which user checkouts link from. */
typedef enum
{
  UL_CHECKOUT_CACHE_USE, /* unless core.enable-uncompressed-cache is off */
  UL_CHECKOUT_CACHE_DISABLED,
} UlCheckoutCacheUse;

/* Faults for tests to put in the way. All are called from worker threads. */
typedef struct
{
  /* The errno that a hardlink of @path fails with; 0: really link it. */
  int (*link_errno) (const char *path, gpointer data);
  gboolean no_tmpfile;                            /* as on a file system without O_TMPFILE */
  void (*step) (const char *step, gpointer data); /* an update has come to this point */
  gpointer data;
} UlCheckoutHooks;

typedef struct
{
  UlOwnership ownership; /* a repository of canonical files is always checked out as USER */
  UlCheckoutUnion unite;
  UlCheckoutLink link;
  UlCheckoutWhiteouts whiteouts;
  UlCheckoutDirMode dir_mode;
  UlCheckoutSync sync;
  UlCheckoutCacheUse cache;

  const char *subpath; /* a directory, whose contents go to the target, or a file; NULL: "/" */
  gboolean subpath_noent_ok; /* nothing at subpath: do nothing */

  /* Names of one object are one file, whatever the commit says about hardlinks of its tree. */
  gboolean ignore_hardlinks;

  /* Symlinks are made new also where they could be linked: for who will give them times. */
  gboolean own_symlinks;

  /* Set of const char *: "/a/b" leaves out that file, "/a/b/" that directory with all below it, "/"
   * everything. Relative to what is checked out. NULL: none. */
  GHashTable *skip;

  /* Label what is made as this policy says, which must outlive the checkout and may be shared;
   * NULL: as committed. Needs UL_OWNERSHIP_STORED and UL_CHECKOUT_LINK_NEVER. The policy is asked
   * for paths below @selinux_prefix, which is absolute and stands for what is checked out; NULL:
   * for those of the commit. */
  UlSelinux *selinux;
  const char *selinux_prefix;

  guint jobs;           /* threads; 0: one a CPU */
  UlProgress *progress; /* NULL: none */
  UlCheckoutHooks hooks;
} UlCheckoutOptions;

G_END_DECLS
