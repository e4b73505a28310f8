// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/file-meta.h"
#include "core/object.h"
#include "repo/repo.h"
#include "util/progress.h"

/* Writing to a repository. Objects are written to a staging directory tmp/staging-<boot id>-XXXXXX,
 * locked by the file of that name with "-lock" (OSTree's own protocol), and on commit made durable
 * in one batch (syncfs), renamed into objects/, those directories synced, then refs set. At any
 * kill or power cut the repository is the old one or the new one. A staging directory whose lock is
 * free is removed by the next transaction. The repository's shared lock is held from begin to the
 * end.
 *
 * Objects are staged in directories new-XX, not XX: OSTree reuses a staging directory of the same
 * boot and believes what stands under an object's name, complete or not.
 *
 * begin, commit, set_ref and free belong to one thread; writers (one a thread) may run at once
 * between. */

G_BEGIN_DECLS

typedef struct _UlTransaction UlTransaction;

/* Tests look in here: called before each named step, on whatever thread gets there. Steps: "begin",
 * "staged" (once per staged object), "sync", "synced", "publish" (once per rename of
 * an object or of a directory of objects), "published", "dirs-synced", "complete" (once per commit
 * that is marked partial until then), "ref" (once per ref),
 * "refs-written", "cleanup". */
typedef void (*UlTransactionHook) (const char *step, gpointer data);

typedef struct
{
  guint jobs;                /* threads to compress one large file on; 0: all CPUs */
  gboolean no_fsync;         /* leave durability to the kernel */
  gboolean per_object_fsync; /* also where it isn't configured */
  UlTransactionHook hook;    /* NULL: none */
  gpointer hook_data;
} UlTransactionOptions;

typedef struct
{
  guint64 metadata_total;        /* metadata objects asked for */
  guint64 metadata_written;      /* of these, new */
  guint64 content_total;         /* content objects asked for */
  guint64 content_written;       /* of these, new */
  guint64 content_bytes_written; /* uncompressed bytes of the new */
  guint64 cache_hits;            /* files known by device and inode, not read */
} UlTransactionStats;

/* @options may be NULL. UL_ERROR_LOCKED if the lock can't be had in time. */
UlTransaction *ul_transaction_begin (UlRepo *repo, const UlTransactionOptions *options,
                                     GError **error);
UlRepo *ul_transaction_repo (UlTransaction *self);

/* Count files that a caller took from its devino cache (for the stats). Any thread. */
void ul_transaction_count_cache_hit (UlTransaction *self);

/* So much was written to the repository's file system that is going to be staged: it goes to disk
 * meanwhile. Any thread. */
void ul_transaction_wrote (UlTransaction *self, guint64 bytes);

/* Mark @commit partial (state/<checksum>.commitpartial, which OSTree knows) before anything of this
 * transaction comes into objects/; and it's whole once this transaction is published, which comes
 * before its ref. A kill or power cut in between leaves the mark, so that nobody who finds the
 * commit object believes the rest to be there. They need not be of the same transaction. */
gboolean ul_transaction_mark_partial (UlTransaction *self, const UlChecksum *commit,
                                      GError **error);
void ul_transaction_set_complete (UlTransaction *self, const UlChecksum *commit);

/* A ref to set (or with NULL to remove) when all objects are published. */
void ul_transaction_set_ref (UlTransaction *self, const char *refspec, const UlChecksum *checksum);
void ul_transaction_set_collection_ref (UlTransaction *self, const char *collection_id,
                                        const char *ref, const UlChecksum *checksum);

/* Publish. Durable on return, unless fsync is off. @out_stats may be NULL. After a failure nothing
 * but complete objects may have come into objects/, and no ref points at what is not there. */
gboolean ul_transaction_commit (UlTransaction *self, UlTransactionStats *out_stats, GError **error);

/* Without a commit before it: drops everything staged. */
void ul_transaction_free (UlTransaction *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlTransaction, ul_transaction_free)

/* A thread's own writer: buffers, hash and compressor. */
typedef struct _UlWriter UlWriter;

UlWriter *ul_writer_new (UlTransaction *transaction);
void ul_writer_free (UlWriter *writer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlWriter, ul_writer_free)

/* A file up to this size is held in memory: read once, and compressed as a whole. Bounds what a
 * writer takes. Larger ones are streamed. */
#define UL_SOURCE_WHOLE_MAX (4 * 1024 * 1024)

/* Content to store: one of
 *  - data and size: in memory;
 *  - fd and size: a regular file, read from offset 0. It may be read twice; what is stored is what
 * the last read saw, under the checksum of that, so a file that changes meanwhile gives a sound
 * object.
 *  - read and size: a stream, read once. It has to give exactly @size bytes.
 * Symlinks have no content (size 0). */
typedef struct
{
  const guint8 *data;
  int fd; /* used when data and read are NULL and size > 0 */
  gboolean (*read) (gpointer user, void *buffer, gsize len, gsize *out_n, GError **error);
  gpointer user;
  guint64 size;
  const UlChecksum *draft; /* not NULL: fd is the caller's own file in the repository's tmp/, which
                              nobody writes to any more and may become the object; this is the
                              checksum of that: it isn't hashed again. What was written has to be
                              told by ul_transaction_wrote () */
  const UlChecksum *guess; /* with read, not NULL: an object that probably has the same content. As
                              long as a large stream has, nothing of it is written; what is stored
                              has the content of the stream in any case, or nothing is: it fails
                              where somebody writes to that object meanwhile */
  gboolean *clone; /* not NULL: share fd's blocks where that can be done, and say whether it was:
                      nobody has read the content then */
} UlSource;

/* Store a file or symlink unless it's there already; always gives its checksum. The mode's rules
 * apply: UL_ERROR_INVALID for metadata that a canonical mode can't hold. */
gboolean ul_writer_file (UlWriter *writer, const UlFileMeta *meta, const UlSource *source,
                         UlChecksum *out_checksum, GError **error);

/* Store a metadata object unless it's there. @variant is validated for its type first. */
gboolean ul_writer_metadata (UlWriter *writer, UlObjectType type, GVariant *variant,
                             UlChecksum *out_checksum, GError **error);

/* Store detached metadata of @commit, replacing what is there. An empty or NULL a{sv} removes it.
 */
gboolean ul_writer_commitmeta (UlWriter *writer, const UlChecksum *commit, GVariant *metadata,
                               GError **error);

G_END_DECLS
