// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/df-print.h"

#include <stdio.h>

UlDfSize
ul_df_less (const UlDfSize *a, const UlDfSize *b)
{
  return (UlDfSize){ .objects = a->objects - b->objects, .bytes = a->bytes - b->bytes };
}

void
ul_json_add_df_size (JsonBuilder *builder, const char *name, const UlDfSize *size)
{
  json_builder_set_member_name (builder, name);
  if (size == NULL)
    {
      json_builder_add_null_value (builder);
      return;
    }
  json_builder_begin_object (builder);
  ul_json_add_int (builder, "objects", (gint64) size->objects);
  ul_json_add_int (builder, "bytes", (gint64) size->bytes);
  json_builder_end_object (builder);
}

void
ul_df_print_missing (guint64 n_missing)
{
  if (n_missing > 0)
    fprintf (stderr,
             "Not counted: what is below %" G_GUINT64_FORMAT
             " missing or broken directories (fsck says which)\n",
             n_missing);
}
