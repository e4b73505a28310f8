// SPDX-License-Identifier: LGPL-2.1-or-later
#include "repo/objects.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"
#include "util/error.h"

static UlChecksum
absent (void)
{
  return (UlChecksum){ .bytes = { 0xab, 0xcd } };
}

static gboolean
has (Fixture *f, UlObjectType type, const UlChecksum *checksum)
{
  g_autoptr (GError) error = NULL;
  gboolean result = 42;
  ul_objects_has (f->repo, type, checksum, &result, &error);
  g_assert_no_error (error);
  g_assert_true (result == TRUE || result == FALSE);
  return result;
}

static void
test_has (void)
{
  for (guint m = 0; m < FIXTURE_N_MODES; m++)
    {
      g_auto (Fixture) f = { 0 };
      fixture_init (&f, fixture_modes[m]);
      const FixtureCommit c = fixture_commit (&f, NULL, NULL, "s");
      const UlChecksum link = fixture_link (&f, "dangling");
      const UlChecksum none = absent ();
      g_assert_true (has (&f, UL_OBJECT_COMMIT, &c.commit));
      g_assert_true (has (&f, UL_OBJECT_DIRTREE, &c.sub_tree));
      g_assert_true (has (&f, UL_OBJECT_DIRMETA, &c.meta));
      g_assert_true (has (&f, UL_OBJECT_FILE, &c.files[2]));
      g_assert_true (has (&f, UL_OBJECT_FILE, &link));
      g_assert_false (has (&f, UL_OBJECT_FILE, &c.commit));
      g_assert_false (has (&f, UL_OBJECT_DIRTREE, &c.meta));
      g_assert_false (has (&f, UL_OBJECT_FILE, &none));
    }
}

static void
test_load (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  const FixtureCommit c = fixture_commit (&f, NULL, NULL, "s");
  g_autoptr (GVariant) commit = NULL;
  g_autoptr (GVariant) dirtree = NULL;
  g_autoptr (GVariant) dirmeta = NULL;
  g_assert_true (ul_objects_load (f.repo, UL_OBJECT_COMMIT, &c.commit, &commit, &error));
  g_assert_true (ul_objects_load (f.repo, UL_OBJECT_DIRTREE, &c.tree, &dirtree, &error));
  g_assert_true (ul_objects_load (f.repo, UL_OBJECT_DIRMETA, &c.meta, &dirmeta, &error));
  g_assert_no_error (error);
  g_assert_false (g_variant_is_floating (commit));
  UlChecksum checksum;
  ul_checksum_of_data (g_variant_get_data (commit), g_variant_get_size (commit), &checksum);
  g_assert_true (ul_checksum_equal (&checksum, &c.commit));

  g_auto (UlCommit) parsed = { 0 };
  g_assert_true (ul_objects_load_commit (f.repo, &c.commit, &parsed, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (parsed.subject, ==, "s");
  g_assert_false (ul_objects_load_commit (f.repo, &c.tree, &parsed, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_NOT_FOUND);
}

static void
test_missing (void)
{
  static const UlObjectType types[] = { UL_OBJECT_DIRTREE, UL_OBJECT_DIRMETA, UL_OBJECT_COMMIT,
                                        UL_OBJECT_COMMITMETA, UL_OBJECT_TOMBSTONE_COMMIT };
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  const UlChecksum none = absent ();
  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *name = ul_object_to_string (&none, types[i]);
      GVariant *variant = (GVariant *) &f;
      g_assert_false (ul_objects_load (f.repo, types[i], &none, &variant, &error));
      g_assert_error (error, UL_ERROR, UL_ERROR_NOT_FOUND);
      g_assert_nonnull (strstr (error->message, name));
      g_assert_true (variant == (GVariant *) &f);
      g_clear_error (&error);
      g_assert_true (ul_objects_load_if_exists (f.repo, types[i], &none, &variant, &error));
      g_assert_no_error (error);
      g_assert_null (variant);
    }
}

static void
assert_load_corrupt (Fixture *f, UlObjectType type, const UlChecksum *checksum)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *name = ul_object_to_string (checksum, type);
  GVariant *untouched = (GVariant *) f;
  g_assert_false (ul_objects_load (f->repo, type, checksum, &untouched, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
  g_assert_nonnull (strstr (error->message, name));
  g_assert_null (strchr (error->message, '\n'));
  g_assert_true (untouched == (GVariant *) f);
}

static void
test_corrupt (void)
{
  static const UlObjectType types[] = { UL_OBJECT_DIRTREE, UL_OBJECT_DIRMETA, UL_OBJECT_COMMIT };
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_ARCHIVE);
  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    {
      const UlChecksum empty = fixture_raw_object (&f, types[i], "", 0);
      const UlChecksum text = fixture_raw_object (&f, types[i], "no variant at all", 17);
      assert_load_corrupt (&f, types[i], &empty);
      assert_load_corrupt (&f, types[i], &text);
    }
}

static void
test_truncated (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  const FixtureCommit c = fixture_commit (&f, NULL, NULL, "s");
  const struct
  {
    UlObjectType type;
    UlChecksum checksum;
  } cases[] = { { UL_OBJECT_DIRTREE, c.tree }, { UL_OBJECT_COMMIT, c.commit } };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = fixture_object (&f, cases[i].type, &cases[i].checksum);
      struct stat st;
      g_assert_cmpint (stat (path, &st), ==, 0);
      fixture_truncate (path, st.st_size - 1);
      assert_load_corrupt (&f, cases[i].type, &cases[i].checksum);
      fixture_truncate (path, 0);
      assert_load_corrupt (&f, cases[i].type, &cases[i].checksum);
    }
}

/* Sparse: it takes no room on disk, and must take none in memory. */
static void
test_oversized (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  const FixtureCommit c = fixture_commit (&f, NULL, NULL, "s");
  g_autofree char *path = fixture_object (&f, UL_OBJECT_DIRTREE, &c.tree);
  fixture_truncate (path, UL_OBJECT_MAX_METADATA_SIZE + 1);
  assert_load_corrupt (&f, UL_OBJECT_DIRTREE, &c.tree);
  fixture_truncate (path, (off_t) 1 << 43);
  assert_load_corrupt (&f, UL_OBJECT_DIRTREE, &c.tree);
}

/* The bytes of a sound object of one type under the name of another type. */
static void
test_wrong_type (void)
{
  static const UlObjectType types[] = { UL_OBJECT_DIRTREE, UL_OBJECT_DIRMETA, UL_OBJECT_COMMIT };
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  const FixtureCommit c = fixture_commit (&f, NULL, NULL, "s");
  const UlChecksum checksums[] = { c.tree, c.meta, c.commit };
  for (guint from = 0; from < G_N_ELEMENTS (types); from++)
    for (guint to = 0; to < G_N_ELEMENTS (types); to++)
      if (from != to)
        {
          gsize len;
          g_autofree char *path = fixture_object (&f, types[from], &checksums[from]);
          g_autofree char *data = fixture_get (path, &len);
          const UlChecksum fake = fixture_raw_object (&f, types[to], data, len);
          assert_load_corrupt (&f, types[to], &fake);
        }
}

static void
test_no_regular_file (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  const FixtureCommit c = fixture_commit (&f, NULL, NULL, "s");
  g_autofree char *path = fixture_object (&f, UL_OBJECT_COMMIT, &c.commit);
  g_assert_cmpint (unlink (path), ==, 0);
  g_assert_cmpint (mkdir (path, 0755), ==, 0);
  assert_load_corrupt (&f, UL_OBJECT_COMMIT, &c.commit);
  g_assert_cmpint (rmdir (path), ==, 0);
  g_assert_cmpint (mkfifo (path, 0644), ==, 0);
  assert_load_corrupt (&f, UL_OBJECT_COMMIT, &c.commit);
}

static void
test_verify (void)
{
  for (guint m = 0; m < FIXTURE_N_MODES; m++)
    {
      g_auto (Fixture) f = { 0 };
      fixture_init (&f, fixture_modes[m]);
      const FixtureCommit c = fixture_commit (&f, NULL, NULL, "content of some length");
      const UlChecksum link = fixture_link (&f, "target");
      const struct
      {
        UlObjectType type;
        UlChecksum checksum;
        guint64 bytes;
      } cases[] = {
        { UL_OBJECT_FILE, c.files[0], 30 },  { UL_OBJECT_FILE, link, 0 },
        { UL_OBJECT_DIRTREE, c.tree, 200 },  { UL_OBJECT_DIRMETA, c.meta, 12 },
        { UL_OBJECT_COMMIT, c.commit, 113 },
      };
      g_autoptr (UlHasher) hasher = ul_hasher_new ();
      for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
        {
          g_autoptr (GError) error = NULL;
          UlChecksum actual;
          guint64 bytes = 0;
          g_assert_true (ul_objects_verify (f.repo, cases[i].type, &cases[i].checksum, hasher,
                                            &actual, &bytes, &error));
          g_assert_no_error (error);
          g_assert_true (ul_checksum_equal (&actual, &cases[i].checksum));
          if (cases[i].type == UL_OBJECT_FILE)
            g_assert_cmpuint (bytes, ==, cases[i].bytes);
          else
            g_assert_cmpuint (bytes, >=, 12);
        }
    }
}

/* A changed byte of the content: another checksum, or in a compressed file perhaps an error. */
static void
test_verify_changed (void)
{
  for (guint m = 0; m < FIXTURE_N_MODES; m++)
    {
      g_autoptr (GError) error = NULL;
      g_auto (Fixture) f = { 0 };
      fixture_init (&f, fixture_modes[m]);
      const UlChecksum checksum = fixture_file (&f, "some content that is long enough");
      g_autofree char *path = fixture_object (&f, UL_OBJECT_FILE, &checksum);
      fixture_flip (path, -5);
      g_autoptr (UlHasher) hasher = ul_hasher_new ();
      UlChecksum actual;
      guint64 bytes;
      if (ul_objects_verify (f.repo, UL_OBJECT_FILE, &checksum, hasher, &actual, &bytes, &error))
        g_assert_false (ul_checksum_equal (&actual, &checksum));
      else
        g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
    }
}

static gboolean
collect (UlObjectType type, const UlChecksum *checksum, gpointer data, GError **error)
{
  g_autofree char *name = ul_object_to_string (checksum, type);
  g_assert_true (g_hash_table_add (data, g_steal_pointer (&name)));
  return TRUE;
}

static gboolean
refuse (UlObjectType type, const UlChecksum *checksum, gpointer data, GError **error)
{
  (*(guint *) data)++;
  return ul_throw (error, UL_ERROR_FAILED, "enough");
}

static void
test_foreach (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_ARCHIVE);
  const FixtureCommit c = fixture_commit (&f, NULL, NULL, "s");
  /* What else may lie there. */
  g_autofree char *stray = g_build_filename (f.path, "objects/stray", NULL);
  g_autofree char *object = fixture_object (&f, UL_OBJECT_COMMIT, &c.commit);
  g_autofree char *tmp = g_strconcat (object, ".XYZ123", NULL);
  fixture_put (stray, "", 0);
  fixture_put (tmp, "", 0);

  g_autoptr (GHashTable) found = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_assert_true (ul_objects_foreach (f.repo, collect, found, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (g_hash_table_size (found), ==, 7);
  g_autofree char *name = ul_object_to_string (&c.files[1], UL_OBJECT_FILE);
  g_assert_true (g_hash_table_contains (found, name));

  g_hash_table_remove_all (found);
  g_assert_true (ul_objects_foreach_in (f.repo, c.commit.bytes[0], collect, found, &error));
  g_assert_cmpuint (g_hash_table_size (found), >=, 1);
  g_autofree char *commit_name = ul_object_to_string (&c.commit, UL_OBJECT_COMMIT);
  g_assert_true (g_hash_table_contains (found, commit_name));

  guint calls = 0;
  g_assert_false (ul_objects_foreach (f.repo, refuse, &calls, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_FAILED);
  g_assert_cmpuint (calls, ==, 1);
}

static void
test_delete (void)
{
  for (guint m = 0; m < FIXTURE_N_MODES; m++)
    {
      g_autoptr (GError) error = NULL;
      g_auto (Fixture) f = { 0 };
      fixture_init (&f, fixture_modes[m]);
      const UlChecksum checksum = fixture_file (&f, "content");
      for (guint twice = 0; twice < 2; twice++)
        {
          g_assert_true (ul_objects_delete (f.repo, UL_OBJECT_FILE, &checksum, &error));
          g_assert_no_error (error);
          g_assert_false (has (&f, UL_OBJECT_FILE, &checksum));
          g_assert_false (has (&f, UL_OBJECT_FILE_XATTRS_LINK, &checksum));
        }
    }
}

static void
test_partial (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  const UlChecksum commit = absent ();
  gboolean partial = 42;
  g_assert_true (ul_objects_commit_is_partial (f.repo, &commit, &partial, &error));
  g_assert_false (partial);
  for (guint twice = 0; twice < 2; twice++)
    {
      g_assert_true (ul_objects_mark_commit_partial (f.repo, &commit, &error));
      g_assert_true (ul_objects_commit_is_partial (f.repo, &commit, &partial, &error));
      g_assert_true (partial);
    }
  g_assert_no_error (error);
  g_autofree char *state = g_build_filename (f.path, "state", NULL);
  g_autofree char *names = fixture_names (state);
  g_assert_true (g_str_has_suffix (names, ".commitpartial"));
}

static gboolean
lookup (Fixture *f, const FixtureCommit *c, const char *path, UlEntry *out)
{
  g_autoptr (GError) error = NULL;
  gboolean found = 42;
  ul_objects_lookup_path (f->repo, &c->tree, &c->meta, path, &found, out, &error);
  g_assert_no_error (error);
  g_assert_true (found == TRUE || found == FALSE);
  return found;
}

static void
test_lookup_path (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  const FixtureCommit c = fixture_commit (&f, NULL, NULL, "s");
  const struct
  {
    const char *path;
    UlEntryKind kind;
    const UlChecksum *checksum;
  } cases[] = {
    { "/", UL_ENTRY_DIR, &c.tree },
    { "", UL_ENTRY_DIR, &c.tree },
    { ".", UL_ENTRY_DIR, &c.tree },
    { "file-0", UL_ENTRY_FILE, &c.files[0] },
    { "/file-1", UL_ENTRY_FILE, &c.files[1] },
    { "/sub", UL_ENTRY_DIR, &c.sub_tree },
    { "/sub/", UL_ENTRY_DIR, &c.sub_tree },
    { "//sub/./file-0", UL_ENTRY_FILE, &c.files[2] },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      UlEntry entry;
      g_assert_true (lookup (&f, &c, cases[i].path, &entry));
      g_assert_cmpint (entry.kind, ==, cases[i].kind);
      g_assert_true (ul_checksum_equal (&entry.checksum, cases[i].checksum));
      if (entry.kind == UL_ENTRY_DIR)
        g_assert_true (ul_checksum_equal (&entry.meta, &c.meta));
    }
  static const char *const absent_paths[]
      = { "nope", "/sub/nope", "/file-0/x", "/nope/x", "..", "/sub/..", "/sub/../file-0" };
  for (guint i = 0; i < G_N_ELEMENTS (absent_paths); i++)
    {
      UlEntry entry = { .kind = 42 };
      g_assert_false (lookup (&f, &c, absent_paths[i], &entry));
    }
}

/* A step is relative to where one is, and takes its place. */
static void
test_lookup_name (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  const FixtureCommit c = fixture_commit (&f, NULL, NULL, "s");
  UlEntry at = { .kind = UL_ENTRY_DIR, .checksum = c.tree, .meta = c.meta };
  gboolean found = FALSE;
  g_assert_true (ul_objects_lookup_name (f.repo, &at, "nope", &found, &at, &error));
  g_assert_false (found);
  g_assert_true (ul_checksum_equal (&at.checksum, &c.tree));
  g_assert_true (ul_objects_lookup_name (f.repo, &at, "sub", &found, &at, &error));
  g_assert_true (found);
  g_assert_true (ul_checksum_equal (&at.checksum, &c.sub_tree));
  g_assert_true (ul_objects_lookup_name (f.repo, &at, "file-0", &found, &at, &error));
  g_assert_true (found);
  g_assert_cmpint (at.kind, ==, UL_ENTRY_FILE);
  g_assert_true (ul_checksum_equal (&at.checksum, &c.files[2]));
  g_assert_true (ul_objects_lookup_name (f.repo, &at, "below", &found, &at, &error));
  g_assert_false (found);
  g_assert_no_error (error);
}

static void
test_lookup_broken (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  const FixtureCommit c = fixture_commit (&f, NULL, NULL, "s");
  fixture_delete (&f, UL_OBJECT_DIRTREE, &c.sub_tree);
  gboolean found;
  UlEntry entry;
  g_assert_true (lookup (&f, &c, "/sub", &entry));
  g_assert_false (
      ul_objects_lookup_path (f.repo, &c.tree, &c.meta, "/sub/file-0", &found, &entry, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_NOT_FOUND);
}

/* Every mode as the parent of every mode. */
static void
test_parent (void)
{
  for (guint i = 0; i < FIXTURE_N_MODES * FIXTURE_N_MODES; i++)
    {
      g_autoptr (GError) error = NULL;
      g_auto (Fixture) parent = { 0 };
      g_auto (Fixture) child = { 0 };
      fixture_init (&parent, fixture_modes[i / FIXTURE_N_MODES]);
      fixture_init (&child, fixture_modes[i % FIXTURE_N_MODES]);
      fixture_reopen (&child, "core", "parent", parent.path);
      const UlChecksum file = fixture_file (&parent, "of the parent");

      gboolean has;
      gboolean own;
      UlRepo *home;
      g_assert_true (ul_objects_has (child.repo, UL_OBJECT_FILE, &file, &has, &error));
      g_assert_true (ul_objects_has_own (child.repo, UL_OBJECT_FILE, &file, &own, &error));
      g_assert_true (ul_objects_find (child.repo, UL_OBJECT_FILE, &file, &home, &error));
      g_assert_true (has && !own && home == ul_repo_parent (child.repo));
      g_autoptr (UlHasher) hasher = ul_hasher_new ();
      UlChecksum actual;
      guint64 bytes;
      ul_objects_verify (child.repo, UL_OBJECT_FILE, &file, hasher, &actual, &bytes, &error);
      g_assert_no_error (error);
      g_assert_true (ul_checksum_equal (&file, &actual));

      /* Nothing is removed there. */
      g_assert_true (ul_objects_delete (child.repo, UL_OBJECT_FILE, &file, &error));
      g_assert_true (ul_objects_has_own (parent.repo, UL_OBJECT_FILE, &file, &own, &error));
      g_assert_true (own);
      const UlChecksum other = fixture_file (&child, "of the child");
      g_assert_true (ul_objects_find (child.repo, UL_OBJECT_FILE, &other, &home, &error));
      g_assert_true (home == child.repo);
      g_assert_true (ul_objects_has (parent.repo, UL_OBJECT_FILE, &other, &has, &error));
      g_assert_false (has);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/Objects/has", test_has);
  g_test_add_func ("/Objects/load", test_load);
  g_test_add_func ("/Objects/missing-one-is-named", test_missing);
  g_test_add_func ("/Objects/corrupt", test_corrupt);
  g_test_add_func ("/Objects/truncated", test_truncated);
  g_test_add_func ("/Objects/oversized-takes-no-memory", test_oversized);
  g_test_add_func ("/Objects/bytes-of-another-type", test_wrong_type);
  g_test_add_func ("/Objects/no-regular-file", test_no_regular_file);
  g_test_add_func ("/Objects/verify-in-each-mode", test_verify);
  g_test_add_func ("/Objects/verify-sees-a-changed-byte", test_verify_changed);
  g_test_add_func ("/Objects/foreach-passes-over-strangers", test_foreach);
  g_test_add_func ("/Objects/delete", test_delete);
  g_test_add_func ("/Objects/partial-commits", test_partial);
  g_test_add_func ("/Objects/of-a-parent", test_parent);
  g_test_add_func ("/Objects/lookup-path", test_lookup_path);
  g_test_add_func ("/Objects/lookup-name", test_lookup_name);
  g_test_add_func ("/Objects/lookup-path-through-missing-dirtree", test_lookup_broken);
  return g_test_run ();
}
