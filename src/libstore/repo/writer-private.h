// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "repo/source.h"
#include "repo/transaction.h"

/* What import.c shares with writer.c. Private to repo/. */

G_BEGIN_DECLS

struct _UlWriter
{
  UlTransaction *transaction;
  UlRepo *repo;
  UlScratch scratch;
  UlHasher *hasher;
};

/* Write a complete object file at @path below staging, and with @tee its content into the hasher;
 * nothing stays there if that fails. */
gboolean ul_writer_store (UlWriter *writer, const UlFileMeta *meta, const UlSource *source,
                          gboolean tee, const char *path, GError **error);

/* The file object that the caller claimed stands at its staged path, with @size bytes that were
 * written for it: what else belongs to it, and the counters. */
gboolean ul_writer_finish_file (UlWriter *writer, const UlFileMeta *meta, guint64 size,
                                const UlChecksum *checksum, GError **error);

/* Stage the bytes of an object that the caller claimed. */
gboolean ul_writer_stage_bytes (UlWriter *writer, UlObjectType type, const UlChecksum *checksum,
                                const void *data, gsize len, GError **error);

static inline void
ul_writer_count (guint64 *counter, guint64 n)
{
  __atomic_fetch_add (counter, n, __ATOMIC_RELAXED);
}

G_END_DECLS
