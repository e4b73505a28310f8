// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/commit.h"

#include <string.h>

#include "core/object.h"
#include "fixture.h"
#include "util/error.h"

/* A tree of one file and one empty directory, committed by ostree 2022.7:
 *   printf 'hello\n' > t/file; mkdir t/sub; chmod 644 t/file; chmod 755 t t/sub    (all as root)
 *   ostree commit --no-bindings --orphan -b x -s 'the subject' -m 'the body' \
 *     --timestamp=@1234567890 t
 *   ostree commit --no-bindings -b y -s s --timestamp=@1234567890 \
 *     --add-metadata-string=version=7 --parent=FIRST t */
#define TREE_HEX   "0d239f8b5f2d0f82005efa805fff1adec857a34ba1b94d078c1e7266cae7e473"
#define META_HEX   "446a0ef11b7cc167f3b603e585c7eeeeb675faa412d5ec73f62988eb0b6c5488"
#define FIRST_HEX  "a486f490ad2091fe9df6418c71da156a943a29e6768465e4c69dc8eab42bc86b"
#define SECOND_HEX "f10498a1ad288c9f8258016df22b2bf58bcece000a32960dfae1151c712bc3f8"

static void
assert_checksum (GVariant *commit, const char *hex)
{
  UlChecksum checksum;
  ul_checksum_of_data (g_variant_get_data (commit), g_variant_get_size (commit), &checksum);
  g_autofree char *got = ul_checksum_dup_hex (&checksum);
  g_assert_cmpstr (got, ==, hex);
}

static void
test_known (void)
{
  const UlChecksum tree = fixture_checksum (TREE_HEX), meta = fixture_checksum (META_HEX),
                   parent = fixture_checksum (FIRST_HEX);
  g_autoptr (GVariant) first = g_variant_ref_sink (
      ul_commit_new (NULL, NULL, "the subject", "the body", 1234567890, &tree, &meta));
  assert_checksum (first, FIRST_HEX);
  g_autoptr (GVariant) second = g_variant_ref_sink (ul_commit_new (
      g_variant_new_parsed ("{'version': <'7'>}"), &parent, "s", NULL, 1234567890, &tree, &meta));
  assert_checksum (second, SECOND_HEX);
}

static void
test_round_trip (void)
{
  g_autoptr (GError) error = NULL;
  const UlChecksum tree = fixture_checksum (TREE_HEX), meta = fixture_checksum (META_HEX),
                   parent = fixture_checksum (FIRST_HEX);
  g_autoptr (GVariant) v = g_variant_ref_sink (
      ul_commit_new (g_variant_new_parsed ("{'version': <'7'>}"), &parent, "s", "b\nb",
                     G_GUINT64_CONSTANT (0x0102030405060708), &tree, &meta));
  g_auto (UlCommit) commit = { 0 };
  g_assert_true (ul_commit_parse (v, &commit, &error));
  g_assert_no_error (error);
  g_assert_true (commit.has_parent);
  g_assert_true (ul_checksum_equal (&commit.parent, &parent));
  g_assert_true (ul_checksum_equal (&commit.tree, &tree));
  g_assert_true (ul_checksum_equal (&commit.meta, &meta));
  g_assert_cmpstr (commit.subject, ==, "s");
  g_assert_cmpstr (commit.body, ==, "b\nb");
  g_assert_cmpuint (commit.timestamp, ==, G_GUINT64_CONSTANT (0x0102030405060708));
  const char *version;
  g_assert_true (g_variant_lookup (commit.metadata, "version", "&s", &version));
  g_assert_cmpstr (version, ==, "7");
  g_assert_cmpuint (g_variant_n_children (commit.related), ==, 0);
}

static void
test_without_parent (void)
{
  g_autoptr (GError) error = NULL;
  const UlChecksum tree = fixture_checksum (TREE_HEX), meta = fixture_checksum (META_HEX);
  g_autoptr (GVariant) v
      = g_variant_ref_sink (ul_commit_new (NULL, NULL, NULL, NULL, 0, &tree, &meta));
  g_auto (UlCommit) commit = { 0 };
  g_assert_true (ul_commit_parse (v, &commit, &error));
  g_assert_no_error (error);
  g_assert_false (commit.has_parent);
  g_assert_cmpstr (commit.subject, ==, "");
  g_assert_cmpstr (commit.body, ==, "");
  ul_commit_clear (&commit);
  ul_commit_clear (&commit);
}

/* A commit whose three checksums have these lengths. */
static GVariant *
with_lengths (gsize parent, gsize tree, gsize meta)
{
  static const guint8 bytes[64] = { 0 };
  return g_variant_ref_sink (g_variant_new (
      "(@a{sv}@ay@a(say)sst@ay@ay)", g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0),
      g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, bytes, parent, 1),
      g_variant_new_array (G_VARIANT_TYPE ("(say)"), NULL, 0), "", "", (guint64) 0,
      g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, bytes, tree, 1),
      g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, bytes, meta, 1)));
}

static void
assert_refused (GVariant *v)
{
  g_autoptr (GError) error = NULL;
  UlCommit untouched = { .timestamp = 42 };
  g_assert_false (ul_commit_parse (v, &untouched, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
  g_assert_null (strchr (error->message, '\n'));
  g_assert_cmpuint (untouched.timestamp, ==, 42);
  g_assert_null (untouched.variant);
}

static void
test_wrong_lengths (void)
{
  static const gsize lengths[][3] = {
    { 1, 32, 32 }, { 31, 32, 32 }, { 33, 32, 32 }, { 64, 32, 32 }, { 0, 0, 32 },
    { 0, 31, 32 }, { 0, 33, 32 },  { 0, 32, 0 },   { 0, 32, 31 },  { 32, 32, 33 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_autoptr (GVariant) v = with_lengths (lengths[i][0], lengths[i][1], lengths[i][2]);
      assert_refused (v);
    }
  g_autoptr (GVariant) fine = with_lengths (32, 32, 32);
  g_auto (UlCommit) commit = { 0 };
  g_assert_true (ul_commit_parse (fine, &commit, NULL));
}

static void
test_other_type (void)
{
  g_autoptr (GVariant) dirtree
      = g_variant_ref_sink (g_variant_new_parsed ("(@a(say) [], @a(sayay) [])"));
  assert_refused (dirtree);
}

static GVariant *
from_bytes (const guint8 *data, gsize len)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, len);
  return g_variant_ref_sink (
      g_variant_new_from_bytes (ul_object_variant_type (UL_OBJECT_COMMIT), bytes, FALSE));
}

static void
test_cut_and_damaged (void)
{
  const UlChecksum tree = fixture_checksum (TREE_HEX), meta = fixture_checksum (META_HEX);
  g_autoptr (GVariant) good = g_variant_ref_sink (ul_commit_new (
      g_variant_new_parsed ("{'k': <uint32 7>}"), &tree, "subject", "body", 5, &tree, &meta));
  const gsize len = g_variant_get_size (good);
  g_autofree guint8 *data = g_memdup2 (g_variant_get_data (good), len);
  for (gsize cut = 0; cut < len; cut++)
    {
      g_autoptr (GVariant) v = from_bytes (data, cut);
      g_auto (UlCommit) commit = { 0 };
      /* Cut bytes may by chance be a commit again, but one that can be read. */
      if (ul_commit_parse (v, &commit, NULL))
        g_assert_cmpuint (strlen (commit.subject) + strlen (commit.body), <, len);
    }
  for (gsize i = 0; i < len; i++)
    for (guint bit = 0; bit < 8; bit++)
      {
        data[i] ^= (guint8) (1 << bit);
        g_autoptr (GVariant) v = from_bytes (data, len);
        g_auto (UlCommit) commit = { 0 };
        if (ul_commit_parse (v, &commit, NULL))
          g_assert_cmpuint (strlen (commit.subject) + strlen (commit.body), <, len);
        data[i] ^= (guint8) (1 << bit);
      }
  g_autoptr (GVariant) nothing = from_bytes (data, 0);
  assert_refused (nothing);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/Commit/same-checksum-as-the-peer", test_known);
  g_test_add_func ("/Commit/round-trip", test_round_trip);
  g_test_add_func ("/Commit/without-parent", test_without_parent);
  g_test_add_func ("/Commit/checksums-of-wrong-length", test_wrong_lengths);
  g_test_add_func ("/Commit/other-type", test_other_type);
  g_test_add_func ("/Commit/cut-and-damaged-bytes", test_cut_and_damaged);
  return g_test_run ();
}
