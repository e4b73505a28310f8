// SPDX-License-Identifier: LGPL-2.1-or-later
#include "build/modifier.h"

#include <string.h>
#include <sys/stat.h>

#include "core/file-meta.h"
#include "util/error.h"
#include "util/xattr.h"

static void
test_apply (void)
{
  static const struct
  {
    UlModifier modifier;
    guint32 mode; /* before; the owner is 1:2 */
    guint32 uid, gid, expected;
  } cases[] = {
    { { 0 }, S_IFREG | 06755, 1, 2, S_IFREG | 06755 },
    { { .set_uid = TRUE, .owner_uid = 7 }, S_IFREG | 0644, 7, 2, S_IFREG | 0644 },
    { { .set_gid = TRUE, .owner_gid = 0 }, S_IFDIR | 0755, 1, 0, S_IFDIR | 0755 },
    { { .set_uid = TRUE, .owner_uid = G_MAXUINT32 },
      S_IFLNK | 0777,
      G_MAXUINT32,
      2,
      S_IFLNK | 0777 },
    { { .owner_uid = 7, .owner_gid = 8 }, S_IFREG | 0644, 1, 2, S_IFREG | 0644 },
    { { .mode_ro_executables = TRUE }, S_IFREG | 0755, 1, 2, S_IFREG | 0555 },
    { { .mode_ro_executables = TRUE }, S_IFREG | 04711, 1, 2, S_IFREG | 04511 },
    { { .mode_ro_executables = TRUE }, S_IFREG | 0644, 1, 2, S_IFREG | 0644 },
    { { .mode_ro_executables = TRUE }, S_IFREG | 0622, 1, 2, S_IFREG | 0622 },
    { { .mode_ro_executables = TRUE }, S_IFDIR | 0755, 1, 2, S_IFDIR | 0755 },
    { { .mode_ro_executables = TRUE }, S_IFLNK | 0777, 1, 2, S_IFLNK | 0777 },
    { { .canonical_permissions = TRUE }, S_IFREG | 06777, 0, 0, S_IFREG | 0755 },
    { { .canonical_permissions = TRUE }, S_IFREG | 0666, 0, 0, S_IFREG | 0644 },
    { { .canonical_permissions = TRUE }, S_IFREG | 0, 0, 0, S_IFREG | 0 },
    { { .canonical_permissions = TRUE }, S_IFDIR | 01777, 0, 0, S_IFDIR | 0755 },
    { { .canonical_permissions = TRUE }, S_IFLNK | 0777, 0, 0, S_IFLNK | 0777 },
    { { .canonical_permissions = TRUE, .mode_ro_executables = TRUE },
      S_IFREG | 0775,
      0,
      0,
      S_IFREG | 0555 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      guint32 uid = 1, gid = 2, mode = cases[i].mode;
      ul_modifier_apply (&cases[i].modifier, NULL, &uid, &gid, &mode);
      g_assert_cmpuint (uid, ==, cases[i].uid);
      g_assert_cmpuint (gid, ==, cases[i].gid);
      g_assert_cmpuint (mode, ==, cases[i].expected);
      g_assert_false (ul_modifier_needs_path (&cases[i].modifier));
      g_assert_cmpint (ul_modifier_keeps (&cases[i].modifier, NULL, 1, 2, cases[i].mode), ==,
                       uid == 1 && gid == 2 && mode == cases[i].mode);
    }
}

static guint32
mode_of (const UlModifier *modifier, const char *path, guint32 mode)
{
  guint32 uid = 0, gid = 0;
  ul_modifier_apply (modifier, path, &uid, &gid, &mode);
  return mode;
}

static void
test_statoverride (void)
{
  UlStatOverride add = { .mode = 06000 };
  UlStatOverride replace = { .replace = TRUE, .mode = 0700 };
  g_autoptr (GHashTable) table = g_hash_table_new (g_str_hash, g_str_equal);
  g_hash_table_insert (table, (gpointer) "/a/b", &add);
  g_hash_table_insert (table, (gpointer) "/", &replace);
  const UlModifier modifier = { .statoverride = table };
  g_assert_true (ul_modifier_needs_path (&modifier));
  g_assert_cmpuint (mode_of (&modifier, "/a", S_IFREG | 0644), ==, S_IFREG | 0644);
  g_assert_false (add.matched);
  g_assert_cmpuint (mode_of (&modifier, "/a/b", S_IFREG | 0755), ==, S_IFREG | 06755);
  g_assert_true (add.matched);
  g_assert_cmpuint (mode_of (&modifier, "/", S_IFDIR | 01777), ==, S_IFDIR | 0700);
  g_assert_false (ul_modifier_keeps (&modifier, "/a/b", 0, 0, S_IFREG | 0755));
  g_assert_true (ul_modifier_keeps (&modifier, "/a/b", 0, 0, S_IFREG | 06755));
  g_assert_true (ul_modifier_keeps (&modifier, "/a/c", 0, 0, S_IFREG | 0755));
  /* What is said of one path stands against the rule for all. */
  const UlModifier both = { .statoverride = table, .mode_ro_executables = TRUE };
  UlStatOverride writable = { .replace = TRUE, .mode = 0775 };
  g_hash_table_insert (table, (gpointer) "/x", &writable);
  g_assert_cmpuint (mode_of (&both, "/x", S_IFREG | 0755), ==, S_IFREG | 0775);
}

static GVariant *
parse (const char *text)
{
  return g_variant_parse (G_VARIANT_TYPE ("a(ayay)"), text, NULL, NULL, NULL);
}

/* "name=N" with the number of bytes of the value. */
static char *
show (GVariant *xattrs)
{
  GString *out = g_string_new (NULL);
  for (gsize i = 0; i < g_variant_n_children (xattrs); i++)
    {
      const char *name;
      g_autoptr (GVariant) value = NULL;
      g_variant_get_child (xattrs, i, "(^&ay@ay)", &name, &value);
      g_string_append_printf (out, "%s=%" G_GSIZE_FORMAT " ", name, g_variant_n_children (value));
    }
  return g_string_free (out, FALSE);
}

static void
assert_xattrs (const UlModifier *modifier, const char *text, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) xattrs = parse (text);
  g_autoptr (GVariant) got = NULL;
  ul_modifier_xattrs (modifier, "/a", S_IFDIR, 0, xattrs, &got, &error);
  g_assert_no_error (error);
  g_assert_false (g_variant_is_floating (got));
  g_assert_true (ul_file_meta_validate_xattrs (got, &error));
  g_assert_no_error (error);
  g_autofree char *shown = show (got);
  g_assert_cmpstr (shown, ==, expected);
}

#define OPAQUE_Y(name) "(b'" name ".overlay.opaque', [byte 0x79])"

static void
test_xattrs (void)
{
  const UlModifier keep = { 0 }, none = { .no_xattrs = TRUE },
                   retarget = { .retarget_whiteouts = TRUE };
  static const char all[]
      = "[(b'security.selinux', [byte 1, 2]), (b'trusted.overlay.origin', [1]), (b'user.a', [1])]";
  assert_xattrs (&keep, "[]", "");
  assert_xattrs (&keep, all, "security.selinux=2 trusted.overlay.origin=1 user.a=1 ");
  assert_xattrs (&none, all, "");
  assert_xattrs (&retarget, "[]", "");
  assert_xattrs (&retarget, all, "security.selinux=2 user.a=1 ");
  /* Without retarget_whiteouts an overlay's attributes are attributes like others. */
  assert_xattrs (&keep, "[(b'trusted.overlay.redirect', [byte 0x2f])]",
                 "trusted.overlay.redirect=1 ");
}

static void
test_opaque (void)
{
  const UlModifier retarget = { .retarget_whiteouts = TRUE };
  assert_xattrs (&retarget, "[" OPAQUE_Y ("trusted") "]", "trusted.overlay.opaque=1 ");
  assert_xattrs (&retarget, "[" OPAQUE_Y ("user") "]", "trusted.overlay.opaque=1 ");
  assert_xattrs (&retarget, "[" OPAQUE_Y ("trusted") ", " OPAQUE_Y ("user") "]",
                 "trusted.overlay.opaque=1 ");
  assert_xattrs (&retarget, "[(b'user.fuseoverlayfs.opaque', [byte 0x79])]",
                 "trusted.overlay.opaque=1 ");
  /* In its place among the others, wherever the rootless form stood. */
  assert_xattrs (&retarget,
                 "[(b'security.selinux', [byte 1]), (b'trusted.z', [1]), (b'user.a', [1]), "
                 "(b'user.overlay.opaque', [0x79]), (b'user.z', [1])]",
                 "security.selinux=1 trusted.overlay.opaque=1 trusted.z=1 user.a=1 user.z=1 ");
  /* Another value means nothing, and can't make one name stand twice. */
  assert_xattrs (&retarget,
                 "[(b'trusted.overlay.opaque', [byte 0x7a]), (b'user.overlay.opaque', [0x79])]",
                 "trusted.overlay.opaque=1 ");
}

static void
test_bookkeeping (void)
{
  const UlModifier retarget = { .retarget_whiteouts = TRUE };
  static const char *const dropped[]
      = { "trusted.overlay.origin",   "trusted.overlay.impure", "trusted.overlay.uuid",
          "trusted.overlay.upper",    "user.overlay.origin",    "user.overlay.impure",
          "user.fuseoverlayfs.origin" };
  for (guint i = 0; i < G_N_ELEMENTS (dropped); i++)
    {
      g_autofree char *text = g_strdup_printf ("[(b'%s', [byte 1])]", dropped[i]);
      assert_xattrs (&retarget, text, "");
    }
}

static void
test_lossy (void)
{
  const UlModifier retarget = { .retarget_whiteouts = TRUE };
  static const char *const refused[]
      = { "trusted.overlay.metacopy", "trusted.overlay.redirect", "trusted.overlay.nlink",
          "trusted.overlay.protattr", "user.overlay.metacopy",    "user.overlay.redirect" };
  for (guint i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *text = g_strdup_printf ("[(b'%s', [byte 1])]", refused[i]);
      g_autoptr (GVariant) xattrs = parse (text);
      GVariant *untouched = xattrs;
      g_assert_false (ul_modifier_xattrs (&retarget, "/a", S_IFDIR, 0, xattrs, &untouched, &error));
      g_assert_error (error, UL_ERROR, UL_ERROR_UNSUPPORTED);
      g_assert_nonnull (strstr (error->message, refused[i]));
      g_assert_true (untouched == xattrs);
    }
}

static void
test_keeps_without_xattrs (void)
{
  /* The object has xattrs that it would not get. */
  const UlModifier none = { .no_xattrs = TRUE };
  g_assert_false (ul_modifier_keeps (&none, NULL, 0, 0, S_IFREG | 0644));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/Modifier/owner-and-permissions", test_apply);
  g_test_add_func ("/Modifier/statoverride", test_statoverride);
  g_test_add_func ("/Modifier/xattrs", test_xattrs);
  g_test_add_func ("/Modifier/opaque-forms-become-one", test_opaque);
  g_test_add_func ("/Modifier/overlay-bookkeeping-goes", test_bookkeeping);
  g_test_add_func ("/Modifier/what-would-lose-data-is-refused", test_lossy);
  g_test_add_func ("/Modifier/dropped-xattrs-are-a-change", test_keeps_without_xattrs);
  return g_test_run ();
}
