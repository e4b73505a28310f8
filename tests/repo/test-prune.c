// SPDX-License-Identifier: LGPL-2.1-or-later
#include "repo/prune.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <utime.h>

#include "fixture.h"
#include "repo/lock.h"
#include "repo/refs.h"
#include "util/error.h"
#include "util/fd.h"

static UlPruneResult
prune (Fixture *f, const UlPruneOptions *options)
{
  g_autoptr (GError) error = NULL;
  UlPruneResult result;
  ul_prune_run (f->repo, options, &result, &error);
  g_assert_no_error (error);
  return result;
}

/* What it must not do at all. */
static void
assert_refused (Fixture *f, const UlPruneOptions *options, gint code, const char *names)
{
  g_autoptr (GError) error = NULL;
  UlPruneResult result;
  g_assert_false (ul_prune_run (f->repo, options, &result, &error));
  g_assert_error (error, UL_ERROR, code);
  if (names != NULL && strstr (error->message, names) == NULL)
    g_error ("'%s' does not name %s", error->message, names);
}

static gboolean
count_object (UlObjectType type, const UlChecksum *checksum, gpointer data, GError **error)
{
  (*(guint *) data)++;
  return TRUE;
}

static guint
count_objects (Fixture *f)
{
  guint n = 0;
  g_assert_true (ul_objects_foreach (f->repo, count_object, &n, NULL));
  return n;
}

static void
assert_whole (Fixture *f, const FixtureCommit *c)
{
  g_assert_true (fixture_has (f, UL_OBJECT_COMMIT, &c->commit));
  g_assert_true (fixture_has (f, UL_OBJECT_DIRTREE, &c->tree));
  g_assert_true (fixture_has (f, UL_OBJECT_DIRTREE, &c->sub_tree));
  g_assert_true (fixture_has (f, UL_OBJECT_DIRMETA, &c->meta));
  for (guint i = 0; i < G_N_ELEMENTS (c->files); i++)
    g_assert_true (fixture_has (f, UL_OBJECT_FILE, &c->files[i]));
}

/* Apart from the dirmeta, which every commit has. */
static void
assert_gone (Fixture *f, const FixtureCommit *c)
{
  g_assert_false (fixture_has (f, UL_OBJECT_COMMIT, &c->commit));
  g_assert_false (fixture_has (f, UL_OBJECT_DIRTREE, &c->tree));
  g_assert_false (fixture_has (f, UL_OBJECT_DIRTREE, &c->sub_tree));
  for (guint i = 0; i < G_N_ELEMENTS (c->files); i++)
    g_assert_false (fixture_has (f, UL_OBJECT_FILE, &c->files[i]));
}

/* A chain on @ref, the first one without a parent. */
static void
make_chain (Fixture *f, const char *ref, FixtureCommit *chain, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *subject = g_strdup_printf ("%s %u", ref, i);
      chain[i] = fixture_commit (f, ref, i > 0 ? &chain[i - 1].commit : NULL, subject);
    }
}

static void
set_ref (Fixture *f, const char *ref, const UlChecksum *commit)
{
  g_assert_true (ul_refs_write (f->repo, ref, commit, NULL));
}

static void
test_garbage (void)
{
  for (guint i = 0; i < FIXTURE_N_MODES; i++)
    {
      g_auto (Fixture) f = { 0 };
      fixture_init (&f, fixture_modes[i]);
      FixtureCommit chain[2];
      make_chain (&f, "main", chain, 2);
      const FixtureCommit orphan = fixture_commit (&f, NULL, NULL, "orphan");
      const UlChecksum garbage = fixture_file (&f, "nobody needs it");
      const UlPruneOptions options = { 0 };
      g_auto (UlPruneResult) result = prune (&f, &options);
      g_assert_cmpuint (result.n_objects, ==, 2 * 6 + 6 + 1 + 1);
      g_assert_cmpuint (result.n_deleted, ==, 1);
      g_assert_cmpuint (result.commits->len, ==, 0);
      g_assert_false (fixture_has (&f, UL_OBJECT_FILE, &garbage));
      assert_whole (&f, &chain[0]);
      assert_whole (&f, &chain[1]);
      assert_whole (&f, &orphan);
    }
}

static void
test_refs_only (void)
{
  for (guint jobs = 1; jobs <= 3; jobs += 2)
    {
      g_auto (Fixture) f = { 0 };
      fixture_init (&f, UL_REPO_MODE_ARCHIVE);
      FixtureCommit chain[3];
      make_chain (&f, "main", chain, 3);
      const FixtureCommit orphan = fixture_commit (&f, NULL, NULL, "orphan");
      const UlPruneOptions options
          = { .refs_only = TRUE, .jobs = jobs, .depth = { .limited = TRUE, .parents = 1 } };
      g_auto (UlPruneResult) result = prune (&f, &options);
      g_assert_cmpuint (result.n_objects, ==, 4 * 6 + 1);
      g_assert_cmpuint (result.n_deleted, ==, 2 * 6);
      g_assert_cmpuint (result.commits->len, ==, 2);
      assert_whole (&f, &chain[2]);
      assert_whole (&f, &chain[1]);
      assert_gone (&f, &chain[0]);
      assert_gone (&f, &orphan);
    }
}

/* o#2338: what one ref leaves out another may keep, whichever is looked at first. */
static void
test_orders (void)
{
  static const char *const names[][3] = { { "a", "b", "c" }, { "a", "c", "b" }, { "b", "a", "c" },
                                          { "b", "c", "a" }, { "c", "a", "b" }, { "c", "b", "a" } };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_auto (Fixture) f = { 0 };
      fixture_init (&f, UL_REPO_MODE_BARE_USER);
      FixtureCommit chain[8];
      make_chain (&f, "all", chain, 8);
      set_ref (&f, names[i][0], &chain[7].commit);
      set_ref (&f, names[i][1], &chain[4].commit);
      set_ref (&f, names[i][2], &chain[3].commit);
      set_ref (&f, "all", NULL);
      /* The first keeps 7, 6, 5 and 4; the second 4; the third 3, 2, 1. */
      const UlPruneRetain retain[] = {
        { names[i][0], { .limited = TRUE, .parents = 3 } },
        { names[i][1], { .limited = TRUE, .parents = 0 } },
      };
      const UlPruneOptions options
          = { .retain = retain, .n_retain = 2, .depth = { .limited = TRUE, .parents = 2 } };
      g_auto (UlPruneResult) result = prune (&f, &options);
      g_assert_cmpuint (result.commits->len, ==, 1);
      for (guint k = 1; k < 8; k++)
        assert_whole (&f, &chain[k]);
      assert_gone (&f, &chain[0]);
    }
}

/* A commit first met at the end of its way and then in the middle is gone through again. */
static void
test_deeper_later (void)
{
  for (guint swap = 0; swap < 2; swap++)
    {
      g_auto (Fixture) f = { 0 };
      fixture_init (&f, UL_REPO_MODE_BARE_USER);
      FixtureCommit chain[6];
      make_chain (&f, "all", chain, 6);
      set_ref (&f, swap ? "b" : "a", &chain[5].commit);
      set_ref (&f, swap ? "a" : "b", &chain[4].commit);
      set_ref (&f, "all", NULL);
      const UlPruneOptions options
          = { .refs_only = TRUE, .depth = { .limited = TRUE, .parents = 2 } };
      g_auto (UlPruneResult) result = prune (&f, &options);
      g_assert_cmpuint (result.commits->len, ==, 2);
      for (guint k = 2; k < 6; k++)
        assert_whole (&f, &chain[k]);
      assert_gone (&f, &chain[1]);
    }
}

static void
test_kinds_of_refs (void)
{
  const char *const only[] = { "main", NULL };
  const UlPruneOptions all[] = {
    { .refs_only = TRUE, .depth = { .limited = TRUE } },
    { .has_keep_younger = TRUE, .keep_younger = G_MAXINT64 },
    { .only_branches = only, .depth = { .limited = TRUE } },
  };
  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    {
      g_auto (Fixture) f = { 0 };
      fixture_init (&f, UL_REPO_MODE_BARE_USER);
      const FixtureCommit local = fixture_commit (&f, "main", NULL, "local");
      const FixtureCommit remote = fixture_commit (&f, "origin:main", NULL, "remote");
      const FixtureCommit mirror = fixture_commit (&f, NULL, NULL, "mirror");
      const FixtureCommit orphan = fixture_commit (&f, NULL, NULL, "orphan");
      g_assert_true (
          ul_refs_write_collection (f.repo, "org.example.Os", "main", &mirror.commit, NULL));
      g_assert_true (ul_refs_write_alias (f.repo, "alias", "main", NULL));
      g_auto (UlPruneResult) result = prune (&f, &all[i]);
      assert_whole (&f, &local);
      assert_whole (&f, &remote);
      assert_whole (&f, &mirror);
      assert_gone (&f, &orphan);
    }
}

/* Also one that is well formed and only names other objects. */
static void
test_corrupt_dirtree (void)
{
  for (guint i = 0; i < 2; i++)
    {
      g_auto (Fixture) f = { 0 };
      fixture_init (&f, UL_REPO_MODE_BARE_USER);
      const FixtureCommit c = fixture_commit (&f, "main", NULL, "one");
      fixture_file (&f, "garbage");
      const guint before = count_objects (&f);
      g_autofree char *path = fixture_object (&f, UL_OBJECT_DIRTREE, &c.sub_tree);
      fixture_flip (path, i == 0 ? 20 : -1);
      g_autofree char *name = ul_object_to_string (&c.sub_tree, UL_OBJECT_DIRTREE);
      const UlPruneOptions options = { .refs_only = TRUE };
      assert_refused (&f, &options, UL_ERROR_CORRUPT, name);
      const UlPruneOptions dry = { .dry_run = TRUE };
      assert_refused (&f, &dry, UL_ERROR_CORRUPT, name);
      g_assert_cmpuint (count_objects (&f), ==, before);
    }
}

static void
test_missing_or_corrupt (void)
{
  const UlPruneOptions options = { .refs_only = TRUE };
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE_USER);
  FixtureCommit chain[2];
  make_chain (&f, "main", chain, 2);
  fixture_file (&f, "garbage");
  fixture_delete (&f, UL_OBJECT_DIRTREE, &chain[0].sub_tree);
  const guint before = count_objects (&f);
  assert_refused (&f, &options, UL_ERROR_NOT_FOUND, "dirtree");

  g_autofree char *commit = fixture_object (&f, UL_OBJECT_COMMIT, &chain[1].commit);
  fixture_flip (commit, -1);
  assert_refused (&f, &options, UL_ERROR_CORRUPT, "commit");
  g_assert_cmpuint (count_objects (&f), ==, before);

  /* Its objects may be all that is left of it. */
  fixture_delete (&f, UL_OBJECT_COMMIT, &chain[1].commit);
  assert_refused (&f, &options, UL_ERROR_NOT_FOUND, "'main'");
  g_assert_cmpuint (count_objects (&f), ==, before - 1);
}

static void
mark_partial (Fixture *f, const UlChecksum *commit)
{
  g_assert_true (ul_objects_mark_commit_partial (f->repo, commit, NULL));
}

static gboolean
is_partial (Fixture *f, const UlChecksum *commit)
{
  gboolean partial;
  g_assert_true (ul_objects_commit_is_partial (f->repo, commit, &partial, NULL));
  return partial;
}

static void
test_partial (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE_USER);
  const FixtureCommit c = fixture_commit (&f, "main", NULL, "one");
  fixture_delete (&f, UL_OBJECT_DIRTREE, &c.sub_tree);
  mark_partial (&f, &c.commit);
  const UlPruneOptions options = { .refs_only = TRUE };
  g_auto (UlPruneResult) result = prune (&f, &options);
  /* What only the missing directory would reach. */
  g_assert_cmpuint (result.n_deleted, ==, 1);
  g_assert_true (fixture_has (&f, UL_OBJECT_FILE, &c.files[0]));
  g_assert_false (fixture_has (&f, UL_OBJECT_FILE, &c.files[2]));

  const UlPruneOptions deep = { .refs_only = TRUE };
  set_ref (&f, "main", NULL);
  g_auto (UlPruneResult) rest = prune (&f, &deep);
  g_assert_cmpuint (count_objects (&f), ==, 0);
  g_assert_false (is_partial (&f, &c.commit));
}

/* What happens between the scan and the lock. */

typedef struct
{
  Fixture *f;
  void (*act) (Fixture *f, gpointer data);
  gpointer data;
} Meanwhile;

static void
on_step (const char *step, gpointer data)
{
  const Meanwhile *meanwhile = data;
  if (g_str_equal (step, "scanned"))
    meanwhile->act (meanwhile->f, meanwhile->data);
}

static UlPruneResult
prune_while (Fixture *f, UlPruneOptions options, void (*act) (Fixture *, gpointer), gpointer data)
{
  Meanwhile meanwhile = { f, act, data };
  options.hook = on_step;
  options.hook_data = &meanwhile;
  return prune (f, &options);
}

static void
commit_again (Fixture *f, gpointer data)
{
  *(FixtureCommit *) data = fixture_commit (f, "new", NULL, "again");
}

static void
commit_orphan (Fixture *f, gpointer data)
{
  *(FixtureCommit *) data = fixture_commit (f, NULL, NULL, "again");
}

/* A commit that finds its objects there, which are garbage. */
static void
test_commit_meanwhile (void)
{
  void (*const acts[]) (Fixture *, gpointer) = { commit_again, commit_orphan };
  for (guint i = 0; i < G_N_ELEMENTS (acts); i++)
    for (guint refs_only = 0; refs_only < 2; refs_only++)
      {
        g_auto (Fixture) f = { 0 };
        fixture_init (&f, UL_REPO_MODE_BARE_USER);
        const FixtureCommit old = fixture_commit (&f, NULL, NULL, "again");
        fixture_delete (&f, UL_OBJECT_COMMIT, &old.commit);
        const FixtureCommit main = fixture_commit (&f, "main", NULL, "main");
        const UlChecksum garbage = fixture_file (&f, "garbage");
        FixtureCommit new;
        g_auto (UlPruneResult) result
            = prune_while (&f, (UlPruneOptions){ .refs_only = refs_only }, acts[i], &new);
        g_assert_true (ul_checksum_equal (&old.tree, &new.tree));
        assert_whole (&f, &new);
        assert_whole (&f, &main);
        g_assert_false (fixture_has (&f, UL_OBJECT_FILE, &garbage));
      }
}

static void
name_commit (Fixture *f, gpointer data)
{
  set_ref (f, "named", data);
}

static void
test_ref_meanwhile (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE_USER);
  FixtureCommit orphan = fixture_commit (&f, NULL, NULL, "orphan");
  g_auto (UlPruneResult) result
      = prune_while (&f, (UlPruneOptions){ .refs_only = TRUE }, name_commit, &orphan.commit);
  assert_whole (&f, &orphan);
  g_assert_cmpuint (result.n_deleted, ==, 0);
}

static void
unname_commit (Fixture *f, gpointer data)
{
  set_ref (f, "named", NULL);
}

/* Its commit goes; its objects were reached and may stay. */
static void
test_unref_meanwhile (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE_USER);
  const FixtureCommit c = fixture_commit (&f, "named", NULL, "one");
  g_auto (UlPruneResult) first
      = prune_while (&f, (UlPruneOptions){ .refs_only = TRUE }, unname_commit, NULL);
  g_assert_false (fixture_has (&f, UL_OBJECT_COMMIT, &c.commit));
  const UlPruneOptions options = { .refs_only = TRUE };
  g_auto (UlPruneResult) second = prune (&f, &options);
  g_assert_cmpuint (count_objects (&f), ==, 0);
}

/* A pull that goes on where it was interrupted. */
static void
complete_commit (Fixture *f, gpointer data)
{
  const UlChecksum *commit = data;
  const FixtureCommit c = fixture_commit (f, "main", NULL, "one");
  g_assert_true (ul_objects_unmark_commit (f->repo, commit, NULL));
  assert_whole (f, &c);
}

static void
test_completed_meanwhile (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE_USER);
  FixtureCommit c = fixture_commit (&f, "main", NULL, "one");
  fixture_delete (&f, UL_OBJECT_DIRTREE, &c.sub_tree);
  mark_partial (&f, &c.commit);
  g_auto (UlPruneResult) result
      = prune_while (&f, (UlPruneOptions){ .refs_only = TRUE }, complete_commit, &c.commit);
  assert_whole (&f, &c);
  g_assert_cmpuint (result.n_deleted, ==, 0);
}

static void
prune_too (Fixture *f, gpointer data)
{
  const UlPruneOptions options = { .refs_only = TRUE };
  g_auto (UlPruneResult) result = prune (f, &options);
}

static void
test_prune_meanwhile (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE_USER);
  FixtureCommit chain[2];
  make_chain (&f, "main", chain, 2);
  fixture_commit (&f, NULL, NULL, "orphan");
  const UlChecksum garbage = fixture_file (&f, "garbage");
  g_auto (UlPruneResult) result = prune_while (&f, (UlPruneOptions){ 0 }, prune_too, NULL);
  g_assert_cmpuint (result.n_deleted, ==, 0);
  g_assert_false (fixture_has (&f, UL_OBJECT_FILE, &garbage));
  g_assert_cmpuint (count_objects (&f), ==, 2 * 6 + 1);
}

static void
test_lock (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE_USER);
  fixture_reopen (&f, "core", "lock-timeout-secs", "0");
  const UlChecksum garbage = fixture_file (&f, "garbage");
  const UlPruneOptions dry = { .dry_run = TRUE };
  const UlPruneOptions options = { 0 };
  ul_autofd int lock_fd = -1;
  g_assert_true (ul_repo_lock (f.repo, UL_LOCK_SHARED, &lock_fd, NULL));
  assert_refused (&f, &options, UL_ERROR_LOCKED, NULL);
  g_auto (UlPruneResult) counted = prune (&f, &dry);
  g_assert_cmpuint (counted.n_deleted, ==, 1);
  g_assert_true (fixture_has (&f, UL_OBJECT_FILE, &garbage));
  ul_fd_clear (&lock_fd);
  g_auto (UlPruneResult) result = prune (&f, &options);
  g_assert_cmpuint (result.n_deleted, ==, 1);
  g_assert_cmpuint (result.n_bytes, ==, counted.n_bytes);
  g_assert_false (fixture_has (&f, UL_OBJECT_FILE, &garbage));
}

static void
test_delete_commit (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE_USER);
  FixtureCommit chain[3];
  make_chain (&f, "main", chain, 3);
  mark_partial (&f, &chain[1].commit);
  const UlPruneOptions named = { .delete_commit = &chain[2].commit };
  assert_refused (&f, &named, UL_ERROR_EXISTS, "'main'");
  g_assert_false (ul_repo_tombstone_commits (f.repo));

  const UlPruneOptions options = { .delete_commit = &chain[1].commit };
  g_auto (UlPruneResult) result = prune (&f, &options);
  g_assert_cmpuint (result.n_objects, ==, 3 * 6 + 1 - 1);
  g_assert_cmpuint (result.n_deleted, ==, 5);
  g_assert_cmpuint (result.commits->len, ==, 1);
  assert_gone (&f, &chain[1]);
  assert_whole (&f, &chain[0]);
  assert_whole (&f, &chain[2]);
  g_assert_true (fixture_has (&f, UL_OBJECT_TOMBSTONE_COMMIT, &chain[1].commit));
  g_assert_false (is_partial (&f, &chain[1].commit));
  g_assert_true (ul_repo_tombstone_commits (f.repo));
  assert_refused (&f, &options, UL_ERROR_NOT_FOUND, "commit");

  /* What a ref doesn't reach any more goes with a tombstone, too; tombstones stay. */
  const UlPruneOptions refs = { .refs_only = TRUE };
  g_auto (UlPruneResult) rest = prune (&f, &refs);
  assert_gone (&f, &chain[0]);
  g_assert_true (fixture_has (&f, UL_OBJECT_TOMBSTONE_COMMIT, &chain[0].commit));
  g_assert_true (fixture_has (&f, UL_OBJECT_TOMBSTONE_COMMIT, &chain[1].commit));
}

static void
note (Fixture *f, const UlChecksum *commit)
{
  g_autoptr (UlTransaction) transaction = fixture_begin (f);
  g_autoptr (UlWriter) writer = ul_writer_new (transaction);
  g_autoptr (GVariant) metadata = g_variant_ref_sink (g_variant_new_parsed ("{'note': <'kept'>}"));
  g_assert_true (ul_writer_commitmeta (writer, commit, metadata, NULL));
  fixture_end (transaction);
}

static void
test_detached_metadata (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE_USER);
  FixtureCommit chain[2];
  make_chain (&f, "main", chain, 2);
  for (guint i = 0; i < 2; i++)
    note (&f, &chain[i].commit);
  const UlPruneOptions options = { .refs_only = TRUE, .depth = { .limited = TRUE } };
  g_auto (UlPruneResult) result = prune (&f, &options);
  g_assert_cmpuint (result.n_objects, ==, 13); /* as ostree counts */
  g_assert_cmpuint (result.n_deleted, ==, 6);
  g_assert_false (fixture_has (&f, UL_OBJECT_COMMITMETA, &chain[0].commit));
  g_assert_true (fixture_has (&f, UL_OBJECT_COMMITMETA, &chain[1].commit));
}

static void
test_commit_only (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE_USER);
  FixtureCommit chain[2];
  make_chain (&f, "main", chain, 2);
  const UlPruneOptions options
      = { .refs_only = TRUE, .commit_only = TRUE, .depth = { .limited = TRUE } };
  g_auto (UlPruneResult) result = prune (&f, &options);
  g_assert_cmpuint (result.n_objects, ==, 2);
  g_assert_cmpuint (result.n_deleted, ==, 1);
  g_assert_false (fixture_has (&f, UL_OBJECT_COMMIT, &chain[0].commit));
  g_assert_true (fixture_has (&f, UL_OBJECT_DIRTREE, &chain[0].tree));
}

/* Recent is what came here recently, whatever times its inode had before. */
static void
test_recent (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE_USER);
  const FixtureCommit orphan = fixture_commit (&f, NULL, NULL, "orphan");
  const FixtureCommit bare_tree = fixture_commit (&f, NULL, NULL, "tree");
  fixture_delete (&f, UL_OBJECT_COMMIT, &bare_tree.commit);
  const UlChecksum garbage = fixture_file (&f, "garbage");
  const guint before = count_objects (&f);
  const gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  const UlPruneOptions keep
      = { .refs_only = TRUE, .has_keep_unreferenced = TRUE, .keep_unreferenced = now - 60 };
  g_auto (UlPruneResult) kept = prune (&f, &keep);
  g_assert_cmpuint (kept.n_deleted, ==, 0);
  g_assert_cmpuint (count_objects (&f), ==, before);
  assert_whole (&f, &orphan);
  g_assert_true (fixture_has (&f, UL_OBJECT_FILE, &garbage));

  /* The setting says the same; an option goes before it. */
  fixture_reopen (&f, "core", "keep-unreferenced-secs", "3600");
  const UlPruneOptions plain = { .refs_only = TRUE };
  g_auto (UlPruneResult) by_setting = prune (&f, &plain);
  g_assert_cmpuint (by_setting.n_deleted, ==, 0);
  g_assert_cmpuint (by_setting.n_recent, ==, 6);

  const UlPruneOptions none
      = { .refs_only = TRUE, .has_keep_unreferenced = TRUE, .keep_unreferenced = now + 60 };
  g_auto (UlPruneResult) result = prune (&f, &none);
  g_assert_cmpuint (count_objects (&f), ==, 0);
}

static guint
count_suffix (Fixture *f, const char *suffix)
{
  g_autofree char *find
      = g_strdup_printf ("find '%s/objects' -name '*.%s' | wc -l", f->path, suffix);
  const char *argv[] = { "sh", "-c", find, NULL };
  g_autofree char *out = NULL;
  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out,
                               NULL, NULL, NULL));
  return (guint) g_ascii_strtoull (out, NULL, 10);
}

static void
test_split_xattrs (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE_SPLIT_XATTRS);
  const FixtureCommit c = fixture_commit (&f, "main", NULL, "one");
  const UlChecksum garbage = fixture_file (&f, "garbage");
  const UlChecksum crashed = fixture_file (&f, "crashed");
  fixture_delete (&f, UL_OBJECT_FILE, &crashed);
  g_assert_cmpuint (count_suffix (&f, "file-xattrs-link"), ==, 5);
  const UlPruneOptions options = { .refs_only = TRUE };
  g_auto (UlPruneResult) result = prune (&f, &options);
  g_assert_cmpuint (result.n_deleted, ==, 1); /* as ostree counts */
  g_assert_false (fixture_has (&f, UL_OBJECT_FILE_XATTRS_LINK, &garbage));
  g_assert_false (fixture_has (&f, UL_OBJECT_FILE_XATTRS_LINK, &crashed));
  g_assert_true (fixture_has (&f, UL_OBJECT_FILE_XATTRS_LINK, &c.files[2]));
  g_assert_cmpuint (count_suffix (&f, "file-xattrs"), ==, 1);

  set_ref (&f, "main", NULL);
  g_auto (UlPruneResult) rest = prune (&f, &options);
  g_assert_cmpuint (count_objects (&f), ==, 0);
  g_assert_cmpuint (count_suffix (&f, "file-xattrs"), ==, 0);
}

static void
test_payload_links (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE_USER);
  const FixtureCommit c = fixture_commit (&f, "main", NULL, "one");
  const UlChecksum garbage = fixture_file (&f, "garbage");
  const UlChecksum *const targets[] = { &c.files[0], &garbage };
  UlChecksum names[2];
  for (guint i = 0; i < 2; i++)
    {
      char target[UL_OBJECT_LOOSE_PATH_MAX + 3] = "../";
      ul_object_loose_path (targets[i], UL_OBJECT_FILE, FALSE, target + 3);
      names[i] = *targets[i];
      g_autofree char *path = fixture_object (&f, UL_OBJECT_PAYLOAD_LINK, &names[i]);
      g_assert_cmpint (symlink (target, path), ==, 0);
    }
  const UlPruneOptions options = { 0 };
  g_auto (UlPruneResult) result = prune (&f, &options);
  g_assert_cmpuint (result.n_deleted, ==, 2);
  g_assert_true (fixture_has (&f, UL_OBJECT_PAYLOAD_LINK, &names[0]));
  g_assert_false (fixture_has (&f, UL_OBJECT_PAYLOAD_LINK, &names[1]));
}

/* deltas/XX/YYYY of @from (or NULL) to @to. */
static char *
delta_path (Fixture *f, const UlChecksum *from, const UlChecksum *to)
{
  const UlChecksum *const parts[] = { from, to };
  g_autoptr (GString) name = g_string_new (NULL);
  for (guint i = 0; i < 2; i++)
    if (parts[i] != NULL)
      {
        g_autofree char *text = g_base64_encode (parts[i]->bytes, UL_CHECKSUM_LEN);
        g_strdelimit (text, "/", '_');
        g_string_append_printf (name, "%s%.43s", name->len > 0 ? "-" : "", text);
      }
  return g_strdup_printf ("%s/deltas/%.2s/%s", f->path, name->str, name->str + 2);
}

static void
test_deltas (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_ARCHIVE);
  FixtureCommit chain[3];
  make_chain (&f, "main", chain, 3);
  g_autofree char *first = delta_path (&f, NULL, &chain[0].commit);
  g_autofree char *second = delta_path (&f, &chain[0].commit, &chain[1].commit);
  g_autofree char *third = delta_path (&f, &chain[0].commit, &chain[2].commit);
  g_autofree char *other = g_build_filename (f.path, "deltas/xx/other", NULL);
  const char *const all[] = { first, second, third, other };
  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    {
      g_autofree char *superblock = g_build_filename (all[i], "superblock", NULL);
      fixture_put (superblock, "x", 1);
    }
  const UlPruneOptions deltas = { .delete_commit = &chain[2].commit, .static_deltas_only = TRUE };
  g_auto (UlPruneResult) by_name = prune (&f, &deltas);
  g_assert_cmpuint (by_name.n_deltas, ==, 1);
  g_assert_cmpuint (by_name.n_deleted, ==, 0);
  g_assert_cmpint (access (third, F_OK), !=, 0);
  g_assert_cmpint (access (second, F_OK), ==, 0);

  const UlPruneOptions options = { .refs_only = TRUE, .depth = { .limited = TRUE, .parents = 1 } };
  g_auto (UlPruneResult) result = prune (&f, &options);
  g_assert_cmpuint (result.n_deltas, ==, 1);
  g_assert_cmpint (access (first, F_OK), !=, 0);
  g_assert_cmpint (access (second, F_OK), ==, 0);
  g_assert_cmpint (access (other, F_OK), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/Prune/what-no-commit-needs", test_garbage);
  g_test_add_func ("/Prune/what-no-ref-reaches", test_refs_only);
  g_test_add_func ("/Prune/any-order-of-refs", test_orders);
  g_test_add_func ("/Prune/reached-deeper-later", test_deeper_later);
  g_test_add_func ("/Prune/every-kind-of-ref-counts", test_kinds_of_refs);
  g_test_add_func ("/Prune/corrupt-dirtree-deletes-nothing", test_corrupt_dirtree);
  g_test_add_func ("/Prune/missing-or-corrupt-deletes-nothing", test_missing_or_corrupt);
  g_test_add_func ("/Prune/partial-commit", test_partial);
  g_test_add_func ("/Prune/commit-meanwhile", test_commit_meanwhile);
  g_test_add_func ("/Prune/ref-meanwhile", test_ref_meanwhile);
  g_test_add_func ("/Prune/ref-removed-meanwhile", test_unref_meanwhile);
  g_test_add_func ("/Prune/commit-completed-meanwhile", test_completed_meanwhile);
  g_test_add_func ("/Prune/prune-meanwhile", test_prune_meanwhile);
  g_test_add_func ("/Prune/waits-for-writers", test_lock);
  g_test_add_func ("/Prune/delete-commit", test_delete_commit);
  g_test_add_func ("/Prune/detached-metadata", test_detached_metadata);
  g_test_add_func ("/Prune/commit-only", test_commit_only);
  g_test_add_func ("/Prune/recent-stays", test_recent);
  g_test_add_func ("/Prune/split-xattrs", test_split_xattrs);
  g_test_add_func ("/Prune/payload-links", test_payload_links);
  g_test_add_func ("/Prune/static-deltas", test_deltas);
  return g_test_run ();
}
