// SPDX-License-Identifier: LGPL-2.1-or-later
#include "util/tar.h"

#include <string.h>

#include "util/xattr.h"

static GVariant *
one_xattr (const char *name, const char *value, gsize len)
{
  GVariant *pair = g_variant_new ("(@ay@ay)", g_variant_new_bytestring (name),
                                  g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, value, len, 1));
  return g_variant_ref_sink (g_variant_new_array (G_VARIANT_TYPE ("(ayay)"), &pair, 1));
}

static GByteArray *
header_of (const UlTarHeader *header)
{
  GByteArray *out = g_byte_array_new ();
  ul_tar_append_header (out, header);
  g_assert_cmpuint (out->len % UL_TAR_BLOCK, ==, 0);
  return out;
}

static guint64
octal (const guint8 *field)
{
  return g_ascii_strtoull ((const char *) field, NULL, 8);
}

/* Of every block that has the magic. */
static void
assert_checksum (const guint8 *block)
{
  guint sum = 0;
  for (guint i = 0; i < UL_TAR_BLOCK; i++)
    sum += i >= 148 && i < 156 ? ' ' : block[i];
  g_assert_cmpuint (octal (block + 148), ==, sum);
  g_assert_cmpint (block[154], ==, '\0');
  g_assert_cmpint (block[155], ==, ' ');
}

static void
test_plain (void)
{
  const UlTarHeader header = {
    .type = UL_TAR_FILE,
    .path = "a/b",
    .mode = 0104755,
    .uid = 1,
    .gid = 2,
    .size = 3,
    .mtime = 4,
    .xattrs = ul_xattr_empty (),
  };
  g_autoptr (GByteArray) out = header_of (&header);
  g_assert_cmpuint (out->len, ==, UL_TAR_BLOCK);
  g_assert_cmpstr ((const char *) out->data, ==, "a/b");
  g_assert_cmpstr ((const char *) out->data + 100, ==, "0004755");
  g_assert_cmpuint (octal (out->data + 108), ==, 1);
  g_assert_cmpuint (octal (out->data + 116), ==, 2);
  g_assert_cmpuint (octal (out->data + 124), ==, 3);
  g_assert_cmpuint (octal (out->data + 136), ==, 4);
  g_assert_cmpint (out->data[156], ==, '0');
  g_assert_cmpstr ((const char *) out->data + 257, ==, "ustar  ");
  assert_checksum (out->data);
}

static void
test_numbers (void)
{
  const UlTarHeader header = {
    .type = UL_TAR_FILE,
    .path = "f",
    .uid = 07777777,
    .gid = 07777777 + 1,
    .size = G_GUINT64_CONSTANT (077777777777) + 1,
    .mtime = -1,
  };
  g_autoptr (GByteArray) out = header_of (&header);
  static const guint8 gid[8] = { 0x80, 0, 0, 0, 0, 0x20, 0, 0 };
  static const guint8 size[12] = { 0x80, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0 };
  g_assert_cmpstr ((const char *) out->data + 108, ==, "7777777");
  g_assert_cmpmem (out->data + 116, 8, gid, 8);
  g_assert_cmpmem (out->data + 124, 12, size, 12);
  g_assert_cmpuint (octal (out->data + 136), ==, 0);
  assert_checksum (out->data);
}

static void
test_long (void)
{
  for (gsize len = 99; len <= 102; len++)
    {
      g_autofree char *text = g_strnfill (len, 'x');
      const UlTarHeader header = { .type = UL_TAR_SYMLINK, .path = text, .target = text };
      g_autoptr (GByteArray) out = header_of (&header);
      const gboolean is_long = len > 100;
      g_assert_cmpuint (out->len, ==, (is_long ? 5 : 1) * UL_TAR_BLOCK);
      for (guint i = 0; is_long && i < 2; i++)
        {
          const guint8 *block = out->data + i * 2 * UL_TAR_BLOCK;
          assert_checksum (block);
          g_assert_cmpint (block[156], ==, i == 0 ? 'K' : 'L');
          g_assert_cmpuint (octal (block + 124), ==, len + 1);
          g_assert_cmpstr ((const char *) block + UL_TAR_BLOCK, ==, text);
        }
      assert_checksum (out->data + out->len - UL_TAR_BLOCK);
    }
}

/* The value of record @key in the pax header that @out begins with. */
static char *
find_record (GByteArray *out, const char *key, gsize *out_len)
{
  assert_checksum (out->data);
  g_assert_cmpint (out->data[156], ==, 'x');
  const char *at = (const char *) out->data + UL_TAR_BLOCK;
  const char *end = at + octal (out->data + 124);
  while (at < end)
    {
      char *rest;
      const char *next = at + g_ascii_strtoull (at, &rest, 10);
      g_assert_true (next <= end && next[-1] == '\n' && *rest == ' ');
      const char *equals = strchr (rest, '=');
      if (strncmp (rest + 1, key, strlen (key)) == 0 && rest + 1 + strlen (key) == equals)
        {
          *out_len = (gsize) (next - equals) - 2;
          return g_memdup2 (equals + 1, *out_len + 1);
        }
      at = next;
    }
  return NULL;
}

/* Records count the digits of their own length: around every power of ten. */
static void
test_records (void)
{
  for (gsize len = 0; len < 1100; len++)
    {
      g_autofree char *value = g_strnfill (len, '\n');
      g_autoptr (GVariant) xattrs = one_xattr ("user.x", value, len);
      const UlTarHeader header = { .type = UL_TAR_FILE, .path = "f", .xattrs = xattrs };
      g_autoptr (GByteArray) out = header_of (&header);
      gsize found_len;
      g_autofree char *found = find_record (out, "SCHILY.xattr.user.x", &found_len);
      g_assert_nonnull (found);
      g_assert_cmpmem (found, found_len, value, len);
    }
}

static void
test_pax (void)
{
  g_autoptr (GVariant) xattrs = one_xattr ("user.a=%", "\0y", 2);
  g_autofree char *path = g_strnfill (150, 'p');
  const UlTarHeader header = {
    .type = UL_TAR_SYMLINK,
    .path = path,
    .target = "ä",
    .uid = 07777777 + 1,
    .size = G_GUINT64_CONSTANT (077777777777) + 1,
    .xattrs = xattrs,
  };
  g_autoptr (GByteArray) out = header_of (&header);
  static const char *const records[][2] = {
    { "SCHILY.xattr.user.a%3D%25", NULL },
    { "path", NULL },
    { "linkpath", "ä" },
    { "uid", "2097152" },
    { "size", "8589934592" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (records); i++)
    {
      gsize len;
      g_autofree char *value = find_record (out, records[i][0], &len);
      g_assert_nonnull (value);
      if (records[i][1] != NULL)
        g_assert_cmpmem (value, len, records[i][1], strlen (records[i][1]));
    }
  gsize len;
  g_assert_null (find_record (out, "gid", &len));
  const guint8 *block = out->data + out->len - UL_TAR_BLOCK;
  assert_checksum (block);
  g_assert_cmpmem (block + 257, 8, "ustar\00000", 8);
}

static void
test_device_and_end (void)
{
  const UlTarHeader header = { .type = UL_TAR_CHAR_DEVICE, .path = "gone" };
  g_autoptr (GByteArray) out = header_of (&header);
  g_assert_cmpint (out->data[156], ==, '3');
  g_assert_cmpstr ((const char *) out->data + 329, ==, "0000000");
  g_assert_cmpstr ((const char *) out->data + 337, ==, "0000000");
  ul_tar_append_padding (out, 0);
  ul_tar_append_padding (out, 512);
  g_assert_cmpuint (out->len, ==, UL_TAR_BLOCK);
  ul_tar_append_padding (out, 513);
  g_assert_cmpuint (out->len, ==, UL_TAR_BLOCK + 511);
  ul_tar_append_end (out);
  g_assert_cmpuint (out->len, ==, UL_TAR_BLOCK + 511 + 1024);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/Tar/plain-entry", test_plain);
  g_test_add_func ("/Tar/large-numbers", test_numbers);
  g_test_add_func ("/Tar/long-names", test_long);
  g_test_add_func ("/Tar/length-of-records", test_records);
  g_test_add_func ("/Tar/pax-entry", test_pax);
  g_test_add_func ("/Tar/device-padding-end", test_device_and_end);
  return g_test_run ();
}
