// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "repo/transaction.h"

/* Programs that die at a step of a transaction, for the scripts in tests/root:
 *
 *   PROGRAM list REPO FROM REF                print each step and how often it came
 *   PROGRAM kill REPO FROM REF STEP N         SIGKILL at the Nth STEP
 *   PROGRAM shutdown REPO FROM REF STEP N     power cut of the repository's file system there: what
 * is not synced is lost; then SIGKILL PROGRAM eio REPO FROM REF STEP N          the same, but live
 * on and meet the I/O errors
 *
 * Exit status 0: done; 1: failed, with the error on stderr; 3: the step did not come. */

G_BEGIN_DECLS

/* What makes the transaction, with these options. */
typedef gboolean (*CrashFunc) (UlRepo *repo, const char *from, const char *ref,
                               const UlTransactionOptions *options, GError **error);

int crash_main (int argc, char **argv, CrashFunc func);

G_END_DECLS
