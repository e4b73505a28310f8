// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "build/commit.h"

/* commit's --image-store: additional image stores in the tree that is committed. */

G_BEGIN_DECLS

typedef struct _UlCliEmbed UlCliEmbed;

/* @words: PATH=IMAGE[,IMAGE...] each, NULL at the end; NULL: none. Of one PATH given again, the
 * images add up. @conf: name the stores in a storage.conf, too. */
UlCliEmbed *ul_cli_embed_new (char **words, gboolean conf, GError **error);
void ul_cli_embed_free (UlCliEmbed *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlCliEmbed, ul_cli_embed_free)

/* What is to be laid over the other trees: UlTreeSource added to @trees, which point to @self. */
void ul_cli_embed_add_sources (const UlCliEmbed *self, GArray *trees);

/* Put before *io_pairs (FROM, TO, ..., NULL; or NULL) that the stores are labelled as the one in
 * /var, so that a user's word on the same FROM counts. */
void ul_cli_embed_add_equivalences (const UlCliEmbed *self, char ***io_pairs);

/* One line on stderr if the storage.conf of @commit doesn't name the stores. */
gboolean ul_cli_embed_advise (const UlCliEmbed *self, UlRepo *repo, const UlChecksum *commit,
                              GError **error);

G_END_DECLS
