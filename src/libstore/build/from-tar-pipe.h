// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gio/gio.h>

/* Bytes from one thread to another, a MiB or so at a time: a file too large for memory, on its way
 * from the archive's reader to the worker that stores it. Private to build/. */

G_BEGIN_DECLS

typedef struct _UlTarPipe UlTarPipe;

/* For the one who writes; the one who reads takes a reference of its own. @ring, of @size bytes, is
 * where they are meanwhile; it goes to @give when nobody uses it any more, on whichever thread. */
UlTarPipe *ul_tar_pipe_new (guint8 *ring, gsize size, void (*give) (guint8 *ring, gpointer data),
                            gpointer data);
UlTarPipe *ul_tar_pipe_ref (UlTarPipe *self);
void ul_tar_pipe_unref (UlTarPipe *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlTarPipe, ul_tar_pipe_unref)

/* Room to write into, at least one byte, as soon as there is some; NULL: nobody reads any more. */
guint8 *ul_tar_pipe_room (UlTarPipe *self, gsize *out_len);
void ul_tar_pipe_wrote (UlTarPipe *self, gsize len);
/* Nothing more comes. @failure, taken, is what the reader will get; NULL: the end. */
void ul_tar_pipe_close (UlTarPipe *self, GError *failure);

/* Up to @len bytes as soon as there are some; *out_n is 0 at the end. For UlSource.read. */
gboolean ul_tar_pipe_read (gpointer self, void *buffer, gsize len, gsize *out_n, GError **error);
/* Nobody reads any more. */
void ul_tar_pipe_hang_up (UlTarPipe *self);

G_END_DECLS
