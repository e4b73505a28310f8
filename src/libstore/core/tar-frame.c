// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/tar-frame.h"

#include <string.h>

#include "core/tar-header.h"
#include "util/error.h"
#include "util/tar.h"

/* Of pax records or a long name for one entry. */
#define SPECIAL_MAX (1024 * 1024)

typedef enum
{
  AT_HEADER,
  AT_SPECIAL,    /* records or a long name, with their padding */
  AT_SPARSE_MAP, /* more blocks of it, as old GNU tars have them */
  AT_CONTENT,
  AT_STRUCTURE, /* what goes by as it is: padding, the content of a sparse file */
  AT_ZEROS,     /* one block of them was there */
  AT_END,
} State;

struct _UlTarFrame
{
  UlTarFrameSink sink;
  gpointer data;
  State state;
  guint64 remaining; /* bytes of the state */
  guint padding;     /* behind the content */
  GByteArray
      *block; /* AT_HEADER, AT_SPARSE_MAP, AT_ZEROS: as much as has come; AT_SPECIAL: all of it */
  guint8 special_type;  /* AT_SPECIAL */
  gsize special_len;    /* without the padding */
  UlTarRecords records; /* for the next header */
};

UlTarFrame *
ul_tar_frame_new (const UlTarFrameSink *sink, gpointer data)
{
  UlTarFrame *self = g_new0 (UlTarFrame, 1);
  self->sink = *sink;
  self->data = data;
  self->block = g_byte_array_new ();
  return self;
}

void
ul_tar_frame_free (UlTarFrame *self)
{
  if (self == NULL)
    return;
  g_byte_array_unref (self->block);
  ul_tar_records_clear (&self->records);
  g_free (self);
}

static gboolean
emit_structure (UlTarFrame *self, const guint8 *bytes, gsize len, GError **error)
{
  return len == 0 || self->sink.structure == NULL
         || self->sink.structure (bytes, len, self->data, error);
}

static gboolean
emit_content (UlTarFrame *self, const guint8 *bytes, gsize len, GError **error)
{
  return self->sink.content == NULL || self->sink.content (bytes, len, self->data, error);
}

static guint
padding_of (guint64 size)
{
  return (guint) (-size % UL_TAR_BLOCK);
}

/* On to what follows a header: @size bytes, content or not. */
static void
begin_body (UlTarFrame *self, guint64 size, gboolean is_content)
{
  self->state = is_content && size > 0 ? AT_CONTENT : AT_STRUCTURE;
  self->padding = self->state == AT_CONTENT ? padding_of (size) : 0;
  self->remaining = self->state == AT_CONTENT ? size : size + padding_of (size);
  if (self->remaining == 0)
    self->state = AT_HEADER;
}

static gboolean
begin_special (UlTarFrame *self, const UlTarHeading *heading, GError **error)
{
  if (heading->size > SPECIAL_MAX)
    return ul_throw (error, UL_ERROR_UNSUPPORTED, "tar header: more than %d bytes about one entry",
                     SPECIAL_MAX);
  self->special_type = heading->type;
  self->special_len = (gsize) heading->size;
  self->remaining = heading->size + padding_of (heading->size);
  self->state = self->remaining > 0 ? AT_SPECIAL : AT_HEADER;
  return TRUE;
}

static UlTarStat
make_stat (const UlTarRecords *records, const UlTarHeading *heading, guint64 size)
{
  return (UlTarStat){
    .type = heading->type,
    .size = size,
    .mtime = records->has_mtime ? records->mtime : heading->mtime,
    .mtime_nsec = records->has_mtime ? records->mtime_nsec : 0,
    .uid = records->has_uid ? records->uid : heading->uid,
    .gid = records->has_gid ? records->gid : heading->gid,
  };
}

/* What only some want to know of an entry. */
static gboolean
tell_about (UlTarFrame *self, const char *name, const UlTarHeading *heading, guint64 size,
            GError **error)
{
  const UlTarStat stat = make_stat (&self->records, heading, size);
  const char *target = self->records.has_link ? NULL : heading->link;
  if (self->sink.link != NULL && ul_tar_type_is_link (heading->type)
      && !self->sink.link (name, target, heading->type == '1', self->data, error))
    return FALSE;
  return self->sink.stat == NULL || self->sink.stat (name, &stat, self->data, error);
}

/* An entry of its own. */
static gboolean
begin_entry (UlTarFrame *self, const UlTarHeading *heading, GError **error)
{
  g_autofree char *name = ul_tar_records_steal_name (&self->records, heading);
  const gboolean is_sparse = self->records.sparse || heading->type == 'S';
  const guint64 size = !ul_tar_type_has_body (heading->type) ? 0
                       : self->records.has_size              ? self->records.size
                                                             : heading->size;
  const gboolean is_content
      = ul_tar_type_is_file (heading->type) && !is_sparse && !g_str_has_suffix (name, "/");
  if (!tell_about (self, name, heading, size, error))
    return FALSE;
  ul_tar_records_clear (&self->records);
  if (size > G_MAXINT64 - UL_TAR_BLOCK)
    return ul_throw (error, UL_ERROR_CORRUPT, "tar header: %s: a size of %" G_GUINT64_FORMAT, name,
                     size);
  if (self->sink.entry != NULL
      && !self->sink.entry (name, is_content ? size : 0, self->data, error))
    return FALSE;
  begin_body (self, size, is_content);
  return TRUE;
}

static gboolean
take_header (UlTarFrame *self, const guint8 *block, GError **error)
{
  UlTarHeading heading;
  if (ul_tar_block_is_zero (block))
    {
      self->state = AT_ZEROS;
      return emit_structure (self, block, UL_TAR_BLOCK, error);
    }
  if (!ul_tar_heading_parse (block, &heading, error)
      || !emit_structure (self, block, UL_TAR_BLOCK, error))
    return FALSE;
  if (ul_tar_type_is_special (heading.type))
    return begin_special (self, &heading, error);
  if (heading.more_sparse_map)
    {
      /* The entry is announced first: nothing of the map is of interest. */
      const UlTarHeading entry = heading;
      if (!begin_entry (self, &entry, error))
        return FALSE;
      self->state = AT_SPARSE_MAP;
      return TRUE;
    }
  return begin_entry (self, &heading, error);
}

static gboolean
take_sparse_map (UlTarFrame *self, const guint8 *block, GError **error)
{
  if (!ul_tar_sparse_map_goes_on (block))
    self->state = self->remaining > 0 ? AT_STRUCTURE : AT_HEADER;
  return emit_structure (self, block, UL_TAR_BLOCK, error);
}

static gboolean
take_after_zeros (UlTarFrame *self, const guint8 *block, GError **error)
{
  if (!ul_tar_block_is_zero (block))
    return ul_throw (error, UL_ERROR_CORRUPT, "tar header: a lone block of zeros before it");
  self->state = AT_END;
  return emit_structure (self, block, UL_TAR_BLOCK, error);
}

static gboolean
take_special (UlTarFrame *self, const guint8 *bytes, gsize len, GError **error)
{
  self->state = AT_HEADER;
  return emit_structure (self, bytes, len, error)
         && ul_tar_records_add (&self->records, self->special_type, (const char *) bytes,
                                self->special_len, error);
}

static gboolean
take_block (UlTarFrame *self, const guint8 *bytes, gsize len, GError **error)
{
  switch (self->state)
    {
    case AT_HEADER:
      return take_header (self, bytes, error);
    case AT_SPARSE_MAP:
      return take_sparse_map (self, bytes, error);
    case AT_ZEROS:
      return take_after_zeros (self, bytes, error);
    default:
      return take_special (self, bytes, len, error);
    }
}

/* Collects what is looked at as a whole. */
static gboolean
push_block (UlTarFrame *self, const guint8 **at, gsize *len, GError **error)
{
  const gsize whole = self->state == AT_SPECIAL ? (gsize) self->remaining : UL_TAR_BLOCK;
  const gsize n = MIN (*len, whole - self->block->len);
  g_byte_array_append (self->block, *at, (guint) n);
  *at += n;
  *len -= n;
  if (self->block->len < whole)
    return TRUE;
  const gboolean ok = take_block (self, self->block->data, whole, error);
  g_byte_array_set_size (self->block, 0);
  return ok;
}

static void
end_body (UlTarFrame *self)
{
  const guint padding = self->state == AT_CONTENT ? self->padding : 0;
  self->remaining = padding;
  self->state = padding > 0 ? AT_STRUCTURE : AT_HEADER;
}

/* Hands on what isn't. */
static gboolean
push_body (UlTarFrame *self, const guint8 **at, gsize *len, GError **error)
{
  const gsize n = (gsize) MIN (*len, self->remaining);
  const gboolean ok = self->state == AT_CONTENT ? emit_content (self, *at, n, error)
                                                : emit_structure (self, *at, n, error);
  *at += n;
  *len -= n;
  self->remaining -= n;
  if (self->remaining == 0)
    end_body (self);
  return ok;
}

gboolean
ul_tar_frame_push (UlTarFrame *self, const void *bytes, gsize len, GError **error)
{
  const guint8 *at = bytes;
  while (len > 0)
    {
      if (self->state == AT_END)
        return emit_structure (self, at, len, error);
      const gboolean is_body = self->state == AT_CONTENT || self->state == AT_STRUCTURE;
      if (!(is_body ? push_body (self, &at, &len, error) : push_block (self, &at, &len, error)))
        return FALSE;
    }
  return TRUE;
}

guint64
ul_tar_frame_skip (UlTarFrame *self)
{
  if (self->state != AT_CONTENT)
    return 0;
  const guint64 skipped = self->remaining;
  end_body (self);
  return skipped;
}

gboolean
ul_tar_frame_finish (UlTarFrame *self, GError **error)
{
  const gboolean between = self->block->len == 0 && !ul_tar_records_any (&self->records)
                           && (self->state == AT_HEADER || self->state == AT_ZEROS);
  return self->state == AT_END || between
         || ul_throw (error, UL_ERROR_CORRUPT, "tar: cut off inside an entry");
}
