// SPDX-License-Identifier: LGPL-2.1-or-later

/* Reading content objects in each mode, sound and broken. */

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "fixture.h"
#include "repo/content-private.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/xattr.h"

static UlChecksum
store (Fixture *f, const UlFileMeta *meta, const guint8 *data, gsize len)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (UlTransaction) transaction = fixture_begin (f);
  g_autoptr (UlWriter) writer = ul_writer_new (transaction);
  const UlSource source = { .data = data, .fd = -1, .size = len };
  UlChecksum checksum;
  ul_writer_file (writer, meta, &source, &checksum, &error);
  g_assert_no_error (error);
  fixture_end (transaction);
  return checksum;
}

static UlContent *
open_content (Fixture *f, const UlChecksum *checksum)
{
  g_autoptr (GError) error = NULL;
  UlContent *content = NULL;
  ul_objects_open_file (f->repo, checksum, &content, &error);
  g_assert_no_error (error);
  return content;
}

static void
assert_content (Fixture *f, const UlChecksum *checksum, const guint8 *data, gsize len, gsize piece)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (UlContent) content = open_content (f, checksum);
  g_assert_cmpuint (ul_content_size (content), ==, len);
  g_autofree guint8 *got = g_malloc (len + piece);
  gsize have = 0;
  for (;;)
    {
      gsize n;
      g_assert_true (ul_content_read (content, got + have, 0, &n, &error));
      g_assert_cmpuint (n, ==, 0);
      g_assert_true (ul_content_read (content, got + have, piece, &n, &error));
      g_assert_no_error (error);
      if (n == 0)
        break;
      have += n;
      g_assert_cmpuint (have, <=, len);
    }
  g_assert_cmpmem (got, have, data, len);
}

static void
assert_copy (Fixture *f, const UlChecksum *checksum, const guint8 *data, gsize len)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (UlContent) content = open_content (f, checksum);
  fixture_put ("copied", "", 0);
  ul_autofd int to = open ("copied", O_WRONLY | O_CLOEXEC);
  g_assert_true (ul_content_copy_to (content, to, &error));
  g_assert_no_error (error);
  gsize copied_len;
  g_autofree char *copied = fixture_get ("copied", &copied_len);
  g_assert_cmpmem (copied, copied_len, data, len);
}

static void
test_read (void)
{
  static const gsize sizes[] = { 0, 1, 1000, 200001 };
  for (guint m = 0; m < FIXTURE_N_MODES; m++)
    {
      g_auto (Fixture) f = { 0 };
      fixture_init (&f, fixture_modes[m]);
      for (guint s = 0; s < G_N_ELEMENTS (sizes); s++)
        {
          g_autofree guint8 *data = g_malloc (sizes[s] + 1);
          for (gsize i = 0; i < sizes[s]; i++)
            data[i] = (guint8) (i * 7 + i / 251);
          const UlFileMeta meta = fixture_meta (&f, 0640, NULL);
          const UlChecksum checksum = store (&f, &meta, data, sizes[s]);
          assert_content (&f, &checksum, data, sizes[s], 4096);
          assert_content (&f, &checksum, data, sizes[s], 100003);
          assert_copy (&f, &checksum, data, sizes[s]);
          g_autoptr (UlContent) content = open_content (&f, &checksum);
          g_assert_cmpint (ul_content_fd (content) >= 0, ==, !ul_repo_is_compressed (f.repo));
        }
    }
}

/* Above the size that is packed as a whole. */
static void
test_read_large (void)
{
  const gsize len = 4 * 1024 * 1024 + 1;
  g_autofree guint8 *data = g_malloc0 (len);
  data[len - 1] = 42;
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_ARCHIVE);
  const UlFileMeta meta = fixture_meta (&f, 0644, NULL);
  const UlChecksum checksum = store (&f, &meta, data, len);
  assert_content (&f, &checksum, data, len, 1 << 20);
}

static void
read_exactly (UlContent *content, guint8 *out, gsize len)
{
  g_autoptr (GError) error = NULL;
  for (gsize n; len > 0; out += n, len -= n)
    {
      g_assert_true (ul_content_read (content, out, len, &n, &error));
      g_assert_no_error (error);
      g_assert_cmpuint (n, >, 0);
    }
}

/* Some of it, then all from the start; the file has no name any more. */
static void
test_rewind (void)
{
  static const gsize befores[] = { 0, 1, 200000, 300000 };
  for (guint m = 0; m < FIXTURE_N_MODES; m++)
    {
      g_auto (Fixture) f = { 0 };
      g_autoptr (GError) error = NULL;
      fixture_init (&f, fixture_modes[m]);
      g_autofree guint8 *data = fixture_data (300000);
      g_autofree guint8 *got = g_malloc (300000);
      const UlFileMeta meta = fixture_meta (&f, 0644, NULL);
      const UlChecksum checksum = store (&f, &meta, data, 300000);
      g_autoptr (UlContent) content = open_content (&f, &checksum);
      fixture_delete (&f, UL_OBJECT_FILE, &checksum);
      for (guint i = 0; i < G_N_ELEMENTS (befores); i++)
        {
          gsize n;
          read_exactly (content, got, befores[i]);
          g_assert_true (ul_content_rewind (content, &error));
          memset (got, 0, 300000);
          read_exactly (content, got, 300000);
          g_assert_cmpmem (got, 300000, data, 300000);
          g_assert_true (ul_content_read (content, got, 1, &n, &error));
          g_assert_cmpuint (n, ==, 0);
          g_assert_true (ul_content_rewind (content, &error));
        }
    }
}

static void
test_meta (void)
{
  for (guint m = 0; m < FIXTURE_N_MODES; m++)
    {
      g_auto (Fixture) f = { 0 };
      fixture_init (&f, fixture_modes[m]);
      static const guint32 modes[] = { 0644, 0755, 0600, 0, 044, 0111, 0775 };
      for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
        {
          g_autoptr (GError) error = NULL;
          g_auto (UlFileMeta) got = { 0 };
          guint64 size = 42;
          const UlFileMeta meta = fixture_meta (&f, modes[i], NULL);
          const UlChecksum checksum = store (&f, &meta, (const guint8 *) "abc", 3);
          g_assert_true (ul_objects_load_file_meta (f.repo, &checksum, &got, &size, &error));
          g_assert_no_error (error);
          g_assert_cmpuint (got.uid, ==, meta.uid);
          g_assert_cmpuint (got.gid, ==, meta.gid);
          g_assert_cmpuint (got.mode, ==, S_IFREG | modes[i]);
          g_assert_null (got.symlink_target);
          g_assert_cmpuint (g_variant_n_children (got.xattrs), ==, 0);
          g_assert_cmpuint (size, ==, 3);
        }
    }
}

/* Ownership, set-id bits and xattrs that only root can put on a bare object; the other modes keep
 * them for anyone. */
static void
test_rich_meta (void)
{
  for (guint m = 0; m < FIXTURE_N_MODES; m++)
    {
      g_autoptr (GError) error = NULL;
      g_auto (Fixture) f = { 0 };
      g_auto (UlFileMeta) got = { 0 };
      fixture_init (&f, fixture_modes[m]);
      if (ul_repo_wants_canonical (f.repo)
          || (getuid () != 0 && fixture_modes[m] != UL_REPO_MODE_ARCHIVE
              && fixture_modes[m] != UL_REPO_MODE_BARE_USER))
        continue;
      const UlFileMeta meta = {
        .uid = 1234,
        .gid = 5678,
        .mode = S_IFREG | 07711,
        .xattrs = g_variant_ref_sink (g_variant_new_parsed ("[(b'user.a', [byte 1, 0, 2]), "
                                                            "(b'user.b', [3])]")),
      };
      const UlChecksum checksum = store (&f, &meta, (const guint8 *) "abc", 3);
      g_assert_true (ul_objects_load_file_meta (f.repo, &checksum, &got, NULL, &error));
      g_assert_no_error (error);
      g_assert_cmpuint (got.uid, ==, 1234);
      g_assert_cmpuint (got.gid, ==, 5678);
      g_assert_cmpuint (got.mode, ==, S_IFREG | 07711);
      g_assert_true (g_variant_equal (got.xattrs, meta.xattrs));
      assert_content (&f, &checksum, (const guint8 *) "abc", 3, 10);
      g_variant_unref (meta.xattrs);
    }
}

static void
test_symlinks (void)
{
  g_autofree char *longest = g_strnfill (PATH_MAX - 1, 't');
  const char *const targets[] = { "t", "../../a b/\xc3\xa9\n", "/", longest };
  for (guint m = 0; m < FIXTURE_N_MODES; m++)
    {
      g_auto (Fixture) f = { 0 };
      fixture_init (&f, fixture_modes[m]);
      for (guint i = 0; i < G_N_ELEMENTS (targets); i++)
        {
          g_autoptr (GError) error = NULL;
          const UlChecksum checksum = fixture_link (&f, targets[i]);
          g_autoptr (UlContent) content = open_content (&f, &checksum);
          g_assert_cmpstr (ul_content_meta (content)->symlink_target, ==, targets[i]);
          g_assert_cmpuint (ul_content_meta (content)->mode, ==, S_IFLNK | 0777);
          g_assert_cmpuint (ul_content_size (content), ==, 0);
          g_assert_cmpint (ul_content_fd (content), ==, -1);
          char byte;
          gsize n = 42;
          g_assert_true (ul_content_read (content, &byte, 1, &n, &error));
          g_assert_cmpuint (n, ==, 0);
          g_autoptr (UlHasher) hasher = ul_hasher_new ();
          UlChecksum actual;
          guint64 bytes;
          g_assert_true (ul_objects_verify (f.repo, UL_OBJECT_FILE, &checksum, hasher, &actual,
                                            &bytes, &error));
          g_assert_no_error (error);
          g_assert_true (ul_checksum_equal (&actual, &checksum));
        }
    }
}

static void
test_missing (void)
{
  for (guint m = 0; m < FIXTURE_N_MODES; m++)
    {
      g_autoptr (GError) error = NULL;
      g_auto (Fixture) f = { 0 };
      fixture_init (&f, fixture_modes[m]);
      const UlChecksum none = { .bytes = { 0xab } };
      g_autofree char *name = ul_object_to_string (&none, UL_OBJECT_FILE);
      UlContent *content = (UlContent *) &f;
      g_assert_false (ul_objects_open_file (f.repo, &none, &content, &error));
      g_assert_error (error, UL_ERROR, UL_ERROR_NOT_FOUND);
      g_assert_nonnull (strstr (error->message, name));
      g_assert_true (content == (UlContent *) &f);
    }
}

/* To read all of it is UL_ERROR_CORRUPT, whether that shows at opening or later, and the message
 * names the object in one line. */
static void
assert_corrupt (Fixture *f, const UlChecksum *checksum)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (UlHasher) hasher = ul_hasher_new ();
  g_autofree char *name = ul_object_to_string (checksum, UL_OBJECT_FILE);
  UlChecksum actual;
  guint64 bytes;
  g_assert_false (
      ul_objects_verify (f->repo, UL_OBJECT_FILE, checksum, hasher, &actual, &bytes, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
  g_assert_nonnull (strstr (error->message, name));
  g_assert_null (strchr (error->message, '\n'));
}

static void
test_no_file (void)
{
  for (guint m = 0; m < FIXTURE_N_MODES; m++)
    {
      g_auto (Fixture) f = { 0 };
      fixture_init (&f, fixture_modes[m]);
      const UlChecksum checksum = fixture_file (&f, "content");
      g_autofree char *path = fixture_object (&f, UL_OBJECT_FILE, &checksum);
      g_assert_cmpint (unlink (path), ==, 0);
      g_assert_cmpint (mkdir (path, 0755), ==, 0);
      assert_corrupt (&f, &checksum);
      g_assert_cmpint (rmdir (path), ==, 0);
      g_assert_cmpint (mkfifo (path, 0644), ==, 0);
      assert_corrupt (&f, &checksum);
    }
}

static void
test_symlink_where_none_is_stored (void)
{
  static const UlRepoMode modes[] = { UL_REPO_MODE_ARCHIVE, UL_REPO_MODE_BARE_USER };
  for (guint m = 0; m < G_N_ELEMENTS (modes); m++)
    {
      g_auto (Fixture) f = { 0 };
      fixture_init (&f, modes[m]);
      const UlChecksum checksum = fixture_file (&f, "content");
      g_autofree char *path = fixture_object (&f, UL_OBJECT_FILE, &checksum);
      g_assert_cmpint (unlink (path), ==, 0);
      g_assert_cmpint (symlink ("/etc/passwd", path), ==, 0);
      assert_corrupt (&f, &checksum);
    }
}

typedef struct
{
  Fixture f;
  UlChecksum checksum;
  char *path;
  guint8 *data; /* the sound object */
  gsize len;
  gsize header_len;
} Archive;

static void
archive_clear (Archive *a)
{
  fixture_clear (&a->f);
  g_free (a->path);
  g_free (a->data);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Archive, archive_clear)

static void
archive_init (Archive *a)
{
  fixture_init (&a->f, UL_REPO_MODE_ARCHIVE);
  a->checksum = fixture_file (&a->f, "some content, some content, some content");
  a->path = fixture_object (&a->f, UL_OBJECT_FILE, &a->checksum);
  a->data = (guint8 *) fixture_get (a->path, &a->len);
  a->header_len = UL_FILE_META_PREFIX_LEN + a->data[3];
}

static void
test_archive_truncated (void)
{
  g_auto (Archive) a = { 0 };
  archive_init (&a);
  for (gsize cut = 0; cut < a.len; cut++)
    {
      fixture_put (a.path, a.data, cut);
      assert_corrupt (&a.f, &a.checksum);
    }
}

static void
test_archive_trailing (void)
{
  g_auto (Archive) a = { 0 };
  archive_init (&a);
  g_autofree guint8 *longer = g_malloc0 (a.len + 100000);
  memcpy (longer, a.data, a.len);
  static const gsize extra[] = { 1, 8, 100000 };
  for (guint i = 0; i < G_N_ELEMENTS (extra); i++)
    {
      fixture_put (a.path, longer, a.len + extra[i]);
      assert_corrupt (&a.f, &a.checksum);
    }
}

/* The size that the header promises, against a stream of 40 bytes. */
static void
test_archive_wrong_size (void)
{
  static const guint8 sizes[][8] = {
    { 0, 0, 0, 0, 0, 0, 0, 0 },  { 0, 0, 0, 0, 0, 0, 0, 39 },
    { 0, 0, 0, 0, 0, 0, 0, 41 }, { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
    { 0, 0, 1, 0, 0, 0, 0, 0 },
  };
  g_auto (Archive) a = { 0 };
  archive_init (&a);
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      memcpy (a.data + UL_FILE_META_PREFIX_LEN, sizes[i], 8);
      fixture_put (a.path, a.data, a.len);
      assert_corrupt (&a.f, &a.checksum);
      /* Also not copied in part without a word. */
      g_autoptr (GError) error = NULL;
      g_autoptr (UlContent) content = open_content (&a.f, &a.checksum);
      ul_autofd int to = open ("/dev/null", O_WRONLY | O_CLOEXEC);
      g_assert_false (ul_content_copy_to (content, to, &error));
      g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
    }
}

static void
test_archive_header_size (void)
{
  static const guint8 prefixes[][4]
      = { { 0, 0, 0, 0 }, { 0xff, 0xff, 0xff, 0xff }, { 1, 0, 0, 0 }, { 0, 0, 0xff, 0 } };
  g_auto (Archive) a = { 0 };
  archive_init (&a);
  for (guint i = 0; i < G_N_ELEMENTS (prefixes); i++)
    {
      memcpy (a.data, prefixes[i], 4);
      fixture_put (a.path, a.data, a.len);
      assert_corrupt (&a.f, &a.checksum);
    }
}

/* Every byte changed in turn: an error, or a checksum that is not the object's. */
static void
test_archive_damaged (void)
{
  g_auto (Archive) a = { 0 };
  archive_init (&a);
  g_autoptr (UlHasher) hasher = ul_hasher_new ();
  for (gsize i = 0; i < a.len; i++)
    for (guint bit = 0; bit < 8; bit++)
      {
        g_autoptr (GError) error = NULL;
        UlChecksum actual;
        guint64 bytes;
        if (i >= 4 && i < UL_FILE_META_PREFIX_LEN) /* padding that nobody reads */
          continue;
        a.data[i] ^= (guint8) (1 << bit);
        fixture_put (a.path, a.data, a.len);
        a.data[i] ^= (guint8) (1 << bit);
        if (!ul_objects_verify (a.f.repo, UL_OBJECT_FILE, &a.checksum, hasher, &actual, &bytes,
                                &error))
          g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
        else if (i < a.header_len)
          g_assert_false (ul_checksum_equal (&actual, &a.checksum));
      }
}

static void
test_bare_user_meta (void)
{
  static const struct
  {
    const char *value;
    gsize len;
  } bad[] = {
    { NULL, 0 },                                   /* no attribute at all */
    { "", 0 },                                     /* empty */
    { "\0\0\0\0\0\0\0\0\0\0\x81", 11 },            /* truncated */
    { "\0\0\0\0\0\0\0\0\0\0\x41\xed", 12 },        /* a directory */
    { "\0\0\0\0\0\0\0\0\0\0\x21\xed", 12 },        /* a device */
    { "\0\0\0\0\0\0\0\0\0\0\x81\xa4garbage", 19 }, /* bad xattrs */
  };
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE_USER);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      const UlChecksum checksum = fixture_file (&f, "content");
      g_autofree char *path = fixture_object (&f, UL_OBJECT_FILE, &checksum);
      if (bad[i].value == NULL)
        g_assert_cmpint (removexattr (path, "user.ostreemeta"), ==, 0);
      else
        g_assert_cmpint (setxattr (path, "user.ostreemeta", bad[i].value, bad[i].len, 0), ==, 0);
      assert_corrupt (&f, &checksum);
      g_assert_cmpint (unlink (path), ==, 0);
    }
}

static void
test_bare_user_target (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE_USER);
  g_autofree char *long_target = g_strnfill (PATH_MAX + 1, 't');
  const struct
  {
    const char *data;
    gsize len;
  } bad[] = { { "", 0 },       { "\0", 1 },    { "a\0b", 3 },
              { "a\0b\0", 4 }, { "a\0\0", 3 }, { long_target, PATH_MAX + 1 } };
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      const UlChecksum checksum = fixture_link (&f, "target");
      g_autofree char *path = fixture_object (&f, UL_OBJECT_FILE, &checksum);
      fixture_put (path, bad[i].data, bad[i].len);
      assert_corrupt (&f, &checksum);
      g_assert_cmpint (unlink (path), ==, 0);
    }
  /* ostree reads a target without its NUL, too. */
  const UlChecksum checksum = fixture_link (&f, "target");
  g_autofree char *path = fixture_object (&f, UL_OBJECT_FILE, &checksum);
  fixture_put (path, "target", 6);
  g_autoptr (UlContent) content = open_content (&f, &checksum);
  g_assert_cmpstr (ul_content_meta (content)->symlink_target, ==, "target");
}

static void
test_shrinks_under_the_reader (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  const UlChecksum checksum = fixture_file (&f, "0123456789");
  g_autofree char *path = fixture_object (&f, UL_OBJECT_FILE, &checksum);
  g_autoptr (UlContent) content = open_content (&f, &checksum);
  g_autoptr (UlContent) other = open_content (&f, &checksum);
  fixture_truncate (path, 5);
  char buffer[20];
  gsize n;
  g_assert_true (ul_content_read (content, buffer, sizeof buffer, &n, &error));
  g_assert_cmpuint (n, ==, 5);
  g_assert_false (ul_content_read (content, buffer, sizeof buffer, &n, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
  g_clear_error (&error);
  ul_autofd int to = open ("/dev/null", O_WRONLY | O_CLOEXEC);
  g_assert_false (ul_content_copy_to (other, to, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
}

/* At once, whether it is small enough to be unpacked so or not; and damage is found either way. */
static void
test_read_all (void)
{
  static const gsize sizes[] = { 0, 1, 100000, 5 * 1024 * 1024 };
  g_autoptr (UlContentBuffers) buffers = ul_content_buffers_new ();
  for (guint m = 0; m < FIXTURE_N_MODES; m++)
    for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
      {
        g_autoptr (GError) error = NULL;
        g_auto (Fixture) f = { 0 };
        fixture_init (&f, fixture_modes[m]);
        g_autofree char *content = g_strnfill (sizes[i], 'x');
        const UlChecksum checksum = fixture_file (&f, content);
        g_autoptr (UlContent) opened = NULL;
        g_autofree char *out = g_malloc0 (sizes[i] + 1);
        g_assert_true (ul_objects_open_file (f.repo, &checksum, &opened, &error));
        g_assert_true (ul_content_read_all (opened, buffers, out, &error));
        g_assert_no_error (error);
        g_assert_cmpstr (out, ==, content);

        if (!ul_repo_is_compressed (f.repo))
          continue;
        g_autofree char *path = fixture_object (&f, UL_OBJECT_FILE, &checksum);
        g_autoptr (UlContent) broken = NULL;
        gsize len;
        g_autofree char *bytes = fixture_get (path, &len);
        fixture_truncate (path, (off_t) len - 1);
        g_assert_true (ul_objects_open_file (f.repo, &checksum, &broken, &error));
        g_assert_false (ul_content_read_all (broken, buffers, out, &error));
        g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
      }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/Content/read-and-copy-in-each-mode", test_read);
  g_test_add_func ("/Content/rewind", test_rewind);
  g_test_add_func ("/Content/read-large-archived", test_read_large);
  g_test_add_func ("/Content/metadata-in-each-mode", test_meta);
  g_test_add_func ("/Content/owner-set-id-and-xattrs", test_rich_meta);
  g_test_add_func ("/Content/symlinks-in-each-mode", test_symlinks);
  g_test_add_func ("/Content/missing-one-is-named", test_missing);
  g_test_add_func ("/Content/neither-file-nor-symlink", test_no_file);
  g_test_add_func ("/Content/symlink-where-none-is-stored", test_symlink_where_none_is_stored);
  g_test_add_func ("/Content/archive-truncated", test_archive_truncated);
  g_test_add_func ("/Content/archive-followed-by-bytes", test_archive_trailing);
  g_test_add_func ("/Content/archive-of-another-size", test_archive_wrong_size);
  g_test_add_func ("/Content/archive-header-size", test_archive_header_size);
  g_test_add_func ("/Content/archive-damaged", test_archive_damaged);
  g_test_add_func ("/Content/bare-user-metadata-broken", test_bare_user_meta);
  g_test_add_func ("/Content/bare-user-symlink-target-broken", test_bare_user_target);
  g_test_add_func ("/Content/object-shrinks-while-read", test_shrinks_under_the_reader);
  g_test_add_func ("/Content/read-all", test_read_all);
  return g_test_run ();
}
