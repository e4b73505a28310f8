// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/layer-pack.h"

#include <errno.h>

#include "checkout/to-tar-sink.h"
#include "core/gzip-split-reader.h"
#include "image/blob-digest.h"
#include "image/layer-tar.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/gzip-zlib.h"
#include "util/interrupt.h"

#define BUFFER (256 * 1024)

/* The first one of a list is also what is taken if none gives the same. */
typedef struct
{
  UlToTarCompression compression;
  int zlib_level; /* gzip by zlib, which gives up when it's over a size; 0: by an archive's sink */
} Way;

static const Way plain_ways[] = { { UL_TO_TAR_PLAIN, 0 } };
static const Way zstd_ways[] = { { UL_TO_TAR_ZSTD, 0 } };
static const Way gzip_ways[] = {
  { UL_TO_TAR_GZIP, 0 }, { UL_TO_TAR_GZIP, 6 }, { UL_TO_TAR_GZIP, 9 }, { UL_TO_TAR_GZIP, 1 }
};

/* The level of zlib that tells on which side of it to look on, and the bytes of a tar below which
 * levels come to nearly the same size. */
#define MIDDLE_LEVEL 6
#define SMALL        (1024 * 1024)

/* How gzip's header differs by who wrote it, at any level. */
static const struct
{
  guint8 extra;
  guint8 system;
} headers[] = { { 0, 255 }, { 0, 3 }, { 2, 255 }, { 2, 3 }, { 4, 255 }, { 4, 3 } };

/* A way being tried. */
typedef struct
{
  UlLayerPack *pack;
  guint64 max; /* bytes that it may come to */
  gboolean too_long;
  guint64 size; /* that it came to; G_MAXUINT64 if too long */
  UlTmpFile file;
  UlGzipZlib *zlib;
  UlTarSink *sink;
} Attempt;

static void
attempt_clear (Attempt *self)
{
  ul_tmp_file_clear (&self->file);
  ul_gzip_zlib_free (self->zlib);
  ul_tar_sink_free (self->sink);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Attempt, attempt_clear)

static gboolean
begin (Attempt *self, const Way *way, GError **error)
{
  if (!ul_layout_writer_open_file (self->pack->writer, &self->file, error))
    return FALSE;
  if (way->zlib_level > 0)
    {
      self->zlib = ul_gzip_zlib_new (self->file.fd, way->zlib_level);
      return TRUE;
    }
  self->sink = ul_tar_sink_new (self->file.fd, "blob", way->compression, self->pack->jobs, error);
  return self->sink != NULL;
}

/* UlLayerTarSink */
static gboolean
push (const guint8 *bytes, gsize len, gpointer data, GError **error)
{
  Attempt *self = data;
  ul_progress_add (self->pack->progress, bytes, len);
  if (!ul_interrupt_check (error))
    return FALSE;
  if (self->sink != NULL)
    return ul_tar_sink_write (self->sink, bytes, len, error);
  if (!ul_gzip_zlib_write (self->zlib, bytes, len, error))
    return FALSE;
  self->too_long = ul_gzip_zlib_size (self->zlib) > self->max;
  return !self->too_long || ul_throw (error, UL_ERROR_FAILED, "not as it was");
}

static gboolean
end (Attempt *self, GError **error)
{
  if (self->sink != NULL)
    return ul_tar_sink_finish (self->sink, error);
  return ul_gzip_zlib_finish (self->zlib, error);
}

static gboolean
write_tar (const UlLayerPack *self, UlLayerTarSink sink, gpointer data, GError **error)
{
  ul_autofd int tar_split = -1;
  ul_progress_add (self->progress, bytes_total, self->layer->size);
  return ul_image_open_tar_split (self->repo, &self->layer->diff_id, &tar_split, error)
         && ul_layer_tar_write (self->repo, &self->layer->commit, &self->layer->diff_id, tar_split,
                                sink, data, error);
}

static gboolean
run (Attempt *self, GError **error)
{
  return write_tar (self->pack, push, self, error) && end (self, error);
}

static gboolean
put_header (int fd, const guint8 *header, GError **error)
{
  if (pwrite (fd, header, UL_GZIP_HEADER, 0) == UL_GZIP_HEADER)
    return TRUE;
  return ul_throw_errno (error, "write blob");
}

/* Of the headers that there may be, the one with which the file has the digest. */
static gboolean
find_header (const Attempt *self, gboolean *out_found, GError **error)
{
  guint8 bytes[G_N_ELEMENTS (headers)][UL_GZIP_HEADER];
  UlHasher *hashers[G_N_ELEMENTS (headers)];
  for (gsize i = 0; i < G_N_ELEMENTS (headers); i++)
    {
      hashers[i] = ul_hasher_new ();
      ul_gzip_zlib_header (headers[i].extra, headers[i].system, bytes[i]);
      ul_hasher_start (hashers[i]);
      ul_hasher_update (hashers[i], bytes[i], UL_GZIP_HEADER);
    }
  gboolean ok
      = ul_blob_hash (self->file.fd, UL_GZIP_HEADER, hashers, G_N_ELEMENTS (headers), error);
  gboolean found = FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (headers); i++)
    {
      UlChecksum digest;
      ul_hasher_finish (hashers[i], &digest);
      ul_hasher_free (hashers[i]);
      if (!ok || found || !ul_checksum_equal (&digest, &self->pack->descriptor->digest))
        continue;
      found = TRUE;
      ok = put_header (self->file.fd, bytes[i], error);
    }
  *out_found = found;
  return ok;
}

/* Is what it came to the blob as it was? *out_digest is only set where the file may be of use even
 * if not. */
static gboolean
compare (const Attempt *self, guint64 size, gboolean *out_same, UlChecksum *out_digest,
         GError **error)
{
  const UlOciDescriptor *wanted = self->pack->descriptor;
  if (self->zlib == NULL)
    {
      if (!ul_blob_digest (self->file.fd, out_digest, error))
        return FALSE;
      *out_same = size == wanted->size && ul_checksum_equal (out_digest, &wanted->digest);
      return TRUE;
    }
  *out_same = FALSE;
  if (size != wanted->size)
    return TRUE;
  *out_digest = wanted->digest;
  return find_header (self, out_same, error);
}

static gboolean
take (UlTmpFile *file, UlLayerPack *pack, gboolean is_exact, const UlChecksum *digest,
      GError **error)
{
  struct stat st;
  if (fstat (file->fd, &st) != 0)
    return ul_throw_errno (error, "stat");
  pack->is_exact = is_exact;
  pack->digest = *digest;
  pack->size = (guint64) st.st_size;
  if (!ul_layout_writer_has_blob (pack->writer, digest, pack->size))
    pack->bytes_written = pack->size;
  return ul_layout_writer_add_file (pack->writer, file, digest, pack->size, error);
}

/* One way; *out_digest as in compare (). */
static gboolean
try_way (Attempt *self, const Way *way, gboolean *out_same, UlChecksum *out_digest, GError **error)
{
  struct stat st;
  g_autoptr (GError) run_error = NULL;
  *out_same = FALSE;
  if (!begin (self, way, error))
    return FALSE;
  if (!run (self, &run_error))
    {
      self->size = G_MAXUINT64;
      if (self->too_long)
        return TRUE;
      g_propagate_error (error, g_steal_pointer (&run_error));
      return FALSE;
    }
  if (fstat (self->file.fd, &st) != 0)
    return ul_throw_errno (error, "stat");
  self->size = (guint64) st.st_size;
  return compare (self, self->size, out_same, out_digest, error);
}

/* Levels below the middle one give more, those above less, but for what hardly packs, where it may
 * be the other way round by a little: half of them, which may be the slow one, needn't be tried.
 * @middle: what the middle one came to, 0 before. */
static gboolean
is_hopeless (const UlLayerPack *pack, const Way *way, guint64 middle)
{
  const guint64 wanted = pack->descriptor->size;
  if (way->zlib_level == 0 || middle == 0 || pack->layer->size < SMALL)
    return FALSE;
  return way->zlib_level > MIDDLE_LEVEL ? middle < wanted - wanted / 100
                                        : middle > wanted && middle - wanted > wanted / 100;
}

static gboolean
try_all (UlLayerPack *pack, const Way *ways, gsize n_ways, GError **error)
{
  g_auto (Attempt) first = { .pack = pack, .max = G_MAXUINT64, .file = UL_TMP_FILE_INIT };
  UlChecksum first_digest;
  guint64 middle = 0;
  gboolean same;
  if (!try_way (&first, &ways[0], &same, &first_digest, error))
    return FALSE;
  for (gsize i = 1; i < n_ways && !same && !pack->one_way; i++)
    {
      g_auto (Attempt) other
          = { .pack = pack, .max = pack->descriptor->size, .file = UL_TMP_FILE_INIT };
      UlChecksum digest;
      if (is_hopeless (pack, &ways[i], middle))
        continue;
      if (!try_way (&other, &ways[i], &same, &digest, error))
        return FALSE;
      if (ways[i].zlib_level == MIDDLE_LEVEL)
        middle = other.size;
      if (same)
        return take (&other.file, pack, TRUE, &digest, error);
    }
  return take (&first.file, pack, same, &first_digest, error);
}

static gboolean
pack_anew (UlLayerPack *self, GError **error)
{
  /* Whatever its type says: then it's the tar. */
  if (ul_checksum_equal (&self->descriptor->digest, &self->layer->diff_id))
    return try_all (self, plain_ways, G_N_ELEMENTS (plain_ways), error);
  switch (self->descriptor->type->compression)
    {
    case UL_OCI_PLAIN:
      return try_all (self, plain_ways, G_N_ELEMENTS (plain_ways), error);
    case UL_OCI_ZSTD:
      return try_all (self, zstd_ways, G_N_ELEMENTS (zstd_ways), error);
    case UL_OCI_GZIP:
      return try_all (self, gzip_ways, G_N_ELEMENTS (gzip_ways), error);
    }
  g_return_val_if_reached (FALSE);
}

static gboolean
copy (int from, int to, GError **error)
{
  g_autofree guint8 *buffer = g_malloc (BUFFER);
  gsize n;
  do
    if (!ul_interrupt_check (error) || !ul_fd_read (from, buffer, BUFFER, "blob", &n, error)
        || !ul_fd_write_all (to, buffer, n, "blob", error))
      return FALSE;
  while (n > 0);
  return TRUE;
}

/* A blob being made from its gzip-split. */
typedef struct
{
  const UlLayerPack *pack;
  UlGzipSplitReader *reader;
  int fd;
} Joint;

/* UlLayerTarSink */
static gboolean
push_joint (const guint8 *bytes, gsize len, gpointer data, GError **error)
{
  const Joint *self = data;
  ul_progress_add (self->pack->progress, bytes, len);
  return ul_interrupt_check (error) && ul_gzip_split_reader_push (self->reader, bytes, len, error);
}

/* UlGzipSplitSink */
static gboolean
write_joint (const void *bytes, gsize len, gpointer data, GError **error)
{
  return ul_fd_write_all (((const Joint *) data)->fd, bytes, len, "blob", error);
}

static gboolean
join (const UlLayerPack *pack, int from, int to, GError **error)
{
  Joint joint = { pack, NULL, to };
  g_autoptr (UlFdStream) file = ul_fd_stream_new (from);
  const UlStream split = ul_fd_stream (file);
  g_autoptr (UlGzipSplitReader) reader = ul_gzip_split_reader_new (&split, write_joint, &joint);
  joint.reader = reader;
  return write_tar (pack, push_joint, &joint, error) && ul_gzip_split_reader_finish (reader, error);
}

static gboolean
make_of_kept (UlLayerPack *self, int fd, gboolean is_split, GError **error)
{
  g_auto (UlTmpFile) file = UL_TMP_FILE_INIT;
  UlChecksum digest;
  if (!ul_layout_writer_open_file (self->writer, &file, error)
      || !(is_split ? join (self, fd, file.fd, error) : copy (fd, file.fd, error))
      || !ul_blob_digest (file.fd, &digest, error))
    return FALSE;
  if (!ul_checksum_equal (&digest, &self->descriptor->digest))
    return ul_throw (error, UL_ERROR_CORRUPT, "what was kept of the blob gives another digest");
  return take (&file, self, TRUE, &digest, error);
}

/* What was kept of the blob when the image was imported. */
static gboolean
use_kept (UlLayerPack *self, int fd, gboolean is_split, GError **error)
{
  g_autoptr (GError) failure = NULL;
  if (make_of_kept (self, fd, is_split, &failure))
    return TRUE;
  if (!g_error_matches (failure, UL_ERROR, UL_ERROR_CORRUPT))
    {
      g_propagate_error (error, g_steal_pointer (&failure));
      return FALSE;
    }
  if (self->one_way)
    return pack_anew (self, error);
  return ul_throw (error, UL_ERROR_CORRUPT, "%s (image export --repack packs the layer anew)",
                   failure->message);
}

static gboolean
find_or_make (UlLayerPack *self, GError **error)
{
  const UlOciDescriptor *wanted = self->descriptor;
  ul_autofd int kept = -1;
  gboolean is_split;
  if (ul_layout_writer_has_blob (self->writer, &wanted->digest, wanted->size))
    {
      self->is_exact = TRUE;
      self->digest = wanted->digest;
      self->size = wanted->size;
      return TRUE;
    }
  if (!ul_image_open_blob (self->repo, &wanted->digest, &kept, &is_split, error))
    return FALSE;
  return kept >= 0 ? use_kept (self, kept, is_split, error) : pack_anew (self, error);
}

gboolean
ul_layer_pack (UlLayerPack *self, GError **error)
{
  char digest[UL_OCI_DIGEST_SIZE];
  if (find_or_make (self, error))
    {
      self->is_made = TRUE;
      ul_progress_add (self->progress, done, 1);
      return TRUE;
    }
  ul_oci_digest_format (&self->descriptor->digest, digest);
  return ul_prefix (error, "blob %s", digest);
}
