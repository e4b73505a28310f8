// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/members.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "util/error.h"
#include "util/fd.h"
#include "util/gzip.h"
#include "util/tar.h"

/* A tar in the making. */
typedef struct
{
  GByteArray *bytes;
} Tar;

static void
add (Tar *tar, UlTarType type, const char *path, const char *text)
{
  const gboolean is_file = type == UL_TAR_FILE;
  const UlTarHeader header = {
    .type = type,
    .path = path,
    .target = is_file ? NULL : text,
    .mode = 0644,
    .size = is_file ? strlen (text) : 0,
  };
  ul_tar_append_header (tar->bytes, &header);
  if (!is_file)
    return;
  g_byte_array_append (tar->bytes, (const guint8 *) text, (guint) strlen (text));
  ul_tar_append_padding (tar->bytes, strlen (text));
}

/* A name for a file with these bytes, packed or not. */
static char *
write_tar (const GByteArray *bytes, gboolean packed)
{
  char *path = g_strdup ("members-XXXXXX");
  ul_autofd int fd = g_mkstemp_full (path, O_RDWR | O_CLOEXEC, 0600);
  g_autoptr (GError) error = NULL;
  g_assert_cmpint (fd, >=, 0);
  if (packed)
    {
      g_autoptr (UlGzip) gzip = ul_gzip_new (fd, "gzip", 1, 1);
      g_assert_true (ul_gzip_write (gzip, bytes->data, bytes->len, &error));
      g_assert_true (ul_gzip_finish (gzip, &error));
    }
  else
    g_assert_true (ul_fd_write_all (fd, bytes->data, bytes->len, "tar", &error));
  g_assert_no_error (error);
  return path;
}

static UlMembers *
open_bytes (const GByteArray *bytes, gboolean packed, GError **error)
{
  g_autofree char *path = write_tar (bytes, packed);
  UlMembers *members = ul_members_open_tar (path, -1, error);
  unlink (path);
  return members;
}

/* NULL: it isn't there. */
static char *
read_text (const UlMembers *members, const char *name)
{
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  gboolean found;
  gsize len;
  g_assert_true (ul_members_read (members, name, 1024 * 1024, &found, &bytes, &error));
  g_assert_no_error (error);
  if (!found)
    return NULL;
  const char *data = g_bytes_get_data (bytes, &len);
  return g_strndup (len > 0 ? data : "", len);
}

static void
assert_text (const UlMembers *members, const char *name, const char *text)
{
  g_autofree char *found = read_text (members, name);
  g_assert_cmpstr (found, ==, text);
}

static Tar
make_tar (void)
{
  Tar tar = { .bytes = g_byte_array_new () };
  g_autofree char *block = g_strnfill (UL_TAR_BLOCK, 'b');
  g_autofree char *large = g_strnfill (600000, 'l');
  add (&tar, UL_TAR_DIR, "d/", NULL);
  add (&tar, UL_TAR_FILE, "d/short", "s");
  add (&tar, UL_TAR_FILE, "./block", block);
  add (&tar, UL_TAR_FILE, "large", large);
  add (&tar, UL_TAR_FILE, "empty", "");
  add (&tar, UL_TAR_FILE, "twice", "first");
  add (&tar, UL_TAR_SYMLINK, "d/link", "../block");
  add (&tar, UL_TAR_SYMLINK, "chain", "d/link");
  add (&tar, UL_TAR_HARDLINK, "d/hard", "d/short");
  add (&tar, UL_TAR_SYMLINK, "loop", "loop");
  add (&tar, UL_TAR_SYMLINK, "out", "../../etc/passwd");
  add (&tar, UL_TAR_SYMLINK, "dangling", "nowhere");
  add (&tar, UL_TAR_FILE, "../outside", "not to be asked for");
  add (&tar, UL_TAR_FILE, "twice", "second");
  ul_tar_append_end (tar.bytes);
  return tar;
}

static void
check_tar (gboolean packed)
{
  Tar tar = make_tar ();
  g_autoptr (GError) error = NULL;
  g_autoptr (UlMembers) members = open_bytes (tar.bytes, packed, &error);
  g_autofree char *block = g_strnfill (UL_TAR_BLOCK, 'b');
  g_autofree char *large = g_strnfill (600000, 'l');
  g_assert_no_error (error);
  assert_text (members, "d/short", "s");
  assert_text (members, "block", block);
  assert_text (members, "./d/../block", block);
  assert_text (members, "large", large);
  assert_text (members, "empty", "");
  assert_text (members, "twice", "second");
  assert_text (members, "d/link", block);
  assert_text (members, "chain", block);
  assert_text (members, "d/hard", "s");
  assert_text (members, "dangling", NULL);
  assert_text (members, "nothing", NULL);
  assert_text (members, "../outside", NULL);
  assert_text (members, "outside", NULL);
  assert_text (members, "d", NULL);
  g_byte_array_unref (tar.bytes);
}

static void
test_tar (void)
{
  check_tar (FALSE);
}

static void
test_packed_tar (void)
{
  check_tar (TRUE);
}

static void
refuse (const UlMembers *members, const char *name, gsize max, const char *message)
{
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  g_assert_false (ul_members_read (members, name, max, NULL, &bytes, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
  g_assert_true (g_str_has_suffix (error->message, message));
}

static void
test_refused (void)
{
  Tar tar = make_tar ();
  g_autoptr (GError) error = NULL;
  g_autoptr (UlMembers) members = open_bytes (tar.bytes, FALSE, &error);
  g_assert_no_error (error);
  refuse (members, "loop", 1000, "loop: its link leads nowhere");
  refuse (members, "out", 1000, "out: its link leads nowhere");
  refuse (members, "nothing", 1000, "open nothing: not there");
  refuse (members, "large", 599999, "large: 600000 bytes, more than the allowed 599999");
  g_byte_array_unref (tar.bytes);
}

static void
test_cut_off (void)
{
  Tar tar = make_tar ();
  for (guint len = 700; len < tar.bytes->len - 2048; len += 50000)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GByteArray) cut = g_byte_array_new ();
      g_byte_array_append (cut, tar.bytes->data, len);
      g_autoptr (UlMembers) members = open_bytes (cut, FALSE, &error);
      /* Inside content, the end isn't seen before it's read. */
      g_autoptr (GBytes) bytes = NULL;
      if (members != NULL)
        g_assert_false (ul_members_read (members, "large", 1000000, NULL, &bytes, &error));
      g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
    }
  g_byte_array_unref (tar.bytes);
}

static void
test_dir (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_strdup ("members-dir-XXXXXX");
  g_assert_nonnull (g_mkdtemp (path));
  ul_autofd int dfd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  g_assert_true (ul_fd_replace_file_at (dfd, "file", "text", 4, 0644, FALSE, &error));
  g_assert_cmpint (symlinkat ("file", dfd, "link"), ==, 0);
  g_assert_cmpint (symlinkat ("/etc/passwd", dfd, "out"), ==, 0);
  g_assert_cmpint (mkfifoat (dfd, "fifo", 0600), ==, 0);
  g_autoptr (UlMembers) members = ul_members_open_dir (AT_FDCWD, path, &error);
  g_assert_no_error (error);
  assert_text (members, "file", "text");
  assert_text (members, "link", "text");
  assert_text (members, "nothing", NULL);
  refuse (members, "out", 10, "open out: leads out of the directory");
  refuse (members, "fifo", 10, "fifo: not a regular file");
  g_assert_true (ul_fd_remove_tree_at (AT_FDCWD, path, &error));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/Members/tar", test_tar);
  g_test_add_func ("/Members/packed-tar", test_packed_tar);
  g_test_add_func ("/Members/refused", test_refused);
  g_test_add_func ("/Members/cut-off", test_cut_off);
  g_test_add_func ("/Members/dir", test_dir);
  return g_test_run ();
}
