// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/checksum.h"
#include "util/tmpfile.h"

/* Adds images to an OCI image layout, a new one or one that is there. Blobs come first and get
 * their names when they are complete; index.json is replaced last, by a rename. So whoever reads
 * the layout meanwhile, or after a crash, has the old images or the old and the new. A blob that is
 * there, by its digest and size, is left as it is; of an image that fails the blobs remain, which
 * nothing points to. One thread at a time; several processes may add to one layout. Source: the
 * OCI image specification 1.1, image-layout.md. */

G_BEGIN_DECLS

typedef struct _UlLayoutWriter UlLayoutWriter;

/* Open layout @path below @dfd; a missing or empty directory becomes one. UL_ERROR_INVALID for a
 * directory that has something else in it; else the errors of ul_layout_open (). */
UlLayoutWriter *ul_layout_writer_open (int dfd, const char *path, GError **error);
void ul_layout_writer_free (UlLayoutWriter *self); /* a blob that is begun goes */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlLayoutWriter, ul_layout_writer_free)

/* A blob as a stream, one at a time: begin, write pieces of any size, finish. Beginning anew drops
 * one that isn't finished. */
gboolean ul_layout_writer_begin_blob (UlLayoutWriter *self, GError **error);
gboolean ul_layout_writer_write (UlLayoutWriter *self, const void *data, gsize len, GError **error);
gboolean ul_layout_writer_finish_blob (UlLayoutWriter *self, UlChecksum *out_digest,
                                       guint64 *out_size, GError **error);

/* All of it at once. */
gboolean ul_layout_writer_add_blob (UlLayoutWriter *self, GBytes *bytes, UlChecksum *out_digest,
                                    GError **error);

/* Is the blob there already, by its digest and size? */
gboolean ul_layout_writer_has_blob (const UlLayoutWriter *self, const UlChecksum *digest,
                                    guint64 size);

/* A file to write a blob to, and what has become of it as a blob: the caller has hashed it. Any
 * number of files at once, in any threads. */
gboolean ul_layout_writer_open_file (const UlLayoutWriter *self, UlTmpFile *out, GError **error);
gboolean ul_layout_writer_add_file (const UlLayoutWriter *self, UlTmpFile *file,
                                    const UlChecksum *digest, guint64 size, GError **error);

/* The manifest or index whose blob was added becomes the image called @tag (NULL: has no name), in
 * place of another of that name (ul_oci_index_put ()). Everything is durable on return. */
gboolean ul_layout_writer_publish (UlLayoutWriter *self, const char *tag, const char *media_type,
                                   const UlChecksum *digest, guint64 size, GError **error);

G_END_DECLS
