// SPDX-License-Identifier: LGPL-2.1-or-later
#include "repo/split-xattrs.h"

#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "fixture.h"
#include "util/error.h"
#include "util/xattr.h"

/* The SHA-256 of no bytes: no xattrs. */
#define EMPTY_HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
/* Of the 13 bytes of the xattr trusted.q = "r": read by ostree 2022.7 from a repository made by
 * hand. */
#define TRUSTED_Q "[(b'trusted.q', [byte 0x72])]"

static GVariant *
parse (const char *text)
{
  return g_variant_parse (G_VARIANT_TYPE ("a(ayay)"), text, NULL, NULL, NULL);
}

static UlChecksum
store (Fixture *f, const char *content, const char *target, GVariant *xattrs)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (UlTransaction) transaction = fixture_begin (f);
  g_autoptr (UlWriter) writer = ul_writer_new (transaction);
  UlFileMeta meta = fixture_meta (f, 0644, target);
  meta.xattrs = xattrs;
  const UlSource source = { .data = (const guint8 *) content, .fd = -1, .size = strlen (content) };
  UlChecksum checksum;
  ul_writer_file (writer, &meta, &source, &checksum, &error);
  g_assert_no_error (error);
  fixture_end (transaction);
  return checksum;
}

static void
assert_xattrs (Fixture *f, const UlChecksum *checksum, GVariant *expected)
{
  g_autoptr (GError) error = NULL;
  g_auto (UlFileMeta) meta = { 0 };
  ul_objects_load_file_meta (f->repo, checksum, &meta, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_variant_equal (meta.xattrs, expected));
}

static guint
links_of (Fixture *f, UlObjectType type, const UlChecksum *checksum)
{
  g_autofree char *path = fixture_object (f, type, checksum);
  struct stat st;
  g_assert_cmpint (lstat (path, &st), ==, 0);
  return (guint) st.st_nlink;
}

static void
test_round_trip (void)
{
  static const char *const texts[]
      = { "[]", TRUSTED_Q, "[(b'user.a', [byte 0]), (b'user.b', [1, 2])]" };
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE_SPLIT_XATTRS);
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GVariant) xattrs = parse (texts[i]);
      const UlChecksum file = store (&f, "content", NULL, xattrs);
      const UlChecksum link = store (&f, "", "target", xattrs);
      assert_xattrs (&f, &file, xattrs);
      assert_xattrs (&f, &link, xattrs);
      /* Not on the file itself. */
      g_autofree char *path = fixture_object (&f, UL_OBJECT_FILE, &file);
      g_assert_cmpint (getxattr (path, "trusted.q", NULL, 0), ==, -1);
      g_assert_cmpint (getxattr (path, "user.a", NULL, 0), ==, -1);
    }
}

static void
test_known_object (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE_SPLIT_XATTRS);
  g_autoptr (GVariant) xattrs = parse (TRUSTED_Q);
  store (&f, "content", NULL, xattrs);
  store (&f, "other", NULL, ul_xattr_empty ());
  static const guint8 bytes[]
      = { 0x74, 0x72, 0x75, 0x73, 0x74, 0x65, 0x64, 0x2e, 0x71, 0x00, 0x72, 0x0a, 0x0c };
  UlChecksum checksum;
  gsize len;
  ul_checksum_of_data (bytes, sizeof bytes, &checksum);
  g_autofree char *path = fixture_object (&f, UL_OBJECT_FILE_XATTRS, &checksum);
  g_autofree char *data = fixture_get (path, &len);
  g_assert_cmpmem (data, len, bytes, sizeof bytes);
  checksum = fixture_checksum (EMPTY_HEX);
  g_assert_true (fixture_has (&f, UL_OBJECT_FILE_XATTRS, &checksum));
}

/* One object for equal xattrs, a hardlink for each file, also across transactions. */
static void
test_shared (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE_SPLIT_XATTRS);
  g_autoptr (GVariant) xattrs = parse (TRUSTED_Q);
  UlChecksum files[3];
  files[0] = store (&f, "0", NULL, xattrs);
  {
    g_autoptr (UlTransaction) transaction = fixture_begin (&f);
    g_autoptr (UlWriter) writer = ul_writer_new (transaction);
    for (guint i = 1; i < 3; i++)
      {
        g_autoptr (GError) error = NULL;
        const char content = (char) ('0' + i);
        UlFileMeta meta = fixture_meta (&f, 0644, NULL);
        meta.xattrs = xattrs;
        const UlSource source = { .data = (const guint8 *) &content, .fd = -1, .size = 1 };
        ul_writer_file (writer, &meta, &source, &files[i], &error);
        g_assert_no_error (error);
      }
    fixture_end (transaction);
  }
  UlChecksum checksum;
  ul_checksum_of_data (g_variant_get_data (xattrs), g_variant_get_size (xattrs), &checksum);
  g_assert_cmpuint (links_of (&f, UL_OBJECT_FILE_XATTRS, &checksum), ==, 4);
  for (guint i = 0; i < 3; i++)
    {
      g_assert_cmpuint (links_of (&f, UL_OBJECT_FILE_XATTRS_LINK, &files[i]), ==, 4);
      assert_xattrs (&f, &files[i], xattrs);
    }
  fixture_assert_no_staging (&f);
}

#define CROWD  4
#define ROUNDS 50

typedef struct
{
  Fixture *f;
  UlTransaction *transaction;
  pthread_barrier_t barrier;
  guint n_started;
} Crowd;

static GVariant *
xattrs_of_round (guint round)
{
  g_autofree char *text = g_strdup_printf ("[(b'user.round', [byte %u])]", round);
  return parse (text);
}

static gpointer
write_rounds (gpointer data)
{
  Crowd *crowd = data;
  g_autoptr (UlWriter) writer = ul_writer_new (crowd->transaction);
  const guint me = __atomic_fetch_add (&crowd->n_started, 1, __ATOMIC_RELAXED);
  for (guint i = 0; i < ROUNDS; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) xattrs = xattrs_of_round (i);
      g_autofree char *content = g_strdup_printf ("%u of %u", i, me);
      UlFileMeta meta = fixture_meta (crowd->f, 0644, NULL);
      meta.xattrs = xattrs;
      const UlSource source
          = { .data = (const guint8 *) content, .fd = -1, .size = strlen (content) };
      UlChecksum checksum;
      pthread_barrier_wait (&crowd->barrier);
      ul_writer_file (writer, &meta, &source, &checksum, &error);
      g_assert_no_error (error);
    }
  return NULL;
}

/* Whoever comes first, all link to the same. */
static void
test_shared_by_threads (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE_SPLIT_XATTRS);
  g_autoptr (UlTransaction) transaction = fixture_begin (&f);
  Crowd crowd = { .f = &f, .transaction = transaction };
  g_assert_cmpint (pthread_barrier_init (&crowd.barrier, NULL, CROWD), ==, 0);
  GThread *threads[CROWD];
  for (guint i = 0; i < CROWD; i++)
    threads[i] = g_thread_new ("writer", write_rounds, &crowd);
  for (guint i = 0; i < CROWD; i++)
    g_thread_join (threads[i]);
  pthread_barrier_destroy (&crowd.barrier);
  fixture_end (transaction);
  for (guint i = 0; i < ROUNDS; i++)
    {
      g_autoptr (GVariant) xattrs = xattrs_of_round (i);
      UlChecksum checksum;
      ul_checksum_of_data (g_variant_get_data (xattrs), g_variant_get_size (xattrs), &checksum);
      g_assert_cmpuint (links_of (&f, UL_OBJECT_FILE_XATTRS, &checksum), ==, CROWD + 1);
    }
  fixture_assert_no_staging (&f);
}

static void
assert_corrupt (Fixture *f, const UlChecksum *checksum)
{
  g_autoptr (GError) error = NULL;
  UlFileMeta untouched = { .uid = 42 };
  g_assert_false (ul_objects_load_file_meta (f->repo, checksum, &untouched, NULL, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
  g_assert_cmpuint (untouched.uid, ==, 42);
}

static void
test_broken_link (void)
{
  static const struct
  {
    const char *data;
    gsize len;
  } bad[] = { { "x", 1 }, { "garbage garbage", 15 }, { "\0r\x01\x03", 4 } };
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE_SPLIT_XATTRS);
  g_autoptr (GVariant) xattrs = parse (TRUSTED_Q);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *content = g_strdup_printf ("%u", i);
      const UlChecksum checksum = store (&f, content, NULL, xattrs);
      g_autofree char *path = fixture_object (&f, UL_OBJECT_FILE_XATTRS_LINK, &checksum);
      g_assert_cmpint (unlink (path), ==, 0);
      assert_corrupt (&f, &checksum);
      fixture_put (path, bad[i].data, bad[i].len);
      assert_corrupt (&f, &checksum);
      g_assert_cmpint (unlink (path), ==, 0);
      g_assert_cmpint (mkdir (path, 0755), ==, 0);
      assert_corrupt (&f, &checksum);
    }
}

/* Another's xattrs: sound in form, but the file is no longer the one it's named for. */
static void
test_exchanged_link (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE_SPLIT_XATTRS);
  g_autoptr (GVariant) xattrs = parse (TRUSTED_Q);
  const UlChecksum one = store (&f, "1", NULL, xattrs);
  const UlChecksum two = store (&f, "2", NULL, ul_xattr_empty ());
  g_autofree char *from = fixture_object (&f, UL_OBJECT_FILE_XATTRS_LINK, &two);
  g_autofree char *to = fixture_object (&f, UL_OBJECT_FILE_XATTRS_LINK, &one);
  g_assert_cmpint (unlink (to), ==, 0);
  g_assert_cmpint (link (from, to), ==, 0);
  g_autoptr (UlHasher) hasher = ul_hasher_new ();
  UlChecksum actual;
  guint64 bytes;
  g_assert_true (ul_objects_verify (f.repo, UL_OBJECT_FILE, &one, hasher, &actual, &bytes, &error));
  g_assert_no_error (error);
  g_assert_false (ul_checksum_equal (&actual, &one));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/SplitXattrs/round-trip", test_round_trip);
  g_test_add_func ("/SplitXattrs/object-as-the-peer-reads-it", test_known_object);
  g_test_add_func ("/SplitXattrs/equal-xattrs-are-one-object", test_shared);
  g_test_add_func ("/SplitXattrs/equal-xattrs-of-many-threads-are-one-object",
                   test_shared_by_threads);
  g_test_add_func ("/SplitXattrs/link-missing-or-broken", test_broken_link);
  g_test_add_func ("/SplitXattrs/link-to-other-xattrs", test_exchanged_link);
  return g_test_run ();
}
