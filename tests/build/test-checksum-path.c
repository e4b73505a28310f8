// SPDX-License-Identifier: LGPL-2.1-or-later

/* The expected values are what `ostree checksum PATH` of ostree 2022.7 said of such files, as root.
 * Owner and trusted xattrs need root, so they are left out elsewhere. */

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "../repo/fixture.h"
#include "build/commit.h"
#include "util/error.h"

static void
assert_checksum (const char *path, gboolean ignore_xattrs, const char *expected)
{
  g_autoptr (GError) error = NULL;
  UlChecksum checksum;
  ul_commit_checksum_path (path, ignore_xattrs, &checksum, &error);
  g_assert_no_error (error);
  g_autofree char *hex = ul_checksum_dup_hex (&checksum);
  g_assert_cmpstr (hex, ==, expected);
}

static gboolean
is_root (void)
{
  if (getuid () == 0)
    return TRUE;
  g_test_skip ("needs root for the owner");
  return FALSE;
}

static void
put (const char *path, const char *content, mode_t mode)
{
  fixture_put (path, content, strlen (content));
  g_assert_cmpint (chmod (path, mode), ==, 0);
}

static void
set_xattr (const char *path, const char *name, const char *value)
{
  g_assert_cmpint (lsetxattr (path, name, value, strlen (value), 0), ==, 0);
}

static void
test_files (void)
{
  if (!is_root ())
    return;
  put ("plain", "hello\n", 0644);
  assert_checksum ("plain", FALSE,
                   "44f778e59f0a4748d6b0c90a47347212a231c4ad1e8f7ea5c5dffc7749153a6b");
  assert_checksum ("./plain", TRUE,
                   "44f778e59f0a4748d6b0c90a47347212a231c4ad1e8f7ea5c5dffc7749153a6b");
  put ("empty", "", 0600);
  assert_checksum ("empty", FALSE,
                   "d3fa9214de0816a2cf5475da17be2036ae0eda3df526eff7c1ddee082c6e5b58");
  put ("suid", "x", 0644);
  g_assert_cmpint (chown ("suid", 1000, 1001), ==, 0);
  g_assert_cmpint (chmod ("suid", 06755), ==, 0);
  assert_checksum ("suid", FALSE,
                   "47405db7577af7eba6a5cca074043c3a6d36fa8a8857a3e981b189e4ff94c27c");
  put ("big", "", 0644);
  fixture_truncate ("big", 5000000);
  assert_checksum ("big", FALSE,
                   "7e7a01db3412312248136e375984a198f776439b8e3e7b51ac6cfb320c316639");
}

static void
test_xattrs (void)
{
  if (!is_root ())
    return;
  put ("xattrs", "data", 0640);
  set_xattr ("xattrs", "user.b", "2");
  set_xattr ("xattrs", "user.a", "1");
  assert_checksum ("xattrs", FALSE,
                   "98e6adea68cd8393e350bebbec8965a01e36eb10e5aa0e4f55d7dd2548125cf1");
  put ("empty-xattr", "data", 0644);
  set_xattr ("empty-xattr", "user.empty", "");
  set_xattr ("empty-xattr", "user.z", "zz");
  assert_checksum ("empty-xattr", FALSE,
                   "24014f7258b685c83ce17f3dca1c2dd42f4718b6c1f9ebc66c1d61f3c9576b56");
  /* Ignored, they might as well not be there. */
  put ("bare", "data", 0640);
  UlChecksum with, without;
  g_assert_true (ul_commit_checksum_path ("xattrs", TRUE, &with, NULL));
  g_assert_true (ul_commit_checksum_path ("bare", FALSE, &without, NULL));
  g_assert_true (ul_checksum_equal (&with, &without));
}

static void
test_symlinks (void)
{
  if (!is_root ())
    return;
  g_assert_cmpint (symlink ("target", "link"), ==, 0);
  assert_checksum ("link", FALSE,
                   "a6b40a5400ed082fbe067d2c8397aab54046a089768651c392a36db46d24c1cd");
  g_assert_cmpint (symlink ("../../a/b", "owned-link"), ==, 0);
  g_assert_cmpint (lchown ("owned-link", 5, 6), ==, 0);
  assert_checksum ("owned-link", FALSE,
                   "33c76b8136d7c11a6fd1f146e26f64ee8c76be7ee396034377e85d62f0127263");
  g_assert_cmpint (symlink ("t", "xattr-link"), ==, 0);
  if (lsetxattr ("xattr-link", "trusted.q", "r", 1, 0) == 0)
    assert_checksum ("xattr-link", FALSE,
                     "7d548ec3d1a61e5ecb9160977a367bb90266f009b466a26471eb44c00ece5a42");
}

static void
test_directories (void)
{
  if (!is_root ())
    return;
  g_assert_cmpint (mkdir ("dir", 0755), ==, 0);
  g_assert_cmpint (chmod ("dir", 0755), ==, 0);
  assert_checksum ("dir", FALSE,
                   "446a0ef11b7cc167f3b603e585c7eeeeb675faa412d5ec73f62988eb0b6c5488");
  assert_checksum ("dir/", FALSE,
                   "446a0ef11b7cc167f3b603e585c7eeeeb675faa412d5ec73f62988eb0b6c5488");
  assert_checksum ("./dir/.", TRUE,
                   "446a0ef11b7cc167f3b603e585c7eeeeb675faa412d5ec73f62988eb0b6c5488");
  g_assert_cmpint (mkdir ("owned", 0700), ==, 0);
  set_xattr ("owned", "user.k", "v");
  g_assert_cmpint (chown ("owned", 1, 2), ==, 0);
  assert_checksum ("owned", FALSE,
                   "b0fd7da9c4793007afe88556741add77564d1b4b561074c0cd6f399579b70290");
}

static void
test_refused (void)
{
  fixture_put ("file", "", 0);
  g_assert_cmpint (mkfifo ("fifo", 0644), ==, 0);
  static const char *const paths[] = { "missing", "fifo", "file/", "file/x", "" };
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autoptr (GError) error = NULL;
      UlChecksum untouched = { .bytes = { 42 } };
      g_assert_false (ul_commit_checksum_path (paths[i], FALSE, &untouched, &error));
      g_assert_nonnull (error);
      g_assert_nonnull (strstr (error->message, paths[i]));
      g_assert_cmpint (untouched.bytes[0], ==, 42);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ChecksumPath/files", test_files);
  g_test_add_func ("/ChecksumPath/xattrs", test_xattrs);
  g_test_add_func ("/ChecksumPath/symlinks", test_symlinks);
  g_test_add_func ("/ChecksumPath/directories", test_directories);
  g_test_add_func ("/ChecksumPath/what-has-no-checksum", test_refused);
  return g_test_run ();
}
