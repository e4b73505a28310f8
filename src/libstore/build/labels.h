// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "build/commit.h"

/* The SELinux policy that a commit is labelled with. Private to build/. */

G_BEGIN_DECLS

/* Open the one that @options ask for: *out_policy is NULL if that is none, or the base has none. A
 * directory named as having a policy that has none is UL_ERROR_NOT_FOUND. */
gboolean ul_labels_open (UlRepo *repo, const UlCommitOptions *options, UlSelinux **out_policy,
                         GError **error);

G_END_DECLS
