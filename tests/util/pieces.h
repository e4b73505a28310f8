// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "util/error.h"
#include "util/stream.h"

/* A stream that gives @piece bytes at a time, and may fail. For tests and fuzz targets. */
typedef struct
{
  const guint8 *data;
  gsize len;
  gsize piece;
  gboolean fails; /* at the end */
} Pieces;

static inline gboolean
read_piece (gpointer data, const guint8 **out_bytes, gsize *out_n, GError **error)
{
  Pieces *self = data;
  if (self->len == 0 && self->fails)
    return ul_throw (error, UL_ERROR_NOT_FOUND, "no more pieces");
  *out_bytes = self->data;
  *out_n = MIN (self->len, self->piece);
  self->data += *out_n;
  self->len -= *out_n;
  return TRUE;
}
