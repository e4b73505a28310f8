// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "checkout/checkout.h"
#include "checkout/cache.h"
#include "checkout/labels.h"

/* The options together with what the repository can do: every decision that holds for the whole
 * checkout, made once. Read-only while workers run, except for stats, which they add to atomically.
 */

G_BEGIN_DECLS

typedef struct _UlCheckoutSharing UlCheckoutSharing;
typedef struct _UlCheckoutShares UlCheckoutShares;

typedef struct
{
  UlRepo *repo;
  const UlCheckoutOptions *options;
  UlOwnership ownership;      /* in effect */
  UlLinks links;              /* what may be hardlinked, of this repository or a parent */
  gboolean stored_times;      /* directories get time 0, as committed files have */
  gboolean settles_names;     /* UL_CHECKOUT_SYNC_COPIES syncs what was linked, too */
  UlCheckoutFileCache *cache; /* NULL: not used */
  UlCheckoutLabels labels;    /* none, until the root is known */
  UlCheckoutSharing *sharing; /* NULL: names of one object are one file, where it can be linked */
  UlCheckoutStats stats;      /* atomic */
} UlCheckoutPlan;

/* UL_ERROR_INVALID for options that contradict each other, UL_ERROR_UNSUPPORTED if hardlinks are
 * required and the repository's mode can't give them. The plan borrows @repo and @options. */
gboolean ul_checkout_plan_init (UlCheckoutPlan *plan, UlRepo *repo,
                                const UlCheckoutOptions *options, GError **error);
void ul_checkout_plan_clear (UlCheckoutPlan *plan);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UlCheckoutPlan, ul_checkout_plan_clear)

/* What may be hardlinked from the objects of @home, the repository or a parent. */
UlLinks ul_checkout_plan_links (const UlCheckoutPlan *plan, UlRepo *home);

/* For tests: tell where an update has come to. */
void ul_checkout_plan_step (const UlCheckoutPlan *plan, const char *step);

/* Is "@path" (of a file) or "@path/" (of a directory) in the skip list? */
gboolean ul_checkout_plan_skips (const UlCheckoutPlan *plan, const char *path);

/* The mode that a file, whiteout device or directory of this stored mode gets. */
mode_t ul_checkout_plan_file_mode (const UlCheckoutPlan *plan, guint32 stored);
mode_t ul_checkout_plan_whiteout_mode (const UlCheckoutPlan *plan, guint32 stored);
mode_t ul_checkout_plan_dir_mode (const UlCheckoutPlan *plan, guint32 stored);

/* The xattrs that a directory of these stored ones gets. A new reference. */
GVariant *ul_checkout_plan_dir_xattrs (const UlCheckoutPlan *plan, GVariant *stored);

/* Is it a file that the owner can't read as stored, and can in this checkout? */
gboolean ul_checkout_plan_is_unreadable (const UlCheckoutPlan *plan, guint32 stored);

#define ul_checkout_count(plan, field, n)                                                          \
  ((void) __atomic_fetch_add (&(plan)->stats.field, (gint64) (n), __ATOMIC_RELAXED))

G_END_DECLS
