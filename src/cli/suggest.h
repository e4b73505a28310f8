// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <glib.h>

/* "Did you mean": the nearest of a list of words to a mistyped one. */

G_BEGIN_DECLS

/* The edits (insert, delete, change a byte, swap two neighbours) that make @a into @b. */
guint ul_suggest_distance (const char *a, const char *b);

/* The word of @words (NULL-terminated) nearest to @typed; NULL if none is near: more than a third
 * of the typed letters wrong, and none begins with what was typed. The first of equals. */
const char *ul_suggest_nearest (const char *typed, const char *const *words);

G_END_DECLS
