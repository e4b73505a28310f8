// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/dirtree.h"

#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "core/file-meta.h"
#include "core/object.h"
#include "util/error.h"

gboolean
ul_name_validate (const char *name, GError **error)
{
  if (*name == '\0')
    return ul_throw (error, UL_ERROR_INVALID, "invalid empty filename");
  if (g_str_equal (name, ".") || g_str_equal (name, ".."))
    return ul_throw (error, UL_ERROR_INVALID, "invalid filename '%s'", name);
  if (strchr (name, '/') != NULL)
    {
      g_autofree char *escaped = g_strescape (name, NULL);
      return ul_throw (error, UL_ERROR_INVALID, "invalid / in filename %s", escaped);
    }
  if (strlen (name) > NAME_MAX)
    return ul_throw (error, UL_ERROR_INVALID, "filename of %zu bytes is longer than %d",
                     strlen (name), NAME_MAX);
  if (!g_utf8_validate (name, -1, NULL))
    {
      g_autofree char *escaped = g_strescape (name, NULL);
      return ul_throw (error, UL_ERROR_INVALID, "Invalid UTF-8 in filename %s", escaped);
    }
  return TRUE;
}

/* GVariant's serialisation (the format's specification: "GVariant specification", 2.3 and 2.5): a
 * container of @size bytes ends with framing offsets of this many bytes each. */
static guint
offset_size (gsize size)
{
  if (size <= G_MAXUINT8)
    return 1;
  if (size <= G_MAXUINT16)
    return 2;
  return size <= G_MAXUINT32 ? 4 : 8;
}

/* Copies of a fixed size, which are a load each: this is the inner loop of all that reads trees. */
static inline gsize
read_offset (const guint8 *p, guint size)
{
  guint16 le16;
  guint32 le32;
  guint64 le64;
  switch (size)
    {
    case 1:
      return *p;
    case 2:
      memcpy (&le16, p, sizeof le16);
      return GUINT16_FROM_LE (le16);
    case 4:
      memcpy (&le32, p, sizeof le32);
      return GUINT32_FROM_LE (le32);
    default:
      memcpy (&le64, p, sizeof le64);
      return (gsize) GUINT64_FROM_LE (le64);
    }
}

/* FALSE if the framing doesn't add up. */
static gboolean
array_init (UlDirtreeArray *array, const guint8 *data, gsize size, gsize *out_n)
{
  *array = (UlDirtreeArray){ .data = data };
  *out_n = 0;
  if (size == 0)
    return TRUE;
  array->offset_size = offset_size (size);
  /* The last element ends where the offsets begin. */
  array->offsets = read_offset (data + size - array->offset_size, array->offset_size);
  if (array->offsets >= size || (size - array->offsets) % array->offset_size != 0)
    return FALSE;
  *out_n = (size - array->offsets) / array->offset_size;
  return TRUE;
}

static const guint8 *
array_nth (const UlDirtreeArray *array, gsize index, gsize *out_size)
{
  const guint8 *end = array->data + array->offsets + index * array->offset_size;
  const gsize start = index > 0 ? read_offset (end - array->offset_size, array->offset_size) : 0;
  const gsize stop = read_offset (end, array->offset_size);
  /* An element out of order or bounds is empty, which no entry can be. */
  const gboolean sound = start <= stop && stop <= array->offsets;
  *out_size = sound ? stop - start : 0;
  return array->data + (sound ? start : 0);
}

static gboolean
view_init (UlDirtreeView *view, GVariant *dirtree)
{
  const gsize size = g_variant_get_size (dirtree);
  if (size == 0)
    return FALSE;
  const guint8 *data = g_variant_get_data (dirtree);
  const guint framing = offset_size (size);
  const gsize files_end = read_offset (data + size - framing, framing);
  if (files_end > size - framing)
    return FALSE;
  UlDirtreeView new_view = { .dirtree = dirtree };
  if (!array_init (&new_view.files, data, files_end, &new_view.n_files)
      || !array_init (&new_view.dirs, data + files_end, size - framing - files_end,
                      &new_view.n_dirs))
    return FALSE;
  g_variant_ref (dirtree);
  *view = new_view;
  return TRUE;
}

void
ul_dirtree_view_init (UlDirtreeView *view, GVariant *dirtree)
{
  const gboolean valid = view_init (view, dirtree);
  g_assert (valid);
}

void
ul_dirtree_view_clear (UlDirtreeView *view)
{
  g_clear_pointer (&view->dirtree, g_variant_unref);
}

/* An element is its name with NUL, @n_checksums byte arrays, and the ends of all but the last of
 * these, in reverse. FALSE, and an empty name, if it's anything else; FALSE, and the name, if a
 * checksum has another length than 32. */
static gboolean
get_entry (const UlDirtreeArray *array, gsize index, guint n_checksums, const char **out_name,
           UlChecksum *const *out_checksums)
{
  gsize size;
  const guint8 *data = array_nth (array, index, &size);
  const guint framing = offset_size (size);
  *out_name = "";
  if (size <= n_checksums * framing)
    return FALSE;
  const gsize end = size - n_checksums * framing;
  gsize start = read_offset (data + size - framing, framing);
  if (start == 0 || start > end || memchr (data, '\0', start) != data + start - 1)
    return FALSE;
  *out_name = (const char *) data;
  for (guint i = 0; i < n_checksums; i++)
    {
      const gsize next
          = i + 1 < n_checksums ? read_offset (data + size - (i + 2) * framing, framing) : end;
      if (next > end || next - start != UL_CHECKSUM_LEN)
        return FALSE;
      memcpy (out_checksums[i]->bytes, data + start, UL_CHECKSUM_LEN);
      start = next;
    }
  return TRUE;
}

static gboolean
get_file (const UlDirtreeView *view, gsize index, UlDirtreeFile *out)
{
  UlChecksum *const checksums[] = { &out->checksum };
  return get_entry (&view->files, index, G_N_ELEMENTS (checksums), &out->name, checksums);
}

static gboolean
get_dir (const UlDirtreeView *view, gsize index, UlDirtreeDir *out)
{
  UlChecksum *const checksums[] = { &out->tree, &out->meta };
  return get_entry (&view->dirs, index, G_N_ELEMENTS (checksums), &out->name, checksums);
}

void
ul_dirtree_view_file (const UlDirtreeView *view, gsize index, UlDirtreeFile *out)
{
  const gboolean valid = get_file (view, index, out);
  g_assert (valid);
}

void
ul_dirtree_view_dir (const UlDirtreeView *view, gsize index, UlDirtreeDir *out)
{
  const gboolean valid = get_dir (view, index, out);
  g_assert (valid);
}

static const char *
name_at (const UlDirtreeArray *array, gsize index)
{
  gsize size;
  return (const char *) array_nth (array, index, &size);
}

static gboolean
find (const UlDirtreeArray *entries, gsize n, const char *name, gsize *out_index)
{
  gsize low = 0;
  gsize high = n;
  while (low < high)
    {
      const gsize middle = low + (high - low) / 2;
      const int order = strcmp (name_at (entries, middle), name);
      if (order == 0)
        {
          *out_index = middle;
          return TRUE;
        }
      if (order < 0)
        low = middle + 1;
      else
        high = middle;
    }
  return FALSE;
}

gboolean
ul_dirtree_view_find_file (const UlDirtreeView *view, const char *name, UlDirtreeFile *out)
{
  gsize index;
  if (!find (&view->files, view->n_files, name, &index))
    return FALSE;
  ul_dirtree_view_file (view, index, out);
  return TRUE;
}

gboolean
ul_dirtree_view_find_dir (const UlDirtreeView *view, const char *name, UlDirtreeDir *out)
{
  gsize index;
  if (!find (&view->dirs, view->n_dirs, name, &index))
    return FALSE;
  ul_dirtree_view_dir (view, index, out);
  return TRUE;
}

/* An element is the same bytes for the same entry, so none is taken apart. */
static gsize
count_equal (const UlDirtreeArray *a, gsize a_left, gsize a_index, const UlDirtreeArray *b,
             gsize b_left, gsize b_index)
{
  const gsize max = MIN (a_left, b_left);
  gsize n = 0;
  for (; n < max; n++)
    {
      gsize a_size;
      gsize b_size;
      const guint8 *of_a = array_nth (a, a_index + n, &a_size);
      const guint8 *of_b = array_nth (b, b_index + n, &b_size);
      if (a_size != b_size || memcmp (of_a, of_b, a_size) != 0)
        break;
    }
  return n;
}

gsize
ul_dirtree_view_equal_files (const UlDirtreeView *a, gsize a_index, const UlDirtreeView *b,
                             gsize b_index)
{
  return count_equal (&a->files, a->n_files - a_index, a_index, &b->files, b->n_files - b_index,
                      b_index);
}

gsize
ul_dirtree_view_equal_dirs (const UlDirtreeView *a, gsize a_index, const UlDirtreeView *b,
                            gsize b_index)
{
  return count_equal (&a->dirs, a->n_dirs - a_index, a_index, &b->dirs, b->n_dirs - b_index,
                      b_index);
}

/* "dirtree: NAME is WHAT", escaped: a name may hold a newline, a message may not. */
static gboolean
throw_name (GError **error, const char *name, const char *what)
{
  g_autofree char *escaped = g_strescape (name, NULL);
  return ul_throw (error, UL_ERROR_CORRUPT, "dirtree: %s %s", escaped, what);
}

static gboolean
check_name (const char *name, const char *previous, GError **error)
{
  g_autoptr (GError) cause = NULL;
  if (!ul_name_validate (name, &cause))
    return ul_throw (error, UL_ERROR_CORRUPT, "dirtree: %s", cause->message);
  const int order = previous != NULL ? strcmp (previous, name) : -1;
  if (order == 0)
    return throw_name (error, name, "is a duplicate name");
  if (order > 0)
    return throw_name (error, name, "is out of order");
  return TRUE;
}

/* Both lists are sorted by now, so one merge finds a name that is in both. */
static gboolean
check_disjoint (const UlDirtreeView *view, GError **error)
{
  gsize f = 0;
  gsize d = 0;
  while (f < view->n_files && d < view->n_dirs)
    {
      const char *file = name_at (&view->files, f);
      const int order = strcmp (file, name_at (&view->dirs, d));
      if (order == 0)
        return throw_name (error, file, "is both a file and a directory");
      if (order < 0)
        f++;
      else
        d++;
    }
  return TRUE;
}

gboolean
ul_dirtree_validate (GVariant *dirtree, GError **error)
{
  /* Together, the framing checked here, the entries' own, and valid names are GVariant's normal
   * form; g_variant_is_normal_form () takes several times as long as everything below. */
  g_auto (UlDirtreeView) view = { 0 };
  if (!g_variant_is_of_type (dirtree, ul_object_variant_type (UL_OBJECT_DIRTREE))
      || !view_init (&view, dirtree))
    return ul_throw (error, UL_ERROR_CORRUPT, "dirtree is not in normal form");

  const char *previous = NULL;
  for (gsize i = 0; i < view.n_files; i++)
    {
      UlDirtreeFile file;
      const gboolean sound = get_file (&view, i, &file);
      if (!check_name (file.name, previous, error))
        return FALSE;
      if (!sound)
        return throw_name (error, file.name, "has an invalid checksum");
      previous = file.name;
    }
  previous = NULL;
  for (gsize i = 0; i < view.n_dirs; i++)
    {
      UlDirtreeDir dir;
      const gboolean sound = get_dir (&view, i, &dir);
      if (!check_name (dir.name, previous, error))
        return FALSE;
      if (!sound)
        return throw_name (error, dir.name, "has an invalid checksum");
      previous = dir.name;
    }
  return check_disjoint (&view, error);
}

/* Dirtrees are written by hand, as they are read: with GVariant's builders they would be most of
 * what a commit costs where nothing is new. */

/* Bytes for each of the @n framing offsets behind @body bytes. */
static guint
framing_size (gsize body, gsize n)
{
  guint size = 1;
  while (offset_size (body + n * size) > size)
    size *= 2;
  return size;
}

static void
write_offset (guint8 *p, gsize offset, guint size)
{
  const guint64 le = GUINT64_TO_LE ((guint64) offset);
  memcpy (p, &le, size);
}

/* Where the next element goes, and the offset of its end. */
typedef struct
{
  guint8 *start;
  guint8 *element;
  guint8 *offset;
  guint offset_size;
} Writer;

static gsize
entry_size (const char *name, guint n_checksums)
{
  const gsize body = strlen (name) + 1 + n_checksums * UL_CHECKSUM_LEN;
  return body + n_checksums * framing_size (body, n_checksums);
}

/* The counterpart of get_entry (). */
static void
add_entry (Writer *writer, const char *name, const UlChecksum *const *checksums, guint n_checksums)
{
  const gsize name_len = strlen (name) + 1;
  const guint framing = framing_size (name_len + n_checksums * UL_CHECKSUM_LEN, n_checksums);
  guint8 *p = writer->element;
  memcpy (p, name, name_len);
  p += name_len;
  for (guint i = 0; i < n_checksums; i++, p += UL_CHECKSUM_LEN)
    memcpy (p, checksums[i]->bytes, UL_CHECKSUM_LEN);
  for (guint i = n_checksums; i-- > 0; p += framing)
    write_offset (p, name_len + i * UL_CHECKSUM_LEN, framing);
  writer->element = p;
  write_offset (writer->offset, (gsize) (p - writer->start), writer->offset_size);
  writer->offset += writer->offset_size;
}

static Writer
writer_at (guint8 *data, gsize body, gsize n)
{
  return (Writer){
    .start = data,
    .element = data,
    .offset = data + body,
    .offset_size = framing_size (body, n),
  };
}

GVariant *
ul_dirtree_new (const UlDirtreeFile *files, gsize n_files, const UlDirtreeDir *dirs, gsize n_dirs)
{
  gsize files_body = 0;
  gsize dirs_body = 0;
  for (gsize i = 0; i < n_files; i++)
    files_body += entry_size (files[i].name, 1);
  for (gsize i = 0; i < n_dirs; i++)
    dirs_body += entry_size (dirs[i].name, 2);
  const gsize files_size = files_body + n_files * framing_size (files_body, n_files);
  const gsize body = files_size + dirs_body + n_dirs * framing_size (dirs_body, n_dirs);
  const guint framing = framing_size (body, 1);

  guint8 *data = g_malloc (body + framing);
  Writer writer = writer_at (data, files_body, n_files);
  for (gsize i = 0; i < n_files; i++)
    {
      const UlChecksum *const checksums[] = { &files[i].checksum };
      add_entry (&writer, files[i].name, checksums, G_N_ELEMENTS (checksums));
    }
  writer = writer_at (data + files_size, dirs_body, n_dirs);
  for (gsize i = 0; i < n_dirs; i++)
    {
      const UlChecksum *const checksums[] = { &dirs[i].tree, &dirs[i].meta };
      add_entry (&writer, dirs[i].name, checksums, G_N_ELEMENTS (checksums));
    }
  write_offset (data + body, files_size, framing);
  return g_variant_new_from_data (ul_object_variant_type (UL_OBJECT_DIRTREE), data, body + framing,
                                  TRUE, g_free, data);
}

GVariant *
ul_dirmeta_new (guint32 uid, guint32 gid, guint32 mode, GVariant *xattrs)
{
  return g_variant_new ("(uuu@a(ayay))", GUINT32_TO_BE (uid), GUINT32_TO_BE (gid),
                        GUINT32_TO_BE (mode), xattrs);
}

void
ul_dirmeta_get (GVariant *dirmeta, guint32 *out_uid, guint32 *out_gid, guint32 *out_mode,
                GVariant **out_xattrs)
{
  guint32 uid;
  guint32 gid;
  guint32 mode;
  g_variant_get_child (dirmeta, 0, "u", &uid);
  g_variant_get_child (dirmeta, 1, "u", &gid);
  g_variant_get_child (dirmeta, 2, "u", &mode);
  if (out_uid != NULL)
    *out_uid = GUINT32_FROM_BE (uid);
  if (out_gid != NULL)
    *out_gid = GUINT32_FROM_BE (gid);
  if (out_mode != NULL)
    *out_mode = GUINT32_FROM_BE (mode);
  if (out_xattrs != NULL)
    *out_xattrs = g_variant_get_child_value (dirmeta, 3);
}

gboolean
ul_dirmeta_validate (GVariant *dirmeta, GError **error)
{
  if (!g_variant_is_of_type (dirmeta, ul_object_variant_type (UL_OBJECT_DIRMETA))
      || !g_variant_is_normal_form (dirmeta))
    return ul_throw (error, UL_ERROR_CORRUPT, "dirmeta is not in normal form");

  guint32 mode;
  g_autoptr (GVariant) xattrs = NULL;
  ul_dirmeta_get (dirmeta, NULL, NULL, &mode, &xattrs);
  if (!S_ISDIR (mode) || (mode & ~(guint32) (S_IFMT | 07777)) != 0)
    return ul_throw (error, UL_ERROR_CORRUPT, "dirmeta: invalid directory mode %o", mode);
  return ul_file_meta_validate_xattrs (xattrs, error);
}
