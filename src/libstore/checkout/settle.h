// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "checkout/plan.h"

/* The end of what a plan was for. */

G_BEGIN_DECLS

/* All is placed in directory @path below @dfd: make it durable as the options say, and then move
 * what was collected for the cache into it. */
gboolean ul_checkout_settle (UlCheckoutPlan *plan, int dfd, const char *path, GError **error);

/* Errors have a fixed order of precedence, so that none depends on who was faster: set @error to
 * the first of @n @candidates that isn't NULL, free the others. TRUE if there is none. */
gboolean ul_checkout_first_error (GError **candidates, gsize n, GError **error);

G_END_DECLS
