// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fixture.h"

#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "checkout/verify.h"
#include "repo/objects.h"
#include "util/error.h"
#include "util/fd.h"

static const char *const tree[] = {
  "f a 644 content of a",
  "f b 755 content of b",
  "f empty 600",
  "l link a",
  "d dir 750",
  "f dir/c 640 content of c",
  "d dir/sub 700",
  "f dir/sub/d 644 deep",
  NULL,
};

static const UlRepoMode all_modes[]
    = { UL_REPO_MODE_BARE, UL_REPO_MODE_BARE_USER, UL_REPO_MODE_BARE_USER_ONLY,
        UL_REPO_MODE_ARCHIVE, UL_REPO_MODE_BARE_SPLIT_XATTRS };

/* The findings as lines: "M /a: content". */
static char *
verify (Fixture *f, const UlChecksum *commit, const UlVerifyOptions *options, const char *target)
{
  static const char letters[] = "MAD?";
  g_autoptr (GError) error = NULL;
  g_auto (UlVerifyResult) result = { 0 };
  g_assert_true (ul_verify_at (f->repo, commit, options, f->dfd, target, &result, &error));
  g_assert_no_error (error);
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < result.findings->len; i++)
    {
      const UlVerifyFinding *finding = result.findings->pdata[i];
      g_autofree char *differs = ul_checkout_aspects_to_string (finding->differs);
      g_string_append_printf (text, "%c %s%s%s\n", letters[finding->kind], finding->path,
                              *differs != '\0' ? ": " : "", differs);
    }
  return g_string_free (text, FALSE);
}

static void
assert_verifies (Fixture *f, const UlChecksum *commit, const UlVerifyOptions *options,
                 const char *target, const char *want)
{
  g_autofree char *got = verify (f, commit, options, target);
  g_assert_cmpstr (got, ==, want);
}

static void
chmod_at (Fixture *f, const char *path, mode_t mode)
{
  g_assert_cmpint (fchmodat (f->dfd, path, mode, 0), ==, 0);
}

static void
unlink_at (Fixture *f, const char *path)
{
  g_assert_cmpint (unlinkat (f->dfd, path, 0), ==, 0);
}

/* Whatever the repository's mode and the kind of checkout: what was checked out is the commit. */
static void
test_fresh_checkouts (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (all_modes); i++)
    for (int user = 0; user <= 1; user++)
      for (int copy = 0; copy <= 1; copy++)
        for (int full = 0; full <= 1; full++)
          {
            g_auto (Fixture) f;
            fixture_init (&f, all_modes[i]);
            const UlChecksum commit = fixture_commit (&f, tree);
            const UlOwnership ownership = user != 0 ? UL_OWNERSHIP_USER : UL_OWNERSHIP_STORED;
            const UlCheckoutOptions options = {
              .ownership = ownership,
              .link = copy != 0 ? UL_CHECKOUT_LINK_NEVER : UL_CHECKOUT_LINK_PREFER,
            };
            const UlVerifyOptions verify_options = { .ownership = ownership, .full = full != 0 };
            fixture_checkout (&f, &commit, &options, "out", NULL);
            assert_verifies (&f, &commit, &verify_options, "out", "");
          }
}

static void
damage_everything (Fixture *f)
{
  unlink_at (f, "out/a");
  fixture_write (f, "out/a", "CONTENT OF A"); /* of the same size */
  unlink_at (f, "out/link");
  g_assert_cmpint (symlinkat ("b", f->dfd, "out/link"), ==, 0);
  unlink_at (f, "out/dir/c");
  g_assert_cmpint (mkfifoat (f->dfd, "out/dir/c", 0600), ==, 0);
  chmod_at (f, "out/dir", 0777);
  unlink_at (f, "out/empty");
  fixture_write (f, "out/dir!", "sorts before what is in dir, but for the slash");
  g_assert_cmpint (mkdirat (f->dfd, "out/new", 0755), ==, 0);
  fixture_write (f, "out/new/below", "");
  unlink_at (f, "out/dir/sub/d");
  g_assert_cmpint (unlinkat (f->dfd, "out/dir/sub", AT_REMOVEDIR), ==, 0);
  g_assert_cmpint (symlinkat ("/", f->dfd, "out/dir/sub"), ==, 0);
}

static const char damage_found[] = "M /a: content\n"
                                   "M /dir: mode\n"
                                   "M /dir/c: type\n"
                                   "M /dir/sub: type\n"
                                   "A /dir!\n"
                                   "D /empty\n"
                                   "M /link: target\n"
                                   "A /new\n";

static void
test_lists_what_differs_in_path_order (void)
{
  static const guint jobs[] = { 1, 2, 8 };
  for (gsize i = 0; i < G_N_ELEMENTS (all_modes); i++)
    {
      g_auto (Fixture) f;
      fixture_init (&f, all_modes[i]);
      const UlChecksum commit = fixture_commit (&f, tree);
      fixture_checkout (&f, &commit, NULL, "out", NULL);
      damage_everything (&f);
      for (gsize j = 0; j < G_N_ELEMENTS (jobs); j++)
        assert_verifies (&f, &commit, &(UlVerifyOptions){ .jobs = jobs[j] }, "out", damage_found);
    }
}

static void
test_metadata_of_copies (void)
{
  g_auto (Fixture) f;
  fixture_init (&f, UL_REPO_MODE_BARE);
  const UlChecksum commit = fixture_commit (&f, tree);
  const UlCheckoutOptions copies = { .link = UL_CHECKOUT_LINK_NEVER };
  fixture_checkout (&f, &commit, &copies, "out", NULL);
  chmod_at (&f, "out/a", 0600);
  g_autofree char *b = g_build_filename (f.dir, "out/b", NULL);
  g_autofree char *sub = g_build_filename (f.dir, "out/dir/sub", NULL);
  g_assert_cmpint (setxattr (b, "user.x", "y", 1, 0), ==, 0);
  g_assert_cmpint (setxattr (sub, "user.x", "y", 1, 0), ==, 0);
  fixture_write (&f, "out/dir/c", "content of C");
  assert_verifies (&f, &commit, NULL, "out",
                   "M /a: mode\nM /b: xattrs\nM /dir/c: content, mode\nM /dir/sub: xattrs\n");
  /* A label is the kernel's, unless the commit says otherwise. */
  g_assert_cmpint (removexattr (b, "user.x"), ==, 0);
  if (setxattr (b, "security.selinux", "u:r:t:s0", 9, 0) == 0)
    assert_verifies (&f, &commit, NULL, "out",
                     "M /a: mode\nM /dir/c: content, mode\nM /dir/sub: xattrs\n");
}

/* In place, so that size and inode stay: the object itself. */
static void
scribble (Fixture *f, const char *path)
{
  ul_autofd int fd = openat (f->dfd, path, O_WRONLY);
  g_assert_cmpint (pwrite (fd, "X", 1, 0), ==, 1);
}

static void
test_written_through_a_hardlink (void)
{
  g_auto (Fixture) f;
  fixture_init (&f, UL_REPO_MODE_BARE);
  const UlChecksum commit = fixture_commit (&f, tree);
  const UlVerifyOptions full = { .full = TRUE };
  fixture_checkout (&f, &commit, NULL, "out", NULL);
  scribble (&f, "out/a");
  chmod_at (&f, "out/b", 0700);
  assert_verifies (&f, &commit, NULL, "out", "");
  assert_verifies (&f, &commit, &full, "out", "M /a: object\nM /b: object\n");
}

static void
test_corrupt_object_says_nothing_about_a_copy (void)
{
  g_auto (Fixture) f;
  fixture_init (&f, UL_REPO_MODE_BARE);
  const UlChecksum commit = fixture_commit (&f, tree);
  const UlCheckoutOptions copies = { .link = UL_CHECKOUT_LINK_NEVER };
  fixture_checkout (&f, &commit, &copies, "copy", NULL);
  fixture_checkout (&f, &commit, NULL, "link", NULL);
  /* The copy is right, and the content doesn't come from the object. */
  scribble (&f, "link/a");
  assert_verifies (&f, &commit, NULL, "copy", "");
  /* Its mode does. */
  chmod_at (&f, "link/b", 0700);
  assert_verifies (&f, &commit, NULL, "copy", "? /b\n");
}

static void
test_missing_objects_are_unchecked (void)
{
  g_auto (Fixture) f;
  g_autoptr (GError) error = NULL;
  fixture_init (&f, UL_REPO_MODE_BARE_USER);
  const UlChecksum commit = fixture_commit (&f, tree);
  fixture_checkout (&f, &commit, NULL, "out", NULL);
  UlEntry dir;
  UlEntry file;
  gboolean found;
  g_auto (UlCommit) parsed = { 0 };
  ul_objects_load_commit (f.repo, &commit, &parsed, &error);
  g_assert_no_error (error);
  ul_objects_lookup_path (f.repo, &parsed.tree, &parsed.meta, "/dir/sub", &found, &dir, &error);
  ul_objects_lookup_path (f.repo, &parsed.tree, &parsed.meta, "/a", &found, &file, &error);
  ul_objects_delete (f.repo, UL_OBJECT_DIRTREE, &dir.checksum, &error);
  ul_objects_delete (f.repo, UL_OBJECT_FILE, &file.checksum, &error);
  g_assert_no_error (error);
  assert_verifies (&f, &commit, NULL, "out", "? /a\n? /dir/sub\n");
}

static void
test_subpaths (void)
{
  g_auto (Fixture) f;
  fixture_init (&f, UL_REPO_MODE_BARE);
  const UlChecksum commit = fixture_commit (&f, tree);
  fixture_checkout (&f, &commit, &(UlCheckoutOptions){ .subpath = "dir" }, "dir.out", NULL);
  fixture_checkout (&f, &commit, &(UlCheckoutOptions){ .subpath = "/dir/c" }, "file.out", NULL);
  const UlVerifyOptions dir = { .subpath = "/dir" };
  const UlVerifyOptions file = { .subpath = "dir/c" };
  assert_verifies (&f, &commit, &dir, "dir.out", "");
  assert_verifies (&f, &commit, &file, "file.out", "");
  /* A file is put into a directory that may have others. */
  fixture_write (&f, "file.out/other", "");
  assert_verifies (&f, &commit, &file, "file.out", "");
  unlink_at (&f, "file.out/c");
  assert_verifies (&f, &commit, &file, "file.out", "D /c\n");
  chmod_at (&f, "dir.out", 0700);
  assert_verifies (&f, &commit, &dir, "dir.out", "M /: mode\n");

  g_autoptr (GError) error = NULL;
  UlVerifyResult result;
  const UlVerifyOptions nowhere = { .subpath = "/nowhere" };
  g_assert_false (ul_verify_at (f.repo, &commit, &nowhere, f.dfd, "dir.out", &result, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_NOT_FOUND);
}

/* Either form is right, but not both at once. */
static void
test_whiteouts (void)
{
  static const char *const lines[] = { "f .ostree-wh.a 600", "d d 755", "f d/.ostree-wh.b 600",
                                       "f .ostree-wh.c 644 no marker", NULL };
  g_auto (Fixture) f;
  fixture_init (&f, UL_REPO_MODE_BARE);
  const UlChecksum commit = fixture_commit (&f, lines);
  const UlVerifyOptions devices = { .whiteouts = UL_VERIFY_WHITEOUTS_DEVICES };
  const UlVerifyOptions markers = { .whiteouts = UL_VERIFY_WHITEOUTS_MARKERS };
  fixture_checkout (&f, &commit, NULL, "markers", NULL);
  assert_verifies (&f, &commit, NULL, "markers", "");
  assert_verifies (&f, &commit, &markers, "markers", "");
  assert_verifies (&f, &commit, &devices, "markers",
                   "A /.ostree-wh.a\nD /a\nA /d/.ostree-wh.b\nD /d/b\n");

  const UlCheckoutOptions passthrough = { .whiteouts = UL_CHECKOUT_WHITEOUTS_PASSTHROUGH };
  fixture_checkout (&f, &commit, &passthrough, "devices", NULL);
  assert_verifies (&f, &commit, NULL, "devices", "");
  assert_verifies (&f, &commit, &devices, "devices", "");
  chmod_at (&f, "devices/a", 0644);
  unlink_at (&f, "devices/d/b");
  fixture_write (&f, "devices/d/.ostree-wh.b", "");
  assert_verifies (&f, &commit, NULL, "devices", "M /a: mode\nA /d/.ostree-wh.b\nD /d/b\n");
  fixture_write (&f, "devices/d/b", "");
  assert_verifies (&f, &commit, NULL, "devices", "M /a: mode\nA /d/.ostree-wh.b\nM /d/b: type\n");
}

static void
test_deep_and_wide_with_few_descriptors (void)
{
  g_auto (Fixture) f;
  fixture_init (&f, UL_REPO_MODE_BARE);
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GString) path = g_string_new ("d");
  for (int i = 0; i < 300; i++)
    {
      g_ptr_array_add (lines, g_strdup_printf ("d %s 755", path->str));
      g_ptr_array_add (lines, g_strdup_printf ("f %s/f 644 %d", path->str, i));
      g_string_append (path, "/d");
    }
  for (int i = 0; i < 300; i++)
    g_ptr_array_add (lines, g_strdup_printf ("d e%d 755", i));
  g_ptr_array_add (lines, NULL);
  const UlChecksum commit = fixture_commit (&f, (const char *const *) lines->pdata);
  fixture_checkout (&f, &commit, NULL, "out", NULL);
  struct rlimit before;
  getrlimit (RLIMIT_NOFILE, &before);
  const struct rlimit few = { 64, before.rlim_max };
  setrlimit (RLIMIT_NOFILE, &few);
  assert_verifies (&f, &commit, &(UlVerifyOptions){ .jobs = 4 }, "out", "");
  setrlimit (RLIMIT_NOFILE, &before);
}

int
main (int argc, char **argv)
{
  umask (022);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/verify/fresh-checkouts", test_fresh_checkouts);
  g_test_add_func ("/verify/lists-what-differs-in-path-order",
                   test_lists_what_differs_in_path_order);
  g_test_add_func ("/verify/metadata-of-copies", test_metadata_of_copies);
  g_test_add_func ("/verify/written-through-a-hardlink", test_written_through_a_hardlink);
  g_test_add_func ("/verify/corrupt-object-says-nothing-about-a-copy",
                   test_corrupt_object_says_nothing_about_a_copy);
  g_test_add_func ("/verify/missing-objects-are-unchecked", test_missing_objects_are_unchecked);
  g_test_add_func ("/verify/subpaths", test_subpaths);
  g_test_add_func ("/verify/whiteouts", test_whiteouts);
  g_test_add_func ("/verify/deep-and-wide-with-few-descriptors",
                   test_deep_and_wide_with_few_descriptors);
  return g_test_run ();
}
