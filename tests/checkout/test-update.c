// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "checkout/record.h"
#include "checkout/update.h"
#include "checkout/verify.h"
#include "repo/objects.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/interrupt.h"

static const UlRepoMode all_modes[]
    = { UL_REPO_MODE_BARE, UL_REPO_MODE_BARE_USER, UL_REPO_MODE_BARE_USER_ONLY,
        UL_REPO_MODE_ARCHIVE, UL_REPO_MODE_BARE_SPLIT_XATTRS };

/* Every way in which an entry can change. */
static const char *const tree_a[] = {
  "f same 644 content",
  "f content 644 old",
  "f mode 644 x",
  "f gone 644 x",
  "f to-link 644 x",
  "f to-dir 644 x",
  "l link old",
  "l link-to-dir x",
  "f to-empty 644 x",
  "d stays 755",
  "f stays/same 644 x",
  "f stays/content 644 old",
  "d on 755",
  "d on/the 755",
  "d on/the/way 755",
  "f on/the/way/f 644 old",
  "d dir-mode 755",
  "d dir-gone 755",
  "f dir-gone/f 644 x",
  "d dir-gone/sub 700",
  "l dir-gone/sub/l x",
  "d dir-to-file 755",
  "f dir-to-file/f 644 x",
  "d dir-to-link 755",
  "d dir-empty 755",
  "d dir-fill 755",
  "f .ostree-wh.wh 600",
  "f .ostree-wh.to-file 600",
  "f to-wh 644 x",
  "d dir-to-wh 755",
  "f dir-to-wh/f 644 x",
  "f .ostree-wh.to-dir2 600",
  "f .ostree-wh.m 600",
  "f unchanged 644 abc",
  NULL,
};
static const char *const tree_b[] = {
  "f same 644 content",
  "f content 644 new",
  "f mode 755 x",
  "f come 644 x",
  "l to-link x",
  "d to-dir 755",
  "f to-dir/f 644 x",
  "l link new",
  "d link-to-dir 700",
  "f to-empty 644",
  "d stays 755",
  "f stays/same 644 x",
  "f stays/content 644 new",
  "d on 755",
  "d on/the 755",
  "d on/the/way 755",
  "f on/the/way/f 644 new",
  "d dir-mode 700",
  "f dir-to-file 644 x",
  "l dir-to-link x",
  "d dir-fill 755",
  "d dir-fill/sub 555",
  "f dir-fill/sub/f 644 x",
  "d dir-new 700",
  "f dir-new/f 644 x",
  "d dir-new/empty 755",
  "f .ostree-wh.wh 600",
  "f to-file 644 x",
  "f .ostree-wh.to-wh 600",
  "f .ostree-wh.dir-to-wh 600",
  "d to-dir2 755",
  "f to-dir2/f 644 x",
  "f .ostree-wh.m 644",
  "f unchanged 644 abc",
  NULL,
};

static gboolean
update (Fixture *f, const UlChecksum *commit, const UlUpdateOptions *options, const char *target,
        GError **error)
{
  return ul_update_at (f->repo, commit, options, f->dfd, target, NULL, error);
}

static void
assert_updates (Fixture *f, const UlChecksum *commit, const UlUpdateOptions *options,
                const char *target)
{
  g_autoptr (GError) error = NULL;
  update (f, commit, options, target, &error);
  g_assert_no_error (error);
}

/* Refused, for that reason, and nothing was changed. */
static void
assert_refuses (Fixture *f, const UlChecksum *commit, const UlUpdateOptions *options,
                const char *target, const char *message)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *before = fixture_dump (f, target);
  g_assert_false (update (f, commit, options, target, &error));
  g_assert_cmpstr (error->message, ==, message);
  g_autofree char *after = fixture_dump (f, target);
  g_assert_cmpstr (before, ==, after);
}

static int
check_dir_time (const char *path, const struct stat *st, int type, struct FTW *ftw)
{
  if (type == FTW_D && st->st_mtime != 0)
    g_test_message ("%s has time %ld", path, (long) st->st_mtime);
  return type == FTW_D && st->st_mtime != 0;
}

/* As if it had been checked out just now. */
static void
assert_is_fresh (Fixture *f, const UlChecksum *commit, const UlCheckoutOptions *options,
                 const char *target)
{
  g_autoptr (GError) error = NULL;
  fixture_checkout (f, commit, options, "fresh", NULL);
  g_autofree char *got = fixture_dump (f, target);
  g_autofree char *want = fixture_dump (f, "fresh");
  g_assert_cmpstr (got, ==, want);
  ul_fd_remove_tree_at (f->dfd, "fresh", &error);
  g_assert_no_error (error);

  g_auto (UlVerifyResult) result = { 0 };
  const UlVerifyOptions verify_options = {
    .ownership = options->ownership,
    .whiteouts
    = options->whiteouts != 0 ? UL_VERIFY_WHITEOUTS_DEVICES : UL_VERIFY_WHITEOUTS_MARKERS,
    .full = TRUE,
  };
  ul_verify_at (f->repo, commit, &verify_options, f->dfd, target, &result, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (result.findings->len, ==, 0);
  g_autofree char *path = g_build_filename (f->dir, target, NULL);
  if (options->link != UL_CHECKOUT_LINK_NEVER)
    g_assert_cmpint (nftw (path, check_dir_time, 16, FTW_PHYS), ==, 0);
}

static void
forth_and_back (UlRepoMode mode, const UlCheckoutOptions *how)
{
  g_auto (Fixture) f;
  fixture_init (&f, mode);
  const UlChecksum a = fixture_commit (&f, tree_a);
  const UlChecksum b = fixture_commit (&f, tree_b);
  const UlUpdateOptions options = { .checkout = *how };
  assert_updates (&f, &a, &options, "out");
  assert_is_fresh (&f, &a, how, "out");
  assert_updates (&f, &b, &options, "out");
  assert_is_fresh (&f, &b, how, "out");
  assert_updates (&f, &b, &options, "out");
  assert_is_fresh (&f, &b, how, "out");
  assert_updates (&f, &a, &options, "out");
  assert_is_fresh (&f, &a, how, "out");
}

static void
test_every_mode (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (all_modes); i++)
    for (int user = 0; user <= 1; user++)
      for (int copy = 0; copy <= 1; copy++)
        for (guint jobs = 1; jobs <= 4; jobs += 3)
          {
            const UlCheckoutOptions how = {
              .ownership = user != 0 ? UL_OWNERSHIP_USER : UL_OWNERSHIP_STORED,
              .link = copy != 0 ? UL_CHECKOUT_LINK_NEVER : UL_CHECKOUT_LINK_PREFER,
              .jobs = jobs,
            };
            forth_and_back (all_modes[i], &how);
          }
}

static void
test_whiteouts_as_devices (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (all_modes); i++)
    {
      const UlCheckoutOptions how = { .whiteouts = UL_CHECKOUT_WHITEOUTS_PASSTHROUGH };
      forth_and_back (all_modes[i], &how);
    }
}

static void
test_without_tmpfile (void)
{
  const UlCheckoutOptions how = { .hooks = { .no_tmpfile = TRUE } };
  forth_and_back (UL_REPO_MODE_ARCHIVE, &how);
}

static void
test_subpath (void)
{
  static const char *const more_a[] = { "d d 755", "f d/f 644 old", "f other 644 x", NULL };
  static const char *const more_b[] = { "d d 700", "f d/f 644 new", "f other 644 y", NULL };
  g_auto (Fixture) f;
  fixture_init (&f, UL_REPO_MODE_BARE);
  const UlChecksum a = fixture_commit (&f, more_a);
  const UlChecksum b = fixture_commit (&f, more_b);
  const UlUpdateOptions options = { .checkout = { .subpath = "d" } };
  assert_updates (&f, &a, &options, "out");
  assert_updates (&f, &b, &(UlUpdateOptions){ .checkout = { .subpath = "/d/" } }, "out");
  g_autofree char *dump = fixture_dump (&f, "out");
  g_assert_true (g_str_has_prefix (dump, ". d 700 0 \n./f f 644 2 new\n"));
  assert_refuses (&f, &a, NULL, "out",
                  "update out: it was checked out with '--subpath=/d', not with ''");
  g_autoptr (GError) error = NULL;
  const UlUpdateOptions file = { .checkout = { .subpath = "d/f" } };
  g_assert_false (update (&f, &a, &file, "out", &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_INVALID);
}

/* -- whose work would be lost -- */

typedef struct
{
  Fixture f;
  UlChecksum a;
  UlChecksum b;
} Pair;

/* Until what is done has another ctime than what was done. */
static void
wait_for_tick (void)
{
  g_usleep (20 * 1000);
}

static void
pair_init (Pair *pair)
{
  fixture_init (&pair->f, UL_REPO_MODE_BARE);
  pair->a = fixture_commit (&pair->f, tree_a);
  pair->b = fixture_commit (&pair->f, tree_b);
  assert_updates (&pair->f, &pair->a, NULL, "out");
  wait_for_tick ();
}

static void
pair_clear (Pair *pair)
{
  fixture_clear (&pair->f);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Pair, pair_clear)

static void
do_write (Fixture *f, const char *path)
{
  fixture_write (f, path, "somebody's");
}

static void
do_remove (Fixture *f, const char *path)
{
  g_assert_cmpint (unlinkat (f->dfd, path, 0), ==, 0);
}

static void
do_chmod (Fixture *f, const char *path)
{
  g_assert_cmpint (fchmodat (f->dfd, path, 0711, 0), ==, 0);
}

static void
do_xattr (Fixture *f, const char *path)
{
  g_autofree char *full = g_build_filename (f->dir, path, NULL);
  g_assert_cmpint (setxattr (full, "user.somebody", "x", 1, 0), ==, 0);
}

static void
do_mkdir (Fixture *f, const char *path)
{
  g_assert_cmpint (mkdirat (f->dfd, path, 0755), ==, 0);
}

static void
do_replace_dir (Fixture *f, const char *path)
{
  g_autofree char *moved = g_strconcat (path, ".moved", NULL);
  g_autofree char *name = g_path_get_basename (moved);
  g_assert_cmpint (renameat (f->dfd, path, f->dfd, moved), ==, 0);
  g_assert_cmpint (symlinkat (name, f->dfd, path), ==, 0);
}

static void
do_fifo (Fixture *f, const char *path)
{
  (void) unlinkat (f->dfd, path, 0);
  g_assert_cmpint (mkfifoat (f->dfd, path, 0600), ==, 0);
}

static void
test_refuses_what_was_modified (void)
{
  static const struct
  {
    void (*modify) (Fixture *f, const char *path);
    const char *path;
    const char *message;
  } cases[] = {
    { do_write, "out/content", "/content was modified: content" },
    { do_write, "out/gone", "/gone was modified: content" },
    { do_write, "out/come", "/come was added" },
    { do_write, "out/dir-gone/mine", "/dir-gone/mine was added" },
    { do_write, "out/dir-to-file/mine", "/dir-to-file/mine was added" },
    { do_write, "out/dir-gone/sub/.underlay-0123456789abcdef",
      "/dir-gone/sub/.underlay-0123456789abcdef was added" },
    { do_mkdir, "out/dir-new", "/dir-new was added" },
    { do_mkdir, "out/come", "/come was added" },
    { do_fifo, "out/content", "/content was modified: type" },
    { do_fifo, "out/come", "/come was added" },
    { do_remove, "out/content", "/content was removed" },
    { do_remove, "out/gone", NULL },
    { do_remove, "out/to-dir", NULL },
    { do_chmod, "out/dir-mode", "/dir-mode was modified: mode" },
    { do_chmod, "out/stays", "/stays was modified: mode" },
    { do_chmod, "out/on/the", "/on/the was modified: mode" },
    { do_chmod, "out", "/ was modified: mode" },
    { do_xattr, "out/dir-gone", "/dir-gone was modified: xattrs" },
    { do_xattr, "out/on/the/way", "/on/the/way was modified: xattrs" },
    { do_replace_dir, "out/on/the", "/on/the was modified: type" },
    { do_replace_dir, "out/stays", "/stays was modified: type" },
    { do_replace_dir, "out/dir-gone", "/dir-gone was modified: type" },
    /* The root shows that something was done to it, and so all is looked at. */
    { do_write, "out/mine", "/mine was added" },
    { do_fifo, "out/unchanged", "/unchanged was modified: type" },
    /* Not in the way of anything. */
    { do_write, "out/stays/mine", NULL },
    { do_fifo, "out/stays/same", NULL },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (Pair) pair;
      pair_init (&pair);
      cases[i].modify (&pair.f, cases[i].path);
      if (cases[i].message != NULL)
        {
          g_autofree char *message = g_strconcat ("update out: ", cases[i].message, NULL);
          assert_refuses (&pair.f, &pair.b, NULL, "out", message);
        }
      else
        assert_updates (&pair.f, &pair.b, NULL, "out");
    }
}

static void
test_verify_looks_at_everything (void)
{
  static const UlUpdateOptions options = { .verify = TRUE };
  g_auto (Pair) pair;
  pair_init (&pair);
  fixture_write (&pair.f, "out/stays/mine", "");
  assert_refuses (&pair.f, &pair.b, &options, "out", "update out: /stays/mine was added");
  do_remove (&pair.f, "out/stays/mine");
  do_remove (&pair.f, "out/stays/same");
  assert_refuses (&pair.f, &pair.b, &options, "out", "update out: /stays/same was removed");
  g_autoptr (GError) error = NULL;
  ul_fd_remove_tree_at (pair.f.dfd, "out", &error);
  assert_updates (&pair.f, &pair.a, NULL, "out");
  assert_updates (&pair.f, &pair.b, &options, "out");
  assert_is_fresh (&pair.f, &pair.b, &options.checkout, "out");
}

/* -- what it is -- */

static void
test_without_a_record_it_is_verified (void)
{
  g_auto (Pair) pair;
  pair_init (&pair);
  fixture_checkout (&pair.f, &pair.a, NULL, "plain", NULL);
  assert_refuses (&pair.f, &pair.b, NULL, "plain",
                  "update plain: the repository has no record of what it is a checkout of; "
                  "--from=REV says it");
  const UlUpdateOptions from_b = { .from = &pair.b };
  const UlUpdateOptions from_a = { .from = &pair.a };
  static const char *const tree_c[] = { "f c 644 c", NULL };
  const UlChecksum c = fixture_commit (&pair.f, tree_c);
  g_assert_false (update (&pair.f, &c, &from_b, "plain", NULL));
  fixture_write (&pair.f, "plain/mine", "");
  assert_refuses (&pair.f, &pair.b, &from_a, "plain", "update plain: /mine was added");
  do_remove (&pair.f, "plain/mine");
  assert_updates (&pair.f, &pair.b, &from_a, "plain");
  assert_is_fresh (&pair.f, &pair.b, &from_a.checkout, "plain");
  /* Now there is one, which follows it. */
  g_assert_cmpint (renameat (pair.f.dfd, "plain", pair.f.dfd, "moved"), ==, 0);
  assert_updates (&pair.f, &pair.a, NULL, "moved");
  /* What is said counts more, and is verified. */
  assert_refuses (&pair.f, &pair.b, &from_b, "moved",
                  "update moved: /.ostree-wh.dir-to-wh was removed");
  fixture_write (&pair.f, "moved/mine", "");
  assert_refuses (&pair.f, &pair.b, &from_a, "moved", "update moved: /mine was added");
  do_remove (&pair.f, "moved/mine");
  assert_updates (&pair.f, &pair.b, &from_a, "moved");
  assert_is_fresh (&pair.f, &pair.b, &from_a.checkout, "moved");
}

static void
test_uniting_makes_it_something_else (void)
{
  g_auto (Pair) pair;
  pair_init (&pair);
  const UlCheckoutOptions unite = { .unite = UL_CHECKOUT_UNION_ADD };
  static const char *const lines[] = { "f more 644 x", NULL };
  const UlChecksum more = fixture_commit (&pair.f, lines);
  fixture_checkout (&pair.f, &more, &unite, "out", NULL);
  assert_refuses (&pair.f, &pair.b, NULL, "out",
                  "update out: the repository has no record of what it is a checkout of; "
                  "--from=REV says it");
}

/* Another repository knows nothing of the record of this one. */
static void
test_another_repository_made_it_something_else (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Pair) pair;
  g_auto (Fixture) other;
  pair_init (&pair);
  fixture_init (&other, UL_REPO_MODE_BARE);
  const UlChecksum a = fixture_commit (&other, tree_a);
  const UlChecksum b = fixture_commit (&other, tree_b);
  const UlUpdateOptions from_a = { .from = &a };
  ul_update_at (other.repo, &b, &from_a, pair.f.dfd, "out", NULL, &error);
  g_assert_no_error (error);
  /* To what it's recorded to be, so nothing differs. */
  g_assert_false (update (&pair.f, &pair.a, NULL, "out", &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_EXISTS);
}

static gboolean
has_record (Fixture *f, const char *target)
{
  g_auto (UlCheckoutRecord) record = { 0 };
  g_autoptr (GError) error = NULL;
  ul_autofd int fd = openat (f->dfd, target, O_RDONLY | O_DIRECTORY);
  gboolean found;
  ul_checkout_record_load (f->repo, fd, &found, &record, &error);
  g_assert_no_error (error);
  return found;
}

static void
delete_object (Fixture *f, UlObjectType type, const UlChecksum *checksum)
{
  g_autoptr (GError) error = NULL;
  ul_objects_delete (f->repo, type, checksum, &error);
  g_assert_no_error (error);
}

static void
test_records_go_with_their_commits (void)
{
  g_auto (Pair) pair;
  pair_init (&pair);
  assert_updates (&pair.f, &pair.b, NULL, "other");
  g_assert_true (has_record (&pair.f, "out") && has_record (&pair.f, "other"));
  delete_object (&pair.f, UL_OBJECT_COMMIT, &pair.a);
  assert_updates (&pair.f, &pair.b, NULL, "third");
  g_assert_false (has_record (&pair.f, "out"));
  g_assert_true (has_record (&pair.f, "other") && has_record (&pair.f, "third"));
}

/* What is needed to know what the directory was. */
static void
test_missing_objects (void)
{
  static const UlObjectType types[] = { UL_OBJECT_COMMIT, UL_OBJECT_DIRTREE, UL_OBJECT_FILE };
  for (gsize i = 0; i < G_N_ELEMENTS (types); i++)
    {
      g_auto (Pair) pair;
      g_auto (UlCommit) commit = { 0 };
      g_autoptr (GError) error = NULL;
      pair_init (&pair);
      ul_objects_load_commit (pair.f.repo, &pair.a, &commit, &error);
      g_assert_no_error (error);
      const UlChecksum file = fixture_file (&pair.f, 0644, "old");
      const UlChecksum *const gone[] = {
        [UL_OBJECT_COMMIT] = &pair.a,
        [UL_OBJECT_DIRTREE] = &commit.tree,
        [UL_OBJECT_FILE] = &file,
      };
      delete_object (&pair.f, types[i], gone[types[i]]);
      g_autofree char *before = fixture_dump (&pair.f, "out");
      g_assert_false (update (&pair.f, &pair.b, NULL, "out", &error));
      g_assert_error (error, UL_ERROR, UL_ERROR_NOT_FOUND);
      g_autofree char *after = fixture_dump (&pair.f, "out");
      g_assert_cmpstr (before, ==, after);
    }
}

/* A whiteout and what it is for, of which the one, the other or none was there before. */
static void
test_whiteout_meets_its_name (void)
{
  static const struct
  {
    const char *before[2];
    const char *message;
  } cases[] = {
    { { "f x 644 x" }, "checkout /: directory / holds both x and its whiteout .ostree-wh.x" },
    { { "f .ostree-wh.x 644" },
      "checkout /: directory / holds both x and its whiteout .ostree-wh.x" },
    { { "f y 644" }, "directory / holds both x and its whiteout" },
  };
  static const char *const after[] = { "f .ostree-wh.x 644", "f x 644 x", NULL };
  const UlUpdateOptions options
      = { .checkout = { .whiteouts = UL_CHECKOUT_WHITEOUTS_PASSTHROUGH } };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (Fixture) f;
      fixture_init (&f, UL_REPO_MODE_BARE);
      const UlChecksum a = fixture_commit (&f, cases[i].before);
      const UlChecksum b = fixture_commit (&f, after);
      g_autofree char *message = g_strconcat ("update out: ", cases[i].message, NULL);
      assert_updates (&f, &a, &options, "out");
      assert_refuses (&f, &b, &options, "out", message);
    }
}

/* Hardlinks turn out to be impossible half way. */
static int
refuse_links (const char *path, gpointer data)
{
  return strchr (path + 1, '/') != NULL ? EXDEV : 0;
}

static void
test_goes_on_without_hardlinks (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Pair) pair;
  pair_init (&pair);
  UlUpdateOptions options = { .checkout = { .link = UL_CHECKOUT_LINK_REQUIRE, .jobs = 1 } };
  options.checkout.hooks.link_errno = refuse_links;
  g_assert_false (update (&pair.f, &pair.b, &options, "out", &error));
  g_assert_nonnull (strstr (error->message, "Invalid cross-device link"));
  options.checkout.link = UL_CHECKOUT_LINK_PREFER;
  assert_updates (&pair.f, &pair.b, &options, "out");
  const UlVerifyOptions full = { .full = TRUE };
  g_auto (UlVerifyResult) result = { 0 };
  ul_verify_at (pair.f.repo, &pair.b, &full, pair.f.dfd, "out", &result, NULL);
  g_assert_cmpuint (result.findings->len, ==, 0);
}

static void
test_other_options_are_refused (void)
{
  g_auto (Pair) pair;
  pair_init (&pair);
  const UlUpdateOptions devices = { .checkout = { .whiteouts = UL_CHECKOUT_WHITEOUTS_PASSTHROUGH,
                                                  .ownership = UL_OWNERSHIP_USER } };
  assert_refuses (&pair.f, &pair.b, &devices, "out",
                  "update out: it was checked out with '', not with '--user-mode "
                  "--process-passthrough-whiteouts'");
  const UlUpdateOptions unite = { .checkout = { .unite = UL_CHECKOUT_UNION_FILES } };
  g_autoptr (GError) error = NULL;
  g_assert_false (update (&pair.f, &pair.b, &unite, "out", &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_INVALID);
}

static void
test_one_at_a_time (void)
{
  g_auto (Pair) pair;
  pair_init (&pair);
  ul_autofd int fd = openat (pair.f.dfd, "out", O_RDONLY | O_DIRECTORY);
  g_assert_cmpint (flock (fd, LOCK_EX), ==, 0);
  assert_refuses (&pair.f, &pair.b, NULL, "out", "update out: another update is running");
}

/* -- kills -- */

typedef struct
{
  guint left; /* steps until the end */
  guint seen;
} Killer;

static void
count_down (const char *step, gpointer data)
{
  Killer *killer = data;
  killer->seen++;
  if (killer->left > 0 && --killer->left == 0)
    kill (getpid (), SIGKILL);
}

/* In a process of its own, which ends at step @n. FALSE if there were fewer. */
static gboolean
update_until (Fixture *f, const UlChecksum *commit, const UlCheckoutOptions *how, guint n)
{
  const pid_t pid = fork ();
  g_assert_cmpint (pid, >=, 0);
  if (pid == 0)
    {
      Killer killer = { .left = n };
      UlUpdateOptions options = { .checkout = *how };
      options.checkout.jobs = 1;
      options.checkout.hooks.step = count_down;
      options.checkout.hooks.data = &killer;
      _exit (update (f, commit, &options, "out", NULL) ? 0 : 1);
    }
  int status;
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_false (WIFEXITED (status) && WEXITSTATUS (status) != 0);
  return WIFSIGNALED (status);
}

static void
kill_at_every_step (UlRepoMode mode, UlCheckoutWhiteouts whiteouts)
{
  const UlCheckoutOptions how = {
    .whiteouts = whiteouts,
    .sync = UL_CHECKOUT_SYNC_NEVER,
    .hooks.no_tmpfile = TRUE,
  };
  const UlUpdateOptions options = { .checkout = how };
  g_auto (Pair) pair;
  Fixture *f = &pair.f;
  fixture_init (f, mode);
  pair.a = fixture_commit (f, tree_a);
  pair.b = fixture_commit (f, tree_b);
  static const char *const tree_c[] = { "f c 644 c", NULL };
  const UlChecksum c = fixture_commit (f, tree_c);
  gboolean killed = TRUE;
  for (guint n = 1; killed; n++)
    {
      g_autoptr (GError) error = NULL;
      const gboolean go_back = n % 3 == 0;
      const UlChecksum *to = go_back ? &pair.a : &pair.b;
      const UlUpdateOptions verifying = { .checkout = how, .verify = n % 2 == 0 };
      assert_updates (f, &pair.a, &options, "out");
      killed = update_until (f, &pair.b, &how, n);
      g_assert_true (killed || n > 30);
      if (n == 10)
        {
          g_assert_false (update (f, &c, &options, "out", &error));
          g_assert_nonnull (strstr (error->message, " was interrupted: first update it to one of"));
          g_clear_error (&error);
        }
      if (n == 12)
        {
          /* Whatever the record says, nobody knows what was done since. */
          fixture_write (f, "out/stays/mine", "");
          g_assert_false (update (f, to, &options, "out", &error));
          g_assert_cmpstr (error->message, ==, "update out: /stays/mine was added");
          g_clear_error (&error);
          do_remove (f, "out/stays/mine");
        }
      assert_updates (f, to, &verifying, "out");
      assert_is_fresh (f, to, &how, "out");
      ul_fd_remove_tree_at (f->dfd, "out", &error);
      g_assert_no_error (error);
    }
}

static void
test_killed_at_every_step (void)
{
  kill_at_every_step (UL_REPO_MODE_BARE, UL_CHECKOUT_WHITEOUTS_KEEP);
}

static void
test_killed_with_devices (void)
{
  kill_at_every_step (UL_REPO_MODE_BARE, UL_CHECKOUT_WHITEOUTS_PASSTHROUGH);
}

static void
test_killed_while_copying (void)
{
  kill_at_every_step (UL_REPO_MODE_ARCHIVE, UL_CHECKOUT_WHITEOUTS_KEEP);
}

static void
interrupt_when_checked (const char *step, G_GNUC_UNUSED gpointer data)
{
  if (g_str_equal (step, "checked"))
    raise (SIGTERM);
}

/* With an archive's cache a signal is held off; it still comes before anything is changed. */
static void
test_interrupted_before_the_change (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Pair) pair;
  Fixture *f = &pair.f;
  fixture_init (f, UL_REPO_MODE_ARCHIVE);
  pair.a = fixture_commit (f, tree_a);
  pair.b = fixture_commit (f, tree_b);
  UlUpdateOptions options = { .checkout.ownership = UL_OWNERSHIP_USER };
  assert_updates (f, &pair.a, &options, "out");
  g_autofree char *before = fixture_dump (f, "out");
  const pid_t pid = fork ();
  g_assert_cmpint (pid, >=, 0);
  if (pid == 0)
    {
      ul_interrupt_catch ();
      options.checkout.hooks.step = interrupt_when_checked;
      options.checkout.jobs = 1;
      const gboolean ok = update (f, &pair.b, &options, "out", &error);
      _exit (!ok && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) ? 0 : 1);
    }
  int status;
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFEXITED (status) && WEXITSTATUS (status) == 0);
  g_autofree char *after = fixture_dump (f, "out");
  g_assert_cmpstr (before, ==, after);
  assert_updates (f, &pair.b, &(UlUpdateOptions){ .checkout.ownership = UL_OWNERSHIP_USER }, "out");
}

/* What a commit has isn't taken for what was left over, whatever it's called. */
static void
test_names_like_temporary_ones (void)
{
  static const char *const before[] = { "f .underlay-0000000000000000 644 x",
                                        "f .underlay-0000000000000001 644 x",
                                        "f .ostree-wh..underlay-0000000000000002 644",
                                        "d .underlay-0000000000000003 755",
                                        "f x 644 old",
                                        NULL };
  static const char *const after[] = { "f .underlay-0000000000000000 644 x",
                                       "f .underlay-0000000000000001 644 y",
                                       "f .ostree-wh..underlay-0000000000000002 644",
                                       "d .underlay-0000000000000003 755",
                                       "f x 644 new",
                                       NULL };
  const UlCheckoutOptions how = { .whiteouts = UL_CHECKOUT_WHITEOUTS_PASSTHROUGH };
  const UlUpdateOptions options = { .checkout = how };
  g_auto (Fixture) f;
  fixture_init (&f, UL_REPO_MODE_BARE);
  const UlChecksum a = fixture_commit (&f, before);
  const UlChecksum b = fixture_commit (&f, after);
  /* Killed before it was noted that it has begun, and after. */
  for (guint n = 1; n <= 3; n++)
    {
      assert_updates (&f, &a, &options, "out");
      g_assert_true (update_until (&f, &b, &how, n));
      fixture_write (&f, "out/.underlay-0123456789abcdef", "left over");
      assert_updates (&f, &b, &options, "out");
      assert_is_fresh (&f, &b, &how, "out");
    }
}

/* -- random pairs of trees -- */

static void
add_random (GPtrArray *lines, const char *dir, guint depth)
{
  for (guint i = 0; i < 5; i++)
    {
      const char *slash = *dir != '\0' ? "/" : "";
      const guint kind = (guint) g_test_rand_int_range (0, depth < 3 ? 6 : 5);
      if (kind == 1 || kind == 2)
        g_ptr_array_add (lines,
                         g_strdup_printf ("f %s%sn%u %s %d", dir, slash, i,
                                          kind == 1 ? "644" : "755", g_test_rand_int_range (0, 2)));
      else if (kind == 3)
        g_ptr_array_add (
            lines, g_strdup_printf ("l %s%sn%u t%d", dir, slash, i, g_test_rand_int_range (0, 2)));
      else if (kind == 4)
        g_ptr_array_add (lines, g_strdup_printf ("f %s%s.ostree-wh.n%u %s", dir, slash, i,
                                                 g_test_rand_bit () ? "600" : "644"));
      else if (kind == 5)
        {
          g_autofree char *sub = g_strdup_printf ("%s%sn%u", dir, slash, i);
          g_ptr_array_add (lines,
                           g_strdup_printf ("d %s %s", sub, g_test_rand_bit () ? "755" : "700"));
          add_random (lines, sub, depth + 1);
        }
    }
}

static UlChecksum
commit_random (Fixture *f)
{
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);
  add_random (lines, "", 0);
  g_ptr_array_add (lines, NULL);
  return fixture_commit (f, (const char *const *) lines->pdata);
}

static void
test_random_pairs (void)
{
  const guint n = g_test_thorough () ? 500 : 25;
  for (guint i = 0; i < n; i++)
    {
      g_auto (Fixture) f;
      fixture_init (&f, all_modes[i % G_N_ELEMENTS (all_modes)]);
      const UlCheckoutOptions how = {
        .whiteouts = i % 2 != 0 ? UL_CHECKOUT_WHITEOUTS_PASSTHROUGH : UL_CHECKOUT_WHITEOUTS_KEEP,
        .jobs = 1 + i % 4,
        .sync = UL_CHECKOUT_SYNC_NEVER,
      };
      const UlUpdateOptions options = { .checkout = how };
      for (guint k = 0; k < 5; k++)
        {
          const UlChecksum commit = commit_random (&f);
          if (k > 0)
            (void) update_until (&f, &commit, &how, (guint) g_test_rand_int_range (1, 60));
          assert_updates (&f, &commit, &options, "out");
          assert_is_fresh (&f, &commit, &how, "out");
        }
    }
}

int
main (int argc, char **argv)
{
  umask (022);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/Update/every-mode", test_every_mode);
  g_test_add_func ("/Update/whiteouts-as-devices", test_whiteouts_as_devices);
  g_test_add_func ("/Update/without-tmpfile", test_without_tmpfile);
  g_test_add_func ("/Update/subpath", test_subpath);
  g_test_add_func ("/Update/refuses-what-was-modified", test_refuses_what_was_modified);
  g_test_add_func ("/Update/verify-looks-at-everything", test_verify_looks_at_everything);
  g_test_add_func ("/Update/without-a-record-it-is-verified", test_without_a_record_it_is_verified);
  g_test_add_func ("/Update/uniting-makes-it-something-else", test_uniting_makes_it_something_else);
  g_test_add_func ("/Update/another-repository-made-it-something-else",
                   test_another_repository_made_it_something_else);
  g_test_add_func ("/Update/records-go-with-their-commits", test_records_go_with_their_commits);
  g_test_add_func ("/Update/missing-objects", test_missing_objects);
  g_test_add_func ("/Update/whiteout-meets-its-name", test_whiteout_meets_its_name);
  g_test_add_func ("/Update/goes-on-without-hardlinks", test_goes_on_without_hardlinks);
  g_test_add_func ("/Update/other-options-are-refused", test_other_options_are_refused);
  g_test_add_func ("/Update/one-at-a-time", test_one_at_a_time);
  g_test_add_func ("/Update/killed-at-every-step", test_killed_at_every_step);
  g_test_add_func ("/Update/killed-with-devices", test_killed_with_devices);
  g_test_add_func ("/Update/killed-while-copying", test_killed_while_copying);
  g_test_add_func ("/Update/interrupted-before-the-change", test_interrupted_before_the_change);
  g_test_add_func ("/Update/names-like-temporary-ones", test_names_like_temporary_ones);
  g_test_add_func ("/Update/random-pairs", test_random_pairs);
  return g_test_run ();
}
