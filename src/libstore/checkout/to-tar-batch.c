// SPDX-License-Identifier: LGPL-2.1-or-later
#include "checkout/to-tar-batch.h"

#include <sys/stat.h>

#include "core/dirtree.h"
#include "core/whiteout.h"
#include "util/error.h"
#include "util/xattr.h"
#include "util/tar.h"

/* Content is held up to this much a batch; what doesn't fit is streamed when its turn comes. Bounds
 * the memory of an export. */
#define CONTENT_MAX (2 * 1024 * 1024)

typedef struct
{
  UlTarItemKind kind;
  gsize path;  /* where it begins in the batch's paths */
  gsize first; /* the same for the path to link to; 0: none, because a path comes before it */
  UlChecksum checksum;
} Item;

/* Content to be put in before the byte at @offset. */
typedef struct
{
  guint offset;
  guint64 size;
  UlChecksum checksum;
} Gap;

struct _UlTarBatch
{
  GArray *items;  /* of Item */
  GString *paths; /* each ended by NUL */
  GByteArray *bytes;
  GArray *gaps;              /* of Gap */
  UlContentBuffers *buffers; /* of the worker that has the batch */
};

UlTarBatch *
ul_tar_batch_new (void)
{
  UlTarBatch *batch = g_new (UlTarBatch, 1);
  *batch = (UlTarBatch){
    .items = g_array_new (FALSE, FALSE, sizeof (Item)),
    .paths = g_string_new (NULL),
    .bytes = g_byte_array_new (),
    .gaps = g_array_new (FALSE, FALSE, sizeof (Gap)),
  };
  return batch;
}

void
ul_tar_batch_free (UlTarBatch *batch)
{
  g_array_unref (batch->items);
  g_string_free (batch->paths, TRUE);
  g_byte_array_unref (batch->bytes);
  g_array_unref (batch->gaps);
  g_free (batch);
}

void
ul_tar_batch_reset (UlTarBatch *batch)
{
  g_array_set_size (batch->items, 0);
  g_string_truncate (batch->paths, 0);
  g_byte_array_set_size (batch->bytes, 0);
  g_array_set_size (batch->gaps, 0);
}

static gsize
add_path (UlTarBatch *batch, const char *path)
{
  const gsize start = batch->paths->len;
  g_string_append_len (batch->paths, path, (gssize) strlen (path) + 1);
  return start;
}

void
ul_tar_batch_add (UlTarBatch *batch, UlTarItemKind kind, const char *path,
                  const UlChecksum *checksum, const char *first)
{
  const Item item = {
    .kind = kind,
    .path = add_path (batch, path),
    .first = first != NULL ? add_path (batch, first) : 0,
    .checksum = *checksum,
  };
  g_array_append_val (batch->items, item);
}

guint
ul_tar_batch_length (UlTarBatch *batch)
{
  return batch->items->len;
}

/* Of an entry's xattrs those that go into the archive; NULL for none. Frees @xattrs. */
static GVariant *
choose_xattrs (const UlTarContext *context, GVariant *xattrs)
{
  if (!context->options->no_xattrs && !context->options->no_labels)
    return xattrs;
  GVariant *chosen
      = context->options->no_xattrs ? NULL : ul_file_meta_without_xattrs (xattrs, UL_XATTR_SELINUX);
  g_variant_unref (xattrs);
  return chosen;
}

static gboolean
append_dir (UlTarBatch *batch, const UlTarContext *context, const Item *item, GError **error)
{
  g_autoptr (GVariant) dirmeta = NULL;
  g_autoptr (GVariant) xattrs = NULL;
  if (!ul_objects_load (context->repo, UL_OBJECT_DIRMETA, &item->checksum, &dirmeta, error))
    return FALSE;
  UlTarHeader header = {
    .type = UL_TAR_DIR,
    .path = batch->paths->str + item->path,
    .mtime = context->mtime,
  };
  ul_dirmeta_get (dirmeta, &header.uid, &header.gid, &header.mode, &xattrs);
  const gboolean is_layer = context->options->whiteouts == UL_TO_TAR_WHITEOUTS_LAYER;
  const gboolean was_opaque = is_layer && ul_whiteout_strip_opaque (&xattrs);
  xattrs = choose_xattrs (context, xattrs);
  header.xattrs = xattrs;
  ul_tar_append_header (batch->bytes, &header);
  if (!was_opaque)
    return TRUE;

  g_autofree char *marker = g_strconcat (header.path, UL_WHITEOUT_LAYER_OPAQUE, NULL);
  header.type = UL_TAR_FILE;
  header.path = marker;
  header.mode = 0644;
  header.xattrs = NULL;
  ul_tar_append_header (batch->bytes, &header);
  return TRUE;
}

static gboolean
append_content (UlTarBatch *batch, const Item *item, UlContent *content, GError **error)
{
  const guint64 size = ul_content_size (content);
  if (size <= CONTENT_MAX && batch->bytes->len + size <= CONTENT_MAX)
    {
      const guint start = batch->bytes->len;
      g_byte_array_set_size (batch->bytes, start + (guint) size);
      if (!ul_content_read_all (content, batch->buffers, batch->bytes->data + start, error))
        return FALSE;
    }
  else
    {
      const Gap gap = { .offset = batch->bytes->len, .size = size, .checksum = item->checksum };
      g_array_append_val (batch->gaps, gap);
    }
  ul_tar_append_padding (batch->bytes, size);
  return TRUE;
}

static UlTarType
type_of (const UlTarContext *context, const Item *item, const UlFileMeta *meta, guint64 size)
{
  if (item->kind == UL_TAR_ITEM_DEVICE)
    return UL_TAR_CHAR_DEVICE;
  if (item->first != 0 && context->links_anything)
    return UL_TAR_HARDLINK;
  if (S_ISLNK (meta->mode))
    return UL_TAR_SYMLINK;
  /* Empty files share no content worth a link. */
  return item->first != 0 && size > 0 ? UL_TAR_HARDLINK : UL_TAR_FILE;
}

static gboolean
append_file (UlTarBatch *batch, const UlTarContext *context, const Item *item, GError **error)
{
  g_autoptr (UlContent) content = NULL;
  if (!ul_objects_open_file (context->repo, &item->checksum, &content, error))
    return FALSE;
  const UlFileMeta *meta = ul_content_meta (content);
  g_autoptr (GVariant) xattrs = choose_xattrs (context, g_variant_ref (meta->xattrs));
  UlTarHeader header = {
    .type = type_of (context, item, meta, ul_content_size (content)),
    .path = batch->paths->str + item->path,
    .target = meta->symlink_target,
    .mode = meta->mode,
    .uid = meta->uid,
    .gid = meta->gid,
    .mtime = context->mtime,
    .xattrs = xattrs,
  };
  if (header.type == UL_TAR_HARDLINK)
    {
      header.target = batch->paths->str + item->first;
      header.xattrs = NULL;
    }
  if (header.type == UL_TAR_FILE)
    header.size = ul_content_size (content);
  ul_tar_append_header (batch->bytes, &header);
  return header.type != UL_TAR_FILE || append_content (batch, item, content, error);
}

gboolean
ul_tar_batch_prepare (UlTarBatch *batch, const UlTarContext *context, UlContentBuffers *buffers,
                      GError **error)
{
  batch->buffers = buffers;
  for (guint i = 0; i < batch->items->len; i++)
    {
      const Item *item = &g_array_index (batch->items, Item, i);
      const gboolean is_dir = item->kind == UL_TAR_ITEM_DIR;
      if (!(is_dir ? append_dir (batch, context, item, error)
                   : append_file (batch, context, item, error)))
        return ul_prefix (error, "export %s", batch->paths->str + item->path);
    }
  return TRUE;
}

static gboolean
fill_gap (const UlTarContext *context, const Gap *gap, UlTarSink *sink, GError **error)
{
  g_autoptr (UlContent) content = NULL;
  if (!ul_objects_open_file (context->repo, &gap->checksum, &content, error))
    return FALSE;
  /* The header is written already. */
  if (ul_content_size (content) != gap->size)
    return ul_throw (error, UL_ERROR_CORRUPT, "an object changed while it was exported");
  return ul_tar_sink_content (sink, content, error);
}

gboolean
ul_tar_batch_write (UlTarBatch *batch, const UlTarContext *context, UlTarSink *sink, GError **error)
{
  guint done = 0;
  for (guint i = 0; i < batch->gaps->len; i++)
    {
      const Gap *gap = &g_array_index (batch->gaps, Gap, i);
      if (!ul_tar_sink_write (sink, batch->bytes->data + done, gap->offset - done, error)
          || !fill_gap (context, gap, sink, error))
        return FALSE;
      done = gap->offset;
    }
  return ul_tar_sink_write (sink, batch->bytes->data + done, batch->bytes->len - done, error);
}
