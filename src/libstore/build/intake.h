// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "build/commit.h"
#include "build/link-groups.h"
#include "build/tree.h"
#include "core/file-meta.h"
#include "repo/devino.h"
#include "repo/guess.h"
#include "util/progress.h"

/* What every source of a commit shares, be it a directory, a commit or an archive: where it goes,
 * what changes its entries on the way, and the small steps that are the same for all. Private to
 * build/. */

G_BEGIN_DECLS

/* Deeper directories are refused: every level costs a piece of stack, and in a source directory a
 * descriptor. */
#define UL_INTAKE_MAX_DEPTH 4096

typedef struct
{
  UlTransaction *transaction;
  const UlModifier *modifier;
  const UlDevino *devino; /* NULL: don't look */
  guint jobs;
  UlProgress *progress;     /* may be NULL */
  GHashTable *skip_matched; /* set of paths: which of the skip list were found */
  UlGuess *guess;           /* what large files of a stream probably are; NULL: no idea */
  UlLinkGroups *links;      /* gets to know every file; NULL: nobody asks */
  gboolean is_last;         /* nothing is laid over it: dirtrees are written as they get complete */
} UlIntake;

/* Is @path ("/a/b") on the skip list? Notes that it was met. One thread. */
gboolean ul_intake_skips (const UlIntake *self, const char *path);

/* With retarget_whiteouts, a name and a whiteout of it that different sources bring to directory
 * @tree are UL_ERROR_INVALID: to ask before @name is added, and before the marker for it is. */
gboolean ul_intake_check_name (const UlIntake *self, UlTree *tree, const char *name,
                               GError **error);
gboolean ul_intake_check_marker (const UlIntake *self, UlTree *tree, const char *deleted,
                                 GError **error);

/* Store the dirmeta of directory @path ("/" for the root) with what the modifier makes of it, as a
 * source has them: @xattrs unchanged. */
gboolean ul_intake_store_dirmeta (const UlIntake *self, UlWriter *writer, const char *path,
                                  guint32 uid, guint32 gid, guint32 mode, GVariant *xattrs,
                                  UlChecksum *out, GError **error);

G_END_DECLS
