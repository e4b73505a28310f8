// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "util/stream.h"

/* A stream that a thread of its own reads, a MiB or so ahead of whoever needs it: what it takes to
 * make the bytes (unpacking, hashing) happens while those before are used. The source is read in
 * that thread alone until finish () or free (), which wait for a read that is under way: so it
 * mustn't be one that may not come to an end. */

G_BEGIN_DECLS

typedef struct _UlReadAhead UlReadAhead;

/* @source is asked for the first time when this is. */
UlReadAhead *ul_read_ahead_new (const UlStream *source);
void ul_read_ahead_free (UlReadAhead *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlReadAhead, ul_read_ahead_free)

/* The same bytes, and the same error or end behind them. One thread at a time. */
UlStream ul_read_ahead_stream (UlReadAhead *self);

/* The source isn't read any more from now on. */
void ul_read_ahead_finish (UlReadAhead *self);

G_END_DECLS
