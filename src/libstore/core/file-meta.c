// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/file-meta.h"

#include <string.h>
#include <sys/stat.h>

#include "util/error.h"
#include "util/xattr.h"

#define ARCHIVE_HEADER "(tuuuusa(ayay))"
#define USER_META      "(uuua(ayay))"

/* Far above any real target and xattrs (64 KiB each on Linux), far below what hurts. */
#define MAX_HEADER (16 * 1024 * 1024)

void
ul_file_meta_clear (UlFileMeta *meta)
{
  g_clear_pointer (&meta->symlink_target, g_free);
  g_clear_pointer (&meta->xattrs, g_variant_unref);
}

/* Both headers are written by hand: one is made for every file of a commit, and GVariant's builders
 * are several times slower than all the rest of it. A GVariant tuple whose last two members are a
 * string and an array: the fixed part, the string with its NUL, the array, and the offset at which
 * the string ends, in as few bytes as hold the size of the whole. */
static GBytes *
make_header (const guint8 *fixed, gsize fixed_len, const UlFileMeta *meta)
{
  const char *target = meta->symlink_target ? meta->symlink_target : "";
  const gsize target_end = fixed_len + strlen (target) + 1;
  const gsize xattrs_len = g_variant_get_size (meta->xattrs);
  const gsize body = target_end + xattrs_len;
  const gsize offset_len = body + 1 <= G_MAXUINT8 ? 1 : body + 2 <= G_MAXUINT16 ? 2 : 4;
  const gsize size = body + offset_len;

  guint8 *data = g_malloc (UL_FILE_META_PREFIX_LEN + size);
  const guint32 prefix[2] = { GUINT32_TO_BE ((guint32) size), 0 };
  G_STATIC_ASSERT (sizeof prefix == UL_FILE_META_PREFIX_LEN);
  memcpy (data, prefix, sizeof prefix);
  guint8 *p = data + UL_FILE_META_PREFIX_LEN;
  memcpy (p, fixed, fixed_len);
  memcpy (p + fixed_len, target, target_end - fixed_len);
  if (xattrs_len > 0)
    g_variant_store (meta->xattrs, p + target_end);
  for (gsize i = 0; i < offset_len; i++)
    p[body + i] = (guint8) (target_end >> (8 * i));
  return g_bytes_new_take (data, UL_FILE_META_PREFIX_LEN + size);
}

GBytes *
ul_file_meta_to_content_header (const UlFileMeta *meta)
{
  const guint32 fixed[]
      = { GUINT32_TO_BE (meta->uid), GUINT32_TO_BE (meta->gid), GUINT32_TO_BE (meta->mode), 0 };
  return make_header ((const guint8 *) fixed, sizeof fixed, meta);
}

void
ul_file_meta_start_hash (const UlFileMeta *meta, UlHasher *hasher)
{
  g_autoptr (GBytes) header = ul_file_meta_to_content_header (meta);
  ul_hasher_start (hasher);
  ul_hasher_update (hasher, g_bytes_get_data (header, NULL), g_bytes_get_size (header));
}

GBytes *
ul_file_meta_to_archive_header (const UlFileMeta *meta, guint64 size)
{
  const struct
  {
    guint64 size;
    guint32 uid, gid, mode, rdev;
  } fixed = { GUINT64_TO_BE (size), GUINT32_TO_BE (meta->uid), GUINT32_TO_BE (meta->gid),
              GUINT32_TO_BE (meta->mode), 0 };
  return make_header ((const guint8 *) &fixed, sizeof fixed, meta);
}

gboolean
ul_file_meta_validate_mode (guint32 mode, GError **error)
{
  if (!S_ISREG (mode) && !S_ISLNK (mode))
    return ul_throw (error, UL_ERROR_CORRUPT,
                     "invalid file mode %o: neither regular file nor symlink", mode);
  if ((mode & ~(guint32) (S_IFMT | 07777)) != 0)
    return ul_throw (error, UL_ERROR_CORRUPT, "invalid file mode %o: unknown bits", mode);
  return TRUE;
}

/* Points into the serialised bytes of all of them. */
static const char *
xattr_name (GVariant *xattrs, gsize i, gsize *out_len)
{
  (void) g_variant_get_data (xattrs);
  g_autoptr (GVariant) entry = g_variant_get_child_value (xattrs, i);
  g_autoptr (GVariant) name = g_variant_get_child_value (entry, 0);
  return g_variant_get_fixed_array (name, out_len, 1);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* By pointers alone: there may be millions. */
static gboolean
has_name_twice (GVariant *xattrs)
{
  const gsize n = g_variant_n_children (xattrs);
  gsize len;
  g_autofree const char **names = g_new (const char *, n);
  for (gsize i = 0; i < n; i++)
    names[i] = xattr_name (xattrs, i, &len);
  qsort (names, n, sizeof names[0], compare_names);
  for (gsize i = 1; i < n; i++)
    if (g_str_equal (names[i - 1], names[i]))
      return TRUE;
  return FALSE;
}

gboolean
ul_file_meta_validate_xattrs (GVariant *xattrs, GError **error)
{
  if (!g_variant_is_normal_form (xattrs))
    return ul_throw (error, UL_ERROR_CORRUPT, "xattrs not in normal form");

  const gsize n = g_variant_n_children (xattrs);
  for (gsize i = 0; i < n; i++)
    {
      gsize len;
      const char *name = xattr_name (xattrs, i, &len);
      if (len < 2 || memchr (name, '\0', len) != name + len - 1)
        return ul_throw (error, UL_ERROR_CORRUPT, "xattrs: invalid name");
    }
  return ul_file_meta_xattrs_in_order (xattrs) || !has_name_twice (xattrs)
         || ul_throw (error, UL_ERROR_CORRUPT, "xattrs: a name is there twice");
}

gboolean
ul_file_meta_xattrs_in_order (GVariant *xattrs)
{
  const gsize n = g_variant_n_children (xattrs);
  gsize len;
  const char *previous = n > 1 ? xattr_name (xattrs, 0, &len) : NULL;
  for (gsize i = 1; i < n; i++)
    {
      const char *name = xattr_name (xattrs, i, &len);
      if (strcmp (previous, name) >= 0)
        return FALSE;
      previous = name;
    }
  return TRUE;
}

static int
compare_entries (gconstpointer a, gconstpointer b)
{
  const char *x;
  const char *y;
  g_variant_get_child (*(GVariant *const *) a, 0, "^&ay", &x);
  g_variant_get_child (*(GVariant *const *) b, 0, "^&ay", &y);
  return strcmp (x, y);
}

GVariant *
ul_file_meta_sort_xattrs (GVariant *xattrs)
{
  if (ul_file_meta_xattrs_in_order (xattrs))
    return g_variant_ref (xattrs);
  const gsize n = g_variant_n_children (xattrs);
  g_autoptr (GPtrArray) entries
      = g_ptr_array_new_full ((guint) n, (GDestroyNotify) g_variant_unref);
  for (gsize i = 0; i < n; i++)
    g_ptr_array_add (entries, g_variant_get_child_value (xattrs, i));
  g_ptr_array_sort (entries, compare_entries);
  return g_variant_ref_sink (
      g_variant_new_array (G_VARIANT_TYPE ("(ayay)"), (GVariant *const *) entries->pdata, n));
}

GVariant *
ul_file_meta_find_xattr (GVariant *xattrs, const char *name)
{
  const gsize n = g_variant_n_children (xattrs);
  for (gsize i = 0; i < n; i++)
    {
      g_autoptr (GVariant) entry = g_variant_get_child_value (xattrs, i);
      g_autoptr (GVariant) key = g_variant_get_child_value (entry, 0);
      if (g_str_equal (g_variant_get_bytestring (key), name))
        return g_variant_get_child_value (entry, 1);
    }
  return NULL;
}

GVariant *
ul_file_meta_set_xattr (GVariant *xattrs, const char *name, const void *value, gsize len)
{
  g_auto (GVariantBuilder) builder;
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(ayay)"));
  const gsize n = g_variant_n_children (xattrs);
  gboolean is_set = FALSE;
  for (gsize i = 0; i <= n; i++)
    {
      g_autoptr (GVariant) entry = i < n ? g_variant_get_child_value (xattrs, i) : NULL;
      const char *at = NULL;
      if (entry != NULL)
        g_variant_get_child (entry, 0, "^&ay", &at);
      const int order = at != NULL ? strcmp (at, name) : 1;
      if (order >= 0 && !is_set)
        {
          g_variant_builder_add (&builder, "(^ay@ay)", name,
                                 g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, value, len, 1));
          is_set = TRUE;
        }
      if (entry != NULL && order != 0)
        g_variant_builder_add_value (&builder, entry);
    }
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

GVariant *
ul_file_meta_without_xattrs (GVariant *xattrs, const char *prefix)
{
  g_auto (GVariantBuilder) builder;
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(ayay)"));
  const gsize n = g_variant_n_children (xattrs);
  for (gsize i = 0; i < n; i++)
    {
      g_autoptr (GVariant) xattr = g_variant_get_child_value (xattrs, i);
      const char *name;
      g_variant_get_child (xattr, 0, "^&ay", &name);
      if (!g_str_has_prefix (name, prefix))
        g_variant_builder_add_value (&builder, xattr);
    }
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

GVariant *
ul_file_meta_set_label (GVariant *xattrs, const char *label)
{
  /* With its NUL, as the kernel has it. */
  return label != NULL
             ? ul_file_meta_set_xattr (xattrs, UL_XATTR_SELINUX, label, strlen (label) + 1)
             : g_variant_ref (xattrs);
}

gboolean
ul_file_meta_archive_header_size (const guint8 prefix[UL_FILE_META_PREFIX_LEN], gsize *out_size,
                                  GError **error)
{
  guint32 be_size;
  memcpy (&be_size, prefix, sizeof be_size);
  const guint32 size = GUINT32_FROM_BE (be_size);
  if (size == 0 || size > MAX_HEADER)
    return ul_throw (error, UL_ERROR_CORRUPT, "file header of %u bytes is out of bounds", size);
  *out_size = UL_FILE_META_PREFIX_LEN + size;
  return TRUE;
}

/* A variant over a copy of @data, so that it is aligned and outlives it. */
static GVariant *
load (const char *type, const guint8 *data, gsize len)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, len);
  return g_variant_ref_sink (g_variant_new_from_bytes (G_VARIANT_TYPE (type), bytes, FALSE));
}

/* Fills @out, which owns what it gets also when a check fails. */
static gboolean
check (UlFileMeta *out, GError **error)
{
  return ul_file_meta_validate_mode (out->mode, error)
         && ul_file_meta_validate_xattrs (out->xattrs, error);
}

gboolean
ul_file_meta_from_archive_header (const void *data, gsize len, UlFileMeta *out, guint64 *out_size,
                                  GError **error)
{
  gsize expected;
  if (len < UL_FILE_META_PREFIX_LEN)
    return ul_throw (error, UL_ERROR_CORRUPT, "file header is truncated");
  if (!ul_file_meta_archive_header_size (data, &expected, error))
    return FALSE;
  if (len != expected)
    return ul_throw (error, UL_ERROR_CORRUPT, "file header is truncated");

  g_autoptr (GVariant) v = load (ARCHIVE_HEADER, (const guint8 *) data + UL_FILE_META_PREFIX_LEN,
                                 len - UL_FILE_META_PREFIX_LEN);
  if (!g_variant_is_normal_form (v))
    return ul_throw (error, UL_ERROR_CORRUPT, "file header is not in normal form");

  g_auto (UlFileMeta) meta = { 0 };
  guint64 size;
  guint32 rdev;
  g_autofree char *target = NULL;
  g_variant_get (v, "(tuuuus@a(ayay))", &size, &meta.uid, &meta.gid, &meta.mode, &rdev, &target,
                 &meta.xattrs);
  meta.uid = GUINT32_FROM_BE (meta.uid);
  meta.gid = GUINT32_FROM_BE (meta.gid);
  meta.mode = GUINT32_FROM_BE (meta.mode);
  if (!check (&meta, error))
    return FALSE;
  if (rdev != 0)
    return ul_throw (error, UL_ERROR_CORRUPT, "file header names a device");
  if (S_ISLNK (meta.mode) == (*target == '\0'))
    return ul_throw (error, UL_ERROR_CORRUPT, "file header: symlink target doesn't fit mode %o",
                     meta.mode);
  if (S_ISLNK (meta.mode))
    meta.symlink_target = g_steal_pointer (&target);
  *out = meta;
  meta = (UlFileMeta){ 0 };
  *out_size = GUINT64_FROM_BE (size);
  return TRUE;
}

GBytes *
ul_file_meta_to_user_xattr (const UlFileMeta *meta)
{
  g_autoptr (GVariant) v = g_variant_ref_sink (
      g_variant_new ("(uuu@a(ayay))", GUINT32_TO_BE (meta->uid), GUINT32_TO_BE (meta->gid),
                     GUINT32_TO_BE (meta->mode), meta->xattrs));
  return g_variant_get_data_as_bytes (v);
}

gboolean
ul_file_meta_from_user_xattr (const void *data, gsize len, UlFileMeta *out, GError **error)
{
  g_autoptr (GVariant) v = load (USER_META, data, len);
  if (!g_variant_is_normal_form (v))
    return ul_throw (error, UL_ERROR_CORRUPT, "xattr user.ostreemeta is not in normal form");

  g_auto (UlFileMeta) meta = { 0 };
  g_variant_get (v, "(uuu@a(ayay))", &meta.uid, &meta.gid, &meta.mode, &meta.xattrs);
  meta.uid = GUINT32_FROM_BE (meta.uid);
  meta.gid = GUINT32_FROM_BE (meta.gid);
  meta.mode = GUINT32_FROM_BE (meta.mode);
  if (!check (&meta, error))
    return FALSE;
  *out = meta;
  meta = (UlFileMeta){ 0 };
  return TRUE;
}
