// SPDX-License-Identifier: LGPL-2.1-or-later
#include "checkout/to-tar.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/dirtree.h"
#include "core/object.h"
#include "fixture.h"
#include "util/error.h"
#include "util/fd.h"

static gboolean
export_to (Fixture *f, const UlChecksum *commit, guint jobs, GString *out, GError **error)
{
  char path[] = "tar-XXXXXX";
  ul_autofd int fd = mkstemp (path);
  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (unlink (path), ==, 0);
  const UlToTarOptions options = { .jobs = jobs };
  if (!ul_checkout_to_tar (f->repo, commit, &options, fd, "archive", error))
    return FALSE;
  const off_t size = lseek (fd, 0, SEEK_END);
  g_string_set_size (out, (gsize) size);
  g_assert_cmpint (pread (fd, out->str, out->len, 0), ==, size);
  return TRUE;
}

/* Many batches, with content that is held and content that is streamed. */
static void
test_same_bytes (void)
{
  for (guint mode = UL_REPO_MODE_BARE_USER; mode <= UL_REPO_MODE_ARCHIVE; mode++)
    {
      g_autoptr (GError) error = NULL;
      g_auto (Fixture) f = { 0 };
      fixture_init (&f, (UlRepoMode) mode);
      g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);
      g_ptr_array_add (lines, g_strdup ("d d 755"));
      gsize sum = 2 * 512 + 1024; /* two directories and the end */
      for (guint i = 0; i < 150; i++)
        {
          const gsize len = i % 50 == 7 ? 3 * 1024 * 1024 : i % 10 == 0 ? 400 * 1024 : i * 13;
          g_autofree char *content = g_strnfill (len, (char) ('a' + i % 26));
          g_ptr_array_add (lines, g_strdup_printf ("f d/%03u 644 %s", i, content));
          sum += 512 + (len + 511) / 512 * 512;
        }
      g_ptr_array_add (lines, NULL);
      const UlChecksum commit = fixture_commit (&f, (const char *const *) lines->pdata);
      g_autoptr (GString) one = g_string_new (NULL);
      g_assert_true (export_to (&f, &commit, 1, one, &error));
      g_assert_no_error (error);
      g_assert_cmpuint (one->len, ==, sum);
      for (guint jobs = 2; jobs < 9; jobs += 3)
        {
          g_autoptr (GString) many = g_string_new (NULL);
          g_assert_true (export_to (&f, &commit, jobs, many, &error));
          g_assert_no_error (error);
          g_assert_true (g_string_equal (one, many));
        }
    }
}

static UlChecksum
commit_of_missing (Fixture *f)
{
  /* All that is missing is as far as possible from each other. */
  g_autofree UlDirtreeFile *files = g_new0 (UlDirtreeFile, 500);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  const UlChecksum there = fixture_file (f, 0644, "there");
  for (guint i = 0; i < 500; i++)
    {
      g_ptr_array_add (names, g_strdup_printf ("%03u", i));
      files[i] = (UlDirtreeFile){ .name = names->pdata[i], .checksum = there };
      if (i >= 100)
        files[i].checksum.bytes[0]++;
    }
  return fixture_commit_raw (f, ul_dirtree_new (files, 500, NULL, 0));
}

/* Whoever is faster. */
static void
test_first_error (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_ARCHIVE);
  const UlChecksum commit = commit_of_missing (&f);
  for (guint jobs = 1; jobs < 9; jobs++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GString) out = g_string_new (NULL);
      g_assert_false (export_to (&f, &commit, jobs, out, &error));
      g_assert_error (error, UL_ERROR, UL_ERROR_NOT_FOUND);
      g_assert_true (g_str_has_prefix (error->message, "export 100: "));
    }
}

static void
test_write_fails (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_ARCHIVE);
  const char *const lines[] = { "f a 644 x", NULL };
  const UlChecksum commit = fixture_commit (&f, lines);
  ul_autofd int fd = open ("/dev/full", O_WRONLY | O_CLOEXEC);
  for (guint jobs = 1; jobs < 4; jobs++)
    {
      g_autoptr (GError) error = NULL;
      const UlToTarOptions options = { .jobs = jobs };
      g_assert_false (ul_checkout_to_tar (f.repo, &commit, &options, fd, "archive", &error));
      g_assert_error (error, UL_ERROR, UL_ERROR_NO_SPACE);
      g_assert_cmpstr (error->message, ==, "write archive: No space left on device");
    }
}

/* Depth comes from disk: it must not be the C stack's. */
static void
test_deep (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_ARCHIVE);
  const UlChecksum meta = fixture_dirmeta (&f);
  g_autoptr (GVariant) tree = g_variant_ref_sink (ul_dirtree_new (NULL, 0, NULL, 0));
  UlChecksum commit;
  for (guint i = 0; i < 300; i++)
    {
      commit = fixture_commit_raw (&f, tree);
      UlDirtreeDir dir = { .name = "d", .meta = meta };
      ul_checksum_of_data (g_variant_get_data (tree), g_variant_get_size (tree), &dir.tree);
      g_variant_unref (tree);
      tree = g_variant_ref_sink (ul_dirtree_new (NULL, 0, &dir, 1));
    }
  g_autoptr (GString) out = g_string_new (NULL);
  g_assert_true (export_to (&f, &commit, 2, out, &error));
  g_assert_no_error (error);
}

/* Every name is a level up: they are refused with the dirtree. */
static void
test_hostile_name (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_ARCHIVE);
  const UlDirtreeFile file = { .name = "..", .checksum = fixture_file (&f, 0644, "x") };
  const UlChecksum commit = fixture_commit_raw (&f, ul_dirtree_new (&file, 1, NULL, 0));
  g_autoptr (GString) out = g_string_new (NULL);
  g_assert_false (export_to (&f, &commit, 2, out, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ToTar/same-bytes-for-any-jobs", test_same_bytes);
  g_test_add_func ("/ToTar/first-error-for-any-jobs", test_first_error);
  g_test_add_func ("/ToTar/write-fails", test_write_fails);
  g_test_add_func ("/ToTar/deep-tree", test_deep);
  g_test_add_func ("/ToTar/hostile-name", test_hostile_name);
  return g_test_run ();
}
