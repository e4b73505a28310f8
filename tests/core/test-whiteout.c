// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/whiteout.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "util/error.h"

static char *
name_of_length (gsize len)
{
  return g_strnfill (len, 'n');
}

static void
test_encode (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *commit = NULL;
  g_autofree char *layer = NULL;
  g_assert_true (ul_whiteout_encode (UL_WHITEOUT_COMMIT, "file", &commit, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (commit, ==, ".ostree-wh.file");
  g_assert_true (ul_whiteout_encode (UL_WHITEOUT_LAYER, "file", &layer, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (layer, ==, ".wh.file");
}

static void
test_encode_longest (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *fits = name_of_length (244);
  g_autofree char *marker = NULL;
  g_assert_cmpuint (UL_WHITEOUT_COMMIT_NAME_MAX, ==, 244);
  g_assert_true (ul_whiteout_encode (UL_WHITEOUT_COMMIT, fits, &marker, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (strlen (marker), ==, 255);

  g_autofree char *fits_layer = name_of_length (251);
  g_autofree char *layer_marker = NULL;
  g_assert_true (ul_whiteout_encode (UL_WHITEOUT_LAYER, fits_layer, &layer_marker, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (strlen (layer_marker), ==, 255);
}

static void
assert_encode_fails (UlWhiteoutForm form, const char *name, const char *message)
{
  g_autoptr (GError) error = NULL;
  char *marker = (char *) "untouched";
  g_assert_false (ul_whiteout_encode (form, name, &marker, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_INVALID);
  g_assert_cmpstr (marker, ==, "untouched");
  g_assert_nonnull (strstr (error->message, message));
}

static void
test_encode_refuses (void)
{
  g_autofree char *too_long = name_of_length (245);
  g_autofree char *too_long_layer = name_of_length (252);
  assert_encode_fails (UL_WHITEOUT_COMMIT, too_long, too_long);
  assert_encode_fails (UL_WHITEOUT_COMMIT, too_long, "at most 244");
  assert_encode_fails (UL_WHITEOUT_LAYER, too_long_layer, "at most 251");
  assert_encode_fails (UL_WHITEOUT_LAYER, ".wh.x", ".wh.x");
  assert_encode_fails (UL_WHITEOUT_LAYER, ".wh..opq", "like its markers");
  assert_encode_fails (UL_WHITEOUT_COMMIT, "", "encode whiteout");
  assert_encode_fails (UL_WHITEOUT_COMMIT, ".", "'.'");
  assert_encode_fails (UL_WHITEOUT_COMMIT, "..", "'..'");
  assert_encode_fails (UL_WHITEOUT_COMMIT, "a/b", "a/b");
}

static void
assert_decodes (UlWhiteoutForm form, const char *name, gboolean empty, UlWhiteoutKind want_kind,
                const char *want_name)
{
  g_autoptr (GError) error = NULL;
  UlWhiteoutKind kind;
  const char *deleted;
  g_assert_true (ul_whiteout_decode (form, name, empty, &kind, &deleted, &error));
  g_assert_no_error (error);
  g_assert_cmpint (kind, ==, want_kind);
  g_assert_cmpstr (deleted, ==, want_name);
}

static void
test_decode_commit (void)
{
  assert_decodes (UL_WHITEOUT_COMMIT, ".ostree-wh.file", TRUE, UL_WHITEOUT_DELETED, "file");
  assert_decodes (UL_WHITEOUT_COMMIT, ".ostree-wh.-a", TRUE, UL_WHITEOUT_DELETED, "-a");
  assert_decodes (UL_WHITEOUT_COMMIT, ".ostree-wh....", TRUE, UL_WHITEOUT_DELETED, "...");
  /* A marker of a marker: the name is taken literally. */
  assert_decodes (UL_WHITEOUT_COMMIT, ".ostree-wh..ostree-wh.x", TRUE, UL_WHITEOUT_DELETED,
                  ".ostree-wh.x");
  assert_decodes (UL_WHITEOUT_COMMIT, ".ostree-wh..wh..opq", TRUE, UL_WHITEOUT_DELETED, ".wh..opq");
  assert_decodes (UL_WHITEOUT_COMMIT, "file", TRUE, UL_WHITEOUT_NONE, NULL);
  assert_decodes (UL_WHITEOUT_COMMIT, ".ostree-wh", TRUE, UL_WHITEOUT_NONE, NULL);
  assert_decodes (UL_WHITEOUT_COMMIT, ".Ostree-wh.file", TRUE, UL_WHITEOUT_NONE, NULL);
  assert_decodes (UL_WHITEOUT_COMMIT, ".wh.file", TRUE, UL_WHITEOUT_NONE, NULL);
  assert_decodes (UL_WHITEOUT_COMMIT, ".wh..wh..opq", TRUE, UL_WHITEOUT_NONE, NULL);
}

static void
test_decode_layer (void)
{
  assert_decodes (UL_WHITEOUT_LAYER, ".wh.file", TRUE, UL_WHITEOUT_DELETED, "file");
  assert_decodes (UL_WHITEOUT_LAYER, ".wh..wh..opq", TRUE, UL_WHITEOUT_OPAQUE, NULL);
  assert_decodes (UL_WHITEOUT_LAYER, ".wh..wh..opqx", TRUE, UL_WHITEOUT_DELETED, ".wh..opqx");
  assert_decodes (UL_WHITEOUT_LAYER, ".ostree-wh.file", TRUE, UL_WHITEOUT_NONE, NULL);
  assert_decodes (UL_WHITEOUT_LAYER, "wh.file", TRUE, UL_WHITEOUT_NONE, NULL);
}

static void
test_content_is_no_marker (void)
{
  assert_decodes (UL_WHITEOUT_COMMIT, ".ostree-wh.file", FALSE, UL_WHITEOUT_NONE, NULL);
  assert_decodes (UL_WHITEOUT_LAYER, ".wh.file", FALSE, UL_WHITEOUT_NONE, NULL);
  assert_decodes (UL_WHITEOUT_LAYER, ".wh..wh..opq", FALSE, UL_WHITEOUT_NONE, NULL);
  /* Nor is the remainder's validity anybody's business then. */
  assert_decodes (UL_WHITEOUT_COMMIT, ".ostree-wh...", FALSE, UL_WHITEOUT_NONE, NULL);
}

static void
assert_decode_fails (UlWhiteoutForm form, const char *name)
{
  g_autoptr (GError) error = NULL;
  UlWhiteoutKind kind = UL_WHITEOUT_OPAQUE;
  const char *deleted = "untouched";
  g_assert_false (ul_whiteout_decode (form, name, TRUE, &kind, &deleted, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_INVALID);
  g_assert_cmpint (kind, ==, UL_WHITEOUT_OPAQUE);
  g_assert_cmpstr (deleted, ==, "untouched");
  g_autofree char *quoted = g_strdup_printf ("marker %s:", name);
  g_assert_nonnull (strstr (error->message, quoted));
}

static void
test_decode_refuses (void)
{
  assert_decode_fails (UL_WHITEOUT_COMMIT, ".ostree-wh.");
  assert_decode_fails (UL_WHITEOUT_COMMIT, ".ostree-wh..");
  assert_decode_fails (UL_WHITEOUT_COMMIT, ".ostree-wh...");
  assert_decode_fails (UL_WHITEOUT_COMMIT, ".ostree-wh.a/b");
  assert_decode_fails (UL_WHITEOUT_LAYER, ".wh.");
  assert_decode_fails (UL_WHITEOUT_LAYER, ".wh..");
  assert_decode_fails (UL_WHITEOUT_LAYER, ".wh...");
}

static void
test_round_trip (void)
{
  static const char *const names[] = { "a", "-a", "...", ".wh.x", ".ostree-wh.x", "a\nb", "ä" };
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    for (int form = UL_WHITEOUT_COMMIT; form <= UL_WHITEOUT_LAYER; form++)
      {
        g_autoptr (GError) error = NULL;
        g_autofree char *marker = NULL;
        if (form == UL_WHITEOUT_LAYER && g_str_has_prefix (names[i], UL_WHITEOUT_LAYER_PREFIX))
          continue; /* can't be written */
        g_assert_true (ul_whiteout_encode (form, names[i], &marker, &error));
        g_assert_no_error (error);
        g_assert_true (ul_whiteout_may_be_marker (form, marker));
        assert_decodes (form, marker, TRUE, UL_WHITEOUT_DELETED, names[i]);
      }
}

static void
test_collision (void)
{
  const UlDirtreeFile files[] = { { .name = ".ostree-wh.a" }, { .name = "b" } };
  const UlDirtreeDir dirs[] = { { .name = "c" } };
  g_autoptr (GVariant) dirtree = g_variant_ref_sink (ul_dirtree_new (files, 2, dirs, 1));
  g_auto (UlDirtreeView) view = { 0 };
  ul_dirtree_view_init (&view, dirtree);

  g_autoptr (GError) error = NULL;
  g_assert_true (ul_whiteout_check_collision (&view, "a", "/dir", &error));
  g_assert_no_error (error);
  g_assert_false (ul_whiteout_check_collision (&view, "b", "/dir", &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_INVALID);
  g_assert_cmpstr (error->message, ==, "directory /dir holds both b and its whiteout .ostree-wh.b");
  g_clear_error (&error);
  g_assert_false (ul_whiteout_check_collision (&view, "c", "/dir", &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_INVALID);
}

static void
test_device (void)
{
  g_assert_true (ul_whiteout_is_device (S_IFCHR, makedev (0, 0)));
  g_assert_true (ul_whiteout_is_device (S_IFCHR | 0644, makedev (0, 0)));
  g_assert_false (ul_whiteout_is_device (S_IFCHR, makedev (1, 3)));
  g_assert_false (ul_whiteout_is_device (S_IFCHR, makedev (0, 1)));
  g_assert_false (ul_whiteout_is_device (S_IFBLK, makedev (0, 0)));
  g_assert_false (ul_whiteout_is_device (S_IFREG, makedev (0, 0)));
}

static void
test_opaque_xattr (void)
{
  g_assert_true (ul_whiteout_is_opaque_xattr ("trusted.overlay.opaque", "y", 1));
  g_assert_true (ul_whiteout_is_opaque_xattr ("user.overlay.opaque", "y", 1));
  g_assert_false (ul_whiteout_is_opaque_xattr ("trusted.overlay.opaque", "x", 1));
  g_assert_false (ul_whiteout_is_opaque_xattr ("trusted.overlay.opaque", "y", 2));
  g_assert_false (ul_whiteout_is_opaque_xattr ("trusted.overlay.opaque", "", 0));
  g_assert_false (ul_whiteout_is_opaque_xattr ("trusted.overlay.overlay.opaque", "y", 1));
  g_assert_false (ul_whiteout_is_opaque_xattr ("user.opaque", "y", 1));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/Whiteout/encode", test_encode);
  g_test_add_func ("/Whiteout/encode-longest", test_encode_longest);
  g_test_add_func ("/Whiteout/encode-refuses", test_encode_refuses);
  g_test_add_func ("/Whiteout/decode-commit", test_decode_commit);
  g_test_add_func ("/Whiteout/decode-layer", test_decode_layer);
  g_test_add_func ("/Whiteout/content-is-no-marker", test_content_is_no_marker);
  g_test_add_func ("/Whiteout/decode-refuses", test_decode_refuses);
  g_test_add_func ("/Whiteout/round-trip", test_round_trip);
  g_test_add_func ("/Whiteout/collision", test_collision);
  g_test_add_func ("/Whiteout/device", test_device);
  g_test_add_func ("/Whiteout/opaque-xattr", test_opaque_xattr);
  return g_test_run ();
}
