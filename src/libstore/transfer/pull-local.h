// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "repo/transaction.h"

/* Commits with all they reach from another repository on this machine, of any mode
 * (docs/architecture.md, "A pull"). */

G_BEGIN_DECLS

typedef struct
{
  /* REF, REF@CHECKSUM (the ref is set to that commit) or CHECKSUM; NULL or empty: all refs */
  const char *const *refs;
  const char *remote; /* refs are set as REMOTE:REF; NULL: as local ones */
  gint depth;         /* parents to follow, those that aren't in the source are no error; -1: all */
  gboolean commit_metadata_only; /* nothing of the trees: new commits stay marked partial */
  gboolean untrusted;            /* verify all that comes, share no inode */
  gboolean bareuseronly_files;   /* refuse files with mode bits beyond 0775 */
  gboolean no_verify_bindings;   /* a commit may come as a ref that it isn't bound to */
  guint jobs;                    /* 0: all CPUs */
  guint batch_objects;           /* new objects that are published at once; 0: 65536 */
  guint64 batch_bytes;           /* bytes of content that are; 0: 1 GiB */
  UlTransactionOptions transaction;
  UlProgress *progress; /* may be NULL */
} UlPullLocalOptions;

typedef struct
{
  guint64 metadata; /* new objects of each kind; detached metadata doesn't count */
  guint64 content;
  guint64 content_bytes; /* bytes written for them: none for links */
} UlPullLocalResult;

/**
 * ul_pull_local:
 *
 * Pull from @from into @repo. A commit that is here and not marked partial isn't looked into again;
 * its detached metadata is. Long pulls are published in batches, so that one that is begun anew
 * goes on where it was; commit objects come last, then marks go, then refs are set. Durable on
 * return, unless fsync is off.
 *
 * UL_ERROR_NOT_FOUND for a ref or object the source hasn't, UL_ERROR_CORRUPT for what isn't as its
 * name says, UL_ERROR_INVALID for names, bindings, and what the mode can't hold. No ref is set
 * then.
 */
gboolean ul_pull_local (UlRepo *repo, UlRepo *from, const UlPullLocalOptions *options,
                        UlPullLocalResult *out, GError **error);

G_END_DECLS
