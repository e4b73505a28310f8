// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <glib.h>

/* What one thread hands to another, in order: the counts and the waiting, not the things. Those are
 * in an array (or a ring of bytes) of the owner, with @size places. The giver fills the place of
 * number ->given, the taker empties that of ->taken, both modulo @size: each reads its own count
 * without a lock, as nobody else changes it. What the giver wrote before it gave is there for the
 * taker, and the other way round. */

G_BEGIN_DECLS

typedef struct
{
  guint64 size; /* stays */
  GMutex lock;  /* guards what follows */
  GCond changed;
  guint64 given; /* in all */
  guint64 taken; /* of these */
  gboolean ended;
  gboolean hung_up;
} UlHandoff;

void ul_handoff_init (UlHandoff *self, guint64 size);
void ul_handoff_clear (UlHandoff *self);

/* The giver: how many places are free, as soon as one is; 0: nobody takes any more. */
guint64 ul_handoff_wait_free (UlHandoff *self);
void ul_handoff_give (UlHandoff *self, guint64 n);
/* Nothing more is given. */
void ul_handoff_end (UlHandoff *self);

/* The taker: how many are there, as soon as one is; 0: all are taken and there is an end, or
 * somebody hung up. */
guint64 ul_handoff_wait_given (UlHandoff *self);
void ul_handoff_take (UlHandoff *self, guint64 n);

/* Either: what isn't taken yet won't be, and nobody waits any more. */
void ul_handoff_hang_up (UlHandoff *self);

G_END_DECLS
