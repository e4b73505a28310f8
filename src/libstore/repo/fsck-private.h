// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "repo/fsck.h"

/* The parts of fsck: objects in fsck.c, refs in fsck-refs.c, what is made of a fault in
 * fsck-judge.c, whom it concerns in fsck-commits.c, changes in fsck-mend.c. Private to repo/. */

G_BEGIN_DECLS

typedef struct
{
  UlRepo *repo;
  const UlFsckOptions *options;
  UlFsckResult *result;
  GArray *named; /* of UlChecksum: the commits that refs point to */
  GMutex lock;   /* guards result->findings */
} UlFsckCheck;

/* Add a finding; takes @message. It is the result's; until the check ends only the calling thread
 * may change it. */
UlFsckFinding *ul_fsck_find (UlFsckCheck *check, UlFsckKind kind, UlObjectType type,
                             const UlChecksum *checksum, const char *ref, char *message);

/* Turn a failed load of an object into a finding. Takes @cause. FALSE with the error: it says
 * nothing about the object, the check can't be made. */
gboolean ul_fsck_judge (UlFsckCheck *check, UlObjectType type, const UlChecksum *checksum,
                        GError *cause, GError **error);

/* A finding if they differ. */
void ul_fsck_compare (UlFsckCheck *check, UlObjectType type, const UlChecksum *expected,
                      const UlChecksum *actual);

GPtrArray *ul_fsck_findings_new (void);
void ul_fsck_sort (GPtrArray *findings);

gboolean ul_fsck_check_refs (UlFsckCheck *check, GError **error);

/* All commit objects of a repository, sorted. An array of UlChecksum. */
gboolean ul_fsck_list_commits (UlRepo *repo, GArray **out_commits, GError **error);

/* Set the commits of every finding about an object. One more walk through all dirtrees, and none if
 * there is no such finding. */
gboolean ul_fsck_find_commits (UlRepo *repo, UlFsckResult *result, GError **error);

/* Find the commits and make the changes: delete what is corrupt and add tombstones, as asked, and
 * mark commits as partial. Under the lock, what is missing no more or missed by no commit any more
 * is no finding. Sets result->mend_error if a change can't be made. */
gboolean ul_fsck_mend (UlRepo *repo, const UlFsckOptions *options, UlFsckResult *result,
                       GError **error);

G_END_DECLS
