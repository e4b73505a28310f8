// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <glib.h>
#include <string.h>

G_BEGIN_DECLS

/* For an array of strings (char *), as g_ptr_array_sort () has it: by their bytes. */
static inline int
ul_compare_strings (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

G_END_DECLS
