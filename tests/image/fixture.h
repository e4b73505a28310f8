// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "../repo/fixture.h"
#include "image/records.h"

/* Images made of nothing but their records: layers are empty trees. */

G_BEGIN_DECLS

/* The layer that is called @letter: its diff ID, and its id upon those that @below names, from the
 * lowest: fixture_layer_id ("ab", out) is layer b upon layer a. */
UlChecksum fixture_diff_id (char letter);
void fixture_layer_id (const char *letters, char out[UL_CHECKSUM_HEX_LEN + 1]);

/* Image @name of the layers that @letters names, the lowest first; each has a tar of 100 bytes. */
void fixture_image (Fixture *f, const char *name, const char *letters);

/* The same, and its commit names the layers of @named; @index: of its manifest list, or NULL. */
void fixture_image_naming (Fixture *f, const char *name, const char *letters, const char *named,
                           const char *index);

/* An empty commit with this metadata at @ref. */
void fixture_empty_commit (Fixture *f, const char *ref, GVariant *metadata);

/* All refs, sorted and joined by a space; ids of layers and tar-splits are given by the letters of
 * "abc" and their chains. */
char *fixture_image_refs (Fixture *f);

void fixture_remove_ref (Fixture *f, const char *ref);

G_END_DECLS
