// SPDX-License-Identifier: LGPL-2.1-or-later
#include "build/from-tar-reader.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/error.h"
#include "util/fd.h"

#define BLOCK (128 * 1024)

struct _UlTarReader
{
  const UlArchive *lib;
  struct archive *archive;
  struct archive_entry *entry;
  int fd; /* -1: it comes from the stream */
  UlStream stream;
  GError *stream_error;
  locale_t locale;        /* (locale_t) 0: none of UTF-8 to be had */
  locale_t locale_before; /* the thread's */

  guint64 position; /* in the content */
  gboolean sparse;
  gboolean at_end; /* of what the archive has of it */
  const guint8 *block;
  gsize block_len;
  guint64 block_offset;
};

const UlArchive *
ul_tar_reader_lib (UlTarReader *self)
{
  return self->lib;
}

static gboolean
throw_archive (UlTarReader *self, GError **error)
{
  if (self->stream_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&self->stream_error));
      return FALSE;
    }
  const char *message = self->lib->archive_error_string (self->archive);
  const UlError code
      = self->lib->archive_format (self->archive) == 0 ? UL_ERROR_UNSUPPORTED : UL_ERROR_CORRUPT;
  return ul_throw (error, code, "%s", message != NULL ? message : "damaged, or cut off");
}

/* What holds a Unix tree. Not mtree, whose content are files of this host that it names; nor what
 * only makes more parsers answer to hostile bytes. */
static gboolean
choose_formats (UlTarReader *self)
{
  const UlArchive *lib = self->lib;
  struct archive *archive = self->archive;
  /* A filter that needs a program of its own says ARCHIVE_WARN. */
  return lib->archive_read_support_filter_all (archive) >= ARCHIVE_WARN
         && lib->archive_read_support_format_tar (archive) == ARCHIVE_OK
         && lib->archive_read_support_format_cpio (archive) == ARCHIVE_OK
         && lib->archive_read_support_format_zip (archive) >= ARCHIVE_WARN
         && lib->archive_read_support_format_7zip (archive) >= ARCHIVE_WARN
         && lib->archive_read_support_format_iso9660 (archive) == ARCHIVE_OK
         && lib->archive_read_support_format_ar (archive) == ARCHIVE_OK;
}

/* libarchive gives names in the character set of the thread's locale, and refuses what that can't
 * hold: they are to come in UTF-8 whatever the environment says. */
static void
enter_locale (UlTarReader *self)
{
  self->locale = newlocale (LC_CTYPE_MASK, "C.UTF-8", (locale_t) 0);
  if (self->locale != (locale_t) 0)
    self->locale_before = uselocale (self->locale);
}

/* -1: it can't be. libarchive itself would say of a directory no more than that reading failed. */
static int
open_archive (const char *path, GError **error)
{
  ul_autofd int fd = g_str_equal (path, "-") ? fcntl (STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                                             : open (path, O_RDONLY | O_CLOEXEC);
  struct stat st;
  if (fd >= 0 && fstat (fd, &st) == 0 && S_ISDIR (st.st_mode))
    {
      ul_fd_clear (&fd);
      errno = EISDIR;
    }
  if (fd < 0)
    ul_throw_errno (error, "open");
  return ul_fd_steal (&fd);
}

/* Without an input. */
static UlTarReader *
new_reader (GError **error)
{
  const UlArchive *lib;
  if (!ul_archive_load (&lib, error))
    return NULL;
  UlTarReader *self = g_new0 (UlTarReader, 1);
  self->lib = lib;
  self->fd = -1;
  self->archive = lib->archive_read_new ();
  self->entry = lib->archive_entry_new ();
  enter_locale (self);
  return self;
}

UlTarReader *
ul_tar_reader_open (const char *path, GError **error)
{
  g_autoptr (UlTarReader) self = new_reader (error);
  if (self == NULL)
    return NULL;
  self->fd = open_archive (path, error);
  if (self->fd < 0)
    return NULL;
  if (self->archive == NULL || self->entry == NULL || !choose_formats (self)
      || self->lib->archive_read_open_fd (self->archive, self->fd, BLOCK) != ARCHIVE_OK)
    {
      throw_archive (self, error);
      return NULL;
    }
  return g_steal_pointer (&self);
}

static la_ssize_t
read_stream (struct archive *archive, void *data, const void **out_block)
{
  UlTarReader *self = data;
  const guint8 *bytes = NULL;
  gsize n = 0;
  (void) archive;
  if (self->stream_error != NULL
      || !self->stream.read (self->stream.data, &bytes, &n, &self->stream_error))
    return ARCHIVE_FATAL;
  *out_block = bytes;
  return (la_ssize_t) n;
}

UlTarReader *
ul_tar_reader_new (const UlStream *stream, GError **error)
{
  g_autoptr (UlTarReader) self = new_reader (error);
  if (self == NULL)
    return NULL;
  const UlArchive *lib = self->lib;
  self->stream = *stream;
  if (self->archive == NULL || self->entry == NULL
      || lib->archive_read_support_format_tar (self->archive) != ARCHIVE_OK
      || lib->archive_read_support_format_empty (self->archive) != ARCHIVE_OK
      || lib->archive_read_open2 (self->archive, self, NULL, read_stream, NULL, NULL) != ARCHIVE_OK)
    {
      throw_archive (self, error);
      return NULL;
    }
  return g_steal_pointer (&self);
}

void
ul_tar_reader_free (UlTarReader *self)
{
  if (self == NULL)
    return;
  self->lib->archive_entry_free (self->entry);
  self->lib->archive_read_free (self->archive);
  if (self->locale != (locale_t) 0)
    {
      uselocale (self->locale_before);
      freelocale (self->locale);
    }
  ul_fd_clear (&self->fd);
  g_clear_error (&self->stream_error);
  g_free (self);
}

gboolean
ul_tar_reader_next (UlTarReader *self, struct archive_entry **out_entry, GError **error)
{
  switch (self->lib->archive_read_next_header2 (self->archive, self->entry))
    {
    case ARCHIVE_OK:
      *out_entry = self->entry;
      return TRUE;
    case ARCHIVE_EOF:
      *out_entry = NULL;
      return TRUE;
    default: /* a warning, too: something of the entry would be lost */
      return throw_archive (self, error);
    }
}

void
ul_tar_reader_start (UlTarReader *self, const UlTarEntry *entry)
{
  self->position = 0;
  self->sparse = entry->sparse;
  self->at_end = FALSE;
  self->block_len = 0;
  self->block_offset = 0;
}

/* So that the block, if there is one, ends behind the position. */
static gboolean
fill (UlTarReader *self, GError **error)
{
  while (!self->at_end && self->block_offset + self->block_len <= self->position)
    {
      const void *block;
      size_t len;
      la_int64_t offset;
      switch (self->lib->archive_read_data_block (self->archive, &block, &len, &offset))
        {
        case ARCHIVE_OK:
          if (offset < 0 || (guint64) offset < self->block_offset + self->block_len)
            return ul_throw (error, UL_ERROR_CORRUPT, "content out of order");
          self->block = block;
          self->block_len = len;
          self->block_offset = (guint64) offset;
          break;
        case ARCHIVE_EOF:
          self->at_end = TRUE;
          break;
        default:
          return throw_archive (self, error);
        }
    }
  return TRUE;
}

static gboolean
read_some (UlTarReader *self, guint8 *buffer, gsize len, gsize *out_n, GError **error)
{
  if (!fill (self, error))
    return FALSE;
  if (self->at_end || self->block_offset > self->position)
    {
      if (!self->sparse && self->at_end)
        return ul_throw (error, UL_ERROR_CORRUPT, "its content ends early");
      *out_n = self->at_end ? len : (gsize) MIN (len, self->block_offset - self->position);
      memset (buffer, 0, *out_n);
    }
  else
    {
      const gsize from = (gsize) (self->position - self->block_offset);
      *out_n = MIN (len, self->block_len - from);
      memcpy (buffer, self->block + from, *out_n);
    }
  self->position += *out_n;
  return TRUE;
}

gboolean
ul_tar_reader_read (UlTarReader *self, void *buffer, gsize len, GError **error)
{
  guint8 *at = buffer;
  gsize n = 0;
  for (; len > 0; at += n, len -= n)
    if (!read_some (self, at, len, &n, error))
      return FALSE;
  return TRUE;
}

gboolean
ul_tar_reader_finish (UlTarReader *self, GError **error)
{
  if (!fill (self, error))
    return FALSE;
  return self->at_end
         || ul_throw (error, UL_ERROR_CORRUPT, "its content is longer than the archive says");
}
