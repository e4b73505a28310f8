// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "checkout/dir.h"

/* Which names of a checkout become one file, where the commit records it (core/hardlinks.h): those
 * that were hardlinks of each other in the tree that was committed, and no others.
 *
 * Without that, all names of an object are that object. Here only one file of the checkout may be
 * it, the first in walk order; others with the same content are copies. Of the names of one file
 * the first that is made is made as usual, the others are hardlinks of it. So a worker waits for
 * another that makes an earlier name; never for a later one, so not for each other. */

G_BEGIN_DECLS

/* A path, as a list of names from its end. */
typedef struct _UlCheckoutName
{
  const struct _UlCheckoutName *dir; /* NULL: this is the root */
  char name[];
} UlCheckoutName;

/* *out_sharing is NULL if the commit records nothing. @subpath: the directory of it that is checked
 * out, or NULL. */
gboolean ul_checkout_sharing_new (UlRepo *repo, const UlChecksum *commit, const char *subpath,
                                  UlCheckoutSharing **out_sharing, GError **error);
void ul_checkout_sharing_free (UlCheckoutSharing *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlCheckoutSharing, ul_checkout_sharing_free)

/* What follows is for the walk: */

/* Tell it the target, whose descriptor it duplicates. */
gboolean ul_checkout_sharing_set_target (UlCheckoutSharing *self, int fd, GError **error);

/* The next directory in walk order: number its files and decide which of them share what, in
 * dir->shares. UL_ERROR_CORRUPT if one is recorded to be a hardlink of a file that is another
 * object. */
gboolean ul_checkout_sharing_enter (UlCheckoutSharing *self, UlCheckoutDir *dir, GError **error);

/* The next directory is left out with all below it. */
gboolean ul_checkout_sharing_skip (UlCheckoutSharing *self, const UlChecksum *tree, GError **error);

/* For workers, about file @index of @dir, which is not on the skip list: */

/* May it be the object, and not just a copy? */
gboolean ul_checkout_sharing_may_be_object (const UlCheckoutDir *dir, gsize index);

/* Its turn to be made, once earlier names of the same file are. *out_first is the one that it is to
 * be a hardlink of, or NULL: it is the first one. FALSE if that can't be known any more, because
 * something before it has failed. Else end () or fail () follows. */
gboolean ul_checkout_sharing_begin (UlCheckoutSharing *self, const UlCheckoutDir *dir, gsize index,
                                    const UlCheckoutName **out_first);

/* @is_new: a file was made that the names to come are linked to. */
void ul_checkout_sharing_end (UlCheckoutSharing *self, const UlCheckoutDir *dir, gsize index,
                              gboolean is_new);

/* It could not be made; nobody is to wait for it, nor for what was to come after it. */
void ul_checkout_sharing_fail (UlCheckoutSharing *self, const UlCheckoutDir *dir, gsize index);

/* A descriptor of the directory that @first is in, which is -1 if it may not be searched. */
gboolean ul_checkout_sharing_open_first (const UlCheckoutSharing *self, const UlCheckoutDir *dir,
                                         const UlCheckoutName *first, int *out_fd, GError **error);

G_END_DECLS
