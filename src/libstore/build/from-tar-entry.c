// SPDX-License-Identifier: LGPL-2.1-or-later
#include "build/from-tar-entry.h"

#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "build/modifier.h"
#include "core/dirtree.h"
#include "core/whiteout.h"
#include "util/error.h"
#include "util/xattr.h"

void
ul_tar_entry_clear (UlTarEntry *entry)
{
  g_free (entry->path);
  g_free (entry->hardlink);
  ul_file_meta_clear (&entry->meta);
}

/* A path as the options want it. */
static gboolean
read_path (const UlTarOptions *options, const char *path, char **out, GError **error)
{
  g_autofree char *normal = NULL;
  g_autofree char *renamed = NULL;
  if (!ul_tar_path_normalize (path, &normal, error))
    return FALSE;
  if (options->rename == NULL)
    {
      *out = g_steal_pointer (&normal);
      return TRUE;
    }
  return (options->rename (normal, options->rename_data, &renamed, error)
          && ul_tar_path_normalize (renamed, out, error))
         || ul_prefix (error, "renamed");
}

/* Names and values, gathered before they are sorted. */
typedef struct
{
  char *name;
  GBytes *value;
} Xattr;

static void
xattr_free (gpointer data)
{
  Xattr *xattr = data;
  g_free (xattr->name);
  g_bytes_unref (xattr->value);
  g_free (xattr);
}

static void
add_xattr (GPtrArray *xattrs, const char *name, gconstpointer value, gsize len)
{
  Xattr *xattr = g_new (Xattr, 1);
  xattr->name = g_strdup (name);
  xattr->value = g_bytes_new (value, len);
  g_ptr_array_add (xattrs, xattr);
}

static int
compare_xattrs (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(const Xattr *const *) a)->name, (*(const Xattr *const *) b)->name);
}

/* Sorted, and of several with the same name the first one (the sort is stable): libarchive gives
 * the last in the archive first, and with pax that one counts. */
static GVariant *
make_xattrs (GPtrArray *xattrs)
{
  if (xattrs->len == 0)
    return g_variant_ref (ul_xattr_empty ());
  g_auto (GVariantBuilder) builder;
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(ayay)"));
  g_ptr_array_sort (xattrs, compare_xattrs);
  for (guint i = 0; i < xattrs->len; i++)
    {
      const Xattr *xattr = xattrs->pdata[i];
      if (i > 0 && compare_xattrs (&xattrs->pdata[i - 1], &xattrs->pdata[i]) == 0)
        continue;
      g_variant_builder_add (
          &builder, "(^ay@ay)", xattr->name,
          g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, xattr->value, TRUE));
    }
  GVariant *list = g_variant_ref_sink (g_variant_builder_end (&builder));
  (void) g_variant_get_data (list); /* serialised here: workers only read it */
  return list;
}

static gboolean
has_xattr (GPtrArray *xattrs, const char *name)
{
  for (guint i = 0; i < xattrs->len; i++)
    if (g_str_equal (((const Xattr *) xattrs->pdata[i])->name, name))
      return TRUE;
  return FALSE;
}

static gboolean
add_acl (const UlArchive *lib, struct archive_entry *entry, int type, const char *name,
         GPtrArray *xattrs, guint32 *mode, GError **error)
{
  g_autoptr (GByteArray) acl = NULL;
  /* An archive that has the xattr as well has the ids as they were. */
  if (has_xattr (xattrs, name))
    return TRUE;
  if (!ul_tar_acl_read (lib, entry, type, &acl, mode, error))
    return FALSE;
  if (acl != NULL)
    add_xattr (xattrs, name, acl->data, acl->len);
  return TRUE;
}

/* An empty attribute isn't stored, but may mean something. */
static gboolean
note_empty (const char *name, const UlModifier *modifier, UlTarEntry *out, GError **error)
{
  if (!modifier->retarget_whiteouts)
    return TRUE;
  if (g_str_equal (name, "trusted.overlay.metacopy"))
    return ul_modifier_refuse_xattr (name, error);
  out->xattr_whiteout |= g_str_equal (name, UL_WHITEOUT_XATTR_TRUSTED)
                         || g_str_equal (name, UL_WHITEOUT_XATTR_USER);
  return TRUE;
}

static gboolean
read_xattrs (const UlArchive *lib, struct archive_entry *entry, const UlModifier *modifier,
             UlTarEntry *out, GError **error)
{
  g_autoptr (GPtrArray) xattrs = g_ptr_array_new_with_free_func (xattr_free);
  const char *name;
  const void *value;
  size_t len;
  lib->archive_entry_xattr_reset (entry);
  while (lib->archive_entry_xattr_next (entry, &name, &value, &len) == ARCHIVE_OK)
    if (len > 0 && *name != '\0')
      add_xattr (xattrs, name, value, len);
    else if (!note_empty (name, modifier, out, error))
      return FALSE;
  if (!modifier->no_xattrs && lib->archive_entry_acl_types (entry) != 0
      && (!add_acl (lib, entry, ARCHIVE_ENTRY_ACL_TYPE_ACCESS, UL_XATTR_ACL_ACCESS, xattrs,
                    &out->meta.mode, error)
          || !add_acl (lib, entry, ARCHIVE_ENTRY_ACL_TYPE_DEFAULT, UL_XATTR_ACL_DEFAULT, xattrs,
                       &out->meta.mode, error)))
    return FALSE;
  out->meta.xattrs = make_xattrs (xattrs);
  return TRUE;
}

static gboolean
read_id (gint64 id, guint32 *out, GError **error)
{
  /* The last one means "none" to the kernel. */
  if (id < 0 || id >= G_MAXUINT32)
    return ul_throw (error, UL_ERROR_UNSUPPORTED, "owner %" G_GINT64_FORMAT " is out of range", id);
  *out = (guint32) id;
  return TRUE;
}

static gboolean
read_symlink (const char *target, UlTarEntry *out, GError **error)
{
  if (target == NULL || *target == '\0' || strlen (target) >= PATH_MAX)
    return ul_throw (error, UL_ERROR_UNSUPPORTED, "symlink target of invalid length");
  if (!g_utf8_validate (target, -1, NULL))
    return ul_throw (error, UL_ERROR_UNSUPPORTED, "Invalid UTF-8 in symlink target");
  out->meta.symlink_target = g_strdup (target);
  out->meta.mode = S_IFLNK | 0777;
  return TRUE;
}

static gboolean
read_size (const UlArchive *lib, struct archive_entry *entry, UlTarEntry *out, GError **error)
{
  /* Of a hardlink to a symlink, the size may be that of the target. */
  if (!S_ISREG (out->meta.mode) || lib->archive_entry_filetype (entry) == AE_IFLNK)
    return TRUE;
  if (!lib->archive_entry_size_is_set (entry))
    return out->hardlink != NULL
           || ul_throw (error, UL_ERROR_UNSUPPORTED, "the archive doesn't say how large it is");
  const gint64 size = lib->archive_entry_size (entry);
  if (size < 0)
    return ul_throw (error, UL_ERROR_CORRUPT, "a size below 0");
  out->size = (guint64) size;
  out->sparse = lib->archive_entry_sparse_count (entry) > 0;
  return TRUE;
}

static gboolean
read_all (const UlArchive *lib, struct archive_entry *entry, const UlModifier *modifier,
          const UlTarOptions *options, UlTarEntry *out, GError **error)
{
  const char *hardlink = lib->archive_entry_hardlink (entry);
  if (hardlink != NULL && !read_path (options, hardlink, &out->hardlink, error))
    return ul_prefix (error, "hardlink to %s", hardlink);
  if (!read_id (lib->archive_entry_uid (entry), &out->meta.uid, error)
      || !read_id (lib->archive_entry_gid (entry), &out->meta.gid, error))
    return FALSE;
  const guint32 type = hardlink != NULL ? S_IFREG : lib->archive_entry_filetype (entry);
  out->meta.mode = type | (lib->archive_entry_perm (entry) & 07777);
  out->rdev = makedev (lib->archive_entry_rdevmajor (entry), lib->archive_entry_rdevminor (entry));
  if (S_ISLNK (type) && !read_symlink (lib->archive_entry_symlink (entry), out, error))
    return FALSE;
  return read_size (lib, entry, out, error) && read_xattrs (lib, entry, modifier, out, error);
}

gboolean
ul_tar_entry_read (const UlArchive *lib, struct archive_entry *entry, const UlModifier *modifier,
                   const UlTarOptions *options, UlTarEntry *out, GError **error)
{
  const char *path = lib->archive_entry_pathname (entry);
  g_auto (UlTarEntry) read = { 0 };
  if (path == NULL)
    return ul_throw (error, UL_ERROR_UNSUPPORTED, "an entry has no name");
  if (!read_path (options, path, &read.path, error)
      || !read_all (lib, entry, modifier, options, &read, error))
    return ul_prefix (error, "%s", path);
  *out = read;
  read = (UlTarEntry){ 0 };
  return TRUE;
}
