// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/object.h"
#include "repo/repo.h"
#include "repo/transaction.h"
#include "util/progress.h"

/* Consistency check of a whole repository: every commit is walked and every object it reaches is
 * there, sound and of the checksum it is named for. Parallel; the findings are sorted, so they
 * don't depend on the number of workers. */

G_BEGIN_DECLS

typedef enum
{
  UL_FSCK_CORRUPT_OBJECT,    /* checksum differs, or structure is broken */
  UL_FSCK_MISSING_OBJECT,    /* reached from a commit that is not partial */
  UL_FSCK_MISSING_COMMIT,    /* a ref points to it */
  UL_FSCK_MISSING_PARENT,    /* a commit's parent isn't there: said, no fault */
  UL_FSCK_BAD_BINDING,       /* a ref isn't among the bindings of its commit, or the reverse */
  UL_FSCK_UNREADABLE_OBJECT, /* the system doesn't let us read it, or not all that its checksum
                                counts: not known whether it is sound, never deleted */
} UlFsckKind;

/* What a repair did. */
typedef enum
{
  UL_REPAIR_NONE,
  UL_REPAIR_FETCHED,    /* the object is there again, and sound */
  UL_REPAIR_NOT_NEEDED, /* no commit that was checked needs it: in quarantine, and that's all */
} UlRepairOutcome;

typedef struct
{
  UlFsckKind kind;
  UlObjectType type;
  UlChecksum checksum;
  char *ref;        /* for bindings and missing commits, else NULL */
  char *message;    /* one line: object and cause */
  GArray *commits;  /* of UlChecksum, sorted: those that need the object and aren't partial, in the
                       state before this run; the children of a missing parent */
  GArray *marked;   /* of UlChecksum: those of them that are partial now because of it */
  gboolean deleted; /* removed on request, for good or into quarantine */
  gboolean unreached; /* no commit that was checked needs it (looked for by repairs alone) */
  UlRepairOutcome repair;
  char *source;        /* where it was fetched from: a repository or a file */
  char *repair_error;  /* why it couldn't be, for each source; NULL if not tried or not failed */
  gboolean tombstoned; /* a missing parent that has just got a tombstone */
} UlFsckFinding;

typedef struct
{
  guint jobs; /* 0: all CPUs */
  gboolean delete_corrupt;
  gboolean add_tombstones;
  gboolean verify_bindings;
  gboolean verify_back_refs; /* implies verify_bindings */
  gboolean repair;           /* fetch what is corrupt or missing from these, then the parent */
  UlRepo *repair_repo;       /* any mode; NULL: none */
  const char *repair_dir;    /* a checkout, for content objects; NULL: none */
  UlTransactionHook hook;    /* tests of repairs look in here: the steps of the transaction, and
                                "quarantine", "quarantined", "mend", "unmark", each once */
  gpointer hook_data;
  UlProgress *progress; /* may be NULL */
} UlFsckOptions;

typedef struct
{
  guint64 n_commits;          /* verified */
  guint64 n_partial;          /* skipped as partial */
  guint64 n_tombstones;       /* added */
  guint64 n_objects;          /* checked */
  guint64 n_bytes;            /* content bytes hashed */
  GPtrArray *partial;         /* of char *: checksums of partial commits, sorted */
  GPtrArray *partial_by_fsck; /* those of them that lost objects, by this fsck or an earlier one */
  GPtrArray *completed;       /* the same of those that were, and have all their objects again */
  char *quarantine; /* where this run put what it took out, below the repository; NULL: nothing */
  GPtrArray *findings; /* of UlFsckFinding, sorted by kind, type and checksum; owned */
  GError *mend_error;  /* why not all changes were made, or NULL */
} UlFsckResult;

void ul_fsck_result_clear (UlFsckResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UlFsckResult, ul_fsck_result_clear)

/* TRUE when the check ran, whatever it found; FALSE: it could not be made.
 *
 * As in ostree, commits that miss an object are marked partial, also without delete_corrupt: that
 * is what makes a pull bring it again. Where there is something to change, the exclusive lock is
 * taken, and what was found is looked at again under it: an object that is sound by then stays, and
 * no commit is marked for it; what a prune took meanwhile is no finding.
 *
 * A repair also looks into commits that an earlier fsck marked, and at objects that nothing
 * reaches. What it fetches is verified, staged beside the repository and put into place, durably,
 * under the exclusive lock; what was there before goes into quarantine (quarantine.h). At any kill
 * the repository is no worse than before. Commits that have all of their objects again lose the
 * mark. */
gboolean ul_fsck_run (UlRepo *repo, const UlFsckOptions *options, UlFsckResult *out_result,
                      GError **error);

G_END_DECLS
