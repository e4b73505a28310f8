// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "cli/command.h"
#include "image/store.h"

/* The container store that a verb works on. */

G_BEGIN_DECLS

/* Who has the lock of a store has it for moments, so that half a minute is plenty. */
extern const UlLockWait ul_cli_store_wait;

/* --store is @path; NULL is an error. */
UlStore *ul_cli_open_store (const UlInvocation *inv, const char *path, GError **error);

G_END_DECLS
