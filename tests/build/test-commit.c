// SPDX-License-Identifier: LGPL-2.1-or-later
#include "build/commit.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "../repo/fixture.h"
#include "core/commit.h"
#include "core/dirtree.h"
#include "repo/refs.h"
#include "util/error.h"

/* A repository and a directory "tree" to commit, mode 755, with "file" (644) and "sub/". */
typedef struct
{
  Fixture f;
  char *tree;
  UlTreeSource source;
} Case;

static void
put (Case *c, const char *name, const char *content)
{
  g_autofree char *path = g_build_filename (c->tree, name, NULL);
  fixture_put (path, content, strlen (content));
  g_assert_cmpint (chmod (path, 0644), ==, 0);
}

static void
make_dir (const char *path)
{
  g_assert_cmpint (mkdir (path, 0755), ==, 0);
  g_assert_cmpint (chmod (path, 0755), ==, 0);
}

static void
case_init (Case *c, UlRepoMode mode)
{
  fixture_init (&c->f, mode);
  c->tree = g_build_filename (c->f.dir, "tree", NULL);
  c->source.where = c->tree;
  make_dir (c->tree);
  put (c, "file", "hello\n");
  g_autofree char *sub = g_build_filename (c->tree, "sub", NULL);
  make_dir (sub);
}

static void
case_clear (Case *c)
{
  fixture_clear (&c->f);
  g_free (c->tree);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Case, case_clear)

static UlCommitOptions
options_of (Case *c, const char *branch)
{
  return (UlCommitOptions){
    .trees = &c->source,
    .n_trees = 1,
    .branch = branch,
    .orphan = branch == NULL,
    .has_timestamp = TRUE,
    .timestamp = 1234567890,
    .jobs = 2,
    .transaction = { .no_fsync = TRUE },
  };
}

static UlCommitResult
commit (Case *c, const UlCommitOptions *options)
{
  g_autoptr (GError) error = NULL;
  UlCommitResult result = { 0 };
  ul_commit_create (c->f.repo, options, &result, &error);
  g_assert_no_error (error);
  return result;
}

static void
load (Case *c, const UlChecksum *checksum, UlCommit *out)
{
  g_autoptr (GError) error = NULL;
  ul_objects_load_commit (c->f.repo, checksum, out, &error);
  g_assert_no_error (error);
}

static void
assert_ref (Case *c, const char *ref, const UlChecksum *expected)
{
  g_autoptr (GError) error = NULL;
  gboolean found = FALSE;
  UlChecksum got;
  ul_refs_read (c->f.repo, ref, &found, &got, &error);
  g_assert_no_error (error);
  g_assert_cmpint (found, ==, expected != NULL);
  if (expected != NULL)
    g_assert_true (ul_checksum_equal (&got, expected));
}

/* Fails, and the repository is as it was. */
static void
assert_fails (Case *c, const UlCommitOptions *options, int code, const char *message)
{
  g_autoptr (GError) error = NULL;
  UlCommitResult untouched = { .unchanged = 42 };
  g_assert_false (ul_commit_create (c->f.repo, options, &untouched, &error));
  if (code >= 0)
    g_assert_error (error, UL_ERROR, code);
  g_assert_nonnull (error);
  if (strstr (error->message, message) == NULL)
    g_error ("'%s' lacks '%s'", error->message, message);
  g_assert_cmpint (untouched.unchanged, ==, 42);
  fixture_assert_no_staging (&c->f);
}

/* The same as ostree 2022.7 gives, see tests/core/test-commit.c. */
static void
test_known (void)
{
  if (getuid () != 0)
    {
      g_test_skip ("needs root for the owner");
      return;
    }
  for (guint m = 0; m < FIXTURE_N_MODES; m++)
    {
      g_auto (Case) c = { 0 };
      case_init (&c, fixture_modes[m]);
      UlCommitOptions options = options_of (&c, "x");
      options.subject = "the subject";
      options.body = "the body";
      options.no_bindings = TRUE;
      const UlCommitResult first = commit (&c, &options);
      g_autofree char *first_hex = ul_checksum_dup_hex (&first.commit);
      g_assert_cmpstr (first_hex, ==,
                       "a486f490ad2091fe9df6418c71da156a943a29e6768465e4c69dc8eab42bc86b");
      assert_ref (&c, "x", &first.commit);

      g_autoptr (GVariant) metadata
          = g_variant_ref_sink (g_variant_new_parsed ("{'version': <'7'>}"));
      options = options_of (&c, "y");
      options.subject = "s";
      options.parent = first_hex;
      options.metadata = metadata;
      options.no_bindings = TRUE;
      const UlCommitResult second = commit (&c, &options);
      g_autofree char *second_hex = ul_checksum_dup_hex (&second.commit);
      g_assert_cmpstr (second_hex, ==,
                       "f10498a1ad288c9f8258016df22b2bf58bcece000a32960dfae1151c712bc3f8");
    }
}

static void
test_jobs (void)
{
  for (guint m = 0; m < FIXTURE_N_MODES; m++)
    {
      g_auto (Case) c = { 0 };
      case_init (&c, fixture_modes[m]);
      for (guint i = 0; i < 80; i++)
        {
          g_autofree char *name = g_strdup_printf ("sub/%03u", i);
          put (&c, name, name);
        }
      UlChecksum first = { 0 };
      static const guint jobs[] = { 1, 2, 8, 0 };
      for (guint i = 0; i < G_N_ELEMENTS (jobs); i++)
        {
          UlCommitOptions options = options_of (&c, "main");
          options.jobs = jobs[i];
          options.parent = "none";
          const UlCommitResult result = commit (&c, &options);
          if (i == 0)
            {
              first = result.commit;
              g_assert_cmpuint (result.stats.content_written, ==, 81);
            }
          else
            {
              g_assert_true (ul_checksum_equal (&first, &result.commit));
              g_assert_cmpuint (result.stats.content_written, ==, 0);
              g_assert_cmpuint (result.stats.metadata_written, ==, 0);
            }
          g_assert_cmpuint (result.stats.content_total, ==, 81);
        }
    }
}

static void
test_parents (void)
{
  g_auto (Case) c = { 0 };
  case_init (&c, UL_REPO_MODE_ARCHIVE);
  UlCommitOptions options = options_of (&c, "main");
  const UlChecksum first = commit (&c, &options).commit;
  put (&c, "file", "changed");
  const UlChecksum second = commit (&c, &options).commit;
  options.parent = "none";
  const UlChecksum alone = commit (&c, &options).commit;
  options.parent = NULL;
  options.branch = NULL;
  options.orphan = TRUE;
  const UlChecksum orphan = commit (&c, &options).commit;
  g_autofree char *first_hex = ul_checksum_dup_hex (&first);
  options.parent = first_hex;
  const UlChecksum chosen = commit (&c, &options).commit;

  const struct
  {
    const UlChecksum *commit;
    const UlChecksum *parent;
  } cases[] = {
    { &first, NULL }, { &second, &first }, { &alone, NULL }, { &orphan, NULL }, { &chosen, &first }
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (UlCommit) got = { 0 };
      load (&c, cases[i].commit, &got);
      g_assert_cmpint (got.has_parent, ==, cases[i].parent != NULL);
      if (got.has_parent)
        g_assert_true (ul_checksum_equal (&got.parent, cases[i].parent));
    }
  assert_ref (&c, "main", &alone);
}

static void
test_bindings (void)
{
  static const char *const more[] = { "z", "b", NULL };
  g_auto (Case) c = { 0 };
  case_init (&c, UL_REPO_MODE_ARCHIVE);
  fixture_reopen (&c.f, "core", "collection-id", "org.example.Os");
  UlCommitOptions options = options_of (&c, "main");
  options.bind_refs = more;
  const UlChecksum checksum = commit (&c, &options).commit;
  g_auto (UlCommit) got = { 0 };
  load (&c, &checksum, &got);
  g_autofree char *shown = g_variant_print (got.metadata, FALSE);
  g_assert_cmpstr (shown, ==,
                   "{'ostree.ref-binding': <['b', 'main', 'z']>, 'ostree.collection-binding': "
                   "<'org.example.Os'>}");
}

static void
test_keep_metadata (void)
{
  static const char *const keep[] = { "kept", "given", NULL };
  static const char *const missing[] = { "nope", NULL };
  g_auto (Case) c = { 0 };
  case_init (&c, UL_REPO_MODE_ARCHIVE);
  g_autoptr (GVariant) first_metadata = g_variant_ref_sink (
      g_variant_new_parsed ("{'kept': <'old'>, 'given': <'old'>, 'dropped': <1>}"));
  g_autoptr (GVariant) second_metadata
      = g_variant_ref_sink (g_variant_new_parsed ("{'given': <'new'>}"));
  UlCommitOptions options = options_of (&c, "main");
  options.no_bindings = TRUE;
  options.metadata = first_metadata;
  commit (&c, &options);
  options.metadata = second_metadata;
  options.keep_metadata = keep;
  const UlChecksum checksum = commit (&c, &options).commit;
  g_auto (UlCommit) got = { 0 };
  load (&c, &checksum, &got);
  g_autofree char *shown = g_variant_print (got.metadata, FALSE);
  g_assert_cmpstr (shown, ==, "{'given': <'new'>, 'kept': <'old'>}");

  options.keep_metadata = missing;
  assert_fails (&c, &options, UL_ERROR_NOT_FOUND, "nope");
  assert_ref (&c, "main", &checksum);
  options.branch = "new";
  assert_fails (&c, &options, UL_ERROR_NOT_FOUND, "nope");
}

static void
test_detached_metadata (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Case) c = { 0 };
  case_init (&c, UL_REPO_MODE_ARCHIVE);
  g_autoptr (GVariant) detached = g_variant_ref_sink (g_variant_new_parsed ("{'k': <'v'>}"));
  UlCommitOptions options = options_of (&c, "main");
  options.detached_metadata = detached;
  const UlChecksum checksum = commit (&c, &options).commit;
  g_autoptr (GVariant) got = NULL;
  g_assert_true (ul_objects_load (c.f.repo, UL_OBJECT_COMMITMETA, &checksum, &got, &error));
  g_assert_no_error (error);
  g_assert_true (g_variant_equal (got, detached));
}

static void
test_skip_if_unchanged (void)
{
  g_auto (Case) c = { 0 };
  case_init (&c, UL_REPO_MODE_ARCHIVE);
  UlCommitOptions options = options_of (&c, "main");
  options.skip_if_unchanged = TRUE;
  const UlCommitResult first = commit (&c, &options);
  g_assert_false (first.unchanged);
  options.timestamp++;
  options.subject = "another";
  const UlCommitResult second = commit (&c, &options);
  g_assert_true (second.unchanged);
  g_assert_true (ul_checksum_equal (&first.commit, &second.commit));
  /* Also a change of nothing but the root's permissions is one. */
  g_assert_cmpint (chmod (c.tree, 0700), ==, 0);
  const UlCommitResult third = commit (&c, &options);
  g_assert_false (third.unchanged);
  assert_ref (&c, "main", &third.commit);
}

static void
test_base (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Case) c = { 0 };
  case_init (&c, UL_REPO_MODE_ARCHIVE);
  UlCommitOptions options = options_of (&c, "base");
  commit (&c, &options);
  g_autofree char *file = g_build_filename (c.tree, "file", NULL);
  g_assert_cmpint (unlink (file), ==, 0);
  put (&c, "sub/added", "");
  options = options_of (&c, "main");
  options.base = "base";
  const UlChecksum checksum = commit (&c, &options).commit;
  g_auto (UlCommit) got = { 0 };
  load (&c, &checksum, &got);
  static const char *const paths[] = { "file", "sub/added" };
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      gboolean found;
      UlEntry entry;
      g_assert_true (ul_objects_lookup_path (c.f.repo, &got.tree, &got.meta, paths[i], &found,
                                             &entry, &error));
      g_assert_true (found);
    }
  /* A base alone is a commit of the same tree. */
  options.n_trees = 0;
  options.branch = "same";
  const UlChecksum same = commit (&c, &options).commit;
  g_auto (UlCommit) base = { 0 };
  g_auto (UlCommit) copy = { 0 };
  UlChecksum base_checksum;
  g_assert_true (ul_refs_resolve (c.f.repo, "base", NULL, &base_checksum, &error));
  load (&c, &base_checksum, &base);
  load (&c, &same, &copy);
  g_assert_true (ul_checksum_equal (&base.tree, &copy.tree));
  options.base = "nope";
  assert_fails (&c, &options, UL_ERROR_NOT_FOUND, "nope");
}

static void
test_bad_options (void)
{
  g_auto (Case) c = { 0 };
  case_init (&c, UL_REPO_MODE_ARCHIVE);
  UlCommitOptions options = options_of (&c, NULL);
  options.orphan = FALSE;
  assert_fails (&c, &options, UL_ERROR_INVALID, "branch");
  options = options_of (&c, "../x");
  assert_fails (&c, &options, UL_ERROR_INVALID, "../x");
  options = options_of (&c, "main");
  options.n_trees = 0;
  assert_fails (&c, &options, UL_ERROR_INVALID, "tree");
  options = options_of (&c, "main");
  options.parent = "nope";
  assert_fails (&c, &options, UL_ERROR_NOT_FOUND, "nope");
  options = options_of (&c, "main");
  options.modifier.canonical_permissions = TRUE;
  options.modifier.set_uid = TRUE;
  options.modifier.owner_uid = 1;
  assert_fails (&c, &options, UL_ERROR_INVALID, "canonical");
  const UlTreeSource missing = { .where = "no-such-directory" };
  options = options_of (&c, "main");
  options.trees = &missing;
  assert_fails (&c, &options, -1, "no-such-directory");
  assert_ref (&c, "main", NULL);
}

static void
test_unmatched_paths (void)
{
  g_auto (Case) c = { 0 };
  case_init (&c, UL_REPO_MODE_ARCHIVE);
  g_autoptr (GHashTable) skip = g_hash_table_new (g_str_hash, g_str_equal);
  g_hash_table_add (skip, (gpointer) "/file");
  g_hash_table_add (skip, (gpointer) "/z");
  g_hash_table_add (skip, (gpointer) "/b");
  UlCommitOptions options = options_of (&c, "main");
  options.modifier.skip_list = skip;
  assert_fails (&c, &options, UL_ERROR_INVALID, "/b, /z");
  UlStatOverride there = { .mode = 0111 }, absent = { .mode = 0111 };
  g_autoptr (GHashTable) overrides = g_hash_table_new (g_str_hash, g_str_equal);
  g_hash_table_insert (overrides, (gpointer) "/file", &there);
  g_hash_table_insert (overrides, (gpointer) "/nope", &absent);
  options = options_of (&c, "main");
  options.modifier.statoverride = overrides;
  assert_fails (&c, &options, UL_ERROR_INVALID, "/nope");
  assert_ref (&c, "main", NULL);
}

static void
test_consume (void)
{
  g_auto (Case) c = { 0 };
  case_init (&c, UL_REPO_MODE_ARCHIVE);
  g_autofree char *outside = g_build_filename (c.f.dir, "outside", NULL);
  g_autofree char *link = g_build_filename (c.tree, "link", NULL);
  make_dir (outside);
  g_autofree char *precious = g_build_filename (outside, "precious", NULL);
  fixture_put (precious, "", 0);
  g_assert_cmpint (symlink ("../outside", link), ==, 0);
  UlCommitOptions options = options_of (&c, "../bad");
  options.modifier.consume = TRUE;
  assert_fails (&c, &options, UL_ERROR_INVALID, "../bad");
  g_assert_true (g_file_test (c.tree, G_FILE_TEST_EXISTS));
  options.branch = "main";
  commit (&c, &options);
  g_assert_false (g_file_test (c.tree, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (precious, G_FILE_TEST_EXISTS));
}

/* In a canonical repository whatever the source's owner, set-id bits and xattrs. */
static void
test_canonical (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Case) c = { 0 };
  case_init (&c, UL_REPO_MODE_BARE_USER_ONLY);
  g_autofree char *file = g_build_filename (c.tree, "file", NULL);
  g_assert_cmpint (chmod (file, 06755), ==, 0);
  g_assert_cmpint (chmod (c.tree, 01777), ==, 0);
  const UlCommitOptions options = options_of (&c, "main");
  const UlChecksum checksum = commit (&c, &options).commit;
  g_auto (UlCommit) got = { 0 };
  load (&c, &checksum, &got);
  g_autoptr (GVariant) meta = NULL;
  guint32 uid, gid, mode;
  g_assert_true (ul_objects_load (c.f.repo, UL_OBJECT_DIRMETA, &got.meta, &meta, &error));
  ul_dirmeta_get (meta, &uid, &gid, &mode, NULL);
  g_assert_cmpuint (uid, ==, 0);
  g_assert_cmpuint (gid, ==, 0);
  g_assert_cmpuint (mode, ==, S_IFDIR | 0755);
  gboolean found;
  UlEntry entry;
  g_auto (UlFileMeta) file_meta = { 0 };
  g_assert_true (
      ul_objects_lookup_path (c.f.repo, &got.tree, &got.meta, "file", &found, &entry, &error));
  g_assert_true (ul_objects_load_file_meta (c.f.repo, &entry.checksum, &file_meta, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (file_meta.mode, ==, S_IFREG | 0755);
}

/* The xattrs of the root in a canonical repository, of a source that is opaque. */
static char *
opaque_root_xattrs (Case *c, gboolean retarget)
{
  g_autoptr (GError) error = NULL;
  UlCommitOptions options = options_of (c, "main");
  options.modifier.retarget_whiteouts = retarget;
  const UlChecksum checksum = commit (c, &options).commit;
  g_auto (UlCommit) got = { 0 };
  g_autoptr (GVariant) meta = NULL;
  g_autoptr (GVariant) xattrs = NULL;
  load (c, &checksum, &got);
  ul_objects_load (c->f.repo, UL_OBJECT_DIRMETA, &got.meta, &meta, &error);
  g_assert_no_error (error);
  ul_dirmeta_get (meta, NULL, NULL, NULL, &xattrs);
  return g_variant_print (xattrs, FALSE);
}

static void
test_canonical_opaque (void)
{
  g_auto (Case) c = { 0 };
  case_init (&c, UL_REPO_MODE_BARE_USER_ONLY);
  if (setxattr (c.tree, "user.overlay.opaque", "y", 1, 0) != 0)
    {
      g_test_skip ("no user xattrs on this file system");
      return;
    }
  g_autofree char *plain = opaque_root_xattrs (&c, FALSE);
  g_autofree char *retargeted = opaque_root_xattrs (&c, TRUE);
  g_assert_cmpstr (plain, ==, "[]");
  g_assert_cmpstr (retargeted, ==, "[(b'trusted.overlay.opaque', [0x79])]");
  if (getuid () == 0 && setxattr (c.tree, "trusted.overlay.opaque", "y", 1, 0) == 0)
    {
      g_autofree char *trusted = opaque_root_xattrs (&c, FALSE);
      g_assert_cmpstr (trusted, ==, "[]");
    }
}

static void
test_bootable (void)
{
  g_auto (Case) c = { 0 };
  case_init (&c, UL_REPO_MODE_ARCHIVE);
  UlCommitOptions options = options_of (&c, "main");
  options.bootable = TRUE;
  assert_fails (&c, &options, UL_ERROR_NOT_FOUND, "/usr");
  g_autofree char *modules = g_build_filename (c.tree, "usr/lib/modules/6.1", NULL);
  g_assert_cmpint (g_mkdir_with_parents (modules, 0755), ==, 0);
  put (&c, "usr/lib/modules/6.1/vmlinuz", "kernel");
  const UlChecksum checksum = commit (&c, &options).commit;
  g_auto (UlCommit) got = { 0 };
  load (&c, &checksum, &got);
  gboolean bootable = FALSE;
  const char *version = NULL;
  g_assert_true (g_variant_lookup (got.metadata, "ostree.bootable", "b", &bootable));
  g_assert_true (g_variant_lookup (got.metadata, "ostree.linux", "&s", &version));
  g_assert_true (bootable);
  g_assert_cmpstr (version, ==, "6.1");
}

static void
test_timestamp (void)
{
  g_auto (Case) c = { 0 };
  case_init (&c, UL_REPO_MODE_ARCHIVE);
  UlCommitOptions options = options_of (&c, "main");
  options.has_timestamp = FALSE;
  const gint64 before = g_get_real_time () / G_USEC_PER_SEC;
  const UlChecksum now = commit (&c, &options).commit;
  options.has_timestamp = TRUE;
  options.timestamp = 0;
  const UlChecksum epoch = commit (&c, &options).commit;
  g_auto (UlCommit) got_now = { 0 };
  g_auto (UlCommit) got_epoch = { 0 };
  load (&c, &now, &got_now);
  load (&c, &epoch, &got_epoch);
  g_assert_cmpint ((gint64) got_now.timestamp, >=, before);
  g_assert_cmpint ((gint64) got_now.timestamp, <=, before + 100);
  g_assert_cmpuint (got_epoch.timestamp, ==, 0);
}

/* The file system says no in the middle: nothing is published. */
static void
test_no_space (void)
{
  g_auto (Case) c = { 0 };
  case_init (&c, UL_REPO_MODE_ARCHIVE);
  fixture_reopen (&c.f, "core", "min-free-space-size", "1000000TB");
  for (guint jobs = 1; jobs <= 8; jobs *= 8)
    {
      UlCommitOptions options = options_of (&c, "main");
      options.jobs = jobs;
      assert_fails (&c, &options, UL_ERROR_NO_SPACE, "min-free-space");
    }
  assert_ref (&c, "main", NULL);
}

static void
test_progress (void)
{
  g_auto (Case) c = { 0 };
  case_init (&c, UL_REPO_MODE_ARCHIVE);
  UlProgress progress = { 0 };
  UlCommitOptions options = options_of (&c, "main");
  options.progress = &progress;
  commit (&c, &options);
  g_assert_cmpint (ul_progress_get (&progress, done), ==, 3);
  g_assert_cmpint (ul_progress_get (&progress, bytes), ==, 6);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/Commit/same-checksum-as-the-peer-in-each-mode", test_known);
  g_test_add_func ("/Commit/result-does-not-depend-on-jobs", test_jobs);
  g_test_add_func ("/Commit/parents", test_parents);
  g_test_add_func ("/Commit/bindings", test_bindings);
  g_test_add_func ("/Commit/keep-metadata", test_keep_metadata);
  g_test_add_func ("/Commit/detached-metadata", test_detached_metadata);
  g_test_add_func ("/Commit/skip-if-unchanged", test_skip_if_unchanged);
  g_test_add_func ("/Commit/base", test_base);
  g_test_add_func ("/Commit/bad-options", test_bad_options);
  g_test_add_func ("/Commit/unmatched-paths", test_unmatched_paths);
  g_test_add_func ("/Commit/consume", test_consume);
  g_test_add_func ("/Commit/canonical-repository", test_canonical);
  g_test_add_func ("/Commit/canonical-repository-and-opaque-directories", test_canonical_opaque);
  g_test_add_func ("/Commit/bootable", test_bootable);
  g_test_add_func ("/Commit/timestamp", test_timestamp);
  g_test_add_func ("/Commit/no-space-publishes-nothing", test_no_space);
  g_test_add_func ("/Commit/progress", test_progress);
  return g_test_run ();
}
