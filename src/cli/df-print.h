// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "cli/print.h"
#include "repo/df.h"

/* What `df` and `image df` print alike. */

G_BEGIN_DECLS

/* What is left of @a without @b, which is a part of it. */
UlDfSize ul_df_less (const UlDfSize *a, const UlDfSize *b);

/* A member with the keys objects and bytes; null without @size. */
void ul_json_add_df_size (JsonBuilder *builder, const char *name, const UlDfSize *size);

/* Say on standard error that not all was counted, if that's so. */
void ul_df_print_missing (guint64 n_missing);

G_END_DECLS
