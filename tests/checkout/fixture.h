// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "checkout/checkout.h"
#include "repo/transaction.h"

/* A repository and a place for targets, in a directory of its own below the current one; and
 * commits made from lines of text:
 *
 *   "d a/b 755"            a directory with its mode (parents come first)
 *   "f a/b/x 644 content"  a file; no content: an empty one
 *   "l a/b/y target"       a symlink
 *
 * Everything is owned by who runs the test. */

G_BEGIN_DECLS

typedef struct
{
  char *dir;
  int dfd; /* of dir: targets go here */
  UlRepo *repo;
} Fixture;

void fixture_init (Fixture *f, UlRepoMode mode);
void fixture_clear (Fixture *f);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Fixture, fixture_clear)

/* @lines ends with NULL. The root is a directory of mode 755. */
UlChecksum fixture_commit (Fixture *f, const char *const *lines);

/* A commit whose root is this dirtree, valid or not, and the other objects that stand in it. */
UlChecksum fixture_commit_raw (Fixture *f, GVariant *dirtree);
UlChecksum fixture_file (Fixture *f, guint32 mode, const char *content);
UlChecksum fixture_dirmeta (Fixture *f);

/* Check out, which must succeed. */
void fixture_checkout (Fixture *f, const UlChecksum *commit, const UlCheckoutOptions *options,
                       const char *target, UlCheckoutStats *out_stats);

/* A line for each entry of @target, sorted: "path type mode links content-or-target". */
char *fixture_dump (Fixture *f, const char *target);

/* Below dir, with mode 644. */
void fixture_write (Fixture *f, const char *path, const char *content);
char *fixture_read (Fixture *f, const char *path);
gboolean fixture_exists (Fixture *f, const char *path);

G_END_DECLS
