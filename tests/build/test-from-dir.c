// SPDX-License-Identifier: LGPL-2.1-or-later
#include "build/from-dir.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "../repo/fixture.h"
#include "util/error.h"
#include "util/fd.h"

static const guint all_jobs[] = { 1, 2, 8 };

/* A repository, and a directory "source" beside it that is imported as a tree. */
typedef struct
{
  Fixture f;
  char *source;
} Source;

static void
source_init (Source *s, UlRepoMode mode)
{
  fixture_init (&s->f, mode);
  s->source = g_build_filename (s->f.dir, "source", NULL);
  g_assert_cmpint (mkdir (s->source, 0755), ==, 0);
}

static void
source_clear (Source *s)
{
  fixture_clear (&s->f);
  g_free (s->source);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Source, source_clear)

static char *
at (Source *s, const char *name)
{
  return g_build_filename (s->source, name, NULL);
}

static void
put (Source *s, const char *name, const char *content)
{
  g_autofree char *path = at (s, name);
  fixture_put (path, content, strlen (content));
}

static gboolean
import (Source *s, const UlModifier *modifier, guint jobs, gboolean is_last, UlChecksum *out,
        GError **error)
{
  static const UlModifier none = { 0 };
  g_autoptr (UlTransaction) transaction = fixture_begin (&s->f);
  g_autoptr (UlWriter) writer = ul_writer_new (transaction);
  g_autoptr (UlTree) root = ul_tree_new ();
  g_autoptr (GHashTable) matched = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  const UlIntake from_dir = {
    .transaction = transaction,
    .modifier = modifier ? modifier : &none,
    .jobs = jobs,
    .skip_matched = matched,
    .is_last = is_last,
  };
  UlChecksum meta;
  return ul_from_dir (&from_dir, s->source, root, error)
         && ul_tree_write (root, writer, out, &meta, error)
         && ul_transaction_commit (transaction, NULL, error);
}

/* The same with any number of workers, whether dirtrees are written early or at the end. */
static UlChecksum
assert_imports (Source *s, const UlModifier *modifier, const char *expected)
{
  UlChecksum first = { 0 };
  for (guint i = 0; i < 2 * G_N_ELEMENTS (all_jobs); i++)
    {
      g_autoptr (GError) error = NULL;
      UlChecksum tree;
      import (s, modifier, all_jobs[i / 2], i % 2, &tree, &error);
      g_assert_no_error (error);
      g_autofree char *got = fixture_tree (&s->f, &tree, FALSE);
      g_assert_cmpstr (got, ==, expected);
      if (i > 0)
        g_assert_true (ul_checksum_equal (&first, &tree));
      first = tree;
    }
  return first;
}

/* The same error with any number of workers, and nothing left behind. */
static void
assert_fails (Source *s, const UlModifier *modifier, int code, const char *message)
{
  for (guint i = 0; i < 2 * G_N_ELEMENTS (all_jobs); i++)
    {
      g_autoptr (GError) error = NULL;
      UlChecksum tree;
      g_assert_false (import (s, modifier, all_jobs[i / 2], i % 2, &tree, &error));
      if (code >= 0)
        g_assert_error (error, UL_ERROR, code);
      g_assert_nonnull (error);
      g_assert_null (strchr (error->message, '\n'));
      if (strstr (error->message, message) == NULL)
        g_error ("'%s' lacks '%s'", error->message, message);
      fixture_assert_no_staging (&s->f);
    }
}

static void
test_tree (void)
{
  g_auto (Source) s = { 0 };
  source_init (&s, UL_REPO_MODE_ARCHIVE);
  put (&s, "b", "1");
  put (&s, "a", "");
  put (&s, "dir/x", "2");
  put (&s, "dir/deep/er/y", "3");
  g_autofree char *link = at (&s, "link");
  g_autofree char *empty = at (&s, "void");
  g_assert_cmpint (symlink ("/nowhere", link), ==, 0);
  g_assert_cmpint (mkdir (empty, 0755), ==, 0);
  assert_imports (&s, NULL, "a b link dir/{ x deep/{ er/{ y } } } void/{ } ");
}

static void
test_many (void)
{
  g_auto (Source) s = { 0 };
  source_init (&s, UL_REPO_MODE_ARCHIVE);
  g_autoptr (GString) expected = g_string_new (NULL);
  for (guint i = 0; i < 300; i++)
    {
      g_autofree char *name = g_strdup_printf ("%03u", i);
      g_autofree char *content = g_strdup_printf ("content %u", i % 100);
      put (&s, name, content);
      g_string_append_printf (expected, "%s ", name);
    }
  assert_imports (&s, NULL, expected->str);
}

/* Batches end where files get large, wherever that is among the small ones. */
static void
test_sizes (void)
{
  static const guint large[] = { 0, 1, 31, 32, 33, 40, 69 };
  g_auto (Source) s = { 0 };
  source_init (&s, UL_REPO_MODE_BARE);
  g_autoptr (GString) expected = g_string_new (NULL);
  for (guint i = 0; i < 70; i++)
    {
      g_autofree char *name = g_strdup_printf ("%02u", i);
      put (&s, name, name);
      g_string_append_printf (expected, "%s ", name);
    }
  for (guint i = 0; i < G_N_ELEMENTS (large); i++)
    {
      g_autofree char *name = g_strdup_printf ("%02u", large[i]);
      g_autofree char *path = at (&s, name);
      fixture_truncate (path, 1024 * 1024 - 1 + large[i]);
    }
  assert_imports (&s, NULL, expected->str);
}

static void
test_hardlinks (void)
{
  g_auto (Source) s = { 0 };
  source_init (&s, UL_REPO_MODE_ARCHIVE);
  put (&s, "first", "content");
  g_autofree char *first = at (&s, "first");
  for (guint i = 0; i < 40; i++)
    {
      g_autofree char *name = g_strdup_printf ("link-%02u", i);
      g_autofree char *path = at (&s, name);
      g_assert_cmpint (link (first, path), ==, 0);
    }
  for (guint i = 0; i < G_N_ELEMENTS (all_jobs); i++)
    {
      g_autoptr (GError) error = NULL;
      UlChecksum tree;
      g_assert_true (import (&s, NULL, all_jobs[i], TRUE, &tree, &error));
      g_assert_no_error (error);
      g_autoptr (GVariant) dirtree = NULL;
      g_assert_true (ul_objects_load (s.f.repo, UL_OBJECT_DIRTREE, &tree, &dirtree, &error));
      g_auto (UlDirtreeView) view;
      ul_dirtree_view_init (&view, dirtree);
      g_assert_cmpuint (view.n_files, ==, 41);
      UlDirtreeFile one, other;
      ul_dirtree_view_file (&view, 0, &one);
      for (gsize k = 1; k < view.n_files; k++)
        {
          ul_dirtree_view_file (&view, k, &other);
          g_assert_true (ul_checksum_equal (&one.checksum, &other.checksum));
        }
    }
}

/* Whoever waits for a hardlink's checksum must not wait for ever when the first fails. */
static void
test_hardlinks_fail (void)
{
  g_auto (Source) s = { 0 };
  source_init (&s, UL_REPO_MODE_BARE_USER_ONLY);
  put (&s, "first", "content");
  g_autofree char *first = at (&s, "first");
  g_assert_cmpint (chmod (first, 04755), ==, 0);
  for (guint i = 0; i < 100; i++)
    {
      g_autofree char *name = g_strdup_printf ("link-%02u", i);
      g_autofree char *path = at (&s, name);
      g_assert_cmpint (link (first, path), ==, 0);
    }
  assert_fails (&s, NULL, UL_ERROR_INVALID, "mode");
}

static void
test_devices_are_all_named (void)
{
  g_auto (Source) s = { 0 };
  source_init (&s, UL_REPO_MODE_ARCHIVE);
  put (&s, "a/file", "");
  put (&s, "b/file", "");
  g_autofree char *fifo = at (&s, "b/fifo");
  g_autofree char *top = at (&s, "another");
  g_autofree char *socket_path = at (&s, "a/socket");
  g_assert_cmpint (mkfifo (fifo, 0644), ==, 0);
  g_assert_cmpint (mkfifo (top, 0644), ==, 0);
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  g_strlcpy (address.sun_path, socket_path, sizeof address.sun_path);
  ul_autofd int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint (bind (fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  assert_fails (&s, NULL, UL_ERROR_UNSUPPORTED,
                "Not a regular file or symlink: /a/socket, /another, /b/fifo");

  const UlModifier skip = { .devices = UL_DEVICES_SKIP };
  assert_imports (&s, &skip, "a/{ file } b/{ file } ");
}

static gboolean
make_whiteout (Source *s, const char *name)
{
  g_autofree char *path = at (s, name);
  if (mknod (path, S_IFCHR | 0640, makedev (0, 0)) == 0)
    return TRUE;
  g_assert_cmpint (errno, ==, EPERM);
  g_test_skip ("no whiteout devices here");
  return FALSE;
}

static void
test_whiteouts (void)
{
  g_auto (Source) s = { 0 };
  source_init (&s, UL_REPO_MODE_ARCHIVE);
  put (&s, "kept", "");
  put (&s, "dir/file", "");
  if (!make_whiteout (&s, "gone") || !make_whiteout (&s, "dir/too"))
    return;
  assert_fails (&s, NULL, UL_ERROR_UNSUPPORTED, "/dir/too (a whiteout), /gone (a whiteout)");
  const UlModifier retarget = { .retarget_whiteouts = TRUE };
  const UlChecksum tree
      = assert_imports (&s, &retarget, ".ostree-wh.gone kept dir/{ .ostree-wh.too file } ");

  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) dirtree = NULL;
  g_auto (UlFileMeta) meta = { 0 };
  UlDirtreeFile file;
  guint64 size;
  g_assert_true (ul_objects_load (s.f.repo, UL_OBJECT_DIRTREE, &tree, &dirtree, &error));
  g_auto (UlDirtreeView) view;
  ul_dirtree_view_init (&view, dirtree);
  g_assert_true (ul_dirtree_view_find_file (&view, ".ostree-wh.gone", &file));
  g_assert_true (ul_objects_load_file_meta (s.f.repo, &file.checksum, &meta, &size, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (meta.mode, ==, S_IFREG | 0640);
  g_assert_cmpuint (size, ==, 0);

  const UlModifier skip = { .devices = UL_DEVICES_SKIP };
  assert_imports (&s, &skip, "kept dir/{ file } ");
}

static void
test_whiteout_and_marker (void)
{
  const UlModifier retarget = { .retarget_whiteouts = TRUE };
  for (guint i = 0; i < 2; i++)
    {
      g_auto (Source) s = { 0 };
      source_init (&s, UL_REPO_MODE_ARCHIVE);
      put (&s, i == 0 ? "dir/.ostree-wh.x" : "dir/.ostree-wh.x/below", "");
      if (!make_whiteout (&s, "dir/x"))
        return;
      assert_fails (&s, &retarget, UL_ERROR_INVALID, ".ostree-wh.x");
    }
  g_auto (Source) s = { 0 };
  g_autofree char *name = g_strnfill (245, 'n');
  source_init (&s, UL_REPO_MODE_ARCHIVE);
  if (make_whiteout (&s, name))
    assert_fails (&s, &retarget, UL_ERROR_INVALID, name);
}

static void
test_skip_list (void)
{
  g_auto (Source) s = { 0 };
  source_init (&s, UL_REPO_MODE_ARCHIVE);
  put (&s, "a", "");
  put (&s, "dir/a", "");
  put (&s, "dir/b", "");
  put (&s, "other/x", "");
  g_autofree char *fifo = at (&s, "dir/fifo");
  g_assert_cmpint (mkfifo (fifo, 0644), ==, 0);
  g_autoptr (GHashTable) skip = g_hash_table_new (g_str_hash, g_str_equal);
  g_hash_table_add (skip, (gpointer) "/dir/a");
  g_hash_table_add (skip, (gpointer) "/dir/fifo");
  g_hash_table_add (skip, (gpointer) "/other");
  const UlModifier modifier = { .skip_list = skip };
  assert_imports (&s, &modifier, "a dir/{ b } ");
}

static void
test_bad_names (void)
{
  static const char *const names[] = { "\xff", "a\xc3", "dir/\xed\xa0\x80" };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_auto (Source) s = { 0 };
      source_init (&s, UL_REPO_MODE_ARCHIVE);
      put (&s, "fine", "");
      put (&s, names[i], "");
      assert_fails (&s, NULL, UL_ERROR_INVALID, "UTF-8");
    }
  g_auto (Source) s = { 0 };
  source_init (&s, UL_REPO_MODE_ARCHIVE);
  g_autofree char *link = at (&s, "dir-link");
  g_assert_cmpint (symlink ("bad-\xff", link), ==, 0);
  assert_fails (&s, NULL, UL_ERROR_UNSUPPORTED, "/dir-link");
}

static void
test_odd_names (void)
{
  g_auto (Source) s = { 0 };
  source_init (&s, UL_REPO_MODE_ARCHIVE);
  g_autofree char *longest = g_strnfill (255, 'n');
  put (&s, "new\nline", "");
  put (&s, " ", "");
  put (&s, "...", "");
  put (&s, "\xc3\xa9", "");
  put (&s, longest, "");
  g_autofree char *expected = g_strdup_printf ("  ... new\nline %s \xc3\xa9 ", longest);
  assert_imports (&s, NULL, expected);
}

/* Directories "d/d/d/...", in memory where there is a place for it: on a disk thousands of new
 * directories take seconds. */
static void
move_source_and_nest (Source *s, guint depth)
{
  g_autofree char *in_memory = g_strdup ("/dev/shm/underlay-unit-XXXXXX");
  if (g_mkdtemp (in_memory) != NULL)
    {
      g_free (s->source);
      s->source = g_steal_pointer (&in_memory);
    }
  ul_autofd int dir = open (s->source, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  for (guint i = 0; i < depth; i++)
    {
      g_assert_cmpint (mkdirat (dir, "d", 0755), ==, 0);
      const int below = openat (dir, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      g_assert_cmpint (below, >=, 0);
      close (dir);
      dir = below;
    }
}

static void
remove_source (Source *s)
{
  g_autoptr (GError) error = NULL;
  ul_fd_remove_tree_at (AT_FDCWD, s->source, &error);
  g_assert_no_error (error);
}

static void
test_depth (void)
{
#ifdef __SANITIZE_ADDRESS__
  g_test_skip ("AddressSanitizer's stack frames are too large for the depth");
  return;
#endif
  struct rlimit limit;
  if (getrlimit (RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur < UL_INTAKE_MAX_DEPTH + 100)
    {
      g_test_skip ("too few descriptors for the depth");
      return;
    }
  g_autoptr (GError) error = NULL;
  g_auto (Source) s = { 0 };
  source_init (&s, UL_REPO_MODE_ARCHIVE);
  move_source_and_nest (&s, UL_INTAKE_MAX_DEPTH);
  UlChecksum tree;
  g_assert_false (import (&s, NULL, 2, TRUE, &tree, &error));
  remove_source (&s);
  g_assert_error (error, UL_ERROR, UL_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (error->message, "nested"));
}

static void
test_deep (void)
{
  g_auto (Source) s = { 0 };
  source_init (&s, UL_REPO_MODE_ARCHIVE);
  g_autoptr (GString) expected = g_string_new (NULL);
  for (guint i = 0; i < 400; i++)
    g_string_append (expected, "d/{ ");
  for (guint i = 0; i < 400; i++)
    g_string_append (expected, "} ");
  move_source_and_nest (&s, 400);
  assert_imports (&s, NULL, expected->str);
  remove_source (&s);
}

static void
test_source_is_missing (void)
{
  g_auto (Source) s = { 0 };
  source_init (&s, UL_REPO_MODE_ARCHIVE);
  g_assert_cmpint (rmdir (s.source), ==, 0);
  assert_fails (&s, NULL, -1, s.source);
  fixture_put (s.source, "", 0);
  assert_fails (&s, NULL, -1, s.source);
}

/* The first in the order of the walk, not of the workers, and by its path in the tree. */
static void
test_error_of_a_file (void)
{
  g_auto (Source) s = { 0 };
  source_init (&s, UL_REPO_MODE_BARE_USER_ONLY);
  for (guint i = 0; i < 100; i++)
    {
      g_autofree char *name = g_strdup_printf ("dir/%03u", i);
      put (&s, name, "");
    }
  g_autofree char *bad = at (&s, "dir/050");
  g_assert_cmpint (chmod (bad, 02755), ==, 0);
  assert_fails (&s, NULL, UL_ERROR_INVALID, "/dir/050");
}

static void
test_overlay (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (all_jobs); i++)
    {
      g_autoptr (GError) error = NULL;
      g_auto (Source) s = { 0 };
      source_init (&s, UL_REPO_MODE_ARCHIVE);
      put (&s, "lower/kept", "");
      put (&s, "lower/both", "lower");
      put (&s, "lower/dir/x", "");
      put (&s, "upper/both", "upper");
      put (&s, "upper/dir/y", "");
      put (&s, "clash/dir", "a file");
      g_autofree char *lower = at (&s, "lower");
      g_autofree char *upper = at (&s, "upper");
      g_autofree char *clash = at (&s, "clash");
      g_autoptr (UlTransaction) transaction = fixture_begin (&s.f);
      g_autoptr (UlWriter) writer = ul_writer_new (transaction);
      g_autoptr (UlTree) root = ul_tree_new ();
      const UlModifier modifier = { 0 };
      const UlIntake from_dir
          = { .transaction = transaction, .modifier = &modifier, .jobs = all_jobs[i] };
      g_assert_true (ul_from_dir (&from_dir, lower, root, &error));
      g_assert_true (ul_from_dir (&from_dir, upper, root, &error));
      g_assert_no_error (error);
      g_autoptr (GError) conflict = NULL;
      g_autoptr (UlTree) other = ul_tree_new ();
      g_assert_true (ul_from_dir (&from_dir, lower, other, &error));
      g_assert_false (ul_from_dir (&from_dir, clash, other, &conflict));
      g_assert_error (conflict, UL_ERROR, UL_ERROR_EXISTS);

      UlChecksum tree, meta;
      g_assert_true (ul_tree_write (root, writer, &tree, &meta, &error));
      fixture_end (transaction);
      g_autofree char *got = fixture_tree (&s.f, &tree, FALSE);
      g_assert_cmpstr (got, ==, "both kept dir/{ x y } ");
      g_autoptr (GVariant) dirtree = NULL;
      g_assert_true (ul_objects_load (s.f.repo, UL_OBJECT_DIRTREE, &tree, &dirtree, &error));
      g_auto (UlDirtreeView) view;
      ul_dirtree_view_init (&view, dirtree);
      UlDirtreeFile file;
      g_assert_true (ul_dirtree_view_find_file (&view, "both", &file));
      g_autoptr (UlContent) content = NULL;
      g_assert_true (ul_objects_open_file (s.f.repo, &file.checksum, &content, &error));
      char text[16] = "";
      gsize n;
      g_assert_true (ul_content_read (content, text, sizeof text, &n, &error));
      g_assert_cmpmem (text, n, "upper", 5);
    }
}

static void
test_devino (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Source) s = { 0 };
  source_init (&s, UL_REPO_MODE_BARE);
  const UlChecksum known = fixture_file (&s.f, "known");
  g_autofree char *object = fixture_object (&s.f, UL_OBJECT_FILE, &known);
  g_autofree char *linked = at (&s, "linked");
  g_assert_cmpint (link (object, linked), ==, 0);
  put (&s, "other", "other");
  for (guint i = 0; i < 4; i++)
    {
      g_autoptr (UlDevino) devino = NULL;
      g_assert_true (ul_devino_scan (s.f.repo, &devino, &error));
      g_autoptr (UlTransaction) transaction = fixture_begin (&s.f);
      g_autoptr (UlWriter) writer = ul_writer_new (transaction);
      g_autoptr (UlTree) root = ul_tree_new ();
      /* A modifier that changes the file asks for another object, unless the use is canonical. */
      const UlModifier modifier = {
        .devino = i < 2 ? UL_DEVINO_SPEEDUP : UL_DEVINO_CANONICAL,
        .canonical_permissions = FALSE,
        .set_uid = i % 2 == 1,
        .owner_uid = getuid () + 1,
      };
      const UlIntake from_dir
          = { .transaction = transaction, .modifier = &modifier, .devino = devino, .jobs = 2 };
      if (i % 2 == 1 && getuid () != 0)
        continue;
      g_assert_true (ul_from_dir (&from_dir, s.source, root, &error));
      g_assert_no_error (error);
      UlChecksum tree, meta;
      g_assert_true (ul_tree_write (root, writer, &tree, &meta, &error));
      UlTransactionStats stats;
      g_assert_true (ul_transaction_commit (transaction, &stats, &error));
      g_assert_no_error (error);
      g_autoptr (GVariant) dirtree = NULL;
      g_assert_true (ul_objects_load (s.f.repo, UL_OBJECT_DIRTREE, &tree, &dirtree, &error));
      g_auto (UlDirtreeView) view;
      ul_dirtree_view_init (&view, dirtree);
      UlDirtreeFile file;
      g_assert_true (ul_dirtree_view_find_file (&view, "linked", &file));
      const gboolean taken_over = i != 1;
      g_assert_cmpint (ul_checksum_equal (&file.checksum, &known), ==, taken_over);
      g_assert_cmpuint (stats.cache_hits, ==, taken_over ? 1 : 0);
    }
}

static void
test_file_xattrs (void)
{
  g_auto (Source) s = { 0 };
  source_init (&s, UL_REPO_MODE_ARCHIVE);
  put (&s, "plain", "x");
  put (&s, "rich", "x");
  g_autofree char *rich = at (&s, "rich");
  if (setxattr (rich, "user.a", "1", 1, 0) != 0)
    {
      g_test_skip ("no user xattrs on this file system");
      return;
    }
  const UlModifier none = { .no_xattrs = TRUE };
  const UlChecksum with = assert_imports (&s, NULL, "plain rich ");
  const UlChecksum without = assert_imports (&s, &none, "plain rich ");
  g_assert_false (ul_checksum_equal (&with, &without));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* The usual soft limit is far below the hard one, and a level takes a descriptor. */
  struct rlimit limit;
  if (getrlimit (RLIMIT_NOFILE, &limit) == 0)
    {
      limit.rlim_cur = limit.rlim_max;
      setrlimit (RLIMIT_NOFILE, &limit);
    }
  g_test_add_func ("/FromDir/tree", test_tree);
  g_test_add_func ("/FromDir/many-files", test_many);
  g_test_add_func ("/FromDir/sizes", test_sizes);
  g_test_add_func ("/FromDir/hardlinks", test_hardlinks);
  g_test_add_func ("/FromDir/hardlinks-that-fail", test_hardlinks_fail);
  g_test_add_func ("/FromDir/devices-are-all-named-or-skipped", test_devices_are_all_named);
  g_test_add_func ("/FromDir/whiteouts", test_whiteouts);
  g_test_add_func ("/FromDir/whiteout-beside-its-marker", test_whiteout_and_marker);
  g_test_add_func ("/FromDir/skip-list", test_skip_list);
  g_test_add_func ("/FromDir/names-that-cannot-be-stored", test_bad_names);
  g_test_add_func ("/FromDir/odd-names", test_odd_names);
  g_test_add_func ("/FromDir/too-deep", test_depth);
  g_test_add_func ("/FromDir/deep", test_deep);
  g_test_add_func ("/FromDir/no-such-directory", test_source_is_missing);
  g_test_add_func ("/FromDir/error-names-the-file", test_error_of_a_file);
  g_test_add_func ("/FromDir/directories-in-layers", test_overlay);
  g_test_add_func ("/FromDir/hardlinks-into-the-repository", test_devino);
  g_test_add_func ("/FromDir/xattrs", test_file_xattrs);
  return g_test_run ();
}
