// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <glib.h>

/* Zeroed memory for tables that are made anew, a little larger, again and again. Large ones are
 * mappings: from the heap they'd leave holes that are just too small for the next size of their
 * neighbours. */

G_BEGIN_DECLS

/* Ends the process if there is none, as g_malloc () does. */
gpointer ul_pages_alloc (gsize size);
/* @size as it was asked for. NULL is fine. */
void ul_pages_free (gpointer pages, gsize size);

G_END_DECLS
