// SPDX-License-Identifier: LGPL-2.1-or-later

/* One object from a repository into another, of each mode. */

#include <string.h>
#include <sys/stat.h>

#include "fixture.h"
#include "repo/import.h"
#include "util/error.h"

/* Above what a writer holds in memory. */
#define LARGE (4 * 1024 * 1024 + 4321)

static UlChecksum
put (Fixture *f, gsize size, guint32 mode)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (UlTransaction) transaction = fixture_begin (f);
  g_autoptr (UlWriter) writer = ul_writer_new (transaction);
  g_autofree guint8 *data = g_malloc0 (size + 1);
  for (gsize i = 0; i < size; i++)
    data[i] = (guint8) (i * 7 + i / 509);
  const UlFileMeta meta = fixture_meta (f, mode, NULL);
  const UlSource source = { .data = data, .fd = -1, .size = size };
  UlChecksum checksum;
  ul_writer_file (writer, &meta, &source, &checksum, &error);
  g_assert_no_error (error);
  fixture_end (transaction);
  return checksum;
}

/* In a transaction of its own, which is committed also after a failure. */
static gboolean
import (Fixture *to, Fixture *from, UlObjectType type, const UlChecksum *checksum,
        const UlImportOptions *options, UlImported *out, GError **error)
{
  g_autoptr (UlTransaction) transaction = fixture_begin (to);
  g_autoptr (UlWriter) writer = ul_writer_new (transaction);
  const gboolean ok = ul_writer_import (writer, from->repo, type, checksum, options, out, error);
  fixture_end (transaction);
  return ok;
}

static void
assert_sound (Fixture *f, UlObjectType type, const UlChecksum *checksum)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (UlHasher) hasher = ul_hasher_new ();
  UlChecksum actual;
  guint64 bytes;
  ul_objects_verify (f->repo, type, checksum, hasher, &actual, &bytes, &error);
  g_assert_no_error (error);
  g_assert_true (ul_checksum_equal (&actual, checksum));
}

static guint
n_links (Fixture *f, UlObjectType type, const UlChecksum *checksum)
{
  g_autofree char *path = fixture_object (f, type, checksum);
  struct stat st;
  g_assert_cmpint (lstat (path, &st), ==, 0);
  return (guint) st.st_nlink;
}

static void
import_all (Fixture *to, Fixture *from, gboolean untrusted)
{
  static const gsize sizes[] = { 0, 1, 100000, LARGE };
  const UlImportOptions options = { .untrusted = untrusted };
  const gboolean link
      = !untrusted && ul_repo_import_links (from->repo, to->repo) != UL_IMPORT_LINKS_NONE;
  for (guint i = 0; i <= G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (GError) error = NULL;
      const gboolean is_link = i == G_N_ELEMENTS (sizes);
      const UlChecksum checksum
          = is_link ? fixture_link (from, "target") : put (from, sizes[i], 0755);
      UlImported got;
      import (to, from, UL_OBJECT_FILE, &checksum, &options, &got, &error);
      g_assert_no_error (error);
      assert_sound (to, UL_OBJECT_FILE, &checksum);
      if (!is_link)
        {
          g_assert_cmpint (got.kind, ==, link ? UL_IMPORT_LINKED : UL_IMPORT_COPIED);
          g_assert_cmpuint (n_links (to, UL_OBJECT_FILE, &checksum), ==, link ? 2 : 1);
          if (!link && !ul_repo_is_compressed (to->repo))
            g_assert_cmpuint (got.size, ==, sizes[i]);
        }
      import (to, from, UL_OBJECT_FILE, &checksum, &options, &got, &error);
      g_assert_no_error (error);
      g_assert_cmpint (got.kind, ==, UL_IMPORT_EXISTED);
    }
}

static void
test_modes (void)
{
  for (guint a = 0; a < FIXTURE_N_MODES; a++)
    for (guint b = 0; b < FIXTURE_N_MODES; b++)
      for (guint untrusted = 0; untrusted < 2; untrusted++)
        {
          g_auto (Fixture) from = { 0 };
          g_auto (Fixture) to = { 0 };
          fixture_init (&from, fixture_modes[a]);
          fixture_init (&to, fixture_modes[b]);
          import_all (&to, &from, untrusted != 0);
        }
}

static void
test_metadata (void)
{
  for (guint untrusted = 0; untrusted < 2; untrusted++)
    {
      g_autoptr (GError) error = NULL;
      const UlImportOptions options = { .untrusted = untrusted != 0 };
      g_auto (Fixture) from = { 0 };
      g_auto (Fixture) to = { 0 };
      fixture_init (&from, UL_REPO_MODE_BARE);
      fixture_init (&to, UL_REPO_MODE_ARCHIVE);
      const FixtureCommit commit = fixture_commit (&from, "main", NULL, "one");
      UlImported got;
      import (&to, &from, UL_OBJECT_DIRTREE, &commit.tree, &options, &got, &error);
      g_assert_no_error (error);
      g_assert_cmpint (got.kind, ==, untrusted ? UL_IMPORT_COPIED : UL_IMPORT_LINKED);
      assert_sound (&to, UL_OBJECT_DIRTREE, &commit.tree);
      /* Nothing below it. */
      g_assert_false (fixture_has (&to, UL_OBJECT_DIRTREE, &commit.sub_tree));
    }
}

/* What is broken in one repository may be had from another, in the same transaction. */
static void
test_second_source (void)
{
  static const gsize sizes[] = { 1000, 100000, LARGE };
  for (guint a = 0; a < FIXTURE_N_MODES; a++)
    for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
      {
        g_autoptr (GError) error = NULL;
        const UlImportOptions options = { .untrusted = TRUE };
        g_auto (Fixture) bad = { 0 };
        g_auto (Fixture) good = { 0 };
        g_auto (Fixture) to = { 0 };
        fixture_init (&bad, fixture_modes[a]);
        fixture_init (&good, UL_REPO_MODE_BARE);
        fixture_init (&to, fixture_modes[a]);
        const UlChecksum checksum = put (&bad, sizes[i], 0644);
        const UlChecksum same = put (&good, sizes[i], 0644);
        g_assert_true (ul_checksum_equal (&checksum, &same));
        g_autofree char *path = fixture_object (&bad, UL_OBJECT_FILE, &checksum);
        fixture_flip (path, -10);

        g_autoptr (UlTransaction) transaction = fixture_begin (&to);
        g_autoptr (UlWriter) writer = ul_writer_new (transaction);
        UlImported got;
        ul_writer_import (writer, bad.repo, UL_OBJECT_FILE, &checksum, &options, &got, &error);
        g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
        g_assert_null (strchr (error->message, '\n'));
        g_clear_error (&error);
        ul_writer_import (writer, good.repo, UL_OBJECT_FILE, &checksum, &options, &got, &error);
        g_assert_no_error (error);
        g_assert_cmpint (got.kind, ==, UL_IMPORT_COPIED);
        fixture_end (transaction);
        assert_sound (&to, UL_OBJECT_FILE, &checksum);
      }
}

/* Whatever is read is verified, trusted or not. */
static void
test_corrupt (void)
{
  const UlImportOptions trusted = { 0 };
  g_autoptr (GError) error = NULL;
  g_auto (Fixture) from = { 0 };
  g_auto (Fixture) to = { 0 };
  fixture_init (&from, UL_REPO_MODE_ARCHIVE);
  fixture_init (&to, UL_REPO_MODE_BARE);
  UlImported got;
  const UlChecksum small = put (&from, 2000, 0644);
  g_autofree char *path = fixture_object (&from, UL_OBJECT_FILE, &small);
  struct stat st;
  g_assert_cmpint (lstat (path, &st), ==, 0);

  gsize len;
  g_autofree char *sound = fixture_get (path, &len);
  g_autofree char *longer = g_malloc0 (len + 1);
  memcpy (longer, sound, len);
  fixture_put (path, longer, len + 1);
  g_assert_false (import (&to, &from, UL_OBJECT_FILE, &small, &trusted, &got, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
  g_clear_error (&error);
  fixture_put (path, sound, len - 3);
  g_assert_false (import (&to, &from, UL_OBJECT_FILE, &small, &trusted, &got, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
  g_clear_error (&error);
  g_assert_false (fixture_has (&to, UL_OBJECT_FILE, &small));

  UlChecksum none = small;
  none.bytes[0] ^= 1;
  const UlObjectType types[] = { UL_OBJECT_FILE, UL_OBJECT_DIRTREE, UL_OBJECT_COMMIT };
  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    {
      g_assert_false (import (&to, &from, types[i], &none, &trusted, &got, &error));
      g_assert_error (error, UL_ERROR, UL_ERROR_NOT_FOUND);
      g_clear_error (&error);
    }

  /* A dirtree that is under another's name. */
  const FixtureCommit commit = fixture_commit (&from, "main", NULL, "one");
  g_autofree char *a = fixture_object (&from, UL_OBJECT_DIRTREE, &commit.tree);
  g_autofree char *b = fixture_object (&from, UL_OBJECT_DIRTREE, &commit.sub_tree);
  g_autofree char *other = fixture_get (b, &len);
  fixture_put (a, other, len);
  const UlImportOptions untrusted = { .untrusted = TRUE };
  g_assert_false (import (&to, &from, UL_OBJECT_DIRTREE, &commit.tree, &untrusted, &got, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
}

static UlChecksum
put_with_xattrs (Fixture *f, const char *xattrs)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (UlTransaction) transaction = fixture_begin (f);
  g_autoptr (UlWriter) writer = ul_writer_new (transaction);
  g_autoptr (GVariant) parsed
      = g_variant_parse (G_VARIANT_TYPE ("a(ayay)"), xattrs, NULL, NULL, NULL);
  UlFileMeta meta = fixture_meta (f, 0644, NULL);
  const UlSource source = { .data = (const guint8 *) "x", .fd = -1, .size = 1 };
  UlChecksum checksum;
  meta.xattrs = parsed;
  ul_writer_file (writer, &meta, &source, &checksum, &error);
  g_assert_no_error (error);
  fixture_end (transaction);
  return checksum;
}

/* Bytes are kept as they are; attributes of the file system would come back as another object. */
static void
test_xattrs_as_bytes (void)
{
  static const char *const xattrs[]
      = { "[(b'user.b', b'1'), (b'user.a', b'2')]", "[(b'user.a', @ay [])]" };
  static const UlRepoMode modes[]
      = { UL_REPO_MODE_ARCHIVE, UL_REPO_MODE_BARE_USER, UL_REPO_MODE_BARE_SPLIT_XATTRS };
  for (guint i = 0; i < G_N_ELEMENTS (xattrs); i++)
    for (guint a = 0; a < G_N_ELEMENTS (modes); a++)
      {
        UlImported got;
        g_autoptr (GError) error = NULL;
        g_auto (Fixture) from = { 0 };
        g_auto (Fixture) bare = { 0 };
        fixture_init (&from, modes[a]);
        const UlChecksum checksum = put_with_xattrs (&from, xattrs[i]);
        assert_sound (&from, UL_OBJECT_FILE, &checksum);
        for (guint b = 0; b < G_N_ELEMENTS (modes); b++)
          {
            g_auto (Fixture) to = { 0 };
            fixture_init (&to, modes[b]);
            import (&to, &from, UL_OBJECT_FILE, &checksum, NULL, &got, &error);
            g_assert_no_error (error);
            assert_sound (&to, UL_OBJECT_FILE, &checksum);
          }
        fixture_init (&bare, UL_REPO_MODE_BARE);
        g_assert_false (import (&bare, &from, UL_OBJECT_FILE, &checksum, NULL, &got, &error));
        g_assert_error (error, UL_ERROR, UL_ERROR_UNSUPPORTED);
        g_assert_false (fixture_has (&bare, UL_OBJECT_FILE, &checksum));
      }
}

static void
test_bits (void)
{
  for (guint a = 0; a < FIXTURE_N_MODES; a++)
    {
      if (fixture_modes[a] == UL_REPO_MODE_BARE_USER_ONLY)
        continue;
      for (guint untrusted = 0; untrusted < 2; untrusted++)
        {
          g_autoptr (GError) error = NULL;
          const UlImportOptions options
              = { .bareuseronly_files = TRUE, .untrusted = untrusted != 0 };
          g_auto (Fixture) from = { 0 };
          g_auto (Fixture) to = { 0 };
          fixture_init (&from, fixture_modes[a]);
          fixture_init (&to, fixture_modes[a]);
          const UlChecksum checksum = put (&from, 10, 04755);
          UlImported got;
          g_assert_false (import (&to, &from, UL_OBJECT_FILE, &checksum, &options, &got, &error));
          g_assert_error (error, UL_ERROR, UL_ERROR_INVALID);
          g_assert_nonnull (strstr (error->message, "invalid mode 0104755 with bits 04000"));
        }
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/Import/modes", test_modes);
  g_test_add_func ("/Import/metadata", test_metadata);
  g_test_add_func ("/Import/second-source", test_second_source);
  g_test_add_func ("/Import/corrupt", test_corrupt);
  g_test_add_func ("/Import/xattrs-as-bytes", test_xattrs_as_bytes);
  g_test_add_func ("/Import/bits", test_bits);
  return g_test_run ();
}
