// SPDX-License-Identifier: LGPL-2.1-or-later
#include <string.h>
#include <sys/stat.h>

#include "../repo/fixture.h"
#include "build/commit.h"
#include "core/commit.h"
#include "core/whiteout.h"
#include "util/error.h"
#include "util/xattr.h"

typedef void (*Fill) (UlGraft *graft, gconstpointer data);

typedef struct
{
  Fill fill; /* NULL: fails */
  gconstpointer data;
} Maker;

static UlGraft *
make (G_GNUC_UNUSED UlRepo *repo, gpointer data, GError **error)
{
  const Maker *maker = data;
  if (maker->fill == NULL)
    {
      ul_throw (error, UL_ERROR_FAILED, "no graft");
      return NULL;
    }
  UlGraft *graft = ul_graft_new ();
  maker->fill (graft, maker->data);
  return graft;
}

/* Commit @rev with grafts laid over it; the tree. */
static gboolean
commit (Fixture *f, const char *rev, const UlModifier *modifier, Maker *makers, gsize n,
        UlCommit *out, GError **error)
{
  UlTreeSource trees[4] = { { .type = UL_TREE_SOURCE_COMMIT, .where = rev } };
  g_assert_cmpuint (n, <, G_N_ELEMENTS (trees));
  for (gsize i = 0; i < n; i++)
    trees[i + 1] = (UlTreeSource){ .type = UL_TREE_SOURCE_GRAFT, .graft = { make, &makers[i] } };
  UlCommitOptions options = { .trees = trees, .n_trees = n + 1, .orphan = TRUE };
  options.transaction.no_fsync = TRUE;
  if (modifier != NULL)
    options.modifier = *modifier;
  UlCommitResult result;
  return ul_commit_create (f->repo, &options, &result, error)
         && ul_objects_load_commit (f->repo, &result.commit, out, error);
}

static UlEntry
entry (Fixture *f, const UlCommit *commit, const char *path)
{
  gboolean found;
  UlEntry entry;
  g_autoptr (GError) error = NULL;
  ul_objects_lookup_path (f->repo, &commit->tree, &commit->meta, path, &found, &entry, &error);
  g_assert_no_error (error);
  g_assert_true (found);
  return entry;
}

static char *
text (Fixture *f, const UlCommit *commit, const char *path)
{
  const UlEntry file = entry (f, commit, path);
  g_autoptr (UlContent) content = NULL;
  g_autoptr (GError) error = NULL;
  char buffer[100] = "";
  gsize n;
  g_assert_cmpint (file.kind, ==, UL_ENTRY_FILE);
  ul_objects_open_file (f->repo, &file.checksum, &content, &error);
  g_assert_no_error (error);
  const UlFileMeta *meta = ul_content_meta (content);
  if (meta->symlink_target != NULL)
    return g_strconcat ("-> ", meta->symlink_target, NULL);
  g_assert_true (ul_content_read (content, buffer, sizeof buffer - 1, &n, NULL));
  return g_strdup (buffer);
}

static void
fill_all (UlGraft *graft, gconstpointer data)
{
  const FixtureCommit *c = data;
  g_autoptr (GBytes) one = g_bytes_new_static ("one", 3);
  g_autoptr (GBytes) two = g_bytes_new_static ("two", 3);
  ul_graft_require_empty (graft, "/new");
  ul_graft_add_data (graft, "/new/data", one);
  ul_graft_add_symlink (graft, "/new/link", "data");
  ul_graft_add_dir (graft, "/new/dir");
  ul_graft_add_data (graft, "/new/data", two);
  ul_graft_add_file (graft, "/sub/file", &c->files[0]);
  ul_graft_add_tree (graft, "/new/tree", &c->tree, &c->meta, UL_GRAFT_AS_IT_IS);
}

static void
test_entries (void)
{
  for (gsize mode = 0; mode < FIXTURE_N_MODES; mode++)
    {
      g_auto (Fixture) f = { 0 };
      g_auto (UlCommit) made = { 0 };
      g_autoptr (GError) error = NULL;
      fixture_init (&f, fixture_modes[mode]);
      const FixtureCommit c = fixture_commit (&f, "main", NULL, "");
      Maker maker = { fill_all, &c };
      commit (&f, "main", NULL, &maker, 1, &made, &error);
      g_assert_no_error (error);

      g_autofree char *tree = fixture_tree (&f, &made.tree, FALSE);
      g_assert_cmpstr (tree, ==,
                       "file-0 file-1 new/{ data link dir/{ } tree/{ file-0 file-1 sub/{ file-0 } "
                       "} } sub/{ file file-0 } ");
      g_autofree char *data = text (&f, &made, "/new/data");
      g_autofree char *link = text (&f, &made, "/new/link");
      g_assert_cmpstr (data, ==, "two");
      g_assert_cmpstr (link, ==, "-> data");
      const UlEntry grafted = entry (&f, &made, "/new/tree");
      g_assert_true (ul_checksum_equal (&grafted.checksum, &c.tree));
      g_assert_true (ul_checksum_equal (&grafted.meta, &c.meta));
      const UlEntry file = entry (&f, &made, "/sub/file");
      g_assert_true (ul_checksum_equal (&file.checksum, &c.files[0]));
    }
}

static void
owner (Fixture *f, const UlCommit *commit, const char *path, guint32 *out_uid, guint32 *out_mode)
{
  const UlEntry at = entry (f, commit, path);
  g_autoptr (GVariant) dirmeta = NULL;
  g_autoptr (GVariant) xattrs = NULL;
  g_auto (UlFileMeta) meta = { 0 };
  guint32 gid;
  if (at.kind == UL_ENTRY_DIR)
    {
      g_assert_true (ul_objects_load (f->repo, UL_OBJECT_DIRMETA, &at.meta, &dirmeta, NULL));
      ul_dirmeta_get (dirmeta, out_uid, &gid, out_mode, &xattrs);
      return;
    }
  guint64 size;
  g_assert_true (ul_objects_load_file_meta (f->repo, &at.checksum, &meta, &size, NULL));
  *out_uid = meta.uid;
  *out_mode = meta.mode;
}

/* In bare-user, which keeps any owner, also if it isn't root that runs this. */
static void
test_modifier (void)
{
  static const char *const paths[]
      = { "/new",      "/new/data", "/new/link",     "/new/dir",
          "/sub/file", "/new/tree", "/new/tree/sub", "/new/tree/file-1" };
  UlStatOverride override = { .replace = TRUE, .mode = 0700 };
  g_autoptr (GHashTable) overrides = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GHashTable) skip = g_hash_table_new (g_str_hash, g_str_equal);
  g_auto (Fixture) f = { 0 };
  g_auto (UlCommit) made = { 0 };
  g_autoptr (GError) error = NULL;
  fixture_init (&f, UL_REPO_MODE_BARE_USER);
  const FixtureCommit c = fixture_commit (&f, "main", NULL, "");
  Maker maker = { fill_all, &c };
  g_hash_table_insert (overrides, (gpointer) "/new/dir", &override);
  g_hash_table_add (skip, (gpointer) "/file-0");
  g_hash_table_add (skip, (gpointer) "/new/tree/file-1"); /* isn't asked about a graft */
  const UlModifier modifier
      = { .set_uid = TRUE, .owner_uid = 77, .statoverride = overrides, .skip_list = skip };
  g_assert_false (commit (&f, "main", &modifier, &maker, 1, &made, &error));
  g_assert_cmpstr (error->message, ==, "Unmatched skip-list paths: /new/tree/file-1");
  g_clear_error (&error);

  g_hash_table_remove (skip, "/new/tree/file-1");
  commit (&f, "main", &modifier, &maker, 1, &made, &error);
  g_assert_no_error (error);
  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      guint32 uid, mode;
      owner (&f, &made, paths[i], &uid, &mode);
      g_assert_cmpuint (uid, ==, 77);
      if (g_str_equal (paths[i], "/new/dir"))
        g_assert_cmpuint (mode, ==, S_IFDIR | 0700);
    }
}

/* A tree with an opaque directory "sub" of this form. */
static FixtureCommit
write_opaque (Fixture *f, const char *xattr)
{
  FixtureCommit c = { 0 };
  g_autoptr (UlTransaction) transaction = fixture_begin (f);
  g_autoptr (UlWriter) writer = ul_writer_new (transaction);
  g_autoptr (GVariant) xattrs = ul_file_meta_set_xattr (ul_xattr_empty (), xattr, "y", 1);
  g_autoptr (GVariant) dirmeta = g_variant_ref_sink (ul_dirmeta_new (0, 0, S_IFDIR | 0750, xattrs));
  UlChecksum opaque;
  g_assert_true (ul_writer_metadata (writer, UL_OBJECT_DIRMETA, dirmeta, &opaque, NULL));
  c.files[0] = fixture_write (f, writer, "in it");
  c.meta = fixture_write_dirmeta (f, writer);
  c.sub_tree = fixture_write_dirtree (writer, c.files, 1, NULL, NULL);
  c.tree = fixture_write_dirtree (writer, NULL, 0, &c.sub_tree, &opaque);
  fixture_end (transaction);
  return c;
}

static void
fill_opaque (UlGraft *graft, gconstpointer data)
{
  const FixtureCommit *c = data;
  ul_graft_add_tree (graft, "/layer", &c->tree, &c->meta, UL_GRAFT_BOTH_OPAQUE);
}

static void
test_opaque (void)
{
  static const char *const forms[] = { UL_WHITEOUT_OPAQUE_TRUSTED, UL_WHITEOUT_OPAQUE_USER };
  for (gsize i = 0; i < G_N_ELEMENTS (forms); i++)
    {
      g_auto (Fixture) f = { 0 };
      g_auto (UlCommit) made = { 0 };
      g_autoptr (GError) error = NULL;
      fixture_init (&f, UL_REPO_MODE_BARE_USER);
      fixture_commit (&f, "main", NULL, "");
      const FixtureCommit c = write_opaque (&f, forms[i]);
      Maker maker = { fill_opaque, &c };
      commit (&f, "main", NULL, &maker, 1, &made, &error);
      g_assert_no_error (error);
      const UlEntry sub = entry (&f, &made, "/layer/sub");
      g_autoptr (GVariant) dirmeta = NULL;
      g_autoptr (GVariant) xattrs = NULL;
      guint32 uid, gid, mode;
      g_assert_true (ul_objects_load (f.repo, UL_OBJECT_DIRMETA, &sub.meta, &dirmeta, NULL));
      ul_dirmeta_get (dirmeta, &uid, &gid, &mode, &xattrs);
      g_assert_cmpuint (g_variant_n_children (xattrs), ==, 2);
      for (gsize j = 0; j < G_N_ELEMENTS (forms); j++)
        {
          g_autoptr (GVariant) value = ul_file_meta_find_xattr (xattrs, forms[j]);
          g_assert_nonnull (value);
        }
      g_assert_cmpuint (mode, ==, S_IFDIR | 0750);
      g_assert_true (ul_checksum_equal (&sub.checksum, &c.sub_tree));

      const UlModifier no_xattrs = { .no_xattrs = TRUE };
      g_assert_false (commit (&f, "main", &no_xattrs, &maker, 1, &made, &error));
      g_assert_error (error, UL_ERROR, UL_ERROR_UNSUPPORTED);
      g_assert_cmpstr (
          error->message, ==,
          "/layer: /layer/sub: directory is opaque, which can't be stored without xattrs");
    }
}

static void
fill_unless (UlGraft *graft, gconstpointer path)
{
  const char *const paths[] = { "/nothing/there", path, NULL };
  g_autoptr (GBytes) bytes = g_bytes_new_static ("x", 1);
  ul_graft_set_unless (graft, paths);
  ul_graft_add_data (graft, "/conf", bytes);
}

static void
test_unless (void)
{
  static const struct
  {
    const char *path;
    gboolean laid;
  } cases[] = {
    { "/file-0", FALSE }, { "/sub", FALSE },       { "/sub/file-0", FALSE },
    { "/file-2", TRUE },  { "/sub/file-1", TRUE }, { "/file-0/below", TRUE },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (Fixture) f = { 0 };
      g_auto (UlCommit) made = { 0 };
      g_autoptr (GError) error = NULL;
      fixture_init (&f, UL_REPO_MODE_ARCHIVE);
      fixture_commit (&f, "main", NULL, "");
      Maker maker = { fill_unless, cases[i].path };
      commit (&f, "main", NULL, &maker, 1, &made, &error);
      g_assert_no_error (error);
      g_autofree char *tree = fixture_tree (&f, &made.tree, FALSE);
      g_assert_cmpint (strstr (tree, "conf") != NULL, ==, cases[i].laid);
    }
}

static void
fill_empty (UlGraft *graft, gconstpointer path)
{
  g_autofree char *below = g_strconcat (path, "/x", NULL);
  ul_graft_require_empty (graft, path);
  ul_graft_add_dir (graft, below);
}

static void
refuse (Maker *makers, gsize n, int code, const char *message)
{
  g_auto (Fixture) f = { 0 };
  g_auto (UlCommit) made = { 0 };
  g_autoptr (GError) error = NULL;
  fixture_init (&f, UL_REPO_MODE_ARCHIVE);
  fixture_commit (&f, "main", NULL, "");
  g_assert_false (commit (&f, "main", NULL, makers, n, &made, &error));
  g_assert_error (error, UL_ERROR, code);
  g_assert_cmpstr (error->message, ==, message);
  fixture_assert_no_staging (&f);
}

static void
test_refused (void)
{
  Maker there = { fill_empty, "/sub" };
  Maker file = { fill_empty, "/file-0" };
  Maker below_file = { fill_empty, "/file-0/y" };
  Maker twice[] = { { fill_empty, "/a" }, { fill_empty, "/a" } };
  Maker within[] = { { fill_empty, "/a" }, { fill_empty, "/a/x" }, { fill_empty, "/a/x" } };
  Maker failing = { NULL, NULL };
  refuse (&there, 1, UL_ERROR_EXISTS, "/sub: the tree has something there already");
  refuse (&file, 1, UL_ERROR_EXISTS, "/file-0: the tree has something there already");
  refuse (&below_file, 1, UL_ERROR_EXISTS,
          "/file-0/y/x: Can't replace file with directory: file-0");
  refuse (twice, 2, UL_ERROR_EXISTS, "/a: the tree has something there already");
  refuse (within, 3, UL_ERROR_EXISTS, "/a/x: the tree has something there already");
  refuse (&failing, 1, UL_ERROR_FAILED, "no graft");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/from-graft/entries", test_entries);
  g_test_add_func ("/from-graft/modifier", test_modifier);
  g_test_add_func ("/from-graft/opaque", test_opaque);
  g_test_add_func ("/from-graft/unless", test_unless);
  g_test_add_func ("/from-graft/refused", test_refused);
  return g_test_run ();
}
