// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/object.h"

#include <sys/stat.h>

#include "core/commit.h"
#include "core/dirtree.h"
#include "fixture.h"
#include "util/error.h"
#include "util/xattr.h"

#define HEX_TAIL "b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define HEX      "e3" HEX_TAIL

static void
test_names (void)
{
  static const struct
  {
    UlObjectType type;
    int number; /* as in ostree-core.h: the value that deltas and summaries hold */
    const char *name;
  } cases[] = {
    { UL_OBJECT_FILE, 1, "file" },
    { UL_OBJECT_DIRTREE, 2, "dirtree" },
    { UL_OBJECT_DIRMETA, 3, "dirmeta" },
    { UL_OBJECT_COMMIT, 4, "commit" },
    { UL_OBJECT_TOMBSTONE_COMMIT, 5, "tombstone-commit" },
    { UL_OBJECT_COMMITMETA, 6, "commitmeta" },
    { UL_OBJECT_PAYLOAD_LINK, 7, "payload-link" },
    { UL_OBJECT_FILE_XATTRS, 8, "file-xattrs" },
    { UL_OBJECT_FILE_XATTRS_LINK, 9, "file-xattrs-link" },
  };
  g_assert_cmpuint (G_N_ELEMENTS (cases), ==, UL_OBJECT_TYPE_LAST);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      UlObjectType type;
      g_assert_cmpint (cases[i].type, ==, cases[i].number);
      g_assert_cmpstr (ul_object_type_name (cases[i].type), ==, cases[i].name);
      g_assert_true (ul_object_type_from_name (cases[i].name, &type));
      g_assert_cmpint (type, ==, cases[i].type);
    }
}

static void
test_unknown_names (void)
{
  static const char *const bad[]
      = { "", "filez", "File", "file ", "fil", "dirtreez", "file\n", "commit2", "tmp", "(null)" };
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      UlObjectType untouched = UL_OBJECT_COMMIT;
      g_assert_false (ul_object_type_from_name (bad[i], &untouched));
      g_assert_cmpint (untouched, ==, UL_OBJECT_COMMIT);
    }
}

static void
test_variant_types (void)
{
  g_assert_null (ul_object_variant_type (UL_OBJECT_FILE));
  g_assert_null (ul_object_variant_type (UL_OBJECT_PAYLOAD_LINK));
  g_assert_cmpstr (g_variant_type_peek_string (ul_object_variant_type (UL_OBJECT_COMMIT)), ==,
                   "(a{sv}aya(say)sstayay)");
  for (guint type = UL_OBJECT_FILE; type <= UL_OBJECT_TYPE_LAST; type++)
    {
      const GVariantType *v = ul_object_variant_type ((UlObjectType) type);
      g_assert_true (v == NULL || g_variant_type_string_is_valid ((const char *) v));
    }
}

static void
test_validate (void)
{
  const UlChecksum some = fixture_checksum (HEX);
  const struct
  {
    UlObjectType type;
    GVariant *sound;
    const char *broken;
  } cases[] = {
    { UL_OBJECT_DIRTREE, ul_dirtree_new (NULL, 0, NULL, 0), "([('a', [byte 1])], @a(sayay) [])" },
    { UL_OBJECT_DIRMETA, ul_dirmeta_new (0, 0, S_IFDIR | 0755, ul_xattr_empty ()),
      "(uint32 0, uint32 0, uint32 0, @a(ayay) [])" },
    { UL_OBJECT_COMMIT, ul_commit_new (NULL, NULL, NULL, NULL, 0, &some, &some),
      "(@a{sv} {}, @ay [], @a(say) [], '', '', uint64 0, @ay [], @ay [])" },
    { UL_OBJECT_COMMITMETA, g_variant_new_parsed ("{'key': <'value'>}"), "{'key': 'value'}" },
    { UL_OBJECT_TOMBSTONE_COMMIT, g_variant_new_parsed ("@a{sv} {}"), "'text'" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) sound = g_variant_ref_sink (cases[i].sound);
      g_autoptr (GVariant) broken = g_variant_ref_sink (g_variant_new_parsed (cases[i].broken));
      g_assert_true (ul_object_validate (cases[i].type, sound, &error));
      g_assert_no_error (error);
      g_assert_false (ul_object_validate (cases[i].type, broken, &error));
      g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
    }
}

/* Bytes from disk that GVariant reads as something else than they are. */
static void
test_validate_normal_form (void)
{
  for (guint type = UL_OBJECT_DIRTREE; type <= UL_OBJECT_COMMITMETA; type++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) variant = g_variant_ref_sink (g_variant_new_from_data (
          ul_object_variant_type ((UlObjectType) type), "\1\2\3", 3, FALSE, NULL, NULL));
      g_assert_false (ul_object_validate ((UlObjectType) type, variant, &error));
      g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
    }
}

static void
test_loose_path (void)
{
  const UlChecksum checksum = fixture_checksum (HEX);
  char path[UL_OBJECT_LOOSE_PATH_MAX];
  ul_object_loose_path (&checksum, UL_OBJECT_FILE, FALSE, path);
  g_assert_cmpstr (path, ==, "e3/" HEX_TAIL ".file");
  ul_object_loose_path (&checksum, UL_OBJECT_FILE, TRUE, path);
  g_assert_cmpstr (path, ==, "e3/" HEX_TAIL ".filez");
  /* Only content is compressed. */
  ul_object_loose_path (&checksum, UL_OBJECT_DIRTREE, TRUE, path);
  g_assert_cmpstr (path, ==, "e3/" HEX_TAIL ".dirtree");
  ul_object_loose_path (&checksum, UL_OBJECT_FILE_XATTRS_LINK, TRUE, path);
  g_assert_cmpstr (path, ==, "e3/" HEX_TAIL ".file-xattrs-link");
}

static void
test_parse_round_trip (void)
{
  const UlChecksum checksum = fixture_checksum (HEX);
  for (guint type = UL_OBJECT_FILE; type <= UL_OBJECT_TYPE_LAST; type++)
    for (guint compressed = 0; compressed < 2; compressed++)
      {
        char path[UL_OBJECT_LOOSE_PATH_MAX];
        ul_object_loose_path (&checksum, (UlObjectType) type, compressed != 0, path);
        g_auto (GStrv) parts = g_strsplit (path, "/", -1);
        UlChecksum parsed;
        UlObjectType parsed_type;
        gboolean parsed_compressed;
        g_assert_true (
            ul_object_parse_loose (parts[0], parts[1], &parsed, &parsed_type, &parsed_compressed));
        g_assert_true (ul_checksum_equal (&parsed, &checksum));
        g_assert_cmpuint (parsed_type, ==, type);
        g_assert_cmpint (parsed_compressed, ==, compressed != 0 && type == UL_OBJECT_FILE);
      }
}

static void
test_parse_refuses (void)
{
  static const struct
  {
    const char *dir;
    const char *name;
  } bad[] = {
    { "e3", "" },
    { "e3", "." },
    { "e3", HEX_TAIL },
    { "e3", HEX_TAIL "." },
    { "e3", HEX_TAIL ".dirtreez" },
    { "e3", HEX_TAIL ".filezz" },
    { "e3", HEX_TAIL ".file.tmp" },
    { "e3", HEX_TAIL "-file" },
    { "e3", "0" HEX_TAIL ".file" },
    { "e3", HEX_TAIL ".FILE" },
    { "E3", HEX_TAIL ".file" },
    { "e3", "B0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855.file" },
    { "e3", ".0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855.file" },
    { "", HEX_TAIL ".file" },
    { "e", HEX_TAIL ".file" },
    { "e33", HEX_TAIL ".file" },
    { "..", HEX_TAIL ".file" },
    { "zz", HEX_TAIL ".file" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *dir = g_strdup (bad[i].dir);
      g_autofree char *name = g_strdup (bad[i].name);
      UlChecksum checksum;
      UlObjectType type = UL_OBJECT_COMMIT;
      gboolean compressed = 42;
      g_assert_false (ul_object_parse_loose (dir, name, &checksum, &type, &compressed));
      g_assert_cmpint (type, ==, UL_OBJECT_COMMIT);
      g_assert_cmpint (compressed, ==, 42);
    }
}

static void
test_to_string (void)
{
  const UlChecksum checksum = fixture_checksum (HEX);
  g_autofree char *text = ul_object_to_string (&checksum, UL_OBJECT_DIRMETA);
  g_assert_cmpstr (text, ==, HEX ".dirmeta");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/Object/names-and-numbers", test_names);
  g_test_add_func ("/Object/unknown-names", test_unknown_names);
  g_test_add_func ("/Object/variant-types", test_variant_types);
  g_test_add_func ("/Object/validate", test_validate);
  g_test_add_func ("/Object/validate-normal-form", test_validate_normal_form);
  g_test_add_func ("/Object/loose-path", test_loose_path);
  g_test_add_func ("/Object/loose-path-round-trip", test_parse_round_trip);
  g_test_add_func ("/Object/what-is-no-loose-path", test_parse_refuses);
  g_test_add_func ("/Object/to-string", test_to_string);
  return g_test_run ();
}
