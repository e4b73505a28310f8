// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "checkout/plan.h"
#include "core/dirtree.h"

/* A directory of the target while it's being filled. Walk and workers each hold a reference;
 * whoever drops the last one gives a directory that we made its owner, xattrs, mode and time, which
 * must come after its contents: the mode may forbid writing, and writing changes the time.
 *
 * Which thread is the last is chance, so a failure there is no worker's error. It is kept in
 * UlCheckoutDirErrors, and the first in walk order is reported when nothing else failed. */

G_BEGIN_DECLS

typedef struct
{
  GMutex lock;
  GError *first;
  guint64 first_seq;
} UlCheckoutDirErrors;

typedef struct
{
  gint refs;            /* atomic */
  UlCheckoutPlan *plan; /* borrowed, as is errors */
  UlCheckoutDirErrors *errors;
  int fd;
  char *path;               /* from the root of the checkout: "/", "/a/b" */
  gboolean is_new;          /* we made it, so nothing but what we place is in it */
  GVariant *meta;           /* dirmeta to apply at the end; NULL: leave it as it is */
  UlDirtreeView view;       /* what the commit has in it; empty where single entries are placed */
  UlCheckoutShares *shares; /* with plan->sharing (sharing.h), of all its files; owned */
  gpointer user;            /* an update's own, borrowed */
  guint64 seq;              /* number in walk order */
} UlCheckoutDir;

/* A directory that was just made in one that is not ours: rid it of the ACLs it got from there, so
 * that it and what is made in it have only what the commit says. */
gboolean ul_checkout_dir_inherit_nothing (int fd, GError **error);

/* Make the directory @name in @parent, or open the one that is there if the union mode allows; a
 * symlink there is refused. @path is for messages. On success *out_fd is owned. */
gboolean ul_checkout_dir_make (UlCheckoutPlan *plan, int parent, gboolean parent_is_new,
                               const char *name, const char *path, int *out_fd, gboolean *out_new,
                               GError **error);

/* Takes @fd and @path. @meta and @dirtree may be NULL. A directory that gets a @meta is new, unless
 * the caller says otherwise before anyone else knows of it. */
UlCheckoutDir *ul_checkout_dir_new (UlCheckoutPlan *plan, UlCheckoutDirErrors *errors, int fd,
                                    char *path, GVariant *meta, GVariant *dirtree, guint64 seq);
UlCheckoutDir *ul_checkout_dir_ref (UlCheckoutDir *dir);
void ul_checkout_dir_unref (UlCheckoutDir *dir);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlCheckoutDir, ul_checkout_dir_unref)

/* Is file @name of it on the skip list? */
gboolean ul_checkout_dir_skips (const UlCheckoutDir *dir, const char *name);

/* "/a/b" for entry b of directory /a. */
char *ul_checkout_dir_child_path (const UlCheckoutDir *dir, const char *name);

/* For sorting such paths: a directory comes right before what is in it, as `/` is less than all
 * that a name can have. */
int ul_checkout_path_compare (const char *a, const char *b);

G_END_DECLS
