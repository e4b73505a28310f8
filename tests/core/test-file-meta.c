// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/file-meta.h"

#include <string.h>
#include <sys/stat.h>

#include "core/checksum.h"
#include "util/error.h"
#include "util/xattr.h"

#define PREFIX UL_FILE_META_PREFIX_LEN

static GVariant *
parsed_xattrs (const char *text)
{
  /* What is parsed isn't floating. */
  if (text != NULL)
    return g_variant_parse (G_VARIANT_TYPE ("a(ayay)"), text, NULL, NULL, NULL);
  return g_variant_ref_sink (g_variant_new_array (G_VARIANT_TYPE ("(ayay)"), NULL, 0));
}

/* Made with ostree 2022.7, as root: a file with this content, owner, mode and xattrs, and then
 * `ostree checksum FILE`. */
static const struct
{
  guint32 uid, gid, mode;
  const char *target;
  const char *xattrs;
  const char *content;
  const char *checksum;
} known[] = {
  /* printf 'hello\n' > f; chmod 644 f */
  { 0, 0, S_IFREG | 0644, NULL, NULL, "hello\n",
    "44f778e59f0a4748d6b0c90a47347212a231c4ad1e8f7ea5c5dffc7749153a6b" },
  /* : > f; chmod 600 f */
  { 0, 0, S_IFREG | 0600, NULL, NULL, "",
    "d3fa9214de0816a2cf5475da17be2036ae0eda3df526eff7c1ddee082c6e5b58" },
  /* printf x > f; chown 1000:1001 f; chmod 6755 f */
  { 1000, 1001, S_IFREG | 06755, NULL, NULL, "x",
    "47405db7577af7eba6a5cca074043c3a6d36fa8a8857a3e981b189e4ff94c27c" },
  /* ln -s target f */
  { 0, 0, S_IFLNK | 0777, "target", NULL, "",
    "a6b40a5400ed082fbe067d2c8397aab54046a089768651c392a36db46d24c1cd" },
  /* ln -s ../../a/b f; chown -h 5:6 f */
  { 5, 6, S_IFLNK | 0777, "../../a/b", NULL, "",
    "33c76b8136d7c11a6fd1f146e26f64ee8c76be7ee396034377e85d62f0127263" },
  /* printf data > f; setfattr -n user.b -v 2 f; setfattr -n user.a -v 1 f; chmod 640 f */
  { 0, 0, S_IFREG | 0640, NULL, "[(b'user.a', [byte 0x31]), (b'user.b', [0x32])]", "data",
    "98e6adea68cd8393e350bebbec8965a01e36eb10e5aa0e4f55d7dd2548125cf1" },
  /* echo x > f; setfattr -n user.x -v 1 f; with a policy, as ostree orders them */
  { 0, 0, S_IFREG | 0644, NULL,
    "[(b'user.x', [byte 0x31]), (b'security.selinux', b'system_u:object_r:default_t:s0')]", "x\n",
    "5cf19b1fbe9660ff6df1f328b69f5e2f9fd673f2845b9a9ff0b7ae8fed70b237" },
  /* ln -s t f; setfattr -h -n trusted.q -v r f */
  { 0, 0, S_IFLNK | 0777, "t", "[(b'trusted.q', [byte 0x72])]", "",
    "7d548ec3d1a61e5ecb9160977a367bb90266f009b466a26471eb44c00ece5a42" },
};

static void
known_meta (guint i, UlFileMeta *meta)
{
  *meta = (UlFileMeta){
    .uid = known[i].uid,
    .gid = known[i].gid,
    .mode = known[i].mode,
    .symlink_target = g_strdup (known[i].target),
    .xattrs = parsed_xattrs (known[i].xattrs),
  };
}

static void
test_known_checksums (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    {
      g_auto (UlFileMeta) meta = { 0 };
      known_meta (i, &meta);
      g_autoptr (GBytes) header = ul_file_meta_to_content_header (&meta);
      g_autoptr (UlHasher) hasher = ul_hasher_new ();
      UlChecksum checksum;
      ul_hasher_start (hasher);
      ul_hasher_update (hasher, g_bytes_get_data (header, NULL), g_bytes_get_size (header));
      ul_hasher_update (hasher, known[i].content, strlen (known[i].content));
      ul_hasher_finish (hasher, &checksum);
      g_autofree char *hex = ul_checksum_dup_hex (&checksum);
      g_assert_cmpstr (hex, ==, known[i].checksum);
    }
}

static void
assert_hex (GBytes *bytes, const char *expected)
{
  g_autoptr (GString) hex = g_string_new (NULL);
  gsize len;
  const guint8 *data = g_bytes_get_data (bytes, &len);
  for (gsize i = 0; i < len; i++)
    g_string_append_printf (hex, "%02x", data[i]);
  g_assert_cmpstr (hex->str, ==, expected);
}

/* The first bytes of the .filez, and `getfattr -e hex -n user.ostreemeta` of the .file, of numbers
 * 4 and 5 of the table, as ostree wrote them. */
static void
test_known_stored_forms (void)
{
  g_auto (UlFileMeta) link = { 0 };
  g_auto (UlFileMeta) file = { 0 };
  known_meta (4, &link);
  known_meta (5, &file);
  g_autoptr (GBytes) link_header = ul_file_meta_to_archive_header (&link, 0);
  assert_hex (link_header, "0000002300000000"
                           "0000000000000000"
                           "00000005000000060000a1ff00000000"
                           "2e2e2f2e2e2f612f620022");
  g_autoptr (GBytes) file_header = ul_file_meta_to_archive_header (&file, 4);
  assert_hex (file_header, "0000002e00000000"
                           "0000000000000004"
                           "0000000000000000000081a000000000"
                           "00757365722e61003107757365722e62003207091219");
  g_autoptr (GBytes) link_xattr = ul_file_meta_to_user_xattr (&link);
  assert_hex (link_xattr, "00000005000000060000a1ff");
  g_autoptr (GBytes) file_xattr = ul_file_meta_to_user_xattr (&file);
  assert_hex (file_xattr, "0000000000000000000081a0757365722e61003107757365722e620032070912");
}

static void
assert_same (const UlFileMeta *a, const UlFileMeta *b, gboolean with_target)
{
  g_assert_cmpuint (a->uid, ==, b->uid);
  g_assert_cmpuint (a->gid, ==, b->gid);
  g_assert_cmpuint (a->mode, ==, b->mode);
  g_assert_true (g_variant_equal (a->xattrs, b->xattrs));
  if (with_target)
    g_assert_cmpstr (a->symlink_target, ==, b->symlink_target);
}

static void
test_round_trips (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    {
      g_autoptr (GError) error = NULL;
      g_auto (UlFileMeta) meta = { 0 };
      g_auto (UlFileMeta) archived = { 0 };
      g_auto (UlFileMeta) stored = { 0 };
      known_meta (i, &meta);
      const guint64 size = S_ISLNK (meta.mode) ? 0 : G_GUINT64_CONSTANT (0x123456789a);
      guint64 parsed_size;
      gsize len;
      g_autoptr (GBytes) header = ul_file_meta_to_archive_header (&meta, size);
      const guint8 *data = g_bytes_get_data (header, &len);
      gsize header_len;
      g_assert_true (ul_file_meta_archive_header_size (data, &header_len, &error));
      g_assert_cmpuint (header_len, ==, len);
      g_assert_true (ul_file_meta_from_archive_header (data, len, &archived, &parsed_size, &error));
      g_assert_no_error (error);
      g_assert_cmpuint (parsed_size, ==, size);
      assert_same (&archived, &meta, TRUE);

      g_autoptr (GBytes) xattr = ul_file_meta_to_user_xattr (&meta);
      data = g_bytes_get_data (xattr, &len);
      g_assert_true (ul_file_meta_from_user_xattr (data, len, &stored, &error));
      g_assert_no_error (error);
      g_assert_null (stored.symlink_target);
      assert_same (&stored, &meta, FALSE);
    }
}

static GBytes *
with_prefix (GVariant *v)
{
  const gsize len = g_variant_get_size (v);
  guint8 *data = g_malloc0 (PREFIX + len);
  const guint32 be_len = GUINT32_TO_BE ((guint32) len);
  memcpy (data, &be_len, sizeof be_len);
  memcpy (data + PREFIX, g_variant_get_data (v), len);
  return g_bytes_new_take (data, PREFIX + len);
}

/* The same headers from GVariant itself. */
static GBytes *
reference_header (const UlFileMeta *meta, gboolean archive, guint64 size)
{
  const char *target = meta->symlink_target ? meta->symlink_target : "";
  g_autoptr (GVariant) v = g_variant_ref_sink (
      archive
          ? g_variant_new ("(tuuuus@a(ayay))", GUINT64_TO_BE (size), GUINT32_TO_BE (meta->uid),
                           GUINT32_TO_BE (meta->gid), GUINT32_TO_BE (meta->mode), 0, target,
                           meta->xattrs)
          : g_variant_new ("(uuuus@a(ayay))", GUINT32_TO_BE (meta->uid), GUINT32_TO_BE (meta->gid),
                           GUINT32_TO_BE (meta->mode), 0, target, meta->xattrs));
  return with_prefix (v);
}

static void
assert_as_gvariant (const UlFileMeta *meta)
{
  g_autoptr (GBytes) content = ul_file_meta_to_content_header (meta);
  g_autoptr (GBytes) content_reference = reference_header (meta, FALSE, 0);
  g_assert_true (g_bytes_equal (content, content_reference));
  g_autoptr (GBytes) archive = ul_file_meta_to_archive_header (meta, 77);
  g_autoptr (GBytes) archive_reference = reference_header (meta, TRUE, 77);
  g_assert_true (g_bytes_equal (archive, archive_reference));
}

/* Over the lengths where GVariant's offsets become wider. */
static void
test_any_length (void)
{
  for (gsize len = 1; len < 300; len++)
    {
      g_autofree char *target = g_strnfill (len, 't');
      const UlFileMeta meta
          = { .mode = S_IFLNK | 0777, .symlink_target = target, .xattrs = ul_xattr_empty () };
      assert_as_gvariant (&meta);
    }
  g_autofree guint8 *value = g_malloc0 (66000);
  for (gsize len = 65440; len < 65560; len++)
    {
      GVariantBuilder builder;
      g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(ayay)"));
      g_variant_builder_add (&builder, "(@ay@ay)", g_variant_new_bytestring ("user.big"),
                             g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, value, len, 1));
      g_autoptr (GVariant) xattrs = g_variant_ref_sink (g_variant_builder_end (&builder));
      const UlFileMeta meta = { .mode = S_IFREG | 0644, .xattrs = xattrs };
      assert_as_gvariant (&meta);
    }
}

static void
test_header_size (void)
{
  static const struct
  {
    guint8 prefix[PREFIX];
    gsize expected; /* 0: refused */
  } cases[] = {
    { { 0, 0, 0, 0, 0, 0, 0, 0 }, 0 },
    { { 0, 0, 0, 1, 0, 0, 0, 0 }, 9 },
    { { 1, 0, 0, 0, 0, 0, 0, 0 }, (16 << 20) + 8 },
    { { 1, 0, 0, 1, 0, 0, 0, 0 }, 0 },
    { { 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0 }, 0 },
    { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, 0 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      gsize size = 42;
      const gboolean ok = ul_file_meta_archive_header_size (cases[i].prefix, &size, &error);
      g_assert_cmpint (ok, ==, cases[i].expected != 0);
      g_assert_cmpuint (size, ==, ok ? cases[i].expected : 42);
      if (!ok)
        g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
    }
}

static void
assert_archive_refused (const guint8 *data, gsize len)
{
  g_autoptr (GError) error = NULL;
  UlFileMeta untouched = { .uid = 42 };
  guint64 size = 42;
  g_autofree guint8 *exact = g_memdup2 (data, len);
  g_assert_false (ul_file_meta_from_archive_header (exact, len, &untouched, &size, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
  g_assert_cmpuint (untouched.uid, ==, 42);
  g_assert_null (untouched.xattrs);
  g_assert_cmpuint (size, ==, 42);
}

static void
test_truncated_header (void)
{
  g_auto (UlFileMeta) meta = { 0 };
  known_meta (5, &meta);
  g_autoptr (GBytes) header = ul_file_meta_to_archive_header (&meta, 4);
  gsize len;
  const guint8 *data = g_bytes_get_data (header, &len);
  for (gsize cut = 0; cut < len; cut++)
    assert_archive_refused (data, cut);
  g_autofree guint8 *longer = g_malloc0 (len + 1);
  memcpy (longer, data, len);
  assert_archive_refused (longer, len + 1);
  /* The length of a variant that is shorter than its fixed part. */
  for (guint8 size = 1; size < len - PREFIX; size++)
    {
      longer[3] = size;
      assert_archive_refused (longer, (gsize) PREFIX + size);
    }
}

/* An archive header from GVariant's text form, as hostile as one likes. */
static GBytes *
hostile_header (guint32 mode, guint32 rdev, const char *target, GVariant *xattrs)
{
  g_autoptr (GVariant) v = g_variant_ref_sink (
      g_variant_new ("(tuuuus@a(ayay))", (guint64) 0, 0, 0, GUINT32_TO_BE (mode),
                     GUINT32_TO_BE (rdev), target, xattrs));
  return with_prefix (v);
}

static void
test_hostile_header (void)
{
  static const struct
  {
    guint32 mode;
    guint32 rdev;
    const char *target;
    const char *xattrs;
    gboolean fine;
  } cases[] = {
    { S_IFREG | 0644, 0, "", NULL, TRUE },
    { S_IFREG | 07777, 0, "", "[(b'user.a', @ay [])]", TRUE },
    { S_IFLNK | 0777, 0, "t", NULL, TRUE },
    { 0, 0, "", NULL, FALSE },
    { 0644, 0, "", NULL, FALSE },
    { S_IFDIR | 0755, 0, "", NULL, FALSE },
    { S_IFCHR | 0644, 0, "", NULL, FALSE },
    { S_IFBLK | 0644, 0, "", NULL, FALSE },
    { S_IFIFO | 0644, 0, "", NULL, FALSE },
    { S_IFSOCK | 0644, 0, "", NULL, FALSE },
    { S_IFREG | 0200000, 0, "", NULL, FALSE },
    { 0xffffffff, 0, "", NULL, FALSE },
    { S_IFREG | 0644, 5, "", NULL, FALSE },
    { S_IFREG | 0644, 0, "target", NULL, FALSE },
    { S_IFLNK | 0777, 0, "", NULL, FALSE },
    { S_IFREG | 0644, 0, "", "[(b'', [byte 1])]", FALSE },
    { S_IFREG | 0644, 0, "", "[(@ay [], [byte 1])]", FALSE },
    { S_IFREG | 0644, 0, "", "[([byte 0x61], [byte 1])]", FALSE },
    { S_IFREG | 0644, 0, "", "[([byte 0x61, 0, 0x62, 0], [byte 1])]", FALSE },
    { S_IFREG | 0644, 0, "", "[([byte 0x61, 0, 0], [byte 1])]", FALSE },
    { S_IFREG | 0644, 0, "", "[(b'user.b', [byte 1]), (b'user.a', [2])]", TRUE },
    { S_IFREG | 0644, 0, "", "[(b'user.b', [byte 1]), (b'user.a', [2]), (b'user.b', [3])]", FALSE },
    { S_IFREG | 0644, 0, "", "[(b'user.a', [byte 1]), (b'user.a', [2])]", FALSE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GVariant) xattrs = parsed_xattrs (cases[i].xattrs);
      g_autoptr (GBytes) header
          = hostile_header (cases[i].mode, cases[i].rdev, cases[i].target, xattrs);
      gsize len;
      const guint8 *data = g_bytes_get_data (header, &len);
      g_auto (UlFileMeta) meta = { 0 };
      guint64 size;
      if (!cases[i].fine)
        assert_archive_refused (data, len);
      else
        g_assert_true (ul_file_meta_from_archive_header (data, len, &meta, &size, NULL));
    }
}

static void
assert_sound (const UlFileMeta *meta)
{
  g_assert_true (S_ISREG (meta->mode) || S_ISLNK (meta->mode));
  g_assert_true (g_variant_is_normal_form (meta->xattrs));
  for (gsize i = 0; i < g_variant_n_children (meta->xattrs); i++)
    {
      g_autoptr (GVariant) name = NULL;
      g_variant_get_child (meta->xattrs, i, "(@ayay)", &name, NULL);
      g_assert_cmpuint (strlen (g_variant_get_bytestring (name)), >, 0);
    }
}

/* Whatever single byte is changed: refused, or sound and the same again when written. */
static void
test_damaged_header (void)
{
  static const guint tried[] = { 4, 5 };
  for (guint t = 0; t < G_N_ELEMENTS (tried); t++)
    {
      g_auto (UlFileMeta) meta = { 0 };
      known_meta (tried[t], &meta);
      g_autoptr (GBytes) header = ul_file_meta_to_archive_header (&meta, 0);
      const gsize len = g_bytes_get_size (header);
      g_autofree guint8 *data = g_memdup2 (g_bytes_get_data (header, NULL), len);
      for (gsize i = 0; i < len; i++)
        for (guint change = 1; change < 256; change++)
          {
            g_auto (UlFileMeta) got = { 0 };
            guint64 size;
            data[i] ^= (guint8) change;
            if (ul_file_meta_from_archive_header (data, len, &got, &size, NULL))
              {
                assert_sound (&got);
                g_autoptr (GBytes) again = ul_file_meta_to_archive_header (&got, size);
                /* Bytes 4 to 7 are padding that nobody reads. */
                if (i < 4 || i >= PREFIX)
                  g_assert_cmpmem (g_bytes_get_data (again, NULL), g_bytes_get_size (again), data,
                                   len);
              }
            data[i] ^= (guint8) change;
          }
    }
}

static void
test_user_xattr_refused (void)
{
  g_auto (UlFileMeta) meta = { 0 };
  known_meta (5, &meta);
  g_autoptr (GBytes) bytes = ul_file_meta_to_user_xattr (&meta);
  const gsize len = g_bytes_get_size (bytes);
  g_autofree guint8 *data = g_memdup2 (g_bytes_get_data (bytes, NULL), len);
  for (gsize cut = 0; cut < len; cut++)
    {
      g_autofree guint8 *exact = g_memdup2 (data, cut);
      g_auto (UlFileMeta) got = { 0 };
      g_autoptr (GError) error = NULL;
      if (cut == 12) /* the same file without xattrs */
        g_assert_true (ul_file_meta_from_user_xattr (exact, cut, &got, NULL));
      else
        {
          g_assert_false (ul_file_meta_from_user_xattr (exact, cut, &got, &error));
          g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
        }
    }
  for (gsize i = 0; i < len; i++)
    for (guint change = 1; change < 256; change++)
      {
        g_auto (UlFileMeta) got = { 0 };
        data[i] ^= (guint8) change;
        if (ul_file_meta_from_user_xattr (data, len, &got, NULL))
          assert_sound (&got);
        data[i] ^= (guint8) change;
      }
}

static void
test_user_xattr_wrong_mode (void)
{
  static const guint32 modes[] = { 0, 0644, S_IFDIR | 0755, S_IFCHR, S_IFREG | 0200000 };
  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      const UlFileMeta meta = { .mode = modes[i], .xattrs = ul_xattr_empty () };
      g_autoptr (GBytes) bytes = ul_file_meta_to_user_xattr (&meta);
      g_autoptr (GError) error = NULL;
      UlFileMeta got = { 0 };
      g_assert_false (ul_file_meta_from_user_xattr (g_bytes_get_data (bytes, NULL),
                                                    g_bytes_get_size (bytes), &got, &error));
      g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
    }
}

static void
test_find_xattr (void)
{
  g_autoptr (GVariant) xattrs
      = parsed_xattrs ("[(b'user.a', [byte 1]), (b'user.ab', [2, 3]), (b'user.b', @ay [])]");
  g_autoptr (GVariant) value = ul_file_meta_find_xattr (xattrs, "user.ab");
  g_assert_cmpuint (g_variant_n_children (value), ==, 2);
  g_autoptr (GVariant) empty = ul_file_meta_find_xattr (xattrs, "user.b");
  g_assert_cmpuint (g_variant_n_children (empty), ==, 0);
  g_assert_null (ul_file_meta_find_xattr (xattrs, "user."));
  g_assert_null (ul_file_meta_find_xattr (xattrs, ""));
  g_assert_null (ul_file_meta_find_xattr (ul_xattr_empty (), "user.a"));
}

static void
test_sort_xattrs (void)
{
  static const char *const same[] = { "[]", "[(b'user.a', b'1')]", "[(b'a', b'1'), (b'b', b'2')]" };
  for (gsize i = 0; i < G_N_ELEMENTS (same); i++)
    {
      g_autoptr (GVariant) xattrs = parsed_xattrs (same[i]);
      g_autoptr (GVariant) sorted = ul_file_meta_sort_xattrs (xattrs);
      g_assert_true (sorted == xattrs);
      g_assert_true (ul_file_meta_xattrs_in_order (xattrs));
    }
  g_autoptr (GVariant) xattrs = parsed_xattrs ("[(b'c', b'1'), (b'a', b'22'), (b'b', b'333')]");
  g_autoptr (GVariant) want = parsed_xattrs ("[(b'a', b'22'), (b'b', b'333'), (b'c', b'1')]");
  g_autoptr (GVariant) sorted = ul_file_meta_sort_xattrs (xattrs);
  g_assert_false (ul_file_meta_xattrs_in_order (xattrs));
  g_assert_true (ul_file_meta_xattrs_in_order (sorted));
  g_assert_true (g_variant_equal (sorted, want));

  g_autoptr (GVariant) twice = parsed_xattrs ("[(b'a', b'1'), (b'a', b'1')]");
  g_assert_false (ul_file_meta_xattrs_in_order (twice));
}

static void
test_set_label (void)
{
  g_autoptr (GVariant) stored
      = g_variant_ref_sink (g_variant_new_parsed ("[(b'a', b'1'), (b'user.z', b'2')]"));
  g_autoptr (GVariant) first = ul_file_meta_set_label (stored, "u:r:t");
  g_autoptr (GVariant) again = ul_file_meta_set_label (first, "u:r:other");
  g_autoptr (GVariant) want = g_variant_ref_sink (g_variant_new_parsed (
      "[(b'a', b'1'), (b'security.selinux', b'u:r:other'), (b'user.z', b'2')]"));
  g_assert_true (g_variant_equal (again, want));
  g_autoptr (GVariant) same = ul_file_meta_set_label (first, NULL);
  g_assert_true (g_variant_equal (same, first));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/FileMeta/same-checksums-as-the-peer", test_known_checksums);
  g_test_add_func ("/FileMeta/same-stored-bytes-as-the-peer", test_known_stored_forms);
  g_test_add_func ("/FileMeta/round-trips", test_round_trips);
  g_test_add_func ("/FileMeta/same-bytes-as-gvariant-at-any-length", test_any_length);
  g_test_add_func ("/FileMeta/header-size-out-of-bounds", test_header_size);
  g_test_add_func ("/FileMeta/truncated-header", test_truncated_header);
  g_test_add_func ("/FileMeta/hostile-header", test_hostile_header);
  g_test_add_func ("/FileMeta/damaged-header-is-refused-or-sound", test_damaged_header);
  g_test_add_func ("/FileMeta/damaged-user-xattr", test_user_xattr_refused);
  g_test_add_func ("/FileMeta/user-xattr-of-wrong-mode", test_user_xattr_wrong_mode);
  g_test_add_func ("/FileMeta/find-xattr", test_find_xattr);
  g_test_add_func ("/FileMeta/sort-xattrs", test_sort_xattrs);
  g_test_add_func ("/FileMeta/set-label", test_set_label);
  return g_test_run ();
}
