// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <glib.h>

/* Counters that library workers raise while a long operation runs and that a drawing thread polls.
 * Owned by the caller of the operation; every field only grows. Threads touch them with
 * ul_progress_add () and ul_progress_get () alone. */

G_BEGIN_DECLS

typedef struct
{
  gint64 done;        /* entries (files, objects) finished */
  gint64 total;       /* entries known of so far; 0: unknown */
  gint64 bytes;       /* content bytes finished */
  gint64 bytes_total; /* content bytes known of so far; 0: unknown */
} UlProgress;

/* @counter points into a UlProgress; @progress may be NULL. */
#define ul_progress_add(progress, field, n)                                                        \
  G_STMT_START                                                                                     \
  {                                                                                                \
    if ((progress) != NULL)                                                                        \
      __atomic_fetch_add (&(progress)->field, (gint64) (n), __ATOMIC_RELAXED);                     \
  }                                                                                                \
  G_STMT_END

#define ul_progress_get(progress, field) __atomic_load_n (&(progress)->field, __ATOMIC_RELAXED)

G_END_DECLS
