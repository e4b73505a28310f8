// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/layer-tar.h"

#include <fcntl.h>
#include <string.h>

#include "../repo/fixture.h"
#include "build/commit.h"
#include "core/oci-digest.h"
#include "core/tar-split.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/tar.h"

/* A layer's tar, what is made of it, and what comes back. */
typedef struct
{
  Fixture f;
  GByteArray *archive;
  GString *lines; /* of its tar-split */
  UlChecksum commit;
  UlChecksum diff_id;
  GByteArray *got;
} Case;

static void
case_init (Case *c, UlRepoMode mode)
{
  fixture_init (&c->f, mode);
  c->archive = g_byte_array_new ();
  c->lines = g_string_new (NULL);
  c->got = g_byte_array_new ();
}

static void
case_clear (Case *c)
{
  fixture_clear (&c->f);
  g_byte_array_unref (c->archive);
  g_string_free (c->lines, TRUE);
  g_byte_array_unref (c->got);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Case, case_clear)

static void
add (Case *c, UlTarType type, const char *path, const void *content, gsize len)
{
  const UlTarHeader header = {
    .type = type,
    .path = path,
    .target = type == UL_TAR_HARDLINK || type == UL_TAR_SYMLINK ? "a" : NULL,
    .mode = type == UL_TAR_DIR ? 0755 : 0644,
    .uid = getuid (),
    .gid = getgid (),
    .size = len,
  };
  ul_tar_append_header (c->archive, &header);
  g_byte_array_append (c->archive, content, (guint) len);
  ul_tar_append_padding (c->archive, len);
}

static void
add_file (Case *c, const char *path, const char *content)
{
  add (c, UL_TAR_FILE, path, content, strlen (content));
}

static gboolean
collect_lines (const char *lines, gsize len, gpointer data, G_GNUC_UNUSED GError **error)
{
  g_string_append_len (data, lines, (gssize) len);
  return TRUE;
}

/* The last of those with a name is in the tree. */
static gboolean
keep_first (const char *name, G_GNUC_UNUSED guint64 size, gpointer data)
{
  gboolean *seen = data;
  const gboolean keep = g_str_equal (name, "twice") && !*seen;
  *seen |= keep;
  return keep;
}

static void
split (Case *c)
{
  g_autoptr (GError) error = NULL;
  gboolean seen = FALSE;
  g_autoptr (UlTarSplitWriter) writer = ul_tar_split_writer_new (collect_lines, c->lines);
  ul_tar_split_writer_keep (writer, keep_first, &seen);
  ul_tar_split_writer_push (writer, c->archive->data, c->archive->len, &error);
  ul_tar_split_writer_finish (writer, &error);
  g_assert_no_error (error);
}

/* The archive ends here: commit it, and take it apart. */
static void
store (Case *c)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (c->f.dir, "layer.tar", NULL);
  const UlTreeSource source = { .type = UL_TREE_SOURCE_TAR, .where = path };
  const UlCommitOptions options = {
    .trees = &source,
    .n_trees = 1,
    .tar = { .autocreate_parents = TRUE },
    .modifier = { .canonical_permissions = ul_repo_wants_canonical (c->f.repo) },
    .orphan = TRUE,
    .transaction = { .no_fsync = TRUE },
  };
  UlCommitResult result = { 0 };
  ul_tar_append_end (c->archive);
  fixture_put (path, c->archive->data, c->archive->len);
  ul_commit_create (c->f.repo, &options, &result, &error);
  g_assert_no_error (error);
  c->commit = result.commit;
  ul_checksum_of_data (c->archive->data, c->archive->len, &c->diff_id);
  split (c);
}

/* The lines, gzipped, at the start of a file. */
static int
open_tar_split (Case *c)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (c->f.dir, "tar-split.gz", NULL);
  g_autoptr (GZlibCompressor) compressor = g_zlib_compressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP, 1);
  const gsize room = c->lines->len + c->lines->len / 1000 + 100;
  g_autofree char *packed = g_malloc (room);
  gsize read;
  gsize written;
  g_converter_convert (G_CONVERTER (compressor), c->lines->str, c->lines->len, packed, room,
                       G_CONVERTER_INPUT_AT_END, &read, &written, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (read, ==, c->lines->len);
  fixture_put (path, packed, written);
  return open (path, O_RDONLY | O_CLOEXEC);
}

static gboolean
collect (const guint8 *bytes, gsize len, gpointer data, G_GNUC_UNUSED GError **error)
{
  g_byte_array_append (data, bytes, (guint) len);
  return TRUE;
}

static gboolean
join (Case *c, GError **error)
{
  ul_autofd int fd = open_tar_split (c);
  g_byte_array_set_size (c->got, 0);
  return ul_layer_tar_write (c->f.repo, &c->commit, &c->diff_id, fd, collect, c->got, error);
}

static void
assert_joins (Case *c)
{
  g_autoptr (GError) error = NULL;
  join (c, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (c->got->len, ==, c->archive->len);
  g_assert_true (memcmp (c->got->data, c->archive->data, c->archive->len) == 0);
}

/* "layer sha256:HEX: <message>". */
static void
assert_fails (Case *c, UlError code, const char *message)
{
  g_autoptr (GError) error = NULL;
  char digest[UL_OCI_DIGEST_SIZE];
  ul_oci_digest_format (&c->diff_id, digest);
  g_autofree char *expected = g_strdup_printf ("layer %s: %s", digest, message);
  g_assert_false (join (c, &error));
  g_assert_error (error, UL_ERROR, (int) code);
  g_assert_cmpstr (error->message, ==, expected);
}

/* Small and large content, names in other forms than the tree's, and in any order. */
static void
test_modes (void)
{
  for (guint i = 0; i < FIXTURE_N_MODES; i++)
    {
      g_auto (Case) c = { 0 };
      const gsize large = 3 * UL_HASHER_BUFFER + 1;
      g_autofree guint8 *bytes = g_malloc0 (large);
      case_init (&c, fixture_modes[i]);
      bytes[large / 2] = 1;
      add_file (&c, "./d/e/f", "deep");
      add_file (&c, "a", "content");
      add (&c, UL_TAR_DIR, "d/", "", 0);
      add (&c, UL_TAR_FILE, "/d//large", bytes, large);
      add_file (&c, "d/e/empty", "");
      add (&c, UL_TAR_SYMLINK, "d/link", "", 0);
      add (&c, UL_TAR_HARDLINK, "hard", "", 0);
      add_file (&c, "./d/e/g", "deep, too");
      add (&c, UL_TAR_FILE, "buffer", bytes, UL_HASHER_BUFFER);
      store (&c);
      assert_joins (&c);
    }
}

static void
test_nothing (void)
{
  g_auto (Case) c = { 0 };
  case_init (&c, UL_REPO_MODE_ARCHIVE);
  add (&c, UL_TAR_DIR, "./", "", 0);
  store (&c);
  assert_joins (&c);
}

static void
test_twice (void)
{
  g_auto (Case) c = { 0 };
  case_init (&c, UL_REPO_MODE_ARCHIVE);
  add_file (&c, "twice", "first");
  add_file (&c, "a", "between");
  add_file (&c, "twice", "second");
  store (&c);
  assert_joins (&c);
}

static void
replace (Case *c, const char *old, const char *new)
{
  g_assert_cmpuint (g_string_replace (c->lines, old, new, 0), ==, 1);
}

static void
case_with_file (Case *c)
{
  case_init (c, UL_REPO_MODE_ARCHIVE);
  add_file (c, "d/a", "123456789");
  store (c);
}

#define FILE_MEMBERS "\"name\":\"d/a\",\"size\":9,\"payload\":\"uQlWx3WkEAE=\""

static void
test_wrong_line (void)
{
  static const struct
  {
    const char *members;
    const char *message;
  } cases[] = {
    { "\"name\":\"d/b\",\"size\":9,\"payload\":\"uQlWx3WkEAE=\"",
      "d/b: no such file in the layer's commit" },
    { "\"name\":\"d\",\"size\":9,\"payload\":\"uQlWx3WkEAE=\"",
      "d: no such file in the layer's commit" },
    { "\"name\":\"\",\"size\":9,\"payload\":\"uQlWx3WkEAE=\"",
      ": no such file in the layer's commit" },
    { "\"name\":\"d/a\",\"size\":10,\"payload\":\"uQlWx3WkEAE=\"", "d/a: 9 bytes, expected 10" },
    { "\"name\":\"d/a\",\"size\":9,\"payload\":\"uQlWx3WkEAA=\"",
      "d/a: its content isn't the one of the tar" },
    { "\"name\":\"../\\n\",\"size\":9,\"payload\":\"uQlWx3WkEAE=\"",
      "../\\n: invalid filename '..'" },
    { "\"name\":\"d/a\",\"size\":9,\"payload\":null", "tar-split: line 2: payload: not a CRC-64" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (Case) c = { 0 };
      case_with_file (&c);
      replace (&c, FILE_MEMBERS, cases[i].members);
      assert_fails (&c, UL_ERROR_CORRUPT, cases[i].message);
    }
}

/* Each part is well, the whole isn't the layer. */
static void
test_wrong_digest (void)
{
  g_auto (Case) c = { 0 };
  char digest[UL_OCI_DIGEST_SIZE];
  UlChecksum checksum;
  case_with_file (&c);
  replace (&c, FILE_MEMBERS, "\"name\":\"d/a\",\"payload\":null");
  g_byte_array_remove_range (c.archive, 512, 9);
  ul_checksum_of_data (c.archive->data, c.archive->len, &checksum);
  ul_oci_digest_format (&checksum, digest);
  g_autofree char *message = g_strdup_printf ("its tar-split and commit make %s", digest);
  assert_fails (&c, UL_ERROR_CORRUPT, message);
}

static void
test_cut_off (void)
{
  g_auto (Case) c = { 0 };
  g_autoptr (GError) error = NULL;
  case_with_file (&c);
  g_string_truncate (c.lines, c.lines->len - 1);
  assert_fails (&c, UL_ERROR_CORRUPT, "tar-split: line 3: cut off");

  ul_autofd int fd = open_tar_split (&c);
  g_autofree char *path = g_build_filename (c.f.dir, "tar-split.gz", NULL);
  fixture_truncate (path, 30);
  g_assert_false (ul_layer_tar_write (c.f.repo, &c.commit, &c.diff_id, fd, collect, c.got, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
  g_assert_nonnull (strstr (error->message, ": tar-split: unpack: "));
}

/* An object that is of the right size, but not what it was. */
static void
test_damaged_object (void)
{
  g_auto (Case) c = { 0 };
  g_auto (UlCommit) commit = { 0 };
  g_autoptr (GError) error = NULL;
  UlEntry entry;
  gboolean found;
  case_init (&c, UL_REPO_MODE_BARE);
  add_file (&c, "a", "content");
  store (&c);
  g_assert_true (ul_objects_load_commit (c.f.repo, &c.commit, &commit, &error));
  g_assert_true (
      ul_objects_lookup_path (c.f.repo, &commit.tree, &commit.meta, "a", &found, &entry, &error));
  g_autofree char *object = fixture_object (&c.f, UL_OBJECT_FILE, &entry.checksum);
  fixture_flip (object, 3);
  assert_fails (&c, UL_ERROR_CORRUPT, "a: its content isn't the one of the tar");

  fixture_delete (&c.f, UL_OBJECT_FILE, &entry.checksum);
  g_assert_false (join (&c, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_NOT_FOUND);
}

static gboolean
fail (G_GNUC_UNUSED const guint8 *bytes, G_GNUC_UNUSED gsize len, G_GNUC_UNUSED gpointer data,
      GError **error)
{
  return ul_throw (error, UL_ERROR_NO_SPACE, "full");
}

static void
test_failing_sink (void)
{
  g_auto (Case) c = { 0 };
  g_autoptr (GError) error = NULL;
  case_with_file (&c);
  ul_autofd int fd = open_tar_split (&c);
  g_assert_false (ul_layer_tar_write (c.f.repo, &c.commit, &c.diff_id, fd, fail, NULL, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_NO_SPACE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/LayerTar/modes", test_modes);
  g_test_add_func ("/LayerTar/nothing", test_nothing);
  g_test_add_func ("/LayerTar/twice", test_twice);
  g_test_add_func ("/LayerTar/wrong-line", test_wrong_line);
  g_test_add_func ("/LayerTar/wrong-digest", test_wrong_digest);
  g_test_add_func ("/LayerTar/cut-off", test_cut_off);
  g_test_add_func ("/LayerTar/damaged-object", test_damaged_object);
  g_test_add_func ("/LayerTar/failing-sink", test_failing_sink);
  return g_test_run ();
}
