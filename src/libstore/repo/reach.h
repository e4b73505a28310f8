// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/object.h"
#include "repo/repo.h"
#include "util/progress.h"

/* What directories reach, in parallel: level by level, so that what waits is at most the dirtrees
 * of one level. Dirtrees are verified against their checksums; files and dirmetas are not looked
 * at. Private to repo/. */

G_BEGIN_DECLS

typedef struct
{
  UlRepo *repo;
  guint jobs; /* 0: all CPUs */
  /* Asked for whatever is named, on any thread, any number of times for one object. TRUE: it's new;
   * a dirtree is entered then. */
  gboolean (*claim) (UlObjectType type, const UlChecksum *checksum, gpointer data);
  gpointer data;
  UlProgress *progress; /* entered and known dirtrees; may be NULL */
} UlReach;

/* A dirtree that can't be entered. */
typedef struct
{
  UlChecksum tree;
  GError *cause;
} UlReachFault;

/* Claim @trees and everything below them. Returns what couldn't be entered, by checksum: an array
 * of UlReachFault, owned. The walk goes on without what is below those. */
GPtrArray *ul_reach_walk (const UlReach *self, const GArray *trees);

G_END_DECLS
