// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "build/commit.h"
#include "build/tree.h"
#include "repo/devino.h"
#include "util/progress.h"

/* Directories into a tree. One thread walks and lists; workers read, hash and store files. Private
 * to build/. */

G_BEGIN_DECLS

/* Deeper directories are refused: every level costs a descriptor and a piece of stack. */
#define UL_FROM_DIR_MAX_DEPTH 4096

typedef struct
{
  UlTransaction *transaction;
  const UlModifier *modifier;
  const UlDevino *devino; /* NULL: don't look */
  guint jobs;
  UlProgress *progress;     /* may be NULL */
  GHashTable *skip_matched; /* set of paths: which of the skip list were found */
  gboolean is_last;         /* nothing is laid over it: dirtrees are written as they get complete */
} UlFromDir;

/* Overlay directory @path (as open () takes it) onto @root. All of it is stored, staged, on return.
 */
gboolean ul_from_dir (const UlFromDir *self, const char *path, UlTree *root, GError **error);

G_END_DECLS
