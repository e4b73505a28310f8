// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gio/gio.h>

/* Bytes that come in pieces from somewhere: whoever needs them pulls. One thread at a time. */

G_BEGIN_DECLS

typedef struct
{
  /* More of it: *out_n is 0 at the end. The bytes stay where they are until the next call, and
   * belong to the stream. After an error nothing more is asked for. */
  gboolean (*read) (gpointer data, const guint8 **out_bytes, gsize *out_n, GError **error);
  gpointer data;
} UlStream;

G_END_DECLS
