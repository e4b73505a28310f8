// SPDX-License-Identifier: LGPL-2.1-or-later
#include "util/tar.h"

#include <string.h>

/* A field of a header: where it begins and how long it is. */
typedef struct
{
  gsize start;
  gsize len;
} Field;

static const Field name_field = { 0, 100 };
static const Field mode_field = { 100, 8 };
static const Field uid_field = { 108, 8 };
static const Field gid_field = { 116, 8 };
static const Field size_field = { 124, 12 };
static const Field mtime_field = { 136, 12 };
static const Field checksum_field = { 148, 8 };
static const Field type_field = { 156, 1 };
static const Field target_field = { 157, 100 };
static const Field magic_field = { 257, 8 }; /* and version */
static const Field uname_field = { 265, 32 };
static const Field gname_field = { 297, 32 };
static const Field major_field = { 329, 8 };
static const Field minor_field = { 337, 8 };

/* The largest numbers in octal: all digits but the NUL at the end. */
#define OCTAL_MAX_7  ((guint64) 07777777)
#define OCTAL_MAX_11 ((guint64) 077777777777)

#define MAGIC_GNU "ustar  "
#define MAGIC_PAX                                                                                  \
  "ustar\0"                                                                                        \
  "00"

static guint8 *
append_zeros (GByteArray *out, gsize len)
{
  g_byte_array_set_size (out, (guint) (out->len + len));
  guint8 *start = out->data + out->len - len;
  memset (start, 0, len);
  return start;
}

/* As much of @text as the field holds, with a NUL only if there's room for it. */
static void
put_text (guint8 *block, Field field, const char *text)
{
  memcpy (block + field.start, text, MIN (strlen (text), field.len));
}

static void
put_octal (guint8 *block, Field field, guint64 value)
{
  for (gsize i = field.len - 1; i-- > 0; value >>= 3)
    block[field.start + i] = (guint8) ('0' + (value & 7));
}

/* GNU's way to write what octal can't hold: the first bit set, and big-endian. */
static void
put_number (guint8 *block, Field field, guint64 value, guint64 octal_max)
{
  if (value <= octal_max)
    {
      put_octal (block, field, value);
      return;
    }
  for (gsize i = field.len; i-- > 0; value >>= 8)
    block[field.start + i] = (guint8) value;
  block[field.start] |= 0x80;
}

static void
put_checksum (guint8 *block)
{
  memset (block + checksum_field.start, ' ', checksum_field.len);
  guint sum = 0;
  for (gsize i = 0; i < UL_TAR_BLOCK; i++)
    sum += block[i];
  const Field digits = { checksum_field.start, checksum_field.len - 1 };
  put_octal (block, digits, sum);
  block[digits.start + digits.len - 1] = '\0';
}

static guint64
clamp_time (gint64 mtime)
{
  return (guint64) CLAMP (mtime, 0, (gint64) OCTAL_MAX_11);
}

/* An entry of @len bytes that says something about the next one. */
static void
append_special (GByteArray *out, char type, const char *magic, const char *name, const char *target,
                gconstpointer data, gsize len)
{
  guint8 *block = append_zeros (out, UL_TAR_BLOCK);
  const gboolean is_gnu = magic[5] != '\0';
  put_text (block, name_field, name);
  put_octal (block, mode_field, is_gnu ? 0 : 0644);
  put_octal (block, uid_field, 0);
  put_octal (block, gid_field, 0);
  put_number (block, size_field, len, OCTAL_MAX_11);
  put_octal (block, mtime_field, 0);
  block[type_field.start] = (guint8) type;
  put_text (block, target_field, target);
  memcpy (block + magic_field.start, magic, magic_field.len);
  if (is_gnu)
    {
      put_text (block, uname_field, "root");
      put_text (block, gname_field, "wheel");
    }
  put_checksum (block);
  g_byte_array_append (out, data, (guint) len);
  ul_tar_append_padding (out, len);
}

static void
append_block (GByteArray *out, const UlTarHeader *header, const char *magic)
{
  guint8 *block = append_zeros (out, UL_TAR_BLOCK);
  put_text (block, name_field, header->path);
  put_octal (block, mode_field, header->mode & 07777);
  put_number (block, uid_field, header->uid, OCTAL_MAX_7);
  put_number (block, gid_field, header->gid, OCTAL_MAX_7);
  put_number (block, size_field, header->size, OCTAL_MAX_11);
  put_octal (block, mtime_field, clamp_time (header->mtime));
  block[type_field.start] = (guint8) header->type;
  if (header->target != NULL)
    put_text (block, target_field, header->target);
  memcpy (block + magic_field.start, magic, magic_field.len);
  if (header->type == UL_TAR_CHAR_DEVICE)
    {
      put_octal (block, major_field, 0);
      put_octal (block, minor_field, 0);
    }
  put_checksum (block);
}

static void
append_gnu (GByteArray *out, const UlTarHeader *header)
{
  static const char long_name[] = "././@LongLink";
  const char *target = header->target != NULL ? header->target : "";
  if (strlen (target) > target_field.len)
    append_special (out, 'K', MAGIC_GNU, long_name, target, target, strlen (target) + 1);
  if (strlen (header->path) > name_field.len)
    append_special (out, 'L', MAGIC_GNU, long_name, target, header->path,
                    strlen (header->path) + 1);
  append_block (out, header, MAGIC_GNU);
}

static gsize
count_digits (gsize n)
{
  gsize digits = 1;
  for (; n >= 10; n /= 10)
    digits++;
  return digits;
}

/* "LENGTH KEY=VALUE\n", where the length counts its own digits. */
static void
append_record (GString *records, const char *key, gconstpointer value, gsize value_len)
{
  const gsize rest = strlen (key) + value_len + strlen (" =\n");
  gsize len = rest + count_digits (rest);
  if (count_digits (len) > count_digits (rest))
    len = rest + count_digits (len);
  g_string_append_printf (records, "%" G_GSIZE_FORMAT " %s=", len, key);
  g_string_append_len (records, value, (gssize) value_len);
  g_string_append_c (records, '\n');
}

static void
append_number_record (GString *records, const char *key, guint64 value, guint64 octal_max)
{
  if (value <= octal_max)
    return;
  char digits[24];
  const int len = g_snprintf (digits, sizeof digits, "%" G_GUINT64_FORMAT, value);
  append_record (records, key, digits, (gsize) len);
}

static void
append_text_record (GString *records, const char *key, Field field, const char *text)
{
  if (text != NULL && (strlen (text) > field.len || !g_str_is_ascii (text)))
    append_record (records, key, text, strlen (text));
}

/* A key ends at the first `=`: in names of xattrs it's escaped, as GNU tar does. */
static char *
xattr_key (const char *name)
{
  GString *key = g_string_new ("SCHILY.xattr.");
  for (const char *p = name; *p != '\0'; p++)
    if (*p == '=' || *p == '%')
      g_string_append_printf (key, "%%%02X", *p);
    else
      g_string_append_c (key, *p);
  return g_string_free (key, FALSE);
}

/* From the last to the first: libarchive hands them out in reverse, and ostree 2022.7 stores them
 * in the order it gets them, under another checksum than if they were sorted. */
static void
append_xattr_records (GString *records, GVariant *xattrs)
{
  for (gsize i = g_variant_n_children (xattrs); i-- > 0;)
    {
      const char *name;
      g_autoptr (GVariant) value = NULL;
      g_variant_get_child (xattrs, i, "(^&ay@ay)", &name, &value);
      g_autofree char *key = xattr_key (name);
      gsize len;
      gconstpointer data = g_variant_get_fixed_array (value, &len, 1);
      append_record (records, key, data, len);
    }
}

static void
append_pax (GByteArray *out, const UlTarHeader *header)
{
  g_autoptr (GString) records = g_string_new (NULL);
  append_text_record (records, "path", name_field, header->path);
  append_text_record (records, "linkpath", target_field, header->target);
  append_number_record (records, "size", header->size, OCTAL_MAX_11);
  append_number_record (records, "uid", header->uid, OCTAL_MAX_7);
  append_number_record (records, "gid", header->gid, OCTAL_MAX_7);
  append_xattr_records (records, header->xattrs);

  g_autofree char *base = g_path_get_basename (header->path);
  g_autofree char *name = g_strconcat ("./PaxHeaders/", base, NULL);
  append_special (out, 'x', MAGIC_PAX, name, "", records->str, records->len);
  append_block (out, header, MAGIC_PAX);
}

void
ul_tar_append_header (GByteArray *out, const UlTarHeader *header)
{
  if (header->xattrs != NULL && g_variant_n_children (header->xattrs) > 0)
    append_pax (out, header);
  else
    append_gnu (out, header);
}

void
ul_tar_append_padding (GByteArray *out, guint64 size)
{
  append_zeros (out, (gsize) (-size % UL_TAR_BLOCK));
}

void
ul_tar_append_end (GByteArray *out)
{
  append_zeros (out, 2 * UL_TAR_BLOCK);
}
