// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <glib.h>

/* A table on standard output: columns as wide as their widest cell, two spaces between. */

G_BEGIN_DECLS

typedef struct
{
  guint n;          /* columns */
  guint right;      /* which of them are aligned to the right, one bit each */
  GPtrArray *cells; /* char *, row after row */
} UlColumns;

/* @titles: the first row, NULL at the end. */
void ul_columns_init (UlColumns *columns, const char *const *titles, guint right);
/* The next cell: taken, UTF-8 on one line. */
void ul_columns_add (UlColumns *columns, char *cell);
void ul_columns_print (const UlColumns *columns);
void ul_columns_clear (UlColumns *columns);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UlColumns, ul_columns_clear)

/* A bar for a terminal: @total, of which @part as `#` and the rest as `-`; @most fills it. */
char *ul_bar (guint64 part, guint64 total, guint64 most);

G_END_DECLS
