// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "cli/command.h"
#include "image/store-repair.h"

/* `image store repair` and `image store prepare`: verify, repair, verify, and say what was done and
 * what is left. */

G_BEGIN_DECLS

/* The status of a failure is set in @inv: fsck's. Errors that are left are one. */
gboolean ul_cli_store_mend (UlInvocation *inv, UlStore *store, const char *path,
                            UlStoreRepairFlags flags, GError **error);

G_END_DECLS
