// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "checkout/plan.h"
#include "repo/objects.h"

/* The serial pass: makes directories in path order, applies what is to happen before a directory is
 * filled, and hands files to the workers in batches. Descriptors are open for the directories being
 * filled and for their ancestors that have more subdirectories to come, not for a whole chain. */

G_BEGIN_DECLS

/* Where the root of the checkout goes. */
typedef struct
{
  int fd; /* taken */
  gboolean is_new;
} UlCheckoutTarget;

/* @root is a directory of the commit; its contents go to @target. */
gboolean ul_checkout_walk (UlCheckoutPlan *plan, const UlEntry *root, UlCheckoutTarget *target,
                           GError **error);

/* @root is a file of the commit, placed as @name in @target. */
gboolean ul_checkout_walk_file (UlCheckoutPlan *plan, const UlEntry *root, const char *name,
                                UlCheckoutTarget *target, GError **error);

G_END_DECLS
