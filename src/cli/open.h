// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "cli/command.h"
#include "repo/repo.h"

/* Which repository a verb works on. In this order, which is ostree's: --repo; the current directory
 * if it is a repository; $UNDERLAY_REPO; $OSTREE_REPO; /ostree/repo. */

G_BEGIN_DECLS

UlRepo *ul_cli_open_repo (const UlInvocation *inv, GError **error);

/* The path for a repository that may not exist yet, or NULL with an error. */
char *ul_cli_repo_path (const UlInvocation *inv, GError **error);

G_END_DECLS
