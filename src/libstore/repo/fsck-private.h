// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "repo/fsck.h"

/* The parts of fsck: objects in fsck.c, refs in fsck-refs.c, what is made of a fault in
 * fsck-judge.c, whom it concerns in fsck-commits.c, changes in fsck-mend.c. Private to repo/. */

G_BEGIN_DECLS

typedef struct _UlFsckWalk UlFsckWalk;

typedef struct
{
  UlRepo *repo;
  const UlFsckOptions *options;
  UlFsckResult *result;
  UlFsckWalk *walk; /* where the check has been */
  GArray *named;    /* of UlChecksum: the commits that refs point to */
  GMutex lock;      /* guards result->findings */
} UlFsckCheck;

/* Add a finding; takes @message. It is the result's; until the check ends only the calling thread
 * may change it. */
UlFsckFinding *ul_fsck_find (UlFsckCheck *check, UlFsckKind kind, UlObjectType type,
                             const UlChecksum *checksum, const char *ref, char *message);

/* Turn a failed load of an object into a finding. Takes @cause. FALSE with the error: it says
 * nothing about the object, the check can't be made. */
gboolean ul_fsck_judge (UlFsckCheck *check, UlObjectType type, const UlChecksum *checksum,
                        GError *cause, GError **error);

/* Does the error say nothing about the object, but that the check or repair itself can't go on? */
gboolean ul_fsck_is_our_own (const GError *error);

/* A finding if they differ. */
void ul_fsck_compare (UlFsckCheck *check, UlObjectType type, const UlChecksum *expected,
                      const UlChecksum *actual);

/* A metadata object that wasn't there when the check came to it, and now can be had. */
typedef struct
{
  UlObjectType type; /* a dirtree or a commit */
  UlChecksum checksum;
  GVariant *variant;
} UlFsckFound;

/* Check what is below these, where the check hasn't been. */
gboolean ul_fsck_go_on (UlFsckCheck *check, const UlFsckFound *found, guint n, GError **error);

/* Check the objects where it hasn't been at all: findings that are `unreached`. */
gboolean ul_fsck_check_unreached (UlFsckCheck *check, GError **error);

/* Is it still corrupt? What can't be read any more is not known to be. @hasher is scratch. */
gboolean ul_fsck_is_still_corrupt (UlRepo *repo, const UlFsckFinding *finding, UlHasher *hasher);

GPtrArray *ul_fsck_findings_new (void);
void ul_fsck_sort (GPtrArray *findings);

gboolean ul_fsck_check_refs (UlFsckCheck *check, GError **error);

/* All commit objects of a repository, sorted. An array of UlChecksum. */
gboolean ul_fsck_list_commits (UlRepo *repo, GArray **out_commits, GError **error);

/* Set the commits of every finding about an object. One more walk through all dirtrees, and none if
 * there is no such finding. @marked: also commits that an fsck marked partial. */
gboolean ul_fsck_find_commits (UlRepo *repo, gboolean marked, UlFsckResult *result, GError **error);

/* Which commits and, between them and the content objects among the findings, dirtrees? A set and
 * an array of UlChecksum. */
gboolean ul_fsck_find_ways (UlRepo *repo, const UlFsckResult *result, GHashTable **out_trees,
                            GArray **out_commits, GError **error);

/* Find the commits and make the changes: delete what is corrupt and add tombstones, as asked, and
 * mark commits as partial. Under the lock, what is missing no more or missed by no commit any more
 * is no finding. Sets result->mend_error if a change can't be made. @repair: what was fetched comes
 * first; may be NULL. */
typedef struct _UlRepair UlRepair;
gboolean ul_fsck_mend (UlRepo *repo, const UlFsckOptions *options, UlFsckResult *result,
                       UlRepair *repair, GError **error);

/* repair.c. Stage what the check found wrong, as far as it can be fetched, and what is found out by
 * that. *out_repair is NULL with result->mend_error set if it can't go on. */
gboolean ul_repair_fetch (UlFsckCheck *check, UlRepair **out_repair, GError **error);
gboolean ul_repair_lock (UlRepair *repair, GError **error);
/* Under the lock: what was fetched takes its place, what is replaced goes into quarantine. */
gboolean ul_repair_publish (UlRepair *repair, GError **error);
/* Then: a corrupt object that could not be fetched goes there, too. */
gboolean ul_repair_set_aside (UlRepair *repair, UlFsckFinding *finding, GError **error);
/* At the end: make quarantine durable; commits that lack nothing more are partial no more. */
gboolean ul_repair_finish (UlRepair *repair, GError **error);
void ul_repair_free (UlRepair *repair);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlRepair, ul_repair_free)

G_END_DECLS
