// SPDX-License-Identifier: LGPL-2.1-or-later
#include "build/plain-draft.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../repo/fixture.h"
#include "util/xattr.h"

/* Above what a writer holds in memory. */
#define LARGE (4 * 1024 * 1024 + 12345)

static guint8 *
make_data (gsize len)
{
  guint8 *data = g_malloc (len + 1);
  for (gsize i = 0; i < len; i++)
    data[i] = (guint8) (i * 31 + i / 4099);
  return data;
}

static void
write_data (UlPlainDraft *draft, const guint8 *data, gsize len)
{
  g_autoptr (GError) error = NULL;
  for (gsize at = 0; at < len; at += MIN (len - at, 70000))
    {
      ul_plain_draft_write (draft, data + at, MIN (len - at, 70000), &error);
      g_assert_no_error (error);
    }
}

static UlChecksum
commit (UlTransaction *transaction, UlWriter *writer, const UlSource *source)
{
  g_autoptr (GError) error = NULL;
  UlChecksum checksum;
  const UlPlainFile file = { .name = "file", .source = *source };
  ul_plain_commit (transaction, writer, &file, 1, NULL, 0, &checksum, &error);
  g_assert_no_error (error);
  return checksum;
}

/* Commits @data as a draft and from memory. They are one. */
static void
check_same (Fixture *f, const guint8 *data, gsize len, gboolean draft_first)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (UlTransaction) transaction = fixture_begin (f);
  g_autoptr (UlWriter) writer = ul_writer_new (transaction);
  g_autoptr (UlPlainDraft) draft = ul_plain_draft_new (transaction, &error);
  g_assert_no_error (error);
  write_data (draft, data, len);
  UlSource drawn;
  ul_plain_draft_finish (draft, &drawn);
  const UlSource sources[] = { drawn, { .data = data, .fd = -1, .size = len } };
  const UlChecksum a = commit (transaction, writer, &sources[draft_first ? 0 : 1]);
  const UlChecksum b = commit (transaction, writer, &sources[draft_first ? 1 : 0]);
  g_assert_true (ul_checksum_equal (&a, &b));
  UlTransactionStats stats;
  g_assert_true (ul_transaction_commit (transaction, &stats, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (stats.content_written, ==, 1);
  g_assert_cmpuint (stats.content_bytes_written, ==, len);
}

static void
check_object (Fixture *f, const guint8 *data, gsize len)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (UlHasher) hasher = ul_hasher_new ();
  g_autofree guint8 *whole = NULL;
  const UlFileMeta meta = { .mode = S_IFREG | 0644, .xattrs = ul_xattr_empty () };
  g_autoptr (GBytes) header = ul_file_meta_to_content_header (&meta);
  UlChecksum checksum;
  UlChecksum actual;
  guint64 bytes;
  ul_hasher_start (hasher);
  ul_hasher_update (hasher, g_bytes_get_data (header, NULL), g_bytes_get_size (header));
  ul_hasher_update (hasher, data, len);
  ul_hasher_finish (hasher, &checksum);
  ul_objects_verify (f->repo, UL_OBJECT_FILE, &checksum, hasher, &actual, &bytes, &error);
  g_assert_no_error (error);
  g_assert_true (ul_checksum_equal (&actual, &checksum));
  g_assert_cmpuint (bytes, ==, len);
}

static void
test_same_as_from_memory (void)
{
  static const gsize sizes[] = { 0, 1, 100000, LARGE };
  for (guint m = 0; m < FIXTURE_N_MODES; m++)
    for (guint s = 0; s < G_N_ELEMENTS (sizes); s++)
      for (guint draft_first = 0; draft_first < 2; draft_first++)
        {
          g_auto (Fixture) f = { 0 };
          const gboolean owns = fixture_modes[m] == UL_REPO_MODE_BARE
                                || fixture_modes[m] == UL_REPO_MODE_BARE_SPLIT_XATTRS;
          if (owns && geteuid () != 0) /* they are root's */
            continue;
          fixture_init (&f, fixture_modes[m]);
          g_autofree guint8 *data = make_data (sizes[s]);
          check_same (&f, data, sizes[s], draft_first);
          check_object (&f, data, sizes[s]);
          fixture_assert_no_staging (&f);
        }
}

/* The file that was written is the object. */
static void
test_becomes_the_object (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE_USER_ONLY);
  g_autoptr (UlTransaction) transaction = fixture_begin (&f);
  g_autoptr (UlWriter) writer = ul_writer_new (transaction);
  g_autoptr (UlPlainDraft) draft = ul_plain_draft_new (transaction, &error);
  g_assert_no_error (error);
  write_data (draft, (const guint8 *) "content", 7);
  UlSource source;
  ul_plain_draft_finish (draft, &source);
  struct stat before;
  struct stat after;
  g_assert_no_errno (fstat (source.fd, &before));
  (void) commit (transaction, writer, &source);
  g_autofree char *path = NULL;
  g_assert_true (ul_transaction_commit (transaction, NULL, &error));
  g_assert_no_error (error);
  path = fixture_object (&f, UL_OBJECT_FILE, source.draft);
  g_assert_no_errno (stat (path, &after));
  g_assert_cmpuint (after.st_ino, ==, before.st_ino);
  g_assert_cmpuint (after.st_nlink, ==, 1);
  g_assert_cmpuint (after.st_mode & 07777, ==, 0644);
  g_assert_cmpint (after.st_mtime, ==, 0);
}

static void
test_restart (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE_USER_ONLY);
  g_autoptr (UlTransaction) transaction = fixture_begin (&f);
  g_autoptr (UlWriter) writer = ul_writer_new (transaction);
  g_autoptr (UlPlainDraft) draft = ul_plain_draft_new (transaction, &error);
  g_assert_no_error (error);
  write_data (draft, (const guint8 *) "much longer than the second", 27);
  ul_plain_draft_restart (draft, &error);
  g_assert_no_error (error);
  write_data (draft, (const guint8 *) "the second", 10);
  UlSource source;
  ul_plain_draft_finish (draft, &source);
  const UlSource same = { .data = (const guint8 *) "the second", .fd = -1, .size = 10 };
  const UlChecksum a = commit (transaction, writer, &source);
  const UlChecksum b = commit (transaction, writer, &same);
  g_assert_true (ul_checksum_equal (&a, &b));
  fixture_end (transaction);
  check_object (&f, (const guint8 *) "the second", 10);
}

/* One that nobody stores. */
static void
test_dropped (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE_USER_ONLY);
  {
    g_autoptr (UlTransaction) transaction = fixture_begin (&f);
    g_autoptr (UlPlainDraft) draft = ul_plain_draft_new (transaction, &error);
    g_assert_no_error (error);
    write_data (draft, (const guint8 *) "content", 7);
  }
  fixture_assert_no_staging (&f);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/PlainDraft/same-as-from-memory", test_same_as_from_memory);
  g_test_add_func ("/PlainDraft/becomes-the-object", test_becomes_the_object);
  g_test_add_func ("/PlainDraft/restart", test_restart);
  g_test_add_func ("/PlainDraft/dropped", test_dropped);
  return g_test_run ();
}
