// SPDX-License-Identifier: LGPL-2.1-or-later
#include "util/xattr.h"

#include <errno.h>
#include <string.h>
#include <sys/xattr.h>

#include "util/error.h"
#include "util/fd.h"

/* Where the attributes live: an open file, or a path that must not be followed. */
typedef struct
{
  int fd;
  const char *path;
} Where;

static ssize_t
list (const Where *w, char *buf, gsize size)
{
  return w->path ? llistxattr (w->path, buf, size) : flistxattr (w->fd, buf, size);
}

static ssize_t
get (const Where *w, const char *name, void *buf, gsize size)
{
  return w->path ? lgetxattr (w->path, name, buf, size) : fgetxattr (w->fd, name, buf, size);
}

static int
set (const Where *w, const char *name, const void *value, gsize size)
{
  return w->path ? lsetxattr (w->path, name, value, size, 0)
                 : fsetxattr (w->fd, name, value, size, 0);
}

GVariant *
ul_xattr_empty (void)
{
  static gsize once = 0;
  static GVariant *empty = NULL;
  if (g_once_init_enter (&once))
    {
      empty = g_variant_ref_sink (g_variant_new_array (G_VARIANT_TYPE ("(ayay)"), NULL, 0));
      /* Serialise now: the variant is shared between threads from here on. */
      (void) g_variant_get_data (empty);
      g_once_init_leave (&once, 1);
    }
  return empty;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* The kernel's list may grow between the call that asks its size and the one that reads it. */
static gboolean
list_all (const Where *w, char **out_names, gsize *out_len, GError **error)
{
  for (;;)
    {
      const ssize_t size = list (w, NULL, 0);
      if (size < 0 && errno == EOPNOTSUPP)
        {
          *out_len = 0;
          return TRUE;
        }
      if (size < 0)
        return ul_fd_throw_proc (error, "list xattrs");
      if (size == 0)
        {
          *out_len = 0;
          return TRUE;
        }
      g_autofree char *names = g_malloc ((gsize) size);
      const ssize_t got = list (w, names, (gsize) size);
      if (got < 0 && errno == ERANGE)
        continue;
      if (got < 0)
        return ul_fd_throw_proc (error, "list xattrs");
      *out_names = g_steal_pointer (&names);
      *out_len = (gsize) got;
      return TRUE;
    }
}

/* *out_value is NULL when the attribute is empty, or went away in between. */
static gboolean
get_value (const Where *w, const char *name, GVariant **out_value, GError **error)
{
  for (;;)
    {
      const ssize_t size = get (w, name, NULL, 0);
      if (size < 0 && errno == ENODATA)
        {
          *out_value = NULL;
          return TRUE;
        }
      if (size < 0)
        return ul_throw_errno (error, "read xattr %s", name);
      g_autofree guint8 *value = g_malloc ((gsize) size + 1);
      const ssize_t got = get (w, name, value, (gsize) size);
      if (got < 0 && errno == ERANGE)
        continue;
      if (got < 0)
        return ul_throw_errno (error, "read xattr %s", name);
      /* OSTree knows no empty attribute: what it reads has none, also when it verifies. */
      if (got == 0)
        {
          *out_value = NULL;
          return TRUE;
        }
      *out_value = g_variant_new_from_data (G_VARIANT_TYPE_BYTESTRING, value, (gsize) got, TRUE,
                                            g_free, value);
      (void) g_steal_pointer (&value);
      return TRUE;
    }
}

static gboolean
read_all (const Where *w, GVariant **out_xattrs, GError **error)
{
  g_autofree char *names = NULL;
  gsize len = 0;
  if (!list_all (w, &names, &len, error))
    return FALSE;
  if (len == 0)
    {
      *out_xattrs = g_variant_ref (ul_xattr_empty ());
      return TRUE;
    }

  g_autoptr (GPtrArray) sorted = g_ptr_array_new ();
  for (const char *p = names; p < names + len; p += strlen (p) + 1)
    g_ptr_array_add (sorted, (gpointer) p);
  g_ptr_array_sort (sorted, compare_names);

  g_auto (GVariantBuilder) builder;
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(ayay)"));
  for (guint i = 0; i < sorted->len; i++)
    {
      const char *name = sorted->pdata[i];
      GVariant *value = NULL;
      if (!get_value (w, name, &value, error))
        return FALSE;
      if (value != NULL)
        g_variant_builder_add (&builder, "(@ay@ay)", g_variant_new_bytestring (name), value);
    }
  *out_xattrs = g_variant_ref_sink (g_variant_builder_end (&builder));
  return TRUE;
}

gboolean
ul_xattr_read_fd (int fd, GVariant **out_xattrs, GError **error)
{
  return read_all (&(Where){ .fd = fd }, out_xattrs, error);
}

gboolean
ul_xattr_read_at (int dfd, const char *name, GVariant **out_xattrs, GError **error)
{
  char path[UL_PROC_PATH_MAX];
  ul_fd_proc_path (path, dfd, name);
  return read_all (&(Where){ .path = path }, out_xattrs, error);
}

static gboolean
has (const Where *w, const char *xattr, gboolean *out_has, GError **error)
{
  const ssize_t size = get (w, xattr, NULL, 0);
  if (size < 0 && errno != ENODATA && errno != EOPNOTSUPP)
    return ul_throw_errno (error, "read xattr %s", xattr);
  *out_has = size >= 0;
  return TRUE;
}

gboolean
ul_xattr_has_fd (int fd, const char *xattr, gboolean *out_has, GError **error)
{
  return has (&(Where){ .fd = fd }, xattr, out_has, error);
}

gboolean
ul_xattr_drop_fd (int fd, const char *xattr, gboolean *out_had, GError **error)
{
  gboolean had = FALSE;
  if (!ul_xattr_has_fd (fd, xattr, &had, error))
    return FALSE;
  if (had && fremovexattr (fd, xattr) != 0)
    return ul_throw_errno (error, "remove xattr %s", xattr);
  if (out_had != NULL)
    *out_had = had;
  return TRUE;
}

gboolean
ul_xattr_has_at (int dfd, const char *name, const char *xattr, gboolean *out_has, GError **error)
{
  char path[UL_PROC_PATH_MAX];
  ul_fd_proc_path (path, dfd, name);
  return has (&(Where){ .path = path }, xattr, out_has, error);
}

static gboolean
write_all (const Where *w, GVariant *xattrs, GError **error)
{
  GVariantIter iter;
  GVariant *name_v;
  GVariant *value_v;
  g_variant_iter_init (&iter, xattrs);
  while (g_variant_iter_next (&iter, "(@ay@ay)", &name_v, &value_v))
    {
      g_autoptr (GVariant) name_owned = name_v;
      g_autoptr (GVariant) value_owned = value_v;
      const char *name = g_variant_get_bytestring (name_v);
      gsize size;
      const guint8 *value = g_variant_get_fixed_array (value_v, &size, 1);
      /* NULL for an empty value would do, but UBSan and the kernel's ABI like a pointer. */
      if (set (w, name, size > 0 ? value : (const guint8 *) "", size) != 0)
        return ul_throw_errno (error, "set xattr %s", name);
    }
  return TRUE;
}

gboolean
ul_xattr_write_fd (int fd, GVariant *xattrs, GError **error)
{
  return write_all (&(Where){ .fd = fd }, xattrs, error);
}

gboolean
ul_xattr_write_at (int dfd, const char *name, GVariant *xattrs, GError **error)
{
  char path[UL_PROC_PATH_MAX];
  ul_fd_proc_path (path, dfd, name);
  return write_all (&(Where){ .path = path }, xattrs, error);
}
