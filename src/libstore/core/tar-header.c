// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/tar-header.h"

#include <string.h>

#include "util/error.h"
#include "util/tar.h"

#define UID_AT          108
#define GID_AT          116
#define ID_LEN          8
#define SIZE_AT         124
#define SIZE_LEN        12
#define MTIME_AT        136
#define MTIME_LEN       12
#define CHECKSUM_AT     148
#define CHECKSUM_LEN    8
#define TYPE_AT         156
#define LINK_AT         157
#define MAGIC_AT        257
#define PREFIX_AT       345
#define PREFIX_LEN      155
#define PREFIX_LEN_STAR 131
#define STAR_AT         508
#define MORE_MAP_AT     482 /* in an old GNU header */
#define MAP_ENDS_AT     504 /* in a block of its map */

void
ul_tar_records_clear (UlTarRecords *self)
{
  g_free (self->long_name);
  g_free (self->path);
  memset (self, 0, sizeof *self);
}

gboolean
ul_tar_records_any (const UlTarRecords *self)
{
  return self->long_name != NULL || self->path != NULL || self->has_size || self->sparse;
}

gboolean
ul_tar_block_is_zero (const guint8 *block)
{
  static const guint8 zeros[UL_TAR_BLOCK];
  return memcmp (block, zeros, UL_TAR_BLOCK) == 0;
}

gboolean
ul_tar_sparse_map_goes_on (const guint8 *block)
{
  return block[MAP_ENDS_AT] != 0;
}

gboolean
ul_tar_type_is_special (guint8 type)
{
  return type == 'x' || type == 'g' || type == 'L' || type == 'K';
}

gboolean
ul_tar_type_is_file (guint8 type)
{
  return type == '0' || type == '\0' || type == '7';
}

gboolean
ul_tar_type_is_link (guint8 type)
{
  return type == '1' || type == '2';
}

gboolean
ul_tar_type_has_body (guint8 type)
{
  return type < '1' || type > '6';
}

/* Octal digits between spaces and NULs, or big-endian behind a first bit that is set. */
static gboolean
parse_number (const guint8 *field, gsize len, guint64 *out)
{
  guint64 value = 0;
  if ((field[0] & 0x80) != 0)
    {
      value = field[0] & 0x3f;
      if ((field[0] & 0x40) != 0) /* negative */
        return FALSE;
      for (gsize i = 1; i < len; i++)
        {
          if (value >> 56 != 0)
            return FALSE;
          value = value << 8 | field[i];
        }
      *out = value;
      return TRUE;
    }
  gsize i = 0;
  while (i < len && (field[i] == ' ' || field[i] == '\0'))
    i++;
  for (; i < len && field[i] >= '0' && field[i] <= '7'; i++)
    value = value << 3 | (guint64) (field[i] - '0');
  while (i < len && (field[i] == ' ' || field[i] == '\0'))
    i++;
  *out = value;
  return i == len;
}

/* Of all bytes, those of the checksum as spaces; some old tars took the bytes as signed. */
static gboolean
has_good_checksum (const guint8 *block)
{
  guint64 noted;
  guint64 sum = 0;
  gint64 signed_sum = 0;
  if (!parse_number (block + CHECKSUM_AT, CHECKSUM_LEN, &noted))
    return FALSE;
  for (gsize i = 0; i < UL_TAR_BLOCK; i++)
    {
      const gboolean own = i >= CHECKSUM_AT && i < CHECKSUM_AT + CHECKSUM_LEN;
      sum += own ? ' ' : block[i];
      signed_sum += own ? ' ' : (gint8) block[i];
    }
  return noted == sum || (signed_sum >= 0 && noted == (guint64) signed_sum);
}

/* What nothing depends on: 0 for what is no number. */
static guint64
read_number (const guint8 *field, gsize len)
{
  guint64 value;
  return parse_number (field, len, &value) ? value : 0;
}

static void
read_name (const guint8 *block, char *out)
{
  const gboolean is_ustar = memcmp (block + MAGIC_AT, "ustar", 6) == 0;
  const gboolean is_star = is_ustar && memcmp (block + STAR_AT, "tar", 4) == 0;
  const char *prefix = (const char *) block + PREFIX_AT;
  const gsize prefix_len = is_ustar ? strnlen (prefix, is_star ? PREFIX_LEN_STAR : PREFIX_LEN) : 0;
  memcpy (out, prefix, prefix_len);
  char *end = out + prefix_len;
  if (prefix_len > 0)
    *end++ = '/';
  const gsize name_len = strnlen ((const char *) block, 100);
  memcpy (end, block, name_len);
  end[name_len] = '\0';
}

gboolean
ul_tar_heading_parse (const guint8 *block, UlTarHeading *out, GError **error)
{
  if (!has_good_checksum (block))
    return ul_throw (error, UL_ERROR_CORRUPT, "tar header: its checksum is wrong");
  out->type = block[TYPE_AT];
  if (!parse_number (block + SIZE_AT, SIZE_LEN, &out->size))
    return ul_throw (error, UL_ERROR_CORRUPT, "tar header: its size is no number");
  if (out->type == 'X' || out->type == 'A' || out->type == 'N')
    return ul_throw (error, UL_ERROR_UNSUPPORTED, "tar header: type %c of other systems",
                     out->type);
  out->more_sparse_map = out->type == 'S' && block[MORE_MAP_AT] != 0;
  read_name (block, out->name);
  out->mtime = (gint64) MIN (read_number (block + MTIME_AT, MTIME_LEN), G_MAXINT64);
  out->uid = read_number (block + UID_AT, ID_LEN);
  out->gid = read_number (block + GID_AT, ID_LEN);
  const gsize link_len = strnlen ((const char *) block + LINK_AT, UL_TAR_LINK_MAX);
  memcpy (out->link, block + LINK_AT, link_len);
  out->link[link_len] = '\0';
  return TRUE;
}

static gboolean
throw_records (GError **error)
{
  return ul_throw (error, UL_ERROR_CORRUPT, "tar header: its pax records don't add up");
}

/* "LENGTH KEY=VALUE\n", the length that of all of it. Points into @bytes. */
static gboolean
next_record (const char **bytes, gsize *len, const char **key, gsize *key_len, const char **value,
             gsize *value_len)
{
  const char *at = *bytes;
  gsize record = 0;
  gsize i = 0;
  for (; i < *len && g_ascii_isdigit (at[i]) && record < *len; i++)
    record = record * 10 + (gsize) g_ascii_digit_value (at[i]);
  if (i == 0 || i >= *len || at[i] != ' ' || record > *len || record < i + 3
      || at[record - 1] != '\n')
    return FALSE;
  *key = at + i + 1;
  const char *equals = memchr (*key, '=', record - i - 2);
  if (equals == NULL || equals == *key)
    return FALSE;
  *key_len = (gsize) (equals - *key);
  *value = equals + 1;
  *value_len = record - i - 2 - *key_len - 1;
  *bytes += record;
  *len -= record;
  return TRUE;
}

/* NULL for one that no file can have. */
static char *
dup_name (const char *value, gsize len)
{
  return memchr (value, '\0', len) == NULL ? g_strndup (value, len) : NULL;
}

/* "12.5", "-3": seconds, and what is behind the point. FALSE: not set. */
static gboolean
parse_time (const char *text, gint64 *out_seconds, guint32 *out_nsec)
{
  char *end;
  guint32 nsec = 0;
  const gint64 seconds = g_ascii_strtoll (text, &end, 10);
  if (end == text || (*end != '\0' && *end != '.'))
    return FALSE;
  guint32 unit = 100000000;
  for (const char *p = *end == '.' ? end + 1 : end; g_ascii_isdigit (*p); p++, unit /= 10)
    nsec += (guint32) g_ascii_digit_value (*p) * unit;
  const gboolean negative = *text == '-' && nsec > 0;
  *out_seconds = negative ? seconds - 1 : seconds;
  *out_nsec = negative ? 1000000000 - nsec : nsec;
  return TRUE;
}

/* Records that say nothing about where an entry ends. */
static void
set_stat (UlTarRecords *self, const char *name, const char *value, gsize value_len)
{
  g_autofree char *text = g_strndup (value, value_len);
  if (g_str_equal (name, "mtime"))
    self->has_mtime = parse_time (text, &self->mtime, &self->mtime_nsec);
  else if (g_str_equal (name, "uid"))
    self->has_uid = g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT32, &self->uid, NULL);
  else if (g_str_equal (name, "gid"))
    self->has_gid = g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT32, &self->gid, NULL);
}

static gboolean
set_record (UlTarRecords *self, const char *key, gsize key_len, const char *value, gsize value_len)
{
  g_autofree char *name = g_strndup (key, key_len);
  if (g_str_equal (name, "path") || g_str_equal (name, "GNU.sparse.name"))
    {
      g_free (self->path);
      self->path = dup_name (value, value_len);
      if (self->path == NULL)
        return FALSE;
      /* An empty value takes back what was said. */
      if (value_len == 0)
        g_clear_pointer (&self->path, g_free);
    }
  else if (g_str_equal (name, "size") && value_len > 0)
    {
      g_autofree char *digits = g_strndup (value, value_len);
      self->has_size = g_ascii_string_to_unsigned (digits, 10, 0, G_MAXINT64, &self->size, NULL);
      return self->has_size;
    }
  else if (g_str_equal (name, "size"))
    self->has_size = FALSE;
  if (g_str_has_prefix (name, "GNU.sparse."))
    self->sparse = TRUE;
  if (g_str_equal (name, "linkpath"))
    self->has_link = TRUE;
  set_stat (self, name, value, value_len);
  return TRUE;
}

/* Some readers take these for each entry, others for none. */
static gboolean
is_about_each (const char *key, gsize key_len)
{
  static const char *const keys[] = { "path", "size", "linkpath" };
  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    if (strlen (keys[i]) == key_len && memcmp (key, keys[i], key_len) == 0)
      return TRUE;
  return key_len >= 11 && memcmp (key, "GNU.sparse.", 11) == 0;
}

static gboolean
add_pax (UlTarRecords *self, gboolean global, const char *bytes, gsize len, GError **error)
{
  const char *key, *value;
  gsize key_len, value_len;
  while (len > 0)
    {
      if (!next_record (&bytes, &len, &key, &key_len, &value, &value_len))
        return throw_records (error);
      if (!global && !set_record (self, key, key_len, value, value_len))
        return throw_records (error);
      if (global && is_about_each (key, key_len))
        return ul_throw (error, UL_ERROR_UNSUPPORTED, "tar header: a global record of %.*s",
                         (int) key_len, key);
    }
  return TRUE;
}

gboolean
ul_tar_records_add (UlTarRecords *self, guint8 type, const char *bytes, gsize len, GError **error)
{
  switch (type)
    {
    case 'x':
      g_clear_pointer (&self->path, g_free);
      self->has_size = FALSE;
      self->sparse = FALSE;
      self->has_link = FALSE;
      self->has_mtime = self->has_uid = self->has_gid = FALSE;
      return add_pax (self, FALSE, bytes, len, error);
    case 'g':
      return add_pax (self, TRUE, bytes, len, error);
    case 'L':
      g_free (self->long_name);
      self->long_name = g_strndup (bytes, len); /* up to a NUL */
      return TRUE;
    default:
      self->has_link = TRUE;
      return TRUE;
    }
}

char *
ul_tar_records_steal_name (UlTarRecords *self, const UlTarHeading *heading)
{
  if (self->long_name != NULL)
    return g_steal_pointer (&self->long_name);
  return self->path != NULL ? g_steal_pointer (&self->path) : g_strdup (heading->name);
}
