// SPDX-License-Identifier: LGPL-2.1-or-later
#include "build/plain-draft.h"

#include <sys/stat.h>
#include <unistd.h>

#include "../repo/fixture.h"
#include "util/xattr.h"

/* Above what a writer holds in memory. */
#define LARGE (4 * 1024 * 1024 + 12345)

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

/* A draft, and what it takes to store it. */
typedef struct
{
  Fixture f;
  UlTransaction *transaction;
  UlWriter *writer;
  UlPlainDraft *draft;
} Desk;

static void
desk_init (Desk *desk, UlRepoMode mode)
{
  g_autoptr (GError) error = NULL;
  fixture_init (&desk->f, mode);
  desk->transaction = fixture_begin (&desk->f);
  desk->writer = ul_writer_new (desk->transaction);
  desk->draft = ul_plain_draft_new (desk->transaction, &error);
  g_assert_no_error (error);
}

static void
desk_clear (Desk *desk)
{
  ul_plain_draft_free (desk->draft);
  ul_writer_free (desk->writer);
  ul_transaction_free (desk->transaction);
  fixture_assert_no_staging (&desk->f);
  fixture_clear (&desk->f);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Desk, desk_clear)

/* Commits what was written, which is @data, as a draft and from memory. They are one. */
static void
check_same (Desk *desk, const guint8 *data, gsize len, gboolean draft_first)
{
  g_autoptr (GError) error = NULL;
  UlSource drawn;
  ul_plain_draft_finish (desk->draft, &drawn);
  const UlSource sources[] = { drawn, { .data = data, .fd = -1, .size = len } };
  const UlChecksum a = commit (desk->transaction, desk->writer, &sources[draft_first ? 0 : 1]);
  const UlChecksum b = commit (desk->transaction, desk->writer, &sources[draft_first ? 1 : 0]);
  g_assert_true (ul_checksum_equal (&a, &b));
  UlTransactionStats stats;
  g_assert_true (ul_transaction_commit (desk->transaction, &stats, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (stats.content_written, ==, 1);
  g_assert_cmpuint (stats.content_bytes_written, ==, len);
}

static void
check_object (Fixture *f, const guint8 *data, gsize len)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (UlHasher) hasher = ul_hasher_new ();
  const UlFileMeta meta = { .mode = S_IFREG | 0644, .xattrs = ul_xattr_empty () };
  UlChecksum checksum;
  UlChecksum actual;
  guint64 bytes;
  ul_file_meta_start_hash (&meta, hasher);
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
          const gboolean owns = fixture_modes[m] == UL_REPO_MODE_BARE
                                || fixture_modes[m] == UL_REPO_MODE_BARE_SPLIT_XATTRS;
          if (owns && geteuid () != 0) /* they are root's */
            continue;
          g_auto (Desk) desk = { 0 };
          g_autofree guint8 *data = fixture_data (sizes[s]);
          desk_init (&desk, fixture_modes[m]);
          write_data (desk.draft, data, sizes[s]);
          check_same (&desk, data, sizes[s], draft_first);
          check_object (&desk.f, data, sizes[s]);
        }
}

/* The file that was written is the object. */
static void
test_becomes_the_object (void)
{
  g_auto (Desk) desk = { 0 };
  UlSource source;
  struct stat before;
  struct stat after;
  desk_init (&desk, UL_REPO_MODE_BARE_USER_ONLY);
  write_data (desk.draft, (const guint8 *) "content", 7);
  ul_plain_draft_finish (desk.draft, &source);
  g_assert_no_errno (fstat (source.fd, &before));
  (void) commit (desk.transaction, desk.writer, &source);
  fixture_end (desk.transaction);
  g_autofree char *path = fixture_object (&desk.f, UL_OBJECT_FILE, source.draft);
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
  g_auto (Desk) desk = { 0 };
  const guint8 *second = (const guint8 *) "the second";
  desk_init (&desk, UL_REPO_MODE_BARE_USER_ONLY);
  write_data (desk.draft, (const guint8 *) "much longer than the second", 27);
  ul_plain_draft_restart (desk.draft, &error);
  g_assert_no_error (error);
  write_data (desk.draft, second, 10);
  check_same (&desk, second, 10, TRUE);
  check_object (&desk.f, second, 10);
}

/* One that nobody stores: nothing is left, which clear () looks at. */
static void
test_dropped (void)
{
  g_auto (Desk) desk = { 0 };
  desk_init (&desk, UL_REPO_MODE_BARE_USER_ONLY);
  write_data (desk.draft, (const guint8 *) "content", 7);
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
