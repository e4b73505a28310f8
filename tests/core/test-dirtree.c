// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/dirtree.h"

#include <string.h>
#include <sys/stat.h>

#include "core/object.h"
#include "fixture.h"
#include "util/error.h"
#include "util/xattr.h"

static GVariant *
from_bytes (UlObjectType type, const void *data, gsize len)
{
  /* A copy of its exact size, so that a sanitizer sees a step too far. */
  g_autoptr (GBytes) bytes = g_bytes_new (data, len);
  return g_variant_ref_sink (
      g_variant_new_from_bytes (ul_object_variant_type (type), bytes, FALSE));
}

static GVariant *
bytes_of_length (gsize len)
{
  static const guint8 bytes[64] = { 1, 2, 3 };
  return g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, bytes, len, 1);
}

/* Files and directories of these names in this order; lengths of all checksums. */
static GVariant *
build (const char *const *files, const char *const *dirs, gsize file_len, gsize tree_len,
       gsize meta_len)
{
  GVariantBuilder f, d;
  g_variant_builder_init (&f, G_VARIANT_TYPE ("a(say)"));
  for (; *files != NULL; files++)
    g_variant_builder_add (&f, "(s@ay)", *files, bytes_of_length (file_len));
  g_variant_builder_init (&d, G_VARIANT_TYPE ("a(sayay)"));
  for (; *dirs != NULL; dirs++)
    g_variant_builder_add (&d, "(s@ay@ay)", *dirs, bytes_of_length (tree_len),
                           bytes_of_length (meta_len));
  return g_variant_ref_sink (g_variant_new ("(a(say)a(sayay))", &f, &d));
}

/* What the view shows is what GVariant's own accessors show. */
static void
assert_view_is_right (GVariant *dirtree)
{
  g_auto (UlDirtreeView) view;
  g_autoptr (GVariant) files = g_variant_get_child_value (dirtree, 0);
  g_autoptr (GVariant) dirs = g_variant_get_child_value (dirtree, 1);
  ul_dirtree_view_init (&view, dirtree);
  g_assert_cmpuint (view.n_files, ==, g_variant_n_children (files));
  g_assert_cmpuint (view.n_dirs, ==, g_variant_n_children (dirs));
  for (gsize i = 0; i < view.n_files; i++)
    {
      const char *name;
      g_autoptr (GVariant) checksum_v = NULL;
      UlChecksum checksum;
      UlDirtreeFile file;
      g_variant_get_child (files, i, "(&s@ay)", &name, &checksum_v);
      g_assert_true (ul_checksum_from_variant (checksum_v, &checksum));
      ul_dirtree_view_file (&view, i, &file);
      g_assert_cmpstr (file.name, ==, name);
      g_assert_true (ul_checksum_equal (&file.checksum, &checksum));
    }
  for (gsize i = 0; i < view.n_dirs; i++)
    {
      const char *name;
      g_autoptr (GVariant) tree_v = NULL;
      g_autoptr (GVariant) meta_v = NULL;
      UlChecksum tree, meta;
      UlDirtreeDir dir;
      g_variant_get_child (dirs, i, "(&s@ay@ay)", &name, &tree_v, &meta_v);
      g_assert_true (ul_checksum_from_variant (tree_v, &tree));
      g_assert_true (ul_checksum_from_variant (meta_v, &meta));
      ul_dirtree_view_dir (&view, i, &dir);
      g_assert_cmpstr (dir.name, ==, name);
      g_assert_true (ul_checksum_equal (&dir.tree, &tree));
      g_assert_true (ul_checksum_equal (&dir.meta, &meta));
    }
}

static void
assert_refused (GVariant *dirtree, const char *message)
{
  g_autoptr (GError) error = NULL;
  g_assert_false (ul_dirtree_validate (dirtree, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
  if (strstr (error->message, message) == NULL)
    g_error ("'%s' lacks '%s'", error->message, message);
}

/* As ostree 2022.7 stored the tree of tests/core/test-commit.c, and an empty directory. */
static void
test_known (void)
{
  static const struct
  {
    const char *hex;
    guint8 bytes[111];
    gsize len;
  } cases[] = {
    { "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d", { 0 }, 1 },
    { "0d239f8b5f2d0f82005efa805fff1adec857a34ba1b94d078c1e7266cae7e473",
      { 0x66, 0x69, 0x6c, 0x65, 0x00, 0x44, 0xf7, 0x78, 0xe5, 0x9f, 0x0a, 0x47, 0x48, 0xd6,
        0xb0, 0xc9, 0x0a, 0x47, 0x34, 0x72, 0x12, 0xa2, 0x31, 0xc4, 0xad, 0x1e, 0x8f, 0x7e,
        0xa5, 0xc5, 0xdf, 0xfc, 0x77, 0x49, 0x15, 0x3a, 0x6b, 0x05, 0x26, 0x73, 0x75, 0x62,
        0x00, 0x6e, 0x34, 0x0b, 0x9c, 0xff, 0xb3, 0x7a, 0x98, 0x9c, 0xa5, 0x44, 0xe6, 0xbb,
        0x78, 0x0a, 0x2c, 0x78, 0x90, 0x1d, 0x3f, 0xb3, 0x37, 0x38, 0x76, 0x85, 0x11, 0xa3,
        0x06, 0x17, 0xaf, 0xa0, 0x1d, 0x44, 0x6a, 0x0e, 0xf1, 0x1b, 0x7c, 0xc1, 0x67, 0xf3,
        0xb6, 0x03, 0xe5, 0x85, 0xc7, 0xee, 0xee, 0xb6, 0x75, 0xfa, 0xa4, 0x12, 0xd5, 0xec,
        0x73, 0xf6, 0x29, 0x88, 0xeb, 0x0b, 0x6c, 0x54, 0x88, 0x24, 0x04, 0x46, 0x27 },
      111 },
  };
  const UlDirtreeFile file = {
    .name = "file",
    .checksum
    = fixture_checksum ("44f778e59f0a4748d6b0c90a47347212a231c4ad1e8f7ea5c5dffc7749153a6b"),
  };
  const UlDirtreeDir dir = {
    .name = "sub",
    .tree = fixture_checksum (cases[0].hex),
    .meta = fixture_checksum ("446a0ef11b7cc167f3b603e585c7eeeeb675faa412d5ec73f62988eb0b6c5488"),
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) made = g_variant_ref_sink (ul_dirtree_new (&file, i, &dir, i));
      g_assert_cmpmem (g_variant_get_data (made), g_variant_get_size (made), cases[i].bytes,
                       cases[i].len);
      UlChecksum checksum;
      ul_checksum_of_data (cases[i].bytes, cases[i].len, &checksum);
      g_autofree char *hex = ul_checksum_dup_hex (&checksum);
      g_assert_cmpstr (hex, ==, cases[i].hex);

      g_autoptr (GVariant) read = from_bytes (UL_OBJECT_DIRTREE, cases[i].bytes, cases[i].len);
      g_assert_true (ul_dirtree_validate (read, &error));
      g_assert_no_error (error);
      assert_view_is_right (read);
    }
}

static void
test_hostile (void)
{
  static const char *const none[] = { NULL };
  static const struct
  {
    const char *names[3];
    const char *message;
  } cases[] = {
    { { "..", NULL }, ".." },         { { ".", NULL }, "'.'" },
    { { "", NULL }, "empty" },        { { "a/b", NULL }, "/" },
    { { "/", NULL }, "/" },           { { "/etc", NULL }, "/" },
    { { "../x", NULL }, "/" },        { { "a", "a", NULL }, "duplicate" },
    { { "b", "a", NULL }, "order" },  { { "a", "B", NULL }, "order" },
    { { "aa", "a", NULL }, "order" }, { { "\xc3\xa9", "z", NULL }, "order" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GVariant) as_files = build (cases[i].names, none, 32, 32, 32);
      g_autoptr (GVariant) as_dirs = build (none, cases[i].names, 32, 32, 32);
      assert_refused (as_files, cases[i].message);
      assert_refused (as_dirs, cases[i].message);
    }
}

static void
test_long_names (void)
{
  static const char *const none[] = { NULL };
  g_autofree char *longest = g_strnfill (255, 'n');
  g_autofree char *longer = g_strnfill (256, 'n');
  const char *const good[] = { longest, NULL };
  const char *const bad[] = { longer, NULL };
  g_autoptr (GVariant) fits = build (good, none, 32, 32, 32);
  g_autoptr (GVariant) long_file = build (bad, none, 32, 32, 32);
  g_autoptr (GVariant) long_dir = build (none, bad, 32, 32, 32);
  g_assert_true (ul_dirtree_validate (fits, NULL));
  assert_refused (long_file, "256");
  assert_refused (long_dir, "256");
}

static void
test_file_and_directory (void)
{
  static const struct
  {
    const char *files[4];
    const char *dirs[4];
    gboolean clash;
  } cases[] = {
    { { "a", NULL }, { "a", NULL }, TRUE },
    { { "a", "b", "c", NULL }, { "c", NULL }, TRUE },
    { { "c", NULL }, { "a", "b", "c", NULL }, TRUE },
    { { "a", "c", NULL }, { "b", "c", "d", NULL }, TRUE },
    { { "a", "c", NULL }, { "b", "d", NULL }, FALSE },
    { { "b", "d", NULL }, { "a", "c", "e", NULL }, FALSE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GVariant) dirtree = build (cases[i].files, cases[i].dirs, 32, 32, 32);
      if (cases[i].clash)
        assert_refused (dirtree, "both");
      else
        g_assert_true (ul_dirtree_validate (dirtree, NULL));
    }
}

static void
test_checksum_lengths (void)
{
  static const char *const none[] = { NULL };
  static const char *const names[] = { "a", "b", NULL };
  static const gsize bad[] = { 0, 1, 31, 33, 64 };
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GVariant) file = build (names, none, bad[i], 32, 32);
      g_autoptr (GVariant) tree = build (none, names, 32, bad[i], 32);
      g_autoptr (GVariant) meta = build (none, names, 32, 32, bad[i]);
      g_autoptr (GVariant) shifted = build (none, names, 32, bad[i], 64 - bad[i]);
      assert_refused (file, "checksum");
      assert_refused (tree, "checksum");
      assert_refused (meta, "checksum");
      assert_refused (shifted, "checksum");
    }
}

static void
test_other_type (void)
{
  g_autoptr (GVariant) dirmeta
      = g_variant_ref_sink (ul_dirmeta_new (0, 0, S_IFDIR, ul_xattr_empty ()));
  assert_refused (dirmeta, "normal form");
  g_autoptr (GVariant) nothing = from_bytes (UL_OBJECT_DIRTREE, "", 0);
  assert_refused (nothing, "normal form");
}

static GVariant *
sample (void)
{
  static const char *const files[] = { "a", "file", NULL };
  static const char *const dirs[] = { "dir", "sub", NULL };
  return build (files, dirs, 32, 32, 32);
}

static void
test_cut (void)
{
  g_autoptr (GVariant) good = sample ();
  const gsize len = g_variant_get_size (good);
  g_autofree guint8 *data = g_memdup2 (g_variant_get_data (good), len);
  for (gsize cut = 0; cut < len; cut++)
    {
      g_autoptr (GVariant) from_start = from_bytes (UL_OBJECT_DIRTREE, data, cut);
      g_autoptr (GVariant) from_end = from_bytes (UL_OBJECT_DIRTREE, data + len - cut, cut);
      g_assert_false (ul_dirtree_validate (from_start, NULL));
      g_assert_false (ul_dirtree_validate (from_end, NULL));
    }
}

/* Whatever byte is changed into whatever: refused, or read as GVariant reads it. */
static void
test_damaged (void)
{
  g_autoptr (GVariant) good = sample ();
  const gsize len = g_variant_get_size (good);
  g_autofree guint8 *data = g_memdup2 (g_variant_get_data (good), len);
  guint accepted = 0;
  for (gsize i = 0; i < len; i++)
    for (guint change = 1; change < 256; change++)
      {
        data[i] ^= (guint8) change;
        g_autoptr (GVariant) dirtree = from_bytes (UL_OBJECT_DIRTREE, data, len);
        if (ul_dirtree_validate (dirtree, NULL))
          {
            assert_view_is_right (dirtree);
            accepted++;
          }
        data[i] ^= (guint8) change;
      }
  /* Checksums may be anything; there are 6 of them. */
  g_assert_cmpuint (accepted, >=, 6 * 32 * 255);
}

static void
test_random_bytes (void)
{
  guint8 data[24];
  for (guint i = 0; i < 20000; i++)
    {
      const gsize len = (gsize) g_test_rand_int_range (0, sizeof data + 1);
      for (gsize k = 0; k < len; k++)
        data[k] = (guint8) g_test_rand_int_range (0, i % 2 ? 256 : 24);
      g_autoptr (GVariant) dirtree = from_bytes (UL_OBJECT_DIRTREE, data, len);
      if (ul_dirtree_validate (dirtree, NULL))
        assert_view_is_right (dirtree);
    }
}

/* ul_dirtree_new () gives the bytes that GVariant's builders give, and the view reads them. */
static void
assert_written_right (const UlDirtreeFile *files, gsize n_files, const UlDirtreeDir *dirs,
                      gsize n_dirs)
{
  GVariantBuilder f, d;
  g_variant_builder_init (&f, G_VARIANT_TYPE ("a(say)"));
  for (gsize i = 0; i < n_files; i++)
    g_variant_builder_add (&f, "(s@ay)", files[i].name,
                           ul_checksum_to_variant (&files[i].checksum));
  g_variant_builder_init (&d, G_VARIANT_TYPE ("a(sayay)"));
  for (gsize i = 0; i < n_dirs; i++)
    g_variant_builder_add (&d, "(s@ay@ay)", dirs[i].name, ul_checksum_to_variant (&dirs[i].tree),
                           ul_checksum_to_variant (&dirs[i].meta));
  g_autoptr (GVariant) built = g_variant_ref_sink (g_variant_new ("(a(say)a(sayay))", &f, &d));
  g_autoptr (GVariant) made = g_variant_ref_sink (ul_dirtree_new (files, n_files, dirs, n_dirs));
  g_assert_cmpmem (g_variant_get_data (made), g_variant_get_size (made), g_variant_get_data (built),
                   g_variant_get_size (built));
  g_assert_true (ul_dirtree_validate (made, NULL));
  assert_view_is_right (made);
}

/* Over all lengths where GVariant's offsets become wider, of an entry, a list and the whole. */
static void
test_any_size (void)
{
  for (gsize len = 1; len <= 255; len++)
    {
      g_autofree char *name = g_strnfill (len, 'n');
      const UlDirtreeFile file = { .name = name, .checksum = { .bytes = { 1 } } };
      const UlDirtreeDir dir
          = { .name = name, .tree = { .bytes = { 2 } }, .meta = { .bytes = { 3 } } };
      const UlDirtreeDir other
          = { .name = "d", .tree = { .bytes = { 2 } }, .meta = { .bytes = { 3 } } };
      assert_written_right (&file, 1, NULL, 0);
      assert_written_right (&file, 1, &other, 1);
      assert_written_right (NULL, 0, &dir, 1);
    }
}

static void
test_many (void)
{
  const gsize n = 1600;
  g_autofree UlDirtreeFile *files = g_new0 (UlDirtreeFile, n);
  g_autoptr (GStringChunk) names = g_string_chunk_new (4096);
  for (gsize i = 0; i < n; i++)
    {
      g_autofree char *name = g_strdup_printf ("%05" G_GSIZE_FORMAT, i * 2);
      files[i].name = g_string_chunk_insert (names, name);
      files[i].checksum.bytes[0] = (guint8) i;
    }
  g_autofree UlDirtreeDir *dirs = g_new0 (UlDirtreeDir, n);
  for (gsize i = 0; i < n; i++)
    dirs[i].name = g_strconcat (files[i].name, "d", NULL);
  for (gsize count = 0; count < 20; count++)
    assert_written_right (files, count, dirs, 20 - count);
  /* Around 64 KiB, where offsets go from two bytes to four: of the files, the directories, and only
   * of the whole. */
  for (gsize count = 1500; count < n; count += 7)
    assert_written_right (files, count, NULL, 0);
  for (gsize count = 800; count < 900; count += 7)
    assert_written_right (NULL, 0, dirs, count);
  for (gsize count = 700; count < 1000; count += 7)
    assert_written_right (files, count, dirs, 400);
  for (gsize i = 0; i < n; i++)
    g_free ((char *) dirs[i].name);
}

static void
test_find (void)
{
  const gsize n = 100;
  UlDirtreeFile files[100];
  UlDirtreeDir dirs[100];
  char names[200][8];
  for (gsize i = 0; i < n; i++)
    {
      g_snprintf (names[2 * i], sizeof names[0], "%03" G_GSIZE_FORMAT, 2 * i);
      g_snprintf (names[2 * i + 1], sizeof names[0], "%03" G_GSIZE_FORMAT, 2 * i + 1);
      files[i] = (UlDirtreeFile){ .name = names[2 * i], .checksum = { .bytes = { (guint8) i } } };
      dirs[i] = (UlDirtreeDir){ .name = names[2 * i + 1], .meta = { .bytes = { (guint8) i } } };
    }
  for (gsize count = 0; count <= n; count += 5)
    {
      g_autoptr (GVariant) dirtree
          = g_variant_ref_sink (ul_dirtree_new (files, count, dirs, count));
      g_auto (UlDirtreeView) view;
      ul_dirtree_view_init (&view, dirtree);
      for (gsize i = 0; i < 2 * n; i++)
        {
          UlDirtreeFile file;
          UlDirtreeDir dir;
          const gboolean there = i / 2 < count;
          g_assert_cmpint (ul_dirtree_view_find_file (&view, names[i], &file), ==,
                           there && i % 2 == 0);
          g_assert_cmpint (ul_dirtree_view_find_dir (&view, names[i], &dir), ==,
                           there && i % 2 == 1);
          if (there && i % 2 == 0)
            g_assert_cmpint (file.checksum.bytes[0], ==, (int) i / 2);
          if (there && i % 2 == 1)
            g_assert_cmpint (dir.meta.bytes[0], ==, (int) i / 2);
        }
      UlDirtreeFile file;
      g_assert_false (ul_dirtree_view_find_file (&view, "", &file));
      g_assert_false (ul_dirtree_view_find_file (&view, "0", &file));
      g_assert_false (ul_dirtree_view_find_file (&view, "zzz", &file));
    }
}

static void
test_equal_runs (void)
{
  const UlDirtreeFile f[] = { { "a", { { 1 } } }, { "b", { { 1 } } }, { "c", { { 1 } } } };
  const UlDirtreeFile g[]
      = { { "_", { { 1 } } }, { "a", { { 1 } } }, { "b", { { 1 } } }, { "c", { { 2 } } } };
  const UlDirtreeDir d[] = { { "d", { { 1 } }, { { 1 } } }, { "e", { { 1 } }, { { 1 } } } };
  const UlDirtreeDir e[] = { { "d", { { 1 } }, { { 1 } } }, { "e", { { 1 } }, { { 2 } } } };
  g_autoptr (GVariant) one = g_variant_ref_sink (ul_dirtree_new (f, 3, d, 2));
  g_autoptr (GVariant) two = g_variant_ref_sink (ul_dirtree_new (g, 4, e, 2));
  g_auto (UlDirtreeView) a;
  g_auto (UlDirtreeView) b;
  const UlDirtreeView none = { 0 };
  ul_dirtree_view_init (&a, one);
  ul_dirtree_view_init (&b, two);
  g_assert_cmpuint (ul_dirtree_view_equal_files (&a, 0, &b, 0), ==, 0);
  g_assert_cmpuint (ul_dirtree_view_equal_files (&a, 0, &b, 1), ==, 2);
  g_assert_cmpuint (ul_dirtree_view_equal_files (&b, 2, &a, 1), ==, 1);
  g_assert_cmpuint (ul_dirtree_view_equal_files (&a, 0, &a, 0), ==, 3);
  g_assert_cmpuint (ul_dirtree_view_equal_files (&a, 3, &b, 4), ==, 0);
  g_assert_cmpuint (ul_dirtree_view_equal_files (&a, 0, &none, 0), ==, 0);
  g_assert_cmpuint (ul_dirtree_view_equal_dirs (&a, 0, &b, 0), ==, 1);
  g_assert_cmpuint (ul_dirtree_view_equal_dirs (&b, 0, &b, 0), ==, 2);
  g_assert_cmpuint (ul_dirtree_view_equal_dirs (&none, 0, &b, 0), ==, 0);
}

static void
test_names (void)
{
  static const char *const good[]
      = { "a", "...", "..a", ".a", " ", "a b", "\n", "a\\b", "\xc3\xa9", "-", "~", "\x7f", "\x01" };
  static const char *const bad[]
      = { "", ".", "..", "/", "a/", "/a", "a/b", "\xff", "a\xc3", "\xc0\xaf", "\xed\xa0\x80" };
  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    g_assert_true (ul_name_validate (good[i], NULL));
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_false (ul_name_validate (bad[i], &error));
      g_assert_error (error, UL_ERROR, UL_ERROR_INVALID);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
    }
}

static void
test_messages_are_one_line (void)
{
  static const char *const none[] = { NULL };
  static const char *const twice[] = { "a\nb", "a\nb", NULL };
  static const char *const unsorted[] = { "b\nb", "a\nb", NULL };
  static const char *const once[] = { "a\nb", NULL };
  GVariant *cases[] = {
    build (twice, none, 32, 32, 32),
    build (unsorted, none, 32, 32, 32),
    build (once, once, 32, 32, 32),
    build (once, none, 31, 32, 32),
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_false (ul_dirtree_validate (cases[i], &error));
      g_assert_null (strchr (error->message, '\n'));
      g_variant_unref (cases[i]);
    }
}

/* `ostree checksum DIR` of ostree 2022.7, as root, of directories made so:
 *   mkdir -m 755 d; mkdir -m 1777 d; mkdir -m 700 d; setfattr -n user.k -v v d; chown 1:2 d */
static void
test_dirmeta_known (void)
{
  static const struct
  {
    guint32 uid, gid, mode;
    const char *xattrs;
    const char *checksum;
  } cases[] = {
    { 0, 0, 0755, "@a(ayay) []",
      "446a0ef11b7cc167f3b603e585c7eeeeb675faa412d5ec73f62988eb0b6c5488" },
    { 0, 0, 01777, "@a(ayay) []",
      "bbe8d5c22ca8a645068a1aa51a59e117f139319d9a791e4d4c0d27dae64cc8c7" },
    { 1, 2, 0700, "[(b'user.k', [byte 0x76])]",
      "b0fd7da9c4793007afe88556741add77564d1b4b561074c0cd6f399579b70290" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) dirmeta
          = g_variant_ref_sink (ul_dirmeta_new (cases[i].uid, cases[i].gid, S_IFDIR | cases[i].mode,
                                                g_variant_new_parsed (cases[i].xattrs)));
      UlChecksum checksum;
      ul_checksum_of_data (g_variant_get_data (dirmeta), g_variant_get_size (dirmeta), &checksum);
      g_autofree char *hex = ul_checksum_dup_hex (&checksum);
      g_assert_cmpstr (hex, ==, cases[i].checksum);
      g_assert_true (ul_dirmeta_validate (dirmeta, &error));
      g_assert_no_error (error);

      guint32 uid, gid, mode;
      g_autoptr (GVariant) xattrs = NULL;
      ul_dirmeta_get (dirmeta, &uid, &gid, &mode, &xattrs);
      ul_dirmeta_get (dirmeta, NULL, NULL, NULL, NULL);
      g_assert_cmpuint (uid, ==, cases[i].uid);
      g_assert_cmpuint (gid, ==, cases[i].gid);
      g_assert_cmpuint (mode, ==, S_IFDIR | cases[i].mode);
      g_assert_cmpuint (g_variant_n_children (xattrs), ==, i == 2 ? 1 : 0);
    }
}

static void
assert_dirmeta_refused (GVariant *floating)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) dirmeta = g_variant_ref_sink (floating);
  g_assert_false (ul_dirmeta_validate (dirmeta, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
}

static void
test_dirmeta_hostile (void)
{
  static const guint32 modes[]
      = { 0, 0755, S_IFREG | 0755, S_IFLNK | 0777, S_IFDIR | 0200000, 0xffffffff };
  static const char *const xattrs[] = {
    "[(b'', [byte 1])]",
    "[(@ay [], [byte 1])]",
    "[([byte 0x61], [byte 1])]",
    "[(b'user.b', [byte 1]), (b'user.a', [2]), (b'user.b', [3])]",
    "[(b'user.a', [byte 1]), (b'user.a', [2])]",
  };
  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    assert_dirmeta_refused (ul_dirmeta_new (0, 0, modes[i], ul_xattr_empty ()));
  for (guint i = 0; i < G_N_ELEMENTS (xattrs); i++)
    assert_dirmeta_refused (
        ul_dirmeta_new (0, 0, S_IFDIR | 0755, g_variant_new_parsed (xattrs[i])));
  assert_dirmeta_refused (g_variant_new_string ("dirmeta"));
}

static void
test_dirmeta_damaged (void)
{
  g_autoptr (GVariant) good = g_variant_ref_sink (ul_dirmeta_new (
      1, 2, S_IFDIR | 0755, g_variant_new_parsed ("[(b'user.k', [byte 0x76]), (b'user.l', [])]")));
  const gsize len = g_variant_get_size (good);
  g_autofree guint8 *data = g_memdup2 (g_variant_get_data (good), len);
  for (gsize cut = 0; cut < len; cut++)
    {
      g_autoptr (GVariant) dirmeta = from_bytes (UL_OBJECT_DIRMETA, data, cut);
      /* Twelve bytes are the same without xattrs. */
      g_assert_cmpint (ul_dirmeta_validate (dirmeta, NULL), ==, cut == 12);
    }
  for (gsize i = 0; i < len; i++)
    for (guint change = 1; change < 256; change++)
      {
        data[i] ^= (guint8) change;
        g_autoptr (GVariant) dirmeta = from_bytes (UL_OBJECT_DIRMETA, data, len);
        if (ul_dirmeta_validate (dirmeta, NULL))
          {
            guint32 mode;
            ul_dirmeta_get (dirmeta, NULL, NULL, &mode, NULL);
            g_assert_true (S_ISDIR (mode));
          }
        data[i] ^= (guint8) change;
      }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/Dirtree/same-bytes-as-the-peer", test_known);
  g_test_add_func ("/Dirtree/hostile-names-and-order", test_hostile);
  g_test_add_func ("/Dirtree/name-too-long", test_long_names);
  g_test_add_func ("/Dirtree/one-name-as-file-and-directory", test_file_and_directory);
  g_test_add_func ("/Dirtree/checksums-of-wrong-length", test_checksum_lengths);
  g_test_add_func ("/Dirtree/other-type-and-no-bytes", test_other_type);
  g_test_add_func ("/Dirtree/cut-bytes", test_cut);
  g_test_add_func ("/Dirtree/damaged-is-refused-or-read-as-gvariant-does", test_damaged);
  g_test_add_func ("/Dirtree/random-bytes", test_random_bytes);
  g_test_add_func ("/Dirtree/any-size-of-an-entry", test_any_size);
  g_test_add_func ("/Dirtree/many-entries", test_many);
  g_test_add_func ("/Dirtree/find-by-name", test_find);
  g_test_add_func ("/Dirtree/equal-runs", test_equal_runs);
  g_test_add_func ("/Dirtree/valid-and-invalid-names", test_names);
  g_test_add_func ("/Dirtree/messages-are-one-line", test_messages_are_one_line);
  g_test_add_func ("/Dirmeta/same-checksums-as-the-peer", test_dirmeta_known);
  g_test_add_func ("/Dirmeta/hostile", test_dirmeta_hostile);
  g_test_add_func ("/Dirmeta/cut-and-damaged-bytes", test_dirmeta_damaged);
  return g_test_run ();
}
