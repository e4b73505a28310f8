// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/merged.h"

#include <string.h>
#include <sys/stat.h>

#include "../repo/fixture.h"
#include "core/dirtree.h"
#include "core/whiteout.h"
#include "util/error.h"
#include "util/xattr.h"

/* What the numbers in specs of trees are: an empty file, files that hold something, dirmetas. */
enum
{
  EMPTY,
  ONE,
  TWO,
  PLAIN,
  OPAQUE,
  OTHER,
  N_NUMBERS,
};

typedef struct
{
  Fixture f;
  UlChecksum numbers[N_NUMBERS];
} Repo;

static UlChecksum
put_dirmeta (Repo *r, guint32 mode, gboolean is_opaque)
{
  g_autoptr (GVariant) xattrs
      = is_opaque ? ul_file_meta_set_xattr (ul_xattr_empty (), UL_WHITEOUT_OPAQUE_TRUSTED, "y", 1)
                  : g_variant_ref (ul_xattr_empty ());
  g_autoptr (GVariant) dirmeta = g_variant_ref_sink (ul_dirmeta_new (0, 0, S_IFDIR | mode, xattrs));
  return fixture_raw_object (&r->f, UL_OBJECT_DIRMETA, g_variant_get_data (dirmeta),
                             g_variant_get_size (dirmeta));
}

static void
repo_init (Repo *r)
{
  fixture_init (&r->f, UL_REPO_MODE_BARE_USER);
  r->numbers[EMPTY] = fixture_file (&r->f, "");
  r->numbers[ONE] = fixture_file (&r->f, "1");
  r->numbers[TWO] = fixture_file (&r->f, "2");
  r->numbers[PLAIN] = put_dirmeta (r, 0755, FALSE);
  r->numbers[OPAQUE] = put_dirmeta (r, 0755, TRUE);
  r->numbers[OTHER] = put_dirmeta (r, 0700, FALSE);
}

/* Layers of these specs, the lowest first. */
static UlMerged *
merge (Repo *r, const char *const *specs, UlMergedPurpose purpose, int root_meta)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) layers = g_array_new (FALSE, FALSE, sizeof (UlChecksum));
  for (; *specs != NULL; specs++)
    {
      const UlChecksum tree = fixture_parse_tree (&r->f, *specs, r->numbers);
      g_autoptr (UlTransaction) transaction = fixture_begin (&r->f);
      g_autoptr (UlWriter) writer = ul_writer_new (transaction);
      const UlChecksum commit
          = fixture_write_commit (writer, &tree, &r->numbers[root_meta], NULL, "");
      fixture_end (transaction);
      g_array_append_val (layers, commit);
    }
  UlMerged *merged = ul_merged_new (r->f.repo, layers, purpose, &error);
  g_assert_no_error (error);
  return merged;
}

static gboolean
note (const UlTreeDiffEntry *entry, gboolean *descend, gpointer data, GError **error)
{
  g_string_append_printf (data, "%c %s ", "ADM"[entry->kind], entry -> path);
  *descend = TRUE;
  return TRUE;
}

static char *
compare (const UlTreeDiffSide *a, const UlTreeDiffSide *b)
{
  g_autoptr (GError) error = NULL;
  GString *text = g_string_new (NULL);
  ul_tree_diff (a, b, 0, note, text, &error);
  g_assert_no_error (error);
  return g_string_free (text, FALSE);
}

#define LAYERS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* Do these layers look like the tree @expected? */
static void
check (const char *const *specs, const char *expected)
{
  Repo r;
  repo_init (&r);
  g_autoptr (UlMerged) merged = merge (&r, specs, UL_MERGED_SHOWN, PLAIN);
  const UlTreeDiffSide a = ul_merged_side (merged);
  const UlTreeDiffSide b = {
    .repo = r.f.repo,
    .tree = fixture_parse_tree (&r.f, expected, r.numbers),
    .meta = r.numbers[PLAIN],
  };
  g_autofree char *differs = compare (&a, &b);
  g_assert_cmpstr (differs, ==, "");
  fixture_clear (&r.f);
}

static void
test_files (void)
{
  check (LAYERS ("a=1"), "a=1");
  check (LAYERS ("a=1", "b=1"), "a=1 b=1");
  check (LAYERS ("a=1 c=1", "a=2 b=1"), "a=2 b=1 c=1");
  check (LAYERS ("a=1", "a=2", "c=1"), "a=2 c=1");
}

static void
test_directories (void)
{
  check (LAYERS ("d:3{ a=1 } e:3{ x=1 }", "d:5{ b=2 }"), "d:5{ a=1 b=2 } e:3{ x=1 }");
  check (LAYERS ("d:3{ s:3{ a=1 } }", "d:3{ s:5{ } t:3{ } }"), "d:3{ s:5{ a=1 } t:3{ } }");
  check (LAYERS ("d:3{ a=1 b=1 }", "d:5{ b=2 }", "d:3{ c=1 }"), "d:3{ a=1 b=2 c=1 }");
}

static void
test_types (void)
{
  check (LAYERS ("n=1", "n:3{ a=1 }"), "n:3{ a=1 }");
  check (LAYERS ("n:3{ a=1 }", "n=1"), "n=1");
  /* A file ends what is merged. */
  check (LAYERS ("n:3{ a=1 }", "n=1", "n:3{ b=1 }"), "n:3{ b=1 }");
}

static void
test_markers (void)
{
  check (LAYERS ("a=1 d:3{ x=1 }", ".ostree-wh.a=0 .ostree-wh.d=0"), "");
  check (LAYERS ("a=1", ".ostree-wh.a=0", "a=2"), "a=2");
  check (LAYERS ("d:3{ x=1 }", ".ostree-wh.d=0", "d:3{ y=1 }"), "d:3{ y=1 }");
  check (LAYERS ("d:3{ x=1 y=1 }", "d:3{ .ostree-wh.x=0 }"), "d:3{ y=1 }");
  /* What holds something is a file like others. */
  check (LAYERS ("a=1", ".ostree-wh.a=1"), ".ostree-wh.a=1 a=1");
  /* In a directory that one layer has the kernel shows it. */
  check (LAYERS ("d:3{ .ostree-wh.x=0 }", "e=1"), "d:3{ .ostree-wh.x=0 } e=1");
  check (LAYERS (".ostree-wh.x=0 a=1", "b=1"), "a=1 b=1");
}

static void
test_opaque (void)
{
  check (LAYERS ("d:3{ x=1 }", "d:4{ y=1 }"), "d:3{ y=1 }");
  check (LAYERS ("d:3{ x=1 }", "d:4{ y=1 }", "d:5{ z=1 }"), "d:5{ y=1 z=1 }");
  check (LAYERS ("d:3{ s:3{ x=1 } }", "d:3{ s:4{ } }"), "d:3{ s:3{ } }");
}

/* The kernel merges roots, whatever they say. */
static void
test_opaque_root (void)
{
  Repo r;
  repo_init (&r);
  g_autoptr (UlMerged) merged = merge (&r, LAYERS ("a=1", "b=1"), UL_MERGED_SHOWN, OPAQUE);
  const UlTreeDiffSide a = ul_merged_side (merged);
  const UlTreeDiffSide b = {
    .repo = r.f.repo,
    .tree = fixture_parse_tree (&r.f, "a=1 b=1", r.numbers),
    .meta = r.numbers[PLAIN],
  };
  g_autofree char *differs = compare (&a, &b);
  g_assert_cmpstr (differs, ==, "");
  fixture_clear (&r.f);
}

/* The same directories from the same layers are equal without a look into them. */
static void
test_same_layers (void)
{
  Repo r;
  repo_init (&r);
  const char *base = "d:3{ x=1 } e:3{ }";
  const char *above = "d:3{ y=1 }";
  g_autoptr (UlMerged) one = merge (&r, LAYERS (base, above, "e:3{ f=1 }"), UL_MERGED_SHOWN, PLAIN);
  g_autoptr (UlMerged) two
      = merge (&r, LAYERS (base, above, "e:3{ f=2 }", "g=1"), UL_MERGED_SHOWN, PLAIN);
  const UlTreeDiffSide a = ul_merged_side (one);
  const UlTreeDiffSide b = ul_merged_side (two);
  const UlChecksum unread[] = { fixture_parse_tree (&r.f, "x=1", r.numbers),
                                fixture_parse_tree (&r.f, "y=1", r.numbers) };
  fixture_delete (&r.f, UL_OBJECT_DIRTREE, &unread[0]);
  fixture_delete (&r.f, UL_OBJECT_DIRTREE, &unread[1]);
  g_autofree char *differs = compare (&a, &b);
  g_assert_cmpstr (differs, ==, "M /e/f A /g ");
  fixture_clear (&r.f);
}

static void
test_no_layers (void)
{
  Repo r;
  repo_init (&r);
  g_autoptr (UlMerged) none = merge (&r, (const char *const[]){ NULL }, UL_MERGED_SHOWN, PLAIN);
  g_autoptr (UlMerged) some = merge (&r, LAYERS ("a=1", "d:3{ b=1 }"), UL_MERGED_SHOWN, PLAIN);
  const UlTreeDiffSide a = ul_merged_side (none);
  const UlTreeDiffSide b = ul_merged_side (some);
  g_autofree char *differs = compare (&a, &b);
  g_assert_cmpstr (differs, ==, "M / A /a A /d A /d/b ");
  fixture_clear (&r.f);
}

/* Is this the layer that these make? The root has the last one's dirmeta. */
static void
check_layer (const char *const *specs, const char *expected)
{
  g_autoptr (GError) error = NULL;
  UlChecksum tree;
  UlChecksum meta;
  Repo r;
  repo_init (&r);
  g_autoptr (UlMerged) merged = merge (&r, specs, UL_MERGED_LAYER, OTHER);
  g_autoptr (UlTransaction) transaction = fixture_begin (&r.f);
  g_autoptr (UlWriter) writer = ul_writer_new (transaction);
  ul_merged_write (merged, writer, &tree, &meta, &error);
  g_assert_no_error (error);
  fixture_end (transaction);
  const UlChecksum wanted = fixture_parse_tree (&r.f, expected, r.numbers);
  g_assert_true (ul_checksum_equal (&tree, &wanted));
  g_assert_true (ul_checksum_equal (&meta, &r.numbers[OTHER]));
  fixture_clear (&r.f);
}

static void
test_layer (void)
{
  check_layer (LAYERS ("a=1 d:3{ x=1 }"), "a=1 d:3{ x=1 }");
  check_layer (LAYERS ("a=1 d:3{ x=1 }", "b=1 d:5{ y=1 }"), "a=1 b=1 d:5{ x=1 y=1 }");
  /* Names are sorted as they are written. */
  check_layer (LAYERS ("-=1 a=1", ".ostree-wh.a=0 .ostree-wh.z=0 b:3{ }"),
               "-=1 .ostree-wh.a=0 .ostree-wh.z=0 b:3{ }");
  check_layer (LAYERS (".ostree-wh.a=0", "a=1"), "a=1");
  /* What ended the merging ends it on other layers, too. */
  check_layer (LAYERS (".ostree-wh.d=0", "d:3{ x=1 }"), "d:4{ x=1 }");
  check_layer (LAYERS ("d=1", "d:3{ x=1 }"), "d:4{ x=1 }");
  check_layer (LAYERS ("d:4{ x=1 }", "d:3{ y=1 }"), "d:4{ x=1 y=1 }");
  check_layer (LAYERS ("d:3{ x=1 }", "d:4{ y=1 }", "d:3{ z=1 }"), "d:4{ y=1 z=1 }");
  check_layer (LAYERS ("d:3{ s:3{ x=1 } }", "d:3{ s:4{ } .ostree-wh.t=0 }"),
               "d:3{ s:4{ } .ostree-wh.t=0 }");
  check_layer (LAYERS ("d:4{ s:4{ x=1 } }", "e=1"), "d:4{ s:4{ x=1 } } e=1");
  check_layer (LAYERS ("d:3{ x=1 }", ".ostree-wh.d=0"), ".ostree-wh.d=0");
}

static void
fails (const char *const *specs, UlError code, const char *message)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  Repo r;
  repo_init (&r);
  g_autoptr (UlMerged) merged = merge (&r, specs, UL_MERGED_SHOWN, PLAIN);
  g_autoptr (UlMerged) none = merge (&r, (const char *const[]){ NULL }, UL_MERGED_SHOWN, PLAIN);
  const UlTreeDiffSide a = ul_merged_side (merged);
  const UlTreeDiffSide b = ul_merged_side (none);
  g_assert_false (ul_tree_diff (&a, &b, 0, note, text, &error));
  g_assert_error (error, UL_ERROR, (int) code);
  g_assert_nonnull (strstr (error->message, message));
  fixture_clear (&r.f);
}

static void
test_broken (void)
{
  fails (LAYERS ("a=1", ".ostree-wh.a=0 a=1"), UL_ERROR_INVALID, "holds both a and its whiteout");
  fails (LAYERS ("a=1", ".ostree-wh.=0"), UL_ERROR_INVALID, "whiteout marker .ostree-wh.");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/merged/files", test_files);
  g_test_add_func ("/merged/directories", test_directories);
  g_test_add_func ("/merged/types", test_types);
  g_test_add_func ("/merged/markers", test_markers);
  g_test_add_func ("/merged/opaque", test_opaque);
  g_test_add_func ("/merged/opaque-root", test_opaque_root);
  g_test_add_func ("/merged/same-layers", test_same_layers);
  g_test_add_func ("/merged/no-layers", test_no_layers);
  g_test_add_func ("/merged/layer", test_layer);
  g_test_add_func ("/merged/broken", test_broken);
  return g_test_run ();
}
