// SPDX-License-Identifier: LGPL-2.1-or-later
#include "util/unpack-gzip.h"

#include "config.h"

#include "util/error.h"

#ifdef HAVE_ISAL

#include <isa-l/igzip_lib.h>

/* Of what is unpacked at a time: as much as stays in a cache. */
#define OUTPUT (256 * 1024)

#define MAGIC_0 0x1f

struct _UlUnpackGzip
{
  UlStream from;
  gboolean at_end;
  struct inflate_state state; /* next_in and avail_in: what isn't unpacked yet */
  guint8 output[OUTPUT];
};

gboolean
ul_unpack_gzip_is_there (void)
{
  return TRUE;
}

/* The next member, or the first one. */
static void
start_member (UlUnpackGzip *self, const guint8 *bytes, gsize len)
{
  isal_inflate_reset (&self->state);
  self->state.crc_flag = ISAL_GZIP;
  self->state.next_in = (guint8 *) bytes;
  self->state.avail_in = (guint32) len;
}

UlUnpackGzip *
ul_unpack_gzip_new (const UlStream *from, const guint8 *first, gsize first_len)
{
  /* Not cleared: pages that nobody touches cost nothing. */
  UlUnpackGzip *self = g_malloc (sizeof *self);
  g_assert (first_len <= G_MAXUINT32);
  self->from = *from;
  self->at_end = FALSE;
  isal_inflate_init (&self->state);
  start_member (self, first, first_len);
  return self;
}

void
ul_unpack_gzip_free (UlUnpackGzip *self)
{
  g_free (self);
}

/* *out_more: FALSE at the end of the stream. */
static gboolean
pull (UlUnpackGzip *self, gboolean *out_more, GError **error)
{
  const guint8 *bytes = NULL;
  gsize n = 0;
  if (!self->from.read (self->from.data, &bytes, &n, error))
    return FALSE;
  g_assert (n <= G_MAXUINT32);
  self->state.next_in = (guint8 *) bytes;
  self->state.avail_in = (guint32) n;
  *out_more = n > 0;
  return TRUE;
}

/* Behind a member: another one, or something else, which is the end as for other tools. */
static gboolean
next_member (UlUnpackGzip *self, GError **error)
{
  gboolean more = self->state.avail_in > 0;
  if (!more && !pull (self, &more, error))
    return FALSE;
  self->at_end = !more || self->state.next_in[0] != MAGIC_0;
  if (!self->at_end)
    start_member (self, self->state.next_in, self->state.avail_in);
  return TRUE;
}

/* Some progress, maybe without a byte. */
static gboolean
step (UlUnpackGzip *self, gsize *out_n, GError **error)
{
  gboolean more = TRUE;
  struct inflate_state *state = &self->state;
  *out_n = 0;
  if (state->block_state == ISAL_BLOCK_FINISH)
    return next_member (self, error);
  /* What is in its own buffers comes out without input. */
  state->next_out = self->output;
  state->avail_out = OUTPUT;
  const guint32 had = state->avail_in;
  if (isal_inflate (state) < 0)
    return ul_throw (error, UL_ERROR_CORRUPT, "unpack: gzip: damaged");
  *out_n = OUTPUT - state->avail_out;
  if (*out_n > 0 || state->avail_in < had || state->block_state == ISAL_BLOCK_FINISH)
    return TRUE;
  if (!pull (self, &more, error))
    return FALSE;
  return more || ul_throw (error, UL_ERROR_CORRUPT, "unpack: gzip: ends early");
}

gboolean
ul_unpack_gzip_read (UlUnpackGzip *self, const guint8 **out_bytes, gsize *out_n, GError **error)
{
  gsize n = 0;
  while (!self->at_end && n == 0)
    if (!step (self, &n, error))
      return FALSE;
  *out_n = n;
  if (n > 0)
    *out_bytes = self->output;
  return TRUE;
}

#else

gboolean
ul_unpack_gzip_is_there (void)
{
  return FALSE;
}

UlUnpackGzip *
ul_unpack_gzip_new (G_GNUC_UNUSED const UlStream *from, G_GNUC_UNUSED const guint8 *first,
                    G_GNUC_UNUSED gsize first_len)
{
  g_assert_not_reached ();
}

void
ul_unpack_gzip_free (G_GNUC_UNUSED UlUnpackGzip *self)
{
}

gboolean
ul_unpack_gzip_read (G_GNUC_UNUSED UlUnpackGzip *self, G_GNUC_UNUSED const guint8 **out_bytes,
                     G_GNUC_UNUSED gsize *out_n, G_GNUC_UNUSED GError **error)
{
  g_assert_not_reached ();
}

#endif
