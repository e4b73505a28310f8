// SPDX-License-Identifier: LGPL-2.1-or-later
#include "util/handoff.h"

#define PLACES 7

typedef struct
{
  UlHandoff handoff;
  guint64 places[PLACES]; /* no lock: that's what it is about */
  guint64 most;           /* to give or take */
  gboolean hang_up;       /* rather than end or read to the end */
} Pair;

static void
pair_init (Pair *self)
{
  ul_handoff_init (&self->handoff, PLACES);
}

static void
pair_clear (Pair *self)
{
  ul_handoff_clear (&self->handoff);
}

/* As many at once as there is room for, up to a number that changes. */
static gpointer
give_all (gpointer data)
{
  Pair *self = data;
  guint64 n;
  while (self->handoff.given < self->most && (n = ul_handoff_wait_free (&self->handoff)) > 0)
    {
      g_assert_cmpuint (n, <=, PLACES);
      n = MIN (MIN (n, 1 + self->handoff.given % 5), self->most - self->handoff.given);
      for (guint64 i = 0; i < n; i++)
        self->places[(self->handoff.given + i) % PLACES] = self->handoff.given + i;
      ul_handoff_give (&self->handoff, n);
    }
  if (self->hang_up)
    ul_handoff_hang_up (&self->handoff);
  else
    ul_handoff_end (&self->handoff);
  return NULL;
}

/* Returns how many, each the one that it should be. */
static guint64
take_all (Pair *self, guint64 most)
{
  guint64 n;
  while (self->handoff.taken < most && (n = ul_handoff_wait_given (&self->handoff)) > 0)
    {
      n = MIN (MIN (n, 1 + self->handoff.taken % 3), most - self->handoff.taken);
      for (guint64 i = 0; i < n; i++)
        {
          guint64 *place = &self->places[(self->handoff.taken + i) % PLACES];
          g_assert_cmpuint (*place, ==, self->handoff.taken + i);
          *place = G_MAXUINT64;
        }
      ul_handoff_take (&self->handoff, n);
    }
  return self->handoff.taken;
}

static void
test_all (void)
{
  static const guint64 counts[] = { 0, 1, PLACES - 1, PLACES, PLACES + 1, 20000 };
  for (guint i = 0; i < G_N_ELEMENTS (counts); i++)
    {
      Pair pair = { .most = counts[i] };
      pair_init (&pair);
      GThread *thread = g_thread_new ("giver", give_all, &pair);
      g_assert_cmpuint (take_all (&pair, G_MAXUINT64), ==, counts[i]);
      g_thread_join (thread);
      g_assert_cmpuint (ul_handoff_wait_given (&pair.handoff), ==, 0);
      pair_clear (&pair);
    }
}

static void
test_taker_hangs_up (void)
{
  for (guint64 most = 0; most < 30; most++)
    {
      Pair pair = { .most = G_MAXUINT64 };
      pair_init (&pair);
      GThread *thread = g_thread_new ("giver", give_all, &pair);
      g_assert_cmpuint (take_all (&pair, most), ==, most);
      ul_handoff_hang_up (&pair.handoff);
      g_thread_join (thread);
      g_assert_cmpuint (pair.handoff.given, <=, most + PLACES);
      g_assert_cmpuint (ul_handoff_wait_free (&pair.handoff), ==, 0);
      pair_clear (&pair);
    }
}

static void
test_giver_hangs_up (void)
{
  for (guint64 most = 0; most < 30; most++)
    {
      Pair pair = { .most = most, .hang_up = TRUE };
      pair_init (&pair);
      GThread *thread = g_thread_new ("giver", give_all, &pair);
      g_assert_cmpuint (take_all (&pair, G_MAXUINT64), <=, most);
      g_thread_join (thread);
      g_assert_cmpuint (ul_handoff_wait_given (&pair.handoff), ==, 0);
      pair_clear (&pair);
    }
}

/* What was given before the end is still there, and room is told exactly. */
static void
test_counts (void)
{
  Pair pair = { 0 };
  pair_init (&pair);
  g_assert_cmpuint (ul_handoff_wait_free (&pair.handoff), ==, PLACES);
  ul_handoff_give (&pair.handoff, 3);
  g_assert_cmpuint (ul_handoff_wait_free (&pair.handoff), ==, PLACES - 3);
  g_assert_cmpuint (ul_handoff_wait_given (&pair.handoff), ==, 3);
  ul_handoff_end (&pair.handoff);
  g_assert_cmpuint (ul_handoff_wait_given (&pair.handoff), ==, 3);
  ul_handoff_take (&pair.handoff, 3);
  g_assert_cmpuint (ul_handoff_wait_given (&pair.handoff), ==, 0);
  pair_clear (&pair);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/handoff/all", test_all);
  g_test_add_func ("/handoff/taker-hangs-up", test_taker_hangs_up);
  g_test_add_func ("/handoff/giver-hangs-up", test_giver_hangs_up);
  g_test_add_func ("/handoff/counts", test_counts);
  return g_test_run ();
}
