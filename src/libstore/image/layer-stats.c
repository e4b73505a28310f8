// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/layer-stats.h"

#include "core/tar-path.h"
#include "image/tar-split-file.h"
#include "util/error.h"

typedef struct
{
  const UlLayerStatsSink *sink;
  UlTarFrame *frame;
  char *target; /* of the hardlink that comes, or NULL */
} Reading;

static gboolean
see_link (G_GNUC_UNUSED const char *name, const char *target, gboolean is_hard, gpointer data,
          G_GNUC_UNUSED GError **error)
{
  Reading *reading = data;
  g_clear_pointer (&reading->target, g_free);
  if (is_hard && target != NULL)
    (void) ul_tar_path_normalize (target, &reading->target, NULL);
  return TRUE;
}

static gboolean
see_stat (const char *name, const UlTarStat *stat, gpointer data, GError **error)
{
  Reading *reading = data;
  g_autofree char *target = g_steal_pointer (&reading->target);
  g_autofree char *path = NULL;
  return !ul_tar_path_normalize (name, &path, NULL)
         || reading->sink->entry (path, stat, target, reading->sink->data, error);
}

static gboolean
push_bytes (const guint8 *bytes, gsize len, gpointer data, GError **error)
{
  return ul_tar_frame_push (((Reading *) data)->frame, bytes, len, error);
}

static gboolean
skip_file (const char *name, guint64 size, G_GNUC_UNUSED guint64 crc, gpointer data, GError **error)
{
  const guint64 skipped = ul_tar_frame_skip (((Reading *) data)->frame);
  return skipped == size
         || ul_throw (error, UL_ERROR_CORRUPT,
                      "%" G_GUINT64_FORMAT
                      " bytes of content, where its header says %" G_GUINT64_FORMAT ": %s",
                      size, skipped, name);
}

gboolean
ul_layer_stats_read (int tar_split, const UlLayerStatsSink *sink, GError **error)
{
  static const UlTarFrameSink frame_sink = {
    .link = see_link,
    .stat = see_stat,
  };
  static const UlTarSplitReaderSink lines = { .bytes = push_bytes, .file = skip_file };
  Reading reading = { .sink = sink };
  g_autoptr (UlTarFrame) frame = ul_tar_frame_new (&frame_sink, &reading);
  reading.frame = frame;
  const gboolean ok = ul_tar_split_file_read (tar_split, &lines, &reading, error)
                      && ul_tar_frame_finish (frame, error);
  g_free (reading.target);
  return ok;
}
