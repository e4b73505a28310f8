// SPDX-License-Identifier: LGPL-2.1-or-later
#include "checkout/to-tar-sink.h"

#include "util/archive.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/gzip.h"
#include "util/pool.h"

#define BUFFER     (256 * 1024)
#define GZIP_LEVEL 6

struct _UlTarSink
{
  int fd;
  const char *what;
  guint64 position;
  guint8 *buffer; /* BUFFER bytes, made when first needed */

  UlHasher *hasher; /* NULL: none */
  UlGzip *gzip;     /* NULL: not gzip */
  /* With other compression: one nameless file of libarchive's "raw" format. */
  const UlArchive *lib;
  struct archive *archive; /* NULL: none */
  GError *error;           /* of our own descriptor, which libarchive can't carry */
};

static gboolean
throw_archive (UlTarSink *sink, const char *operation, GError **error)
{
  if (sink->error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&sink->error));
      return FALSE;
    }
  const char *cause = sink->lib->archive_error_string (sink->archive);
  return ul_throw (error, UL_ERROR_FAILED, "%s: %s", operation,
                   cause != NULL ? cause : "libarchive doesn't say why");
}

static la_ssize_t
take_compressed (G_GNUC_UNUSED struct archive *archive, void *data, const void *buffer, size_t len)
{
  UlTarSink *sink = data;
  if (sink->error == NULL && ul_fd_write_all (sink->fd, buffer, len, sink->what, &sink->error))
    return (la_ssize_t) len;
  return -1;
}

typedef struct
{
  const char *name;
  const char *options; /* %u: threads; the compressed bytes must not depend on their number */
} Filter;

/* xz splits its input for several threads, and not for one. */
static const Filter filters[] = {
  [UL_TO_TAR_XZ] = { "xz", "xz:threads=%u" },
  [UL_TO_TAR_ZSTD] = { "zstd", "zstd:threads=%u" },
};

static gboolean
start_filter (UlTarSink *sink, const Filter *filter, guint jobs, GError **error)
{
  const UlArchive *lib = sink->lib;
  g_autofree char *threads = g_strdup_printf ("%u", MAX (ul_pool_jobs (jobs), 2));
  GString *options = g_string_new (filter->options);
  g_string_replace (options, "%u", threads, 0);
  g_autofree char *option_text = g_string_free (options, FALSE);

  sink->archive = lib->archive_write_new ();
  struct archive_entry *entry = lib->archive_entry_new ();
  lib->archive_entry_set_filetype (entry, S_IFREG);
  const gboolean ok
      = lib->archive_write_set_format_raw (sink->archive) == ARCHIVE_OK
        && lib->archive_write_add_filter_by_name (sink->archive, filter->name) == ARCHIVE_OK
        && lib->archive_write_set_options (sink->archive, option_text) == ARCHIVE_OK
        && lib->archive_write_set_bytes_per_block (sink->archive, BUFFER) == ARCHIVE_OK
        && lib->archive_write_set_bytes_in_last_block (sink->archive, 1) == ARCHIVE_OK
        && lib->archive_write_open2 (sink->archive, sink, NULL, take_compressed, NULL, NULL)
               == ARCHIVE_OK
        && lib->archive_write_header (sink->archive, entry) == ARCHIVE_OK;
  lib->archive_entry_free (entry);
  if (ok)
    return TRUE;
  const char *cause = lib->archive_error_string (sink->archive);
  return ul_throw (error, UL_ERROR_UNSUPPORTED, "compress with %s: %s", filter->name,
                   cause != NULL ? cause : "libarchive has no such filter");
}

UlTarSink *
ul_tar_sink_new (int fd, const char *what, UlToTarCompression compression, guint jobs,
                 GError **error)
{
  g_autoptr (UlTarSink) sink = g_new (UlTarSink, 1);
  *sink = (UlTarSink){ .fd = fd, .what = what };
  if (compression == UL_TO_TAR_GZIP)
    sink->gzip = ul_gzip_new (fd, what, GZIP_LEVEL, jobs);
  else if (compression != UL_TO_TAR_PLAIN
           && (!ul_archive_load (&sink->lib, error)
               || !start_filter (sink, &filters[compression], jobs, error)))
    return NULL;
  return g_steal_pointer (&sink);
}

void
ul_tar_sink_set_hasher (UlTarSink *sink, UlHasher *hasher)
{
  sink->hasher = hasher;
}

gboolean
ul_tar_sink_write (UlTarSink *sink, gconstpointer data, gsize len, GError **error)
{
  sink->position += len;
  if (sink->hasher != NULL)
    ul_hasher_update (sink->hasher, data, len);
  if (sink->gzip != NULL)
    return ul_gzip_write (sink->gzip, data, len, error);
  if (sink->archive == NULL)
    return ul_fd_write_all (sink->fd, data, len, sink->what, error);
  for (const char *rest = data; len > 0;)
    {
      const la_ssize_t n = sink->lib->archive_write_data (sink->archive, rest, len);
      if (n <= 0 || sink->error != NULL)
        return throw_archive (sink, "compress", error);
      rest += n;
      len -= (gsize) n;
    }
  return TRUE;
}

gboolean
ul_tar_sink_content (UlTarSink *sink, UlContent *content, GError **error)
{
  if (sink->archive == NULL && sink->gzip == NULL && sink->hasher == NULL
      && ul_content_fd (content) >= 0)
    {
      sink->position += ul_content_size (content);
      return ul_content_copy_to (content, sink->fd, error)
             || ul_prefix (error, "write %s", sink->what);
    }
  if (sink->buffer == NULL)
    sink->buffer = g_malloc (BUFFER);
  for (;;)
    {
      gsize n;
      if (!ul_content_read (content, sink->buffer, BUFFER, &n, error))
        return FALSE;
      if (n == 0)
        return TRUE;
      if (!ul_tar_sink_write (sink, sink->buffer, n, error))
        return FALSE;
    }
}

guint64
ul_tar_sink_position (UlTarSink *sink)
{
  return sink->position;
}

gboolean
ul_tar_sink_finish (UlTarSink *sink, GError **error)
{
  if (sink->gzip != NULL)
    return ul_gzip_finish (sink->gzip, error);
  if (sink->archive != NULL
      && (sink->lib->archive_write_close (sink->archive) != ARCHIVE_OK || sink->error != NULL))
    return throw_archive (sink, "compress", error);
  return TRUE;
}

void
ul_tar_sink_free (UlTarSink *sink)
{
  if (sink == NULL)
    return;
  if (sink->archive != NULL)
    (void) sink->lib->archive_write_free (sink->archive);
  ul_gzip_free (sink->gzip);
  g_clear_error (&sink->error);
  g_free (sink->buffer);
  g_free (sink);
}
