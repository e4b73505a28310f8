// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/columns.h"

#include <stdio.h>

#define BAR_WIDTH 20

void
ul_columns_init (UlColumns *columns, const char *const *titles, guint right)
{
  columns->n = g_strv_length ((char **) titles);
  columns->right = right;
  columns->cells = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < columns->n; i++)
    ul_columns_add (columns, g_strdup (titles[i]));
}

void
ul_columns_add (UlColumns *columns, char *cell)
{
  g_ptr_array_add (columns->cells, cell);
}

static glong
width_of (const UlColumns *columns, guint column)
{
  glong width = 0;
  for (guint i = column; i < columns->cells->len; i += columns->n)
    width = MAX (width, g_utf8_strlen (columns->cells->pdata[i], -1));
  return width;
}

/* Nothing is put behind the last column. */
static void
print_cell (const UlColumns *columns, guint at, glong width)
{
  const char *cell = g_ptr_array_index (columns->cells, at);
  const guint column = at % columns->n;
  const int pad = (int) (width - g_utf8_strlen (cell, -1));
  if (columns->right & (1U << column))
    printf ("%*s%s", pad, "", cell);
  else
    printf ("%s%*s", cell, column + 1 < columns->n ? pad : 0, "");
  fputs (column + 1 < columns->n ? "  " : "\n", stdout);
}

void
ul_columns_print (const UlColumns *columns)
{
  g_autofree glong *widths = g_new (glong, columns->n);
  for (guint i = 0; i < columns->n; i++)
    widths[i] = width_of (columns, i);
  for (guint i = 0; i < columns->cells->len; i++)
    print_cell (columns, i, widths[i % columns->n]);
}

void
ul_columns_clear (UlColumns *columns)
{
  g_clear_pointer (&columns->cells, g_ptr_array_unref);
}

char *
ul_bar (guint64 part, guint64 total, guint64 most)
{
  const double scale = most > 0 ? (double) BAR_WIDTH / (double) most : 0;
  const int whole = MIN ((int) ((double) total * scale + 0.5), BAR_WIDTH);
  const int hashes = MIN ((int) ((double) part * scale + 0.5), whole);
  char *bar = g_strnfill ((gsize) whole, '-');
  for (int i = 0; i < hashes; i++)
    bar[i] = '#';
  return bar;
}
