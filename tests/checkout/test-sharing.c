// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "core/hardlinks.h"
#include "repo/objects.h"
#include "repo/transaction.h"
#include "util/error.h"

#define MANY  3000
#define BATCH 256

static const guint jobs_to_try[] = { 1, 2, 8 };

/* The same tree with @links recorded. */
static UlChecksum
record (Fixture *f, const UlChecksum *commit, const UlHardlink *links, guint n)
{
  g_autoptr (GError) error = NULL;
  g_auto (UlCommit) plain = { 0 };
  g_autoptr (GArray) array = g_array_new (FALSE, FALSE, sizeof (UlHardlink));
  g_array_append_vals (array, links, n);
  ul_objects_load_commit (f->repo, commit, &plain, &error);
  g_assert_no_error (error);
  GVariantDict dict;
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert_value (&dict, UL_COMMIT_KEY_HARDLINKS,
                               ul_hardlinks_new (&plain.tree, array));
  g_autoptr (GVariant) linked = g_variant_ref_sink (
      ul_commit_new (g_variant_dict_end (&dict), NULL, NULL, NULL, 0, &plain.tree, &plain.meta));

  UlChecksum checksum;
  const UlTransactionOptions options = { .no_fsync = TRUE };
  g_autoptr (UlTransaction) transaction = ul_transaction_begin (f->repo, &options, &error);
  g_assert_no_error (error);
  g_autoptr (UlWriter) writer = ul_writer_new (transaction);
  ul_writer_metadata (writer, UL_OBJECT_COMMIT, linked, &checksum, &error);
  g_assert_no_error (error);
  ul_transaction_commit (transaction, NULL, &error);
  g_assert_no_error (error);
  return checksum;
}

static ino_t
inode_of (Fixture *f, const char *path)
{
  struct stat st;
  g_assert_cmpint (fstatat (f->dfd, path, &st, AT_SYMLINK_NOFOLLOW), ==, 0);
  return st.st_ino;
}

static const char *const equal_files[]
    = { "f a 644 same", "f b 644 same", "f c 644 same", "f d 644 same", "f e 644 same", NULL };

static void
test_one_file_is_the_object (void)
{
  static const UlHardlink links[] = { { 1, 0 }, { 3, 0 } };
  g_auto (Fixture) f;
  fixture_init (&f, UL_REPO_MODE_BARE);
  const UlChecksum plain = fixture_commit (&f, equal_files);
  const UlChecksum commit = record (&f, &plain, links, G_N_ELEMENTS (links));
  const UlCheckoutOptions options = { .link = UL_CHECKOUT_LINK_REQUIRE };
  UlCheckoutStats stats;
  fixture_checkout (&f, &commit, &options, "out", &stats);
  g_autofree char *dump = fixture_dump (&f, "out");
  g_assert_cmpstr (dump, ==,
                   ". d 755 0 \n./a f 644 2 same\n./b f 644 2 same\n./c f 644 1 same\n"
                   "./d f 644 2 same\n./e f 644 1 same\n");
  g_assert_cmpint (inode_of (&f, "out/b"), ==, inode_of (&f, "out/d"));
  g_assert_cmpint (stats.linked, ==, 2);
  g_assert_cmpint (stats.copied, ==, 3);
}

static int
fail_at_c (const char *path, gpointer data)
{
  return g_str_equal (path, "/c") ? GPOINTER_TO_INT (data) : 0;
}

/* The file system allows no more links: a second file takes the rest. */
static void
test_too_many_links (gconstpointer link)
{
  static const UlHardlink links[] = { { 0, 0 }, { 1, 0 }, { 2, 0 }, { 3, 0 }, { 4, 0 } };
  g_auto (Fixture) f;
  fixture_init (&f, UL_REPO_MODE_BARE);
  const UlChecksum plain = fixture_commit (&f, equal_files);
  const UlChecksum commit = record (&f, &plain, links, G_N_ELEMENTS (links));
  const UlCheckoutOptions options = {
    .link = GPOINTER_TO_INT (link),
    .jobs = 1,
    .hooks = { .link_errno = fail_at_c, .data = GINT_TO_POINTER (EMLINK) },
  };
  fixture_checkout (&f, &commit, &options, "out", NULL);
  g_assert_cmpint (inode_of (&f, "out/a"), ==, inode_of (&f, "out/b"));
  g_assert_cmpint (inode_of (&f, "out/a"), !=, inode_of (&f, "out/c"));
  g_assert_cmpint (inode_of (&f, "out/c"), ==, inode_of (&f, "out/d"));
  g_assert_cmpint (inode_of (&f, "out/c"), ==, inode_of (&f, "out/e"));
}

/* It takes its time, and becomes a copy: a name that is taken for the first meanwhile is the
 * object.
 */
static int
slow_at_first (const char *path, G_GNUC_UNUSED gpointer data)
{
  if (!g_str_equal (path, "/a/1"))
    return 0;
  g_usleep (100 * 1000);
  return EMLINK;
}

/* A name that is left out, of which the walk or another worker knows while the first one is still
 * being made, doesn't make the third one the first. */
static void
test_left_out_while_the_first_is_made (gconstpointer skipped)
{
  static const UlHardlink links[] = { { 0, 0 }, { 1, 0 }, { 1 + 2 * BATCH, 0 } };
  g_auto (Fixture) f;
  fixture_init (&f, UL_REPO_MODE_BARE);
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);
  for (const char *dir = "abcd"; *dir != '\0'; dir++)
    g_ptr_array_add (lines, g_strdup_printf ("d %c 755", *dir));
  g_ptr_array_add (lines, g_strdup ("f a/1 644 same"));
  g_ptr_array_add (lines, g_strdup ("f b/2 644 same"));
  for (int i = 1; i < 2 * BATCH; i++)
    g_ptr_array_add (lines, g_strdup_printf ("f c/%04d 644 other", i));
  g_ptr_array_add (lines, g_strdup ("f d/3 644 same"));
  g_ptr_array_add (lines, NULL);
  const UlChecksum plain = fixture_commit (&f, (const char *const *) lines->pdata);
  const UlChecksum commit = record (&f, &plain, links, G_N_ELEMENTS (links));
  g_autoptr (GHashTable) skip = g_hash_table_new (g_str_hash, g_str_equal);
  g_hash_table_add (skip, (gpointer) skipped);
  const UlCheckoutOptions options
      = { .jobs = 4, .skip = skip, .hooks = { .link_errno = slow_at_first } };
  fixture_checkout (&f, &commit, &options, "out", NULL);
  g_assert_cmpint (inode_of (&f, "out/a/1"), ==, inode_of (&f, "out/d/3"));
}

/* A record can't bring one file's content to another. */
static void
test_a_different_file (void)
{
  static const UlHardlink links[] = { { 0, 0 }, { 1, 0 } };
  static const char *const files[] = { "f a 644 one", "f b 600 one", NULL };
  g_auto (Fixture) f;
  fixture_init (&f, UL_REPO_MODE_BARE);
  const UlChecksum plain = fixture_commit (&f, files);
  const UlChecksum commit = record (&f, &plain, links, G_N_ELEMENTS (links));
  g_autoptr (GError) error = NULL;
  g_assert_false (ul_checkout_at (f.repo, &commit, NULL, f.dfd, "out", NULL, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
  g_assert_cmpstr (error->message, ==,
                   "checkout /b: metadata key underlay.hardlinks: a hardlink of a different file");
}

/* Files of many directories, every seventh of them in one of five groups. */
static UlChecksum
commit_many (Fixture *f)
{
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GArray) links = g_array_new (FALSE, FALSE, sizeof (UlHardlink));
  for (guint i = 0; i < MANY; i++)
    {
      const UlHardlink link = { i, i % 5 };
      if (i % 50 == 0)
        g_ptr_array_add (lines, g_strdup_printf ("d dir%04u 755", i / 50));
      g_ptr_array_add (lines, g_strdup_printf ("f dir%04u/%04u 644 %s%u", i / 50, i,
                                               i % 7 == 0 ? "linked" : "alone", i % 5));
      if (i % 7 == 0)
        g_array_append_val (links, link);
    }
  g_ptr_array_add (lines, NULL);
  const UlChecksum plain = fixture_commit (f, (const char *const *) lines->pdata);
  return record (f, &plain, (const UlHardlink *) links->data, links->len);
}

static void
test_result_is_the_same_for_any_jobs (void)
{
  g_auto (Fixture) f;
  fixture_init (&f, UL_REPO_MODE_BARE);
  const UlChecksum commit = commit_many (&f);
  g_autofree char *first = NULL;
  for (gsize i = 0; i < 2 * G_N_ELEMENTS (jobs_to_try); i++)
    {
      g_autofree char *target = g_strdup_printf ("out%" G_GSIZE_FORMAT, i);
      const UlCheckoutOptions options = {
        .jobs = jobs_to_try[i / 2],
        .link = i % 2 == 0 ? UL_CHECKOUT_LINK_REQUIRE : UL_CHECKOUT_LINK_NEVER,
      };
      UlCheckoutStats stats;
      fixture_checkout (&f, &commit, &options, target, &stats);
      for (guint n = 0; n < MANY; n += 7)
        {
          g_autofree char *path = g_strdup_printf ("%s/dir%04u/%04u", target, n / 50, n);
          const guint head = n % 5 == 0   ? 0
                             : n % 5 == 2 ? 7
                             : n % 5 == 4 ? 14
                             : n % 5 == 1 ? 21
                                          : 28;
          g_autofree char *to = g_strdup_printf ("%s/dir0000/%04u", target, head);
          g_assert_cmpint (inode_of (&f, path), ==, inode_of (&f, to));
        }
      /* All that is linked, but for the first five names in copies. */
      const gint64 linked = MANY / 7 + 1 + (i % 2 == 0 ? 5 : -5);
      g_assert_cmpint (stats.linked, ==, linked);
    }
}

/* Names whose first one fails, or isn't tried any more, don't wait for ever. */
static void
test_failure_ends_the_wait (void)
{
  g_auto (Fixture) f;
  fixture_init (&f, UL_REPO_MODE_BARE);
  const UlChecksum commit = commit_many (&f);
  const char *const contents[] = { "linked2", "alone3" };
  for (gsize i = 0; i < G_N_ELEMENTS (contents) * G_N_ELEMENTS (jobs_to_try); i++)
    {
      const UlChecksum gone = fixture_file (&f, 0644, contents[i % 2]);
      char path[UL_OBJECT_LOOSE_PATH_MAX];
      ul_object_loose_path (&gone, UL_OBJECT_FILE, FALSE, path);
      g_assert_cmpint (unlinkat (ul_repo_objects_dfd (f.repo), path, 0), ==, 0);
      g_autofree char *target = g_strdup_printf ("out%" G_GSIZE_FORMAT, i);
      const UlCheckoutOptions options = { .jobs = jobs_to_try[i / 2] };
      g_autoptr (GError) error = NULL;
      g_assert_false (ul_checkout_at (f.repo, &commit, &options, f.dfd, target, NULL, &error));
      g_assert_error (error, UL_ERROR, UL_ERROR_NOT_FOUND);
      g_assert_true (g_str_has_prefix (error->message, i % 2 == 0 ? "checkout /dir0000/0007: "
                                                                  : "checkout /dir0000/0003: "));
      (void) fixture_file (&f, 0644, contents[i % 2]);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/Sharing/one-file-is-the-object", test_one_file_is_the_object);
  g_test_add_data_func ("/Sharing/too-many-links", GINT_TO_POINTER (UL_CHECKOUT_LINK_PREFER),
                        test_too_many_links);
  g_test_add_data_func ("/Sharing/too-many-links/copies", GINT_TO_POINTER (UL_CHECKOUT_LINK_NEVER),
                        test_too_many_links);
  g_test_add_data_func ("/Sharing/left-out/file", "/b/2", test_left_out_while_the_first_is_made);
  g_test_add_data_func ("/Sharing/left-out/dir", "/b/", test_left_out_while_the_first_is_made);
  g_test_add_func ("/Sharing/different-file", test_a_different_file);
  g_test_add_func ("/Sharing/jobs", test_result_is_the_same_for_any_jobs);
  g_test_add_func ("/Sharing/failure", test_failure_ends_the_wait);
  return g_test_run ();
}
