// SPDX-License-Identifier: LGPL-2.1-or-later

/* Storing objects: what is written, what is found to be there, what is refused. */

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/dirtree.h"
#include "fixture.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/xattr.h"

/* Above what a writer holds in memory. */
#define LARGE (4 * 1024 * 1024 + 12345)
/* Less than an archive takes for it. */
#define PACKED 10000

typedef struct
{
  const guint8 *data;
  gsize len;
  gsize done;
  /* Called when so much has been read; NULL: nothing is. */
  void (*halfway) (const char *path);
  const char *path;
} Stream;

static gboolean
read_stream (gpointer user, void *buffer, gsize len, gsize *out_n, GError **error)
{
  Stream *stream = user;
  const gsize n = MIN (MIN (len, 70000), stream->len - stream->done);
  memcpy (buffer, stream->data + stream->done, n);
  stream->done += n;
  *out_n = n;
  if (stream->halfway != NULL && stream->done > stream->len / 2)
    {
      stream->halfway (stream->path);
      stream->halfway = NULL;
    }
  return TRUE;
}

static UlChecksum
write_source (Fixture *f, UlWriter *writer, const UlSource *source)
{
  g_autoptr (GError) error = NULL;
  const UlFileMeta meta = fixture_meta (f, 0644, NULL);
  UlChecksum checksum;
  ul_writer_file (writer, &meta, source, &checksum, &error);
  g_assert_no_error (error);
  return checksum;
}

static void
assert_sound (Fixture *f, const UlChecksum *checksum)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (UlHasher) hasher = ul_hasher_new ();
  UlChecksum actual;
  guint64 bytes;
  ul_objects_verify (f->repo, UL_OBJECT_FILE, checksum, hasher, &actual, &bytes, &error);
  g_assert_no_error (error);
  g_assert_true (ul_checksum_equal (&actual, checksum));
}

/* The same content in each form gives the same object, written once. */
static void
test_sources (void)
{
  static const gsize sizes[] = { 0, 1, 100000, LARGE };
  for (guint m = 0; m < FIXTURE_N_MODES; m++)
    {
      g_auto (Fixture) f = { 0 };
      fixture_init (&f, fixture_modes[m]);
      for (guint s = 0; s < G_N_ELEMENTS (sizes); s++)
        for (guint first = 0; first < 3; first++)
          {
            g_autoptr (GError) error = NULL;
            g_autofree guint8 *data = fixture_data (sizes[s]);
            if (sizes[s] > 1)
              data[0] = (guint8) first; /* not what a round before has stored */
            fixture_put ("source", data, sizes[s]);
            ul_autofd int fd = open ("source", O_RDONLY | O_CLOEXEC);
            g_autoptr (UlTransaction) transaction = fixture_begin (&f);
            g_autoptr (UlWriter) writer = ul_writer_new (transaction);
            UlChecksum checksums[3];
            for (guint i = 0; i < 3; i++)
              {
                Stream stream = { .data = data, .len = sizes[s] };
                const UlSource sources[] = {
                  { .data = data, .fd = -1, .size = sizes[s] },
                  { .fd = fd, .size = sizes[s] },
                  { .read = read_stream, .user = &stream, .fd = -1, .size = sizes[s] },
                };
                checksums[i] = write_source (&f, writer, &sources[(first + i) % 3]);
              }
            UlTransactionStats stats;
            g_assert_true (ul_transaction_commit (transaction, &stats, &error));
            g_assert_no_error (error);
            g_assert_true (ul_checksum_equal (&checksums[0], &checksums[1]));
            g_assert_true (ul_checksum_equal (&checksums[0], &checksums[2]));
            g_assert_cmpuint (stats.content_written, <=, 1);
            assert_sound (&f, &checksums[0]);
            if (sizes[s] == LARGE && m > 0)
              break; /* large ones cost time */
          }
    }
}

static void
test_known_large (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  g_autofree guint8 *data = fixture_data (LARGE);
  for (guint round = 0; round < 2; round++)
    {
      g_autoptr (GError) error = NULL;
      Stream stream = { .data = data, .len = LARGE };
      const UlSource sources[] = {
        { .data = data, .fd = -1, .size = LARGE },
        { .read = read_stream, .user = &stream, .fd = -1, .size = LARGE },
      };
      g_autoptr (UlTransaction) transaction = fixture_begin (&f);
      g_autoptr (UlWriter) writer = ul_writer_new (transaction);
      write_source (&f, writer, &sources[0]);
      write_source (&f, writer, &sources[1]);
      UlTransactionStats stats;
      g_assert_true (ul_transaction_commit (transaction, &stats, &error));
      g_assert_cmpuint (stats.content_written, ==, round == 0 ? 1 : 0);
      g_assert_cmpuint (stats.content_bytes_written, ==, round == 0 ? LARGE : 0);
    }
}

/* Bytes that this process has handed to write (). */
static guint64
written (void)
{
  g_autofree char *text = fixture_get ("/proc/self/io", NULL);
  const char *line = strstr (text, "wchar: ");
  g_assert_nonnull (line);
  return g_ascii_strtoull (line + strlen ("wchar: "), NULL, 10);
}

/* A repository that has an object of LARGE bytes, and a stream of these, which may be changed
 * before it's stored with that object as a guess. */
typedef struct
{
  Fixture f;
  guint8 *data;
  UlChecksum guess;
  char *path; /* of the object */
  Stream stream;
  UlChecksum got; /* after store () */
} Guessed;

static void
guessed_init (Guessed *g, UlRepoMode mode, gsize guess_len)
{
  fixture_init (&g->f, mode);
  g->data = fixture_data (LARGE);
  g_autoptr (UlTransaction) transaction = fixture_begin (&g->f);
  g_autoptr (UlWriter) writer = ul_writer_new (transaction);
  g->guess
      = write_source (&g->f, writer, &(UlSource){ .data = g->data, .fd = -1, .size = guess_len });
  fixture_end (transaction);
  g->path = fixture_object (&g->f, UL_OBJECT_FILE, &g->guess);
  g->stream = (Stream){ .data = g->data, .len = LARGE, .path = g->path };
}

static void
guessed_clear (Guessed *g)
{
  fixture_clear (&g->f);
  g_free (g->data);
  g_free (g->path);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Guessed, guessed_clear)

static gboolean
guessed_store (Guessed *g, UlWriter *writer, guint32 mode, GError **error)
{
  const UlFileMeta meta = fixture_meta (&g->f, mode, NULL);
  const UlSource source
      = { .read = read_stream, .user = &g->stream, .fd = -1, .size = LARGE, .guess = &g->guess };
  return ul_writer_file (writer, &meta, &source, &g->got, error);
}

/* What was stored is what it's without a guess. How many objects were. */
static guint64
guessed_assert_sound (Guessed *g, UlTransaction *transaction, UlWriter *writer, guint32 mode)
{
  g_autoptr (GError) error = NULL;
  const UlFileMeta meta = fixture_meta (&g->f, mode, NULL);
  const UlSource whole = { .data = g->data, .fd = -1, .size = LARGE };
  UlTransactionStats stats;
  UlChecksum expected;
  ul_writer_file (writer, &meta, &whole, &expected, &error);
  g_assert_no_error (error);
  g_assert_true (ul_checksum_equal (&g->got, &expected));
  g_assert_true (ul_transaction_commit (transaction, &stats, &error));
  g_assert_no_error (error);
  assert_sound (&g->f, &g->got);
  return stats.content_written;
}

/* What the stream is beside the object. */
typedef struct
{
  gssize differs_at; /* -1: nowhere */
  guint32 mode;      /* the object's is 0644 */
  gsize guess_len;   /* the object's; 0: it isn't there */
  gboolean writes;
} GuessCase;

static void
check_guess (UlRepoMode mode, const GuessCase *c)
{
  g_auto (Guessed) g = { 0 };
  g_autoptr (GError) error = NULL;
  guessed_init (&g, mode, MAX (c->guess_len, 1));
  if (c->guess_len == 0)
    fixture_delete (&g.f, UL_OBJECT_FILE, &g.guess);
  if (c->differs_at >= 0)
    g.data[c->differs_at] ^= 1;

  g_autoptr (UlTransaction) transaction = fixture_begin (&g.f);
  g_autoptr (UlWriter) writer = ul_writer_new (transaction);
  const guint64 before = written ();
  guessed_store (&g, writer, c->mode, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g.stream.done, ==, LARGE);
  if (c->writes)
    g_assert_cmpuint (written () - before, >=, PACKED);
  else
    g_assert_cmpuint (written () - before, <, PACKED);
  g_assert_cmpuint (guessed_assert_sound (&g, transaction, writer, c->mode), ==, c->writes ? 1 : 0);
  fixture_assert_no_staging (&g.f);
}

/* A guess spares writing, and changes nothing else. */
static void
test_guess (void)
{
  static const GuessCase cases[] = {
    { -1, 0644, LARGE, FALSE },        { -1, 0755, LARGE, TRUE },
    { 0, 0644, LARGE, TRUE },          { LARGE / 2, 0644, LARGE, TRUE },
    { LARGE - 1, 0644, LARGE, TRUE },  { LARGE - 1, 0755, LARGE, TRUE },
    { -1, 0644, LARGE - 1, TRUE },     { -1, 0644, 0, TRUE },
    { 128 * 1024, 0644, LARGE, TRUE }, { 128 * 1024 - 1, 0644, LARGE, TRUE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    check_guess (UL_REPO_MODE_BARE, &cases[i]);
  for (guint m = 1; m < FIXTURE_N_MODES; m++)
    for (guint i = 0; i < 4; i++)
      check_guess (fixture_modes[m], &cases[i]);
}

static void
remove_file (const char *path)
{
  g_assert_cmpint (unlink (path), ==, 0);
}

static void
cut (const char *path)
{
  fixture_truncate (path, 1000);
}

static void
flip_begin (const char *path)
{
  fixture_flip (path, 2000);
}

static void
flip_end (const char *path)
{
  fixture_flip (path, -15000);
}

/* The object that was guessed is damaged, or gone, from the beginning or while the stream is beside
 * it. What the stream has is stored, or nothing. */
static void
test_damaged_guess (void)
{
  static const struct
  {
    void (*damage) (const char *path);
    gboolean halfway;
    gssize differs_at; /* -1: nowhere, but the mode does */
    gboolean fails;
  } cases[] = {
    { flip_end, FALSE, LARGE - 1, FALSE },   { flip_begin, FALSE, LARGE - 1, FALSE },
    { cut, FALSE, LARGE - 1, FALSE },        { remove_file, FALSE, LARGE - 1, FALSE },
    { remove_file, TRUE, LARGE - 1, FALSE }, { remove_file, TRUE, -1, FALSE },
    { flip_begin, TRUE, 0, FALSE },          { flip_begin, TRUE, LARGE - 1, TRUE },
    { flip_begin, TRUE, -1, TRUE },          { cut, TRUE, LARGE - 1, TRUE },
  };
  for (guint m = 0; m < FIXTURE_N_MODES; m++)
    for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
      {
        g_auto (Guessed) g = { 0 };
        g_autoptr (GError) error = NULL;
        const guint32 mode = cases[i].differs_at >= 0 ? 0644 : 0755;
        guessed_init (&g, fixture_modes[m], LARGE);
        if (cases[i].differs_at >= 0)
          g.data[cases[i].differs_at] ^= 1;
        if (cases[i].halfway)
          g.stream.halfway = cases[i].damage;
        else
          cases[i].damage (g.path);
        {
          g_autoptr (UlTransaction) transaction = fixture_begin (&g.f);
          g_autoptr (UlWriter) writer = ul_writer_new (transaction);
          guessed_store (&g, writer, mode, &error);
          if (cases[i].fails)
            {
              g_autofree char *name = ul_object_to_string (&g.guess, UL_OBJECT_FILE);
              g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
              g_assert_nonnull (strstr (error->message, name));
            }
          else
            {
              g_assert_no_error (error);
              guessed_assert_sound (&g, transaction, writer, mode);
            }
        }
        fixture_assert_no_staging (&g.f);
      }
}

/* A stream that ends early, while it's compared or after. */
static void
test_guess_of_a_short_stream (void)
{
  for (guint differs = 0; differs < 2; differs++)
    {
      g_auto (Guessed) g = { 0 };
      g_autoptr (GError) error = NULL;
      guessed_init (&g, UL_REPO_MODE_BARE, LARGE);
      g.data[0] ^= (guint8) differs;
      g.stream.len = LARGE / 2;
      {
        g_autoptr (UlTransaction) transaction = fixture_begin (&g.f);
        g_autoptr (UlWriter) writer = ul_writer_new (transaction);
        g_assert_false (guessed_store (&g, writer, 0644, &error));
        g_assert_error (error, UL_ERROR, UL_ERROR_FAILED);
      }
      fixture_assert_no_staging (&g.f);
    }
}

/* The file has become shorter since its size was taken. */
static void
test_shrunk_source (void)
{
  static const gsize sizes[] = { 100, LARGE };
  for (guint m = 0; m < FIXTURE_N_MODES; m += 3)
    for (guint s = 0; s < G_N_ELEMENTS (sizes); s++)
      {
        g_autoptr (GError) error = NULL;
        g_auto (Fixture) f = { 0 };
        fixture_init (&f, fixture_modes[m]);
        g_autofree guint8 *data = fixture_data (sizes[s]);
        fixture_put ("shrunk", data, sizes[s] / 2);
        ul_autofd int fd = open ("shrunk", O_RDONLY | O_CLOEXEC);
        {
          g_autoptr (UlTransaction) transaction = fixture_begin (&f);
          g_autoptr (UlWriter) writer = ul_writer_new (transaction);
          const UlFileMeta meta = fixture_meta (&f, 0644, NULL);
          const UlSource source = { .fd = fd, .size = sizes[s] };
          UlChecksum checksum;
          g_assert_false (ul_writer_file (writer, &meta, &source, &checksum, &error));
          g_assert_error (error, UL_ERROR, UL_ERROR_FAILED);
          g_clear_error (&error);
          /* And with it the transaction. */
          g_assert_false (ul_transaction_commit (transaction, NULL, &error));
          g_assert_nonnull (error);
        }
        fixture_assert_no_staging (&f);
      }
}

static void
test_grown_source (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  fixture_put ("grown", "0123456789", 10);
  ul_autofd int fd = open ("grown", O_RDONLY | O_CLOEXEC);
  g_autoptr (UlTransaction) transaction = fixture_begin (&f);
  g_autoptr (UlWriter) writer = ul_writer_new (transaction);
  const UlChecksum got = write_source (&f, writer, &(UlSource){ .fd = fd, .size = 4 });
  const UlChecksum expected = fixture_write (&f, writer, "0123");
  g_assert_true (ul_checksum_equal (&got, &expected));
  fixture_end (transaction);
  assert_sound (&f, &got);
}

static void
assert_file_refused (Fixture *f, const UlFileMeta *meta)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (UlTransaction) transaction = fixture_begin (f);
  g_autoptr (UlWriter) writer = ul_writer_new (transaction);
  const UlSource source = { .data = (const guint8 *) "x", .fd = -1, .size = 1 };
  UlChecksum checksum;
  g_assert_false (ul_writer_file (writer, meta, &source, &checksum, &error));
  g_assert_nonnull (error);
}

static void
test_wrong_modes (void)
{
  static const guint32 modes[]
      = { 0, 0644, S_IFDIR | 0755, S_IFCHR | 0644, S_IFIFO | 0644, S_IFREG | 0200000 };
  for (guint m = 0; m < FIXTURE_N_MODES; m++)
    {
      g_auto (Fixture) f = { 0 };
      fixture_init (&f, fixture_modes[m]);
      for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
        assert_file_refused (&f, &(UlFileMeta){ .mode = modes[i], .xattrs = ul_xattr_empty () });
    }
}

static void
test_canonical_mode (void)
{
  static const guint32 modes[] = { 04755, 02755, 01755, 0666, 0777, 0002 };
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE_USER_ONLY);
  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    assert_file_refused (&f,
                         &(UlFileMeta){ .mode = S_IFREG | modes[i], .xattrs = ul_xattr_empty () });
}

/* What bare-user-only can't hold is refused, not stored as an object that fsck calls corrupt. */
static void
test_canonical_owner_and_xattrs (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE_USER_ONLY);
  g_autoptr (GVariant) xattrs
      = g_variant_ref_sink (g_variant_new_parsed ("[(b'user.a', [byte 1])]"));
  const UlFileMeta cases[] = {
    { .uid = 1, .mode = S_IFREG | 0644, .xattrs = ul_xattr_empty () },
    { .gid = 1, .mode = S_IFREG | 0644, .xattrs = ul_xattr_empty () },
    { .mode = S_IFREG | 0644, .xattrs = xattrs },
    { .uid = 1,
      .mode = S_IFLNK | 0777,
      .symlink_target = (char *) "t",
      .xattrs = ul_xattr_empty () },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    assert_file_refused (&f, &cases[i]);
}

static void
test_hostile_metadata (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  const struct
  {
    UlObjectType type;
    const char *text;
  } cases[] = {
    { UL_OBJECT_DIRTREE, "(@a(say) [('..', [byte 1])], @a(sayay) [])" },
    { UL_OBJECT_DIRTREE, "([('a/b', [byte 1])], @a(sayay) [])" },
    { UL_OBJECT_DIRTREE, "([('a', [byte 1])], @a(sayay) [])" },
    { UL_OBJECT_DIRMETA, "(uint32 0, uint32 0, uint32 0, @a(ayay) [])" },
    { UL_OBJECT_COMMIT, "(@a{sv} {}, @ay [], @a(say) [], '', '', uint64 0, @ay [], @ay [])" },
    { UL_OBJECT_DIRTREE, "'text'" },
    { UL_OBJECT_COMMIT, "'text'" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) variant = g_variant_ref_sink (g_variant_new_parsed (cases[i].text));
      g_autoptr (UlTransaction) transaction = fixture_begin (&f);
      g_autoptr (UlWriter) writer = ul_writer_new (transaction);
      UlChecksum checksum;
      g_assert_false (ul_writer_metadata (writer, cases[i].type, variant, &checksum, &error));
      g_assert_nonnull (error);
    }
  guint n = 0;
  for (guint i = 0; i < 256; i++)
    {
      g_autofree char *dir = g_strdup_printf ("%s/objects/%02x", f.path, i);
      n += g_file_test (dir, G_FILE_TEST_EXISTS);
    }
  g_assert_cmpuint (n, ==, 0);
}

/* How a stored file looks on disk: times, modes, owner. */
static void
test_on_disk (void)
{
  static const struct
  {
    UlRepoMode mode;
    guint32 wanted, stored;
  } cases[] = {
    { UL_REPO_MODE_BARE, 0640, 0640 },
    { UL_REPO_MODE_BARE, 04711, 04711 },
    { UL_REPO_MODE_BARE_SPLIT_XATTRS, 0640, 0640 },
    { UL_REPO_MODE_BARE_USER, 0755, 0755 },
    { UL_REPO_MODE_BARE_USER, 0644, 0644 },
    { UL_REPO_MODE_BARE_USER, 04755, 0755 },
    { UL_REPO_MODE_BARE_USER, 0, 0400 },
    { UL_REPO_MODE_BARE_USER_ONLY, 0755, 0755 },
    { UL_REPO_MODE_BARE_USER_ONLY, 0, 0 },
    { UL_REPO_MODE_ARCHIVE, 0600, 0644 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_auto (Fixture) f = { 0 };
      fixture_init (&f, cases[i].mode);
      g_autoptr (UlTransaction) transaction = fixture_begin (&f);
      g_autoptr (UlWriter) writer = ul_writer_new (transaction);
      const UlFileMeta meta = fixture_meta (&f, cases[i].wanted, NULL);
      const UlSource source = { .data = (const guint8 *) "x", .fd = -1, .size = 1 };
      UlChecksum checksum;
      ul_writer_file (writer, &meta, &source, &checksum, &error);
      g_assert_no_error (error);
      fixture_end (transaction);
      g_autofree char *path = fixture_object (&f, UL_OBJECT_FILE, &checksum);
      struct stat st;
      g_assert_cmpint (lstat (path, &st), ==, 0);
      g_assert_cmpuint (st.st_mode & 07777, ==, cases[i].stored);
      if (cases[i].mode != UL_REPO_MODE_ARCHIVE)
        g_assert_cmpint (st.st_mtime, ==, 0);
      assert_sound (&f, &checksum);
    }
}

static void
test_umask (void)
{
  const mode_t before = umask (0077);
  for (guint m = 0; m < FIXTURE_N_MODES; m++)
    {
      g_auto (Fixture) f = { 0 };
      fixture_init (&f, fixture_modes[m]);
      const FixtureCommit c = fixture_commit (&f, NULL, NULL, "s");
      g_autofree char *file = fixture_object (&f, UL_OBJECT_FILE, &c.files[0]);
      g_autofree char *tree = fixture_object (&f, UL_OBJECT_DIRTREE, &c.tree);
      struct stat st;
      g_assert_cmpint (stat (file, &st), ==, 0);
      g_assert_cmpuint (st.st_mode & 0777, ==, 0644);
      g_assert_cmpint (stat (tree, &st), ==, 0);
      g_assert_cmpuint (st.st_mode & 0777, ==, 0644);
    }
  umask (before);
}

static void
write_commitmeta (Fixture *f, const UlChecksum *commit, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) metadata
      = text != NULL ? g_variant_ref_sink (g_variant_new_parsed (text)) : NULL;
  g_autoptr (UlTransaction) transaction = fixture_begin (f);
  g_autoptr (UlWriter) writer = ul_writer_new (transaction);
  ul_writer_commitmeta (writer, commit, metadata, &error);
  g_assert_no_error (error);
  fixture_end (transaction);
}

static void
test_commitmeta (void)
{
  static const char *const absent[] = { NULL, "@a{sv} {}" };
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  const FixtureCommit c = fixture_commit (&f, NULL, NULL, "s");
  for (guint i = 0; i < G_N_ELEMENTS (absent); i++)
    {
      for (gint32 value = 1; value <= 2; value++)
        {
          g_autoptr (GError) error = NULL;
          g_autoptr (GVariant) got = NULL;
          gint32 got_value = 0;
          g_autofree char *text = g_strdup_printf ("{'k': <%d>}", value);
          write_commitmeta (&f, &c.commit, text);
          g_assert_true (ul_objects_load (f.repo, UL_OBJECT_COMMITMETA, &c.commit, &got, &error));
          g_assert_no_error (error);
          g_assert_true (g_variant_lookup (got, "k", "i", &got_value));
          g_assert_cmpint (got_value, ==, value);
        }
      for (guint twice = 0; twice < 2; twice++)
        {
          write_commitmeta (&f, &c.commit, absent[i]);
          g_assert_false (fixture_has (&f, UL_OBJECT_COMMITMETA, &c.commit));
        }
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/Writer/same-object-from-each-kind-of-source", test_sources);
  g_test_add_func ("/Writer/large-object-that-is-there", test_known_large);
  g_test_add_func ("/Writer/guess", test_guess);
  g_test_add_func ("/Writer/guess-that-is-damaged", test_damaged_guess);
  g_test_add_func ("/Writer/guess-of-a-short-stream", test_guess_of_a_short_stream);
  g_test_add_func ("/Writer/source-became-shorter", test_shrunk_source);
  g_test_add_func ("/Writer/source-became-longer", test_grown_source);
  g_test_add_func ("/Writer/neither-file-nor-symlink", test_wrong_modes);
  g_test_add_func ("/Writer/canonical-mode-refuses-permissions", test_canonical_mode);
  g_test_add_func ("/Writer/canonical-mode-refuses-owner-and-xattrs",
                   test_canonical_owner_and_xattrs);
  g_test_add_func ("/Writer/hostile-metadata-is-refused", test_hostile_metadata);
  g_test_add_func ("/Writer/mode-and-times-on-disk", test_on_disk);
  g_test_add_func ("/Writer/umask-does-not-matter", test_umask);
  g_test_add_func ("/Writer/detached-metadata", test_commitmeta);
  return g_test_run ();
}
