// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gio/gio.h>

/* Writing to disk what was staged so far, while more of it is made: the batch's own syncfs has less
 * left to wait for. Nothing relies on it for being durable. Private to repo/. */

G_BEGIN_DECLS

typedef struct _UlWriteback UlWriteback;

/* For the file system of directory @dfd, which has to stay open as long. */
UlWriteback *ul_writeback_new (int dfd);

/* @bytes more were written; from any thread. Never waits, never fails. */
void ul_writeback_add (UlWriteback *self, guint64 bytes);

/* Waits until nothing is being written any more. FALSE if some of it failed, which the kernel tells
 * only once: a syncfs on @dfd that comes later succeeds. Call once, when nobody adds any more. */
gboolean ul_writeback_finish (UlWriteback *self, GError **error);

void ul_writeback_free (UlWriteback *self);

G_END_DECLS
