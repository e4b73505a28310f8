// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/checksum.h"
#include "repo/repo.h"

/* Dirmetas of a repository, loaded once: nearly all directories of a tree share a few. Keeps some
 * hundreds. One thread. */

G_BEGIN_DECLS

typedef struct _UlCheckoutDirmetas UlCheckoutDirmetas;

UlCheckoutDirmetas *ul_checkout_dirmetas_new (UlRepo *repo);
void ul_checkout_dirmetas_free (UlCheckoutDirmetas *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlCheckoutDirmetas, ul_checkout_dirmetas_free)

/* A new reference. */
gboolean ul_checkout_dirmetas_load (UlCheckoutDirmetas *self, const UlChecksum *checksum,
                                    GVariant **out_meta, GError **error);

G_END_DECLS
