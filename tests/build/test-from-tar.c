// SPDX-License-Identifier: LGPL-2.1-or-later
#include "build/from-tar.h"

#include <string.h>
#include <sys/stat.h>

#include "../repo/fixture.h"
#include "build/from-tar-entry.h"
#include "build/from-tar-pipe.h"
#include "util/error.h"
#include "util/tar.h"
#include "util/xattr.h"

static const guint all_jobs[] = { 1, 2, 8 };

/* A repository, and an archive beside it. */
typedef struct
{
  Fixture f;
  GByteArray *archive;
  char *path;
} Case;

static void
case_init (Case *c)
{
  fixture_init (&c->f, UL_REPO_MODE_ARCHIVE);
  c->archive = g_byte_array_new ();
  c->path = g_build_filename (c->f.dir, "archive", NULL);
}

static void
case_clear (Case *c)
{
  fixture_clear (&c->f);
  g_byte_array_unref (c->archive);
  g_free (c->path);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Case, case_clear)

static void
put (Case *c, UlTarType type, const char *path, const char *target, const void *content, gsize len)
{
  const UlTarHeader header = {
    .type = type,
    .path = path,
    .target = target,
    .mode = type == UL_TAR_DIR ? 0755 : 0644,
    .size = len,
  };
  ul_tar_append_header (c->archive, &header);
  if (len > 0)
    g_byte_array_append (c->archive, content, (guint) len);
  ul_tar_append_padding (c->archive, len);
}

static void
put_dir (Case *c, const char *path)
{
  put (c, UL_TAR_DIR, path, NULL, NULL, 0);
}

static void
put_file (Case *c, const char *path, const char *content)
{
  put (c, UL_TAR_FILE, path, NULL, content, strlen (content));
}

static void
put_link (Case *c, const char *path, const char *target)
{
  put (c, UL_TAR_HARDLINK, path, target, NULL, 0);
}

static gboolean
import (Case *c, const UlModifier *modifier, const UlTarOptions *options, guint jobs,
        UlChecksum *out, GError **error)
{
  static const UlModifier no_modifier = { 0 };
  static const UlTarOptions no_options = { 0 };
  fixture_put (c->path, c->archive->data, c->archive->len);
  g_autoptr (UlTransaction) transaction = fixture_begin (&c->f);
  g_autoptr (UlWriter) writer = ul_writer_new (transaction);
  g_autoptr (UlTree) root = ul_tree_new ();
  g_autoptr (GHashTable) matched = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  const UlIntake intake = {
    .transaction = transaction,
    .modifier = modifier != NULL ? modifier : &no_modifier,
    .jobs = jobs,
    .skip_matched = matched,
    .is_last = TRUE,
  };
  UlChecksum meta;
  return ul_from_tar (&intake, options != NULL ? options : &no_options, c->path, root, error)
         && ul_tree_write (root, writer, out, &meta, error)
         && ul_transaction_commit (transaction, NULL, error);
}

/* The same with any number of workers. */
static UlChecksum
assert_imports (Case *c, const UlModifier *modifier, const UlTarOptions *options,
                const char *expected)
{
  UlChecksum first = { 0 };
  for (guint i = 0; i < G_N_ELEMENTS (all_jobs); i++)
    {
      g_autoptr (GError) error = NULL;
      UlChecksum tree;
      import (c, modifier, options, all_jobs[i], &tree, &error);
      g_assert_no_error (error);
      g_autofree char *got = fixture_tree (&c->f, &tree, FALSE);
      g_assert_cmpstr (got, ==, expected);
      if (i > 0)
        g_assert_true (ul_checksum_equal (&first, &tree));
      first = tree;
    }
  return first;
}

/* The same error with any number of workers, and nothing left behind. */
static void
assert_fails (Case *c, const UlModifier *modifier, int code, const char *message)
{
  for (guint i = 0; i < G_N_ELEMENTS (all_jobs); i++)
    {
      g_autoptr (GError) error = NULL;
      UlChecksum tree;
      g_assert_false (import (c, modifier, NULL, all_jobs[i], &tree, &error));
      g_assert_error (error, UL_ERROR, code);
      g_assert_null (strchr (error->message, '\n'));
      if (strstr (error->message, message) == NULL)
        g_error ("'%s' lacks '%s'", error->message, message);
      fixture_assert_no_staging (&c->f);
    }
}

static UlChecksum
file_in (Case *c, const UlChecksum *tree, const char *name)
{
  g_autoptr (GVariant) dirtree = NULL;
  g_auto (UlDirtreeView) view = { 0 };
  UlDirtreeFile file;
  g_assert_true (ul_objects_load (c->f.repo, UL_OBJECT_DIRTREE, tree, &dirtree, NULL));
  ul_dirtree_view_init (&view, dirtree);
  g_assert_true (ul_dirtree_view_find_file (&view, name, &file));
  return file.checksum;
}

static void
assert_same (Case *c, const UlChecksum *tree, const char *a, const char *b, gboolean same)
{
  const UlChecksum x = file_in (c, tree, a);
  const UlChecksum y = file_in (c, tree, b);
  g_assert_true (ul_checksum_equal (&x, &y) == same);
}

static void
test_tree (void)
{
  g_auto (Case) c = { 0 };
  case_init (&c);
  put_dir (&c, "./");
  put_dir (&c, "./b/");
  put_file (&c, "./b/x", "1");
  put_dir (&c, "a/");
  put_file (&c, "/a/y", "2");
  put_file (&c, "b//./z", "3");
  put (&c, UL_TAR_SYMLINK, "link", "a/y", NULL, 0);
  ul_tar_append_end (c.archive);
  assert_imports (&c, NULL, NULL, "link a/{ y } b/{ x z } ");
}

/* Around what goes in memory and what goes through the pipe, and around its ring. */
static void
test_sizes (void)
{
  static const gsize sizes[]
      = { 0,       1,       511,     512,     513,         1048575, 1048576,
          1048577, 2097151, 2097152, 2097153, 4 * 1048576, 4194305, 9000001 };
  g_auto (Case) c = { 0 };
  g_autoptr (GString) expected = g_string_new (NULL);
  g_autofree guint8 *content = g_malloc (9000001);
  case_init (&c);
  for (gsize i = 0; i < 9000001; i++)
    content[i] = (guint8) (i * 7 + i / 251);
  put_dir (&c, "./");
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autofree char *name = g_strdup_printf ("%02u", i);
      put (&c, UL_TAR_FILE, name, NULL, content, sizes[i]);
      g_string_append_printf (expected, "%s ", name);
    }
  ul_tar_append_end (c.archive);
  const UlChecksum tree = assert_imports (&c, NULL, NULL, expected->str);
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autofree char *name = g_strdup_printf ("%02u", i);
      const UlChecksum file = file_in (&c, &tree, name);
      g_autoptr (UlHasher) hasher = ul_hasher_new ();
      UlChecksum actual;
      guint64 bytes;
      g_assert_true (
          ul_objects_verify (c.f.repo, UL_OBJECT_FILE, &file, hasher, &actual, &bytes, NULL));
      g_assert_cmpuint (bytes, ==, sizes[i]);
      g_assert_true (ul_checksum_equal (&actual, &file));
    }
}

static void
test_many (void)
{
  g_auto (Case) c = { 0 };
  g_autoptr (GString) expected = g_string_new (NULL);
  case_init (&c);
  put_dir (&c, "./");
  for (guint i = 0; i < 500; i++)
    {
      g_autofree char *name = g_strdup_printf ("%03u", i);
      put_file (&c, name, name);
      g_string_append_printf (expected, "%s ", name);
    }
  for (guint i = 0; i < 500; i += 7)
    {
      g_autofree char *name = g_strdup_printf ("%03u", i);
      put_file (&c, name, "again");
    }
  ul_tar_append_end (c.archive);
  const UlChecksum tree = assert_imports (&c, NULL, NULL, expected->str);
  assert_same (&c, &tree, "000", "497", TRUE);
  assert_same (&c, &tree, "001", "002", FALSE);
}

/* A link to a link to a link ..., each before its target: as long as the archive likes. */
static void
test_long_chain (void)
{
  g_auto (Case) c = { 0 };
  g_autoptr (GString) expected = g_string_new (NULL);
  case_init (&c);
  put_dir (&c, "./");
  for (guint i = 0; i < 3000; i++)
    {
      g_autofree char *name = g_strdup_printf ("%04u", i);
      g_autofree char *target = g_strdup_printf ("%04u", i + 1);
      put_link (&c, name, target);
      g_string_append_printf (expected, "%s ", name);
    }
  put_file (&c, "3000", "the end");
  g_string_append (expected, "3000 ");
  ul_tar_append_end (c.archive);
  const UlChecksum tree = assert_imports (&c, NULL, NULL, expected->str);
  assert_same (&c, &tree, "0000", "3000", TRUE);
}

static void
test_links (void)
{
  g_auto (Case) c = { 0 };
  case_init (&c);
  put_dir (&c, "./");
  put_file (&c, "a", "1");
  put_link (&c, "b", "a");
  put_file (&c, "a", "2");
  put_link (&c, "c", "./a");
  put_link (&c, "a", "a");
  ul_tar_append_end (c.archive);
  const UlChecksum tree = assert_imports (&c, NULL, NULL, "a b c ");
  assert_same (&c, &tree, "a", "b", FALSE);
  assert_same (&c, &tree, "a", "c", TRUE);
}

static void
test_link_failures (void)
{
  static const struct
  {
    const char *links[3][2];
    const char *message;
  } cases[] = {
    { { { "a", "a" } }, "/a: hardlink to /a, which leads back to it" },
    { { { "a", "b" }, { "b", "a" } }, "/a: hardlink to /b, which leads back to it" },
    { { { "x", "a" }, { "a", "b" }, { "b", "a" } }, "which leads back to it" },
    { { { "a", "nope" } }, "/a: hardlink to /nope, which isn't there" },
    { { { "a", "dir/nope" } }, "/a: hardlink to /dir/nope, which isn't there" },
    { { { "a", "a/b" } }, "/a: hardlink to /a/b, which isn't there" },
    { { { "a", "dir" } }, "/a: hardlink to /dir, a directory" },
    { { { "a", "" } }, "/a: hardlink to /, a directory" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (Case) c = { 0 };
      case_init (&c);
      put_dir (&c, "./");
      put_dir (&c, "dir/");
      for (guint k = 0; k < 3 && cases[i].links[k][0] != NULL; k++)
        put_link (&c, cases[i].links[k][0],
                  *cases[i].links[k][1] != '\0' ? cases[i].links[k][1] : "./");
      ul_tar_append_end (c.archive);
      assert_fails (&c, NULL, UL_ERROR_NOT_FOUND, cases[i].message);
    }
}

/* Wherever the archive is cut off, it's an error, unless that is between two entries. */
static void
test_cut_off (void)
{
  g_auto (Case) c = { 0 };
  g_autofree char *large = g_strnfill (2500000, 'x');
  case_init (&c);
  put_dir (&c, "./");
  put_file (&c, "small", "content");
  put_file (&c, "large", large);
  const guint whole = c.archive->len;
  static const guint at[] = { 513, 700, 1030, 1535, 3000, 1000000, 2300000 };
  for (gsize i = 0; i < G_N_ELEMENTS (at); i++)
    {
      g_byte_array_set_size (c.archive, at[i]);
      assert_fails (&c, NULL, UL_ERROR_CORRUPT, "archive: ");
      g_byte_array_set_size (c.archive, whole);
    }
}

static void
test_too_deep (void)
{
  g_auto (Case) c = { 0 };
  g_autoptr (GString) path = g_string_new (NULL);
  case_init (&c);
  for (guint i = 0; i < UL_INTAKE_MAX_DEPTH; i++)
    g_string_append (path, "d/");
  g_string_append (path, "f");
  put_file (&c, path->str, "x");
  ul_tar_append_end (c.archive);
  g_autoptr (GError) error = NULL;
  UlChecksum tree;
  const UlTarOptions options = { .autocreate_parents = TRUE };
  g_assert_false (import (&c, NULL, &options, 2, &tree, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_UNSUPPORTED);
  g_byte_array_set_size (c.archive, 0);
  put_file (&c, path->str + 2, "x");
  ul_tar_append_end (c.archive);
  g_autoptr (GError) none = NULL;
  import (&c, NULL, &options, 2, &tree, &none);
  g_assert_no_error (none);
}

static void
test_whiteouts (void)
{
  g_auto (Case) c = { 0 };
  const UlModifier retarget = { .retarget_whiteouts = TRUE };
  case_init (&c);
  put_dir (&c, "./");
  put (&c, UL_TAR_CHAR_DEVICE, "device", NULL, NULL, 0);
  put_file (&c, ".wh.layer", "");
  put_file (&c, ".wh.content", "x");
  put_dir (&c, "dir/");
  put_file (&c, "dir/.wh..wh..opq", "");
  ul_tar_append_end (c.archive);
  assert_imports (&c, &retarget, NULL, ".ostree-wh.device .ostree-wh.layer .wh.content dir/{ } ");
  assert_fails (&c, NULL, UL_ERROR_UNSUPPORTED, "/device (a whiteout)");
}

static gpointer
drain (gpointer pipe)
{
  guint8 buffer[7000];
  guint64 sum = 0;
  gsize n;
  while (ul_tar_pipe_read (pipe, buffer, sizeof buffer, &n, NULL) && n > 0)
    for (gsize i = 0; i < n; i++)
      sum = sum * 31 + buffer[i];
  return GSIZE_TO_POINTER ((gsize) sum);
}

static void
free_ring (guint8 *ring, gpointer rings)
{
  g_free (ring);
  ++*(guint *) rings;
}

static guint rings_given;

static UlTarPipe *
new_pipe (void)
{
  rings_given = 0;
  return ul_tar_pipe_new (g_malloc (300000), 300000, free_ring, &rings_given);
}

static void
test_pipe (void)
{
  g_autoptr (UlTarPipe) pipe = new_pipe ();
  GThread *reader = g_thread_new ("reader", drain, pipe);
  guint64 sum = 0;
  for (guint i = 0; i < 5000000;)
    {
      gsize len;
      guint8 *room = ul_tar_pipe_room (pipe, &len);
      g_assert_nonnull (room);
      len = MIN (len, 1 + i % 100000);
      for (gsize k = 0; k < len; k++)
        {
          room[k] = (guint8) (i + k);
          sum = sum * 31 + room[k];
        }
      ul_tar_pipe_wrote (pipe, len);
      i += (guint) len;
    }
  ul_tar_pipe_close (pipe, NULL);
  g_assert_cmpuint (GPOINTER_TO_SIZE (g_thread_join (reader)), ==, sum);
}

static void
test_pipe_ends (void)
{
  g_autoptr (UlTarPipe) pipe = new_pipe ();
  g_autoptr (GError) error = NULL;
  guint8 byte;
  gsize n;
  g_assert_nonnull (ul_tar_pipe_room (pipe, &n));
  ul_tar_pipe_wrote (pipe, 1);
  ul_tar_pipe_close (pipe, g_error_new_literal (UL_ERROR, UL_ERROR_CORRUPT, "cut off"));
  g_assert_true (ul_tar_pipe_read (pipe, &byte, 1, &n, &error));
  g_assert_cmpuint (n, ==, 1);
  g_assert_false (ul_tar_pipe_read (pipe, &byte, 1, &n, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
  ul_tar_pipe_hang_up (pipe);
  g_assert_null (ul_tar_pipe_room (pipe, &n));
  UlTarPipe *other = ul_tar_pipe_ref (pipe);
  ul_tar_pipe_unref (g_steal_pointer (&pipe));
  g_assert_cmpuint (rings_given, ==, 0);
  ul_tar_pipe_unref (other);
  g_assert_cmpuint (rings_given, ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/from-tar/tree", test_tree);
  g_test_add_func ("/from-tar/sizes", test_sizes);
  g_test_add_func ("/from-tar/many", test_many);
  g_test_add_func ("/from-tar/links", test_links);
  g_test_add_func ("/from-tar/long-chain-of-links", test_long_chain);
  g_test_add_func ("/from-tar/link-failures", test_link_failures);
  g_test_add_func ("/from-tar/cut-off", test_cut_off);
  g_test_add_func ("/from-tar/too-deep", test_too_deep);
  g_test_add_func ("/from-tar/whiteouts", test_whiteouts);
  g_test_add_func ("/from-tar/pipe", test_pipe);
  g_test_add_func ("/from-tar/pipe-ends", test_pipe_ends);
  return g_test_run ();
}
