// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "build/plain.h"

/* A file of a plain commit that isn't in memory: written piece by piece, and hashed meanwhile, to a
 * nameless file in the repository's tmp/, which becomes the object itself where the repository
 * keeps files as they are. Nothing is left of one that's dropped. One thread at a time. */

G_BEGIN_DECLS

typedef struct _UlPlainDraft UlPlainDraft;

/* @transaction: lives longer. */
UlPlainDraft *ul_plain_draft_new (UlTransaction *transaction, GError **error);
void ul_plain_draft_free (UlPlainDraft *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlPlainDraft, ul_plain_draft_free)

gboolean ul_plain_draft_write (UlPlainDraft *self, const void *bytes, gsize len, GError **error);

/* Drops what was written. */
gboolean ul_plain_draft_restart (UlPlainDraft *self, GError **error);

/* To be stored, once, by ul_plain_commit (): nothing is written to it any more. *out refers to
 * @self. */
void ul_plain_draft_finish (UlPlainDraft *self, UlSource *out);

G_END_DECLS
