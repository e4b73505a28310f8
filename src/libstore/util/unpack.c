// SPDX-License-Identifier: LGPL-2.1-or-later
#include "util/unpack.h"

#include "util/archive.h"
#include "util/error.h"
#include "util/unpack-gzip.h"

struct _UlUnpack
{
  UlGunzip *gunzip;           /* of gzip, if somebody watches */
  UlUnpackGzip *gzip;         /* if nobody does; both NULL: it's up to libarchive */
  const UlGunzipChunk *chunk; /* of it, that was read last; NULL: none */
  UlUnpackWatch watch;
  gpointer watch_data;
  const UlArchive *lib;
  struct archive *archive;
  UlStream from;
  const guint8 *first; /* what was read to tell what it is, and isn't passed on yet */
  gsize first_len;
  GError *from_error;
  gboolean started;
  gboolean at_end;
};

static gboolean
throw_archive (UlUnpack *self, GError **error)
{
  if (self->from_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&self->from_error));
      return FALSE;
    }
  const char *message = self->lib->archive_error_string (self->archive);
  return ul_throw (error, UL_ERROR_CORRUPT, "unpack: %s",
                   message != NULL ? message : "damaged, or cut off");
}

/* UlStream.read of all of it. */
static gboolean
pull (gpointer data, const guint8 **out_bytes, gsize *out_n, GError **error)
{
  UlUnpack *self = data;
  if (self->first_len == 0)
    return self->from.read (self->from.data, out_bytes, out_n, error);
  *out_bytes = self->first;
  *out_n = self->first_len;
  self->first_len = 0;
  return TRUE;
}

static la_ssize_t
pull_block (struct archive *archive, void *data, const void **out_block)
{
  UlUnpack *self = data;
  const guint8 *bytes = NULL;
  gsize n = 0;
  (void) archive;
  if (self->from_error != NULL || !pull (self, &bytes, &n, &self->from_error))
    return ARCHIVE_FATAL;
  *out_block = bytes;
  return (la_ssize_t) n;
}

static gboolean
choose (UlUnpack *self)
{
  const UlArchive *lib = self->lib;
  return lib->archive_read_support_filter_gzip (self->archive) == ARCHIVE_OK
         && lib->archive_read_support_filter_zstd (self->archive) == ARCHIVE_OK
         && lib->archive_read_support_filter_bzip2 (self->archive) == ARCHIVE_OK
         && lib->archive_read_support_filter_xz (self->archive) == ARCHIVE_OK
         && lib->archive_read_support_format_raw (self->archive) == ARCHIVE_OK
         && lib->archive_read_support_format_empty (self->archive) == ARCHIVE_OK;
}

UlUnpack *
ul_unpack_new (const UlStream *from, GError **error)
{
  const UlArchive *lib;
  if (!ul_archive_load (&lib, error))
    return NULL;
  UlUnpack *self = g_new0 (UlUnpack, 1);
  self->lib = lib;
  self->from = *from;
  return self;
}

void
ul_unpack_free (UlUnpack *self)
{
  if (self == NULL)
    return;
  ul_gunzip_free (self->gunzip);
  ul_unpack_gzip_free (self->gzip);
  if (self->archive != NULL)
    self->lib->archive_read_free (self->archive);
  g_clear_error (&self->from_error);
  g_free (self);
}

/* Opening reads already, to tell what it is. */
static gboolean
open_archive (UlUnpack *self, GError **error)
{
  struct archive_entry *entry;
  self->archive = self->lib->archive_read_new ();
  if (self->archive == NULL || !choose (self))
    return ul_throw (error, UL_ERROR_UNSUPPORTED,
                     "unpack: libarchive lacks gzip, zstd, bzip2 or xz");
  if (self->lib->archive_read_open2 (self->archive, self, NULL, pull_block, NULL, NULL)
      != ARCHIVE_OK)
    return throw_archive (self, error);
  switch (self->lib->archive_read_next_header (self->archive, &entry))
    {
    case ARCHIVE_OK:
      return TRUE;
    case ARCHIVE_EOF:
      self->at_end = TRUE;
      return TRUE;
    default:
      return throw_archive (self, error);
    }
}

static gboolean
start (UlUnpack *self, GError **error)
{
  self->started = TRUE;
  if (!self->from.read (self->from.data, &self->first, &self->first_len, error))
    return FALSE;
  if (!ul_unpack_is_gzip (self->first, self->first_len))
    return open_archive (self, error);
  if (self->watch != NULL)
    {
      const UlStream all = { pull, self };
      self->gunzip = ul_gunzip_new (&all);
      return TRUE;
    }
  if (!ul_unpack_gzip_is_there ())
    return open_archive (self, error);
  self->gzip = ul_unpack_gzip_new (&self->from, self->first, self->first_len);
  return TRUE;
}

gboolean
ul_unpack_is_gzip (const guint8 *bytes, gsize len)
{
  return len >= UL_UNPACK_FIRST && bytes[0] == 0x1f && bytes[1] == 0x8b;
}

void
ul_unpack_watch (UlUnpack *self, UlUnpackWatch watch, gpointer data)
{
  self->watch = watch;
  self->watch_data = data;
}

static gboolean
read_watched (UlUnpack *self, const guint8 **out_bytes, gsize *out_n, GError **error)
{
  gboolean more = TRUE;
  *out_n = 0;
  while (!self->at_end && *out_n == 0)
    {
      self->chunk = ul_gunzip_read (self->gunzip, &more, error);
      if (self->chunk == NULL || !self->watch (self->chunk, self->watch_data, error))
        return FALSE;
      *out_bytes = self->chunk->content;
      *out_n = self->chunk->len;
      self->at_end = !more;
    }
  return TRUE;
}

GBytes *
ul_unpack_hold (gpointer data)
{
  UlUnpack *self = data;
  return self->chunk != NULL ? ul_gunzip_chunk_bytes (self->chunk) : NULL;
}

gboolean
ul_unpack_read (gpointer data, const guint8 **out_bytes, gsize *out_n, GError **error)
{
  UlUnpack *self = data;
  const void *block;
  size_t len = 0;
  la_int64_t offset;
  if (!self->started && !start (self, error))
    return FALSE;
  if (self->gunzip != NULL)
    return read_watched (self, out_bytes, out_n, error);
  if (self->gzip != NULL)
    return ul_unpack_gzip_read (self->gzip, out_bytes, out_n, error);
  /* A block may be empty though more follow. */
  while (!self->at_end && len == 0)
    switch (self->lib->archive_read_data_block (self->archive, &block, &len, &offset))
      {
      case ARCHIVE_OK:
        break;
      case ARCHIVE_EOF:
        self->at_end = TRUE;
        break;
      default:
        return throw_archive (self, error);
      }
  *out_n = self->at_end ? 0 : len;
  if (!self->at_end)
    *out_bytes = block;
  return TRUE;
}
