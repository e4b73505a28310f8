// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "checkout/entry.h"

/* What happens when a name is taken: the union modes. What the thing is and how it's made comes
 * from outside, as a maker. */

G_BEGIN_DECLS

typedef enum
{
  UL_CHECKOUT_MADE,
  UL_CHECKOUT_KEPT,    /* what was there stays */
  UL_CHECKOUT_REFUSED, /* it can't be made this way here (a hardlink); nothing was changed */
} UlCheckoutPut;

typedef enum
{
  UL_CHECKOUT_MAKE_DONE,
  UL_CHECKOUT_MAKE_EXISTS, /* the name is taken; nothing was changed */
  UL_CHECKOUT_MAKE_REFUSED,
} UlCheckoutMake;

/* Make the complete thing at @name below @dfd, or leave nothing. Never replaces, never follows a
 * symlink. */
typedef gboolean (*UlCheckoutMakeFunc) (gpointer data, int dfd, const char *name,
                                        UlCheckoutMake *out_made, GError **error);

/* Decide about what may be at the entry's name: *out_kept if it stays, else the name is free or to
 * be replaced. UL_ERROR_EXISTS if the union mode forbids both. */
gboolean ul_checkout_unite_settle (const UlCheckoutEntry *entry, gboolean *out_kept,
                                   GError **error);

/* Put it there by the union mode. A replacement is one rename: the name is never missing and never
 * half written. */
gboolean ul_checkout_unite_put (const UlCheckoutEntry *entry, UlCheckoutMakeFunc make,
                                gpointer data, UlCheckoutPut *out_put, GError **error);

G_END_DECLS
