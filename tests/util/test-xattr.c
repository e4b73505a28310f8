// SPDX-License-Identifier: LGPL-2.1-or-later
#include "util/xattr.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/xattr.h>

#include "util/fd.h"

static int
new_file (const char *path)
{
  const int fd = open (path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  g_assert_cmpint (fd, >=, 0);
  return fd;
}

static gboolean
have_xattrs (int fd)
{
  if (fsetxattr (fd, "user.probe", "", 0, 0) == 0)
    {
      g_assert_cmpint (fremovexattr (fd, "user.probe"), ==, 0);
      return TRUE;
    }
  g_test_skip ("no user xattrs on this file system");
  return FALSE;
}

static GVariant *
read_fd (int fd)
{
  g_autoptr (GError) error = NULL;
  GVariant *xattrs = NULL;
  ul_xattr_read_fd (fd, &xattrs, &error);
  g_assert_no_error (error);
  g_assert_false (g_variant_is_floating (xattrs));
  g_assert_true (g_variant_is_normal_form (xattrs));
  g_assert_true (g_variant_is_of_type (xattrs, G_VARIANT_TYPE ("a(ayay)")));
  return xattrs;
}

static void
assert_entry (GVariant *xattrs, gsize index, const char *name, const void *value, gsize len)
{
  g_autoptr (GVariant) name_v = NULL;
  g_autoptr (GVariant) value_v = NULL;
  g_variant_get_child (xattrs, index, "(@ay@ay)", &name_v, &value_v);
  gsize name_len;
  const char *got_name = g_variant_get_fixed_array (name_v, &name_len, 1);
  g_assert_cmpmem (got_name, name_len, name, strlen (name) + 1);
  gsize got_len;
  const void *got = g_variant_get_fixed_array (value_v, &got_len, 1);
  g_assert_cmpmem (got, got_len, value, len);
}

static void
test_sorted (void)
{
  ul_autofd int fd = new_file ("sorted");
  if (!have_xattrs (fd))
    return;
  static const char *const names[] = { "user.b", "user.a", "user.B", "user.ab", "user.a.b" };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    g_assert_cmpint (fsetxattr (fd, names[i], names[i], i + 1, 0), ==, 0);
  g_autoptr (GVariant) xattrs = read_fd (fd);
  static const char *const order[] = { "user.B", "user.a", "user.a.b", "user.ab", "user.b" };
  static const gsize lens[] = { 3, 2, 5, 4, 1 };
  g_assert_cmpuint (g_variant_n_children (xattrs), ==, G_N_ELEMENTS (order));
  for (guint i = 0; i < G_N_ELEMENTS (order); i++)
    assert_entry (xattrs, i, order[i], order[i], lens[i]);
}

static void
test_none (void)
{
  ul_autofd int fd = new_file ("none");
  g_autoptr (GVariant) xattrs = read_fd (fd);
  g_assert_cmpuint (g_variant_n_children (xattrs), ==, 0);
  g_assert_cmpuint (g_variant_get_size (ul_xattr_empty ()), ==, 0);
  g_assert_true (g_variant_equal (xattrs, ul_xattr_empty ()));
  g_assert_true (ul_xattr_empty () == ul_xattr_empty ());
}

/* What the peer makes of it: `ostree checksum` of a file with an empty attribute is that of the
 * file without. */
static void
test_empty_value (void)
{
  ul_autofd int fd = new_file ("empty");
  if (!have_xattrs (fd))
    return;
  g_assert_cmpint (fsetxattr (fd, "user.empty", "", 0, 0), ==, 0);
  g_assert_cmpint (fsetxattr (fd, "user.z", "z", 1, 0), ==, 0);
  g_autoptr (GVariant) xattrs = read_fd (fd);
  g_assert_cmpuint (g_variant_n_children (xattrs), ==, 1);
  assert_entry (xattrs, 0, "user.z", "z", 1);
}

static void
test_bytes (void)
{
  ul_autofd int fd = new_file ("bytes");
  if (!have_xattrs (fd))
    return;
  guint8 value[256];
  for (guint i = 0; i < sizeof value; i++)
    value[i] = (guint8) i;
  g_assert_cmpint (fsetxattr (fd, "user.bytes", value, sizeof value, 0), ==, 0);
  g_autofree char *longest = g_strnfill (255, 'n');
  memcpy (longest, "user.", strlen ("user."));
  g_assert_cmpint (fsetxattr (fd, longest, "v", 1, 0), ==, 0);
  g_autoptr (GVariant) xattrs = read_fd (fd);
  assert_entry (xattrs, 0, "user.bytes", value, sizeof value);
  assert_entry (xattrs, 1, longest, "v", 1);
}

/* About what one block of ext4 holds. */
static void
test_big (void)
{
  ul_autofd int fd = new_file ("big");
  if (!have_xattrs (fd))
    return;
  g_autofree char *value = g_strnfill (2500, 'v');
  g_assert_cmpint (fsetxattr (fd, "user.big", value, 2500, 0), ==, 0);
  for (guint i = 0; i < 30; i++)
    {
      g_autofree char *name = g_strdup_printf ("user.number%02u", 29 - i);
      g_assert_cmpint (fsetxattr (fd, name, value, i + 1, 0), ==, 0);
    }
  g_autoptr (GVariant) xattrs = read_fd (fd);
  g_assert_cmpuint (g_variant_n_children (xattrs), ==, 31);
  assert_entry (xattrs, 0, "user.big", value, 2500);
  assert_entry (xattrs, 1, "user.number00", value, 30);
  assert_entry (xattrs, 30, "user.number29", value, 1);
}

static void
test_symlink (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) of_link = NULL;
  g_autoptr (GVariant) of_target = NULL;
  ul_autofd int fd = new_file ("target");
  g_assert_cmpint (symlink ("target", "link"), ==, 0);
  if (lsetxattr ("link", "trusted.link", "l", 1, 0) != 0)
    {
      g_test_skip ("no trusted xattrs here");
      return;
    }
  g_assert_cmpint (fsetxattr (fd, "trusted.target", "t", 1, 0), ==, 0);
  ul_autofd int dfd = open (".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  g_assert_true (ul_xattr_read_at (dfd, "link", &of_link, &error));
  g_assert_true (ul_xattr_read_at (dfd, "target", &of_target, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (g_variant_n_children (of_link), ==, 1);
  assert_entry (of_link, 0, "trusted.link", "l", 1);
  assert_entry (of_target, 0, "trusted.target", "t", 1);

  /* Written to the link, not through it. */
  g_assert_cmpint (symlink ("target", "copy"), ==, 0);
  g_assert_true (ul_xattr_write_at (dfd, "copy", of_link, &error));
  g_assert_no_error (error);
  g_assert_cmpint (lgetxattr ("copy", "trusted.link", NULL, 0), ==, 1);
  g_assert_cmpint (fgetxattr (fd, "trusted.link", NULL, 0), ==, -1);
}

static void
test_round_trip (void)
{
  g_autoptr (GError) error = NULL;
  ul_autofd int fd = new_file ("from");
  ul_autofd int copy = new_file ("copy-of-it");
  if (!have_xattrs (fd))
    return;
  g_assert_cmpint (fsetxattr (fd, "user.one", "1", 1, 0), ==, 0);
  g_assert_cmpint (fsetxattr (fd, "user.two", "\0\xff", 2, 0), ==, 0);
  g_assert_cmpint (fsetxattr (copy, "user.one", "old", 3, 0), ==, 0);
  g_assert_cmpint (fsetxattr (copy, "user.three", "stays", 5, 0), ==, 0);
  g_autoptr (GVariant) xattrs = read_fd (fd);
  g_assert_true (ul_xattr_write_fd (copy, xattrs, &error));
  g_assert_no_error (error);
  g_autoptr (GVariant) copied = read_fd (copy);
  g_assert_cmpuint (g_variant_n_children (copied), ==, 3);
  assert_entry (copied, 0, "user.one", "1", 1);
  assert_entry (copied, 1, "user.three", "stays", 5);
  assert_entry (copied, 2, "user.two", "\0\xff", 2);
}

static void
test_write_empty_value (void)
{
  g_autoptr (GError) error = NULL;
  ul_autofd int fd = new_file ("write-empty");
  if (!have_xattrs (fd))
    return;
  g_autoptr (GVariant) xattrs
      = g_variant_ref_sink (g_variant_new_parsed ("[(b'user.empty', @ay [])]"));
  g_assert_true (ul_xattr_write_fd (fd, xattrs, &error));
  g_assert_no_error (error);
  g_assert_cmpint (fgetxattr (fd, "user.empty", NULL, 0), ==, 0);
}

static void
test_failures (void)
{
  ul_autofd int fd = new_file ("failures");
  g_autoptr (GVariant) bad
      = g_variant_ref_sink (g_variant_new_parsed ("[(b'nonsense.name', [byte 1])]"));
  g_autoptr (GError) error = NULL;
  g_assert_false (ul_xattr_write_fd (fd, bad, &error));
  g_assert_nonnull (strstr (error->message, "nonsense.name"));

  GVariant *untouched = bad;
  g_clear_error (&error);
  g_assert_false (ul_xattr_read_fd (-1, &untouched, &error));
  g_assert_nonnull (error);
  g_assert_true (untouched == bad);
  g_clear_error (&error);
  ul_autofd int dfd = open (".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  g_assert_false (ul_xattr_read_at (dfd, "missing", &untouched, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

static void
test_unsupported (void)
{
  ul_autofd int fd = open ("/proc/self/status", O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    {
      g_test_skip ("no /proc");
      return;
    }
  g_autoptr (GVariant) xattrs = read_fd (fd);
  g_assert_cmpuint (g_variant_n_children (xattrs), ==, 0);
}

static void
test_directory (void)
{
  g_assert_cmpint (mkdir ("directory", 0755), ==, 0);
  ul_autofd int fd = open ("directory", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (!have_xattrs (fd))
    return;
  g_assert_cmpint (fsetxattr (fd, "user.d", "d", 1, 0), ==, 0);
  g_autoptr (GVariant) xattrs = read_fd (fd);
  g_assert_cmpuint (g_variant_n_children (xattrs), ==, 1);
}

static void
test_drop (void)
{
  g_autoptr (GError) error = NULL;
  gboolean had = TRUE;
  ul_autofd int fd = new_file ("drop");
  if (!have_xattrs (fd))
    return;
  g_assert_true (ul_xattr_drop_fd (fd, "user.gone", &had, &error));
  g_assert_no_error (error);
  g_assert_false (had);
  g_assert_cmpint (fsetxattr (fd, "user.gone", "x", 1, 0), ==, 0);
  g_assert_cmpint (fsetxattr (fd, "user.stays", "x", 1, 0), ==, 0);
  g_assert_true (ul_xattr_drop_fd (fd, "user.gone", &had, &error));
  g_assert_no_error (error);
  g_assert_true (had);
  g_autoptr (GVariant) xattrs = read_fd (fd);
  g_assert_cmpuint (g_variant_n_children (xattrs), ==, 1);
  assert_entry (xattrs, 0, "user.stays", "x", 1);
  g_assert_false (ul_xattr_drop_fd (-1, "user.gone", NULL, &error));
  g_assert_nonnull (strstr (error->message, "user.gone"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/Xattr/sorted-in-byte-order", test_sorted);
  g_test_add_func ("/Xattr/none-is-the-empty-list", test_none);
  g_test_add_func ("/Xattr/empty-value-is-not-there", test_empty_value);
  g_test_add_func ("/Xattr/any-bytes-and-longest-name", test_bytes);
  g_test_add_func ("/Xattr/big-and-many", test_big);
  g_test_add_func ("/Xattr/symlink-itself", test_symlink);
  g_test_add_func ("/Xattr/round-trip-keeps-others", test_round_trip);
  g_test_add_func ("/Xattr/write-empty-value", test_write_empty_value);
  g_test_add_func ("/Xattr/failure-names-the-attribute", test_failures);
  g_test_add_func ("/Xattr/file-system-without-xattrs", test_unsupported);
  g_test_add_func ("/Xattr/directory", test_directory);
  g_test_add_func ("/Xattr/drop", test_drop);
  return g_test_run ();
}
