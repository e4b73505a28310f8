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
  /* The bytes of the last read, which stay as long as the caller keeps this reference; NULL, also
   * for the function: they have to be copied. */
  GBytes *(*hold) (gpointer data);
} UlStream;

/* What is in a descriptor, from its offset on. G_IO_ERROR_CANCELLED if the program is interrupted.
 */
typedef struct _UlFdStream UlFdStream;

/* @fd: borrowed. */
UlFdStream *ul_fd_stream_new (int fd);
void ul_fd_stream_free (UlFdStream *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlFdStream, ul_fd_stream_free)
UlStream ul_fd_stream (UlFdStream *self);

G_END_DECLS
