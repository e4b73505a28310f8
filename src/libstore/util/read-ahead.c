// SPDX-License-Identifier: LGPL-2.1-or-later
#include "util/read-ahead.h"

#include <string.h>

#include "util/handoff.h"

#define SLOTS 4

typedef struct
{
  GBytes *held; /* NULL: it's a copy */
  guint8 *copy;
  gsize room;
  gsize len; /* 0: the end, or an error */
} Slot;

struct _UlReadAhead
{
  UlStream source;
  GThread *thread; /* NULL: not started, or joined */

  UlHandoff handoff; /* of slots; its taker is the reader, who looks at one before it's taken */
  Slot slots[SLOTS];
  GError *failure; /* behind what was given: set before the slot that ends */

  /* Of the reader. */
  gboolean direct;  /* the system allows no more threads */
  gboolean has_one; /* it's looking at a slot */
  gboolean ended;
};

UlReadAhead *
ul_read_ahead_new (const UlStream *source)
{
  UlReadAhead *self = g_new0 (UlReadAhead, 1);
  self->source = *source;
  ul_handoff_init (&self->handoff, SLOTS);
  return self;
}

void
ul_read_ahead_free (UlReadAhead *self)
{
  if (self == NULL)
    return;
  ul_read_ahead_finish (self);
  for (guint i = 0; i < SLOTS; i++)
    {
      g_clear_pointer (&self->slots[i].held, g_bytes_unref);
      g_free (self->slots[i].copy);
    }
  g_clear_error (&self->failure);
  ul_handoff_clear (&self->handoff);
  g_free (self);
}

/* What was read last. */
static void
fill (Slot *slot, const UlStream *source, const guint8 *bytes, gsize len)
{
  slot->len = len;
  if (len == 0)
    return;
  slot->held = source->hold != NULL ? source->hold (source->data) : NULL;
  if (slot->held != NULL)
    return;
  if (slot->room < len)
    {
      g_free (slot->copy);
      slot->copy = g_malloc (len);
      slot->room = len;
    }
  memcpy (slot->copy, bytes, len);
}

static gpointer
work (gpointer data)
{
  UlReadAhead *self = data;
  gsize len = 1;
  while (len > 0 && ul_handoff_wait_free (&self->handoff) > 0)
    {
      const guint8 *bytes;
      if (!self->source.read (self->source.data, &bytes, &len, &self->failure))
        len = 0;
      fill (&self->slots[self->handoff.given % SLOTS], &self->source, bytes, len);
      ul_handoff_give (&self->handoff, 1);
    }
  return NULL;
}

/* The next slot, once it's filled. */
static const Slot *
wait_for_slot (UlReadAhead *self)
{
  if (self->has_one)
    {
      g_clear_pointer (&self->slots[self->handoff.taken % SLOTS].held, g_bytes_unref);
      ul_handoff_take (&self->handoff, 1);
    }
  (void) ul_handoff_wait_given (&self->handoff);
  self->has_one = TRUE;
  return &self->slots[self->handoff.taken % SLOTS];
}

/* Behind what was given: the end, or each time the error. */
static gboolean
read_end (const UlReadAhead *self, GError **error)
{
  if (self->failure != NULL)
    g_propagate_error (error, g_error_copy (self->failure));
  return self->failure == NULL;
}

static gboolean
read_slot (gpointer data, const guint8 **out_bytes, gsize *out_n, GError **error)
{
  UlReadAhead *self = data;
  *out_n = 0;
  if (self->ended)
    return read_end (self, error);
  if (self->thread == NULL && !self->direct)
    {
      self->thread = g_thread_try_new ("read-ahead", work, self, NULL);
      self->direct = self->thread == NULL;
    }
  if (self->direct)
    return self->source.read (self->source.data, out_bytes, out_n, error);
  const Slot *slot = wait_for_slot (self);
  *out_bytes = slot->held != NULL ? g_bytes_get_data (slot->held, NULL) : slot->copy;
  *out_n = slot->len;
  self->ended = slot->len == 0;
  return !self->ended || read_end (self, error);
}

UlStream
ul_read_ahead_stream (UlReadAhead *self)
{
  return (UlStream){ .read = read_slot, .data = self };
}

void
ul_read_ahead_finish (UlReadAhead *self)
{
  if (self->thread == NULL)
    return;
  ul_handoff_hang_up (&self->handoff);
  g_thread_join (g_steal_pointer (&self->thread));
  self->ended = TRUE;
}
