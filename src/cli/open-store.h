// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "cli/command.h"
#include "image/store.h"

/* The container store that a verb works on. */

G_BEGIN_DECLS

/* How long to wait for a store's locks: --lock-timeout, else five minutes. The library's locks are
 * held for moments, but another change may take long. */
UlLockWait ul_cli_store_wait (const UlInvocation *inv);

/* --store is @path; NULL is an error. */
UlStore *ul_cli_open_store (const UlInvocation *inv, const char *path, UlStoreFlags flags,
                            GError **error);

G_END_DECLS
