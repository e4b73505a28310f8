// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "cli/command.h"
#include "util/progress.h"

/* A progress bar with count, bytes and rate on stderr while it is a terminal. Nothing at all
 * otherwise, or with --quiet. A thread of its own polls the counters, at most ten times a second,
 * so the workers never wait for the terminal; the bar never goes backwards, even while the total
 * still grows. */

G_BEGIN_DECLS

typedef struct _UlProgressBar UlProgressBar;

/* Begin to draw @progress, which must outlive the bar, behind @title ("Committing"). NULL where
 * nothing is to be drawn. */
UlProgressBar *ul_progress_bar_start (const UlInvocation *inv, const char *title,
                                      const UlProgress *progress);

/* Draw the last state, end the line. @bar may be NULL. */
void ul_progress_bar_stop (UlProgressBar *bar);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlProgressBar, ul_progress_bar_stop)

/* The line for a terminal of @width columns after @seconds, without its end. @io_fraction is the
 * furthest drawn so far, from 0 to 1. */
char *ul_progress_bar_line (const char *title, const UlProgress *now, double seconds, int width,
                            double *io_fraction);

G_END_DECLS
