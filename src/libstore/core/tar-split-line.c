// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/tar-split-line.h"

#include <string.h>

#include "util/error.h"

typedef struct
{
  const char *at;
  const char *end;
} Cursor;

static gboolean
skip (Cursor *c, const char *text)
{
  const gsize len = strlen (text);
  if ((gsize) (c->end - c->at) < len || memcmp (c->at, text, len) != 0)
    return FALSE;
  c->at += len;
  return TRUE;
}

/* As far as a signed one goes: it's Go's int64. */
static gboolean
read_number (Cursor *c, guint64 *out)
{
  const char *first = c->at;
  guint64 value = 0;
  while (c->at < c->end && g_ascii_isdigit (*c->at) && value <= G_MAXINT64 / 10)
    value = value * 10 + (guint64) (*c->at++ - '0');
  if (c->at == first || value > G_MAXINT64 || (*first == '0' && c->at - first > 1))
    return FALSE;
  *out = value;
  return c->at == c->end || !g_ascii_isdigit (*c->at);
}

/* What a digit of base64 stands for, plus one. */
static const guint8 base64_values[256] = {
  ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,
  ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
  ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
  ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
  ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
  ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
  ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
  ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63, ['/'] = 64,
};

static inline gboolean
decode_four (const char *text, guint8 out[3])
{
  const guint a = base64_values[(guchar) text[0]] - 1u;
  const guint b = base64_values[(guchar) text[1]] - 1u;
  const guint c = base64_values[(guchar) text[2]] - 1u;
  const guint d = base64_values[(guchar) text[3]] - 1u;
  out[0] = (guint8) (a << 2 | b >> 4);
  out[1] = (guint8) (b << 4 | c >> 2);
  out[2] = (guint8) (c << 6 | d);
  return (a | b | c | d) < 64;
}

/* The last four, which may end in `=`; the bits that these leave over are zero. */
static gboolean
decode_last (const char *text, guint8 out[3], gsize *out_n)
{
  char filled[4];
  memcpy (filled, text, sizeof filled);
  *out_n = 3;
  for (guint i = 3; i > 1 && filled[i] == '='; i--, --*out_n)
    filled[i] = 'A';
  return decode_four (filled, out) && (*out_n > 2 || out[2] == 0) && (*out_n > 1 || out[1] == 0);
}

/* A string of base64, behind what is in @out. */
static gboolean
read_base64 (Cursor *c, GByteArray *out)
{
  const gsize before = out->len;
  if (!skip (c, "\""))
    return FALSE;
  const char *text = c->at;
  const char *quote = memchr (text, '"', (gsize) (c->end - text));
  const gsize len = quote != NULL ? (gsize) (quote - text) : 1;
  if (len % 4 != 0)
    return FALSE;
  c->at = quote + 1;
  if (len == 0)
    return TRUE;
  gsize n;
  g_byte_array_set_size (out, (guint) (before + len / 4 * 3));
  guint8 *to = out->data + before;
  for (const char *last = quote - 4; text < last; text += 4, to += 3)
    {
      /* Headers are zeros for the most part. */
      for (; last - text > 8 && memcmp (text, "AAAAAAAA", 8) == 0; text += 8, to += 6)
        memset (to, 0, 6);
      if (!decode_four (text, to))
        return FALSE;
    }
  if (!decode_last (text, to, &n))
    return FALSE;
  g_byte_array_set_size (out, (guint) (before + len / 4 * 3 - 3 + n));
  return TRUE;
}

static gboolean
read_unit (Cursor *c, guint *out)
{
  guint value = 0;
  for (guint i = 0; i < 4; i++, c->at++)
    {
      if (c->at == c->end || !g_ascii_isxdigit (*c->at))
        return FALSE;
      value = value * 16 + (guint) g_ascii_xdigit_value (*c->at);
    }
  *out = value;
  return TRUE;
}

/* Behind \u. A name has no NUL, and half a pair of surrogates is no character. */
static gboolean
read_unicode (Cursor *c, GByteArray *out)
{
  char utf8[6];
  guint value;
  guint low;
  if (!read_unit (c, &value) || value == 0)
    return FALSE;
  if (value >= 0xd800 && value <= 0xdfff)
    {
      if (value > 0xdbff || !skip (c, "\\u") || !read_unit (c, &low) || low < 0xdc00
          || low > 0xdfff)
        return FALSE;
      value = 0x10000 + ((value - 0xd800) << 10) + (low - 0xdc00);
    }
  g_byte_array_append (out, (const guint8 *) utf8, (guint) g_unichar_to_utf8 (value, utf8));
  return TRUE;
}

static gboolean
read_escape (Cursor *c, GByteArray *out)
{
  static const char letters[] = "\"\\/bfnrt";
  static const char meanings[] = "\"\\/\b\f\n\r\t";
  if (skip (c, "u"))
    return read_unicode (c, out);
  const char *letter = c->at < c->end ? memchr (letters, *c->at, sizeof letters - 1) : NULL;
  if (letter == NULL)
    return FALSE;
  g_byte_array_append (out, (const guint8 *) meanings + (letter - letters), 1);
  c->at++;
  return TRUE;
}

/* A string of text, behind what is in @out. */
static gboolean
read_string (Cursor *c, GByteArray *out)
{
  if (!skip (c, "\""))
    return FALSE;
  while (c->at < c->end && *c->at != '"')
    {
      const char *first = c->at;
      while (c->at < c->end && *c->at != '"' && *c->at != '\\' && (guchar) *c->at >= 0x20)
        c->at++;
      if (!g_utf8_validate_len (first, (gsize) (c->at - first), NULL))
        return FALSE;
      g_byte_array_append (out, (const guint8 *) first, (guint) (c->at - first));
      if (c->at < c->end && *c->at != '"' && (!skip (c, "\\") || !read_escape (c, out)))
        return FALSE;
    }
  return skip (c, "\"");
}

/* All of these return what is wrong, or NULL. */

/* Go leaves an empty one out. */
static const char *
read_name (Cursor *c, GByteArray *scratch)
{
  if (skip (c, "\"name\":"))
    {
      if (!read_string (c, scratch) || !skip (c, ","))
        return "invalid name";
    }
  else if (skip (c, "\"name_raw\":"))
    {
      if (!read_base64 (c, scratch) || !skip (c, ",") || scratch->len == 0
          || memchr (scratch->data, '\0', scratch->len) != NULL)
        return "invalid name_raw";
    }
  g_byte_array_append (scratch, (const guint8 *) "", 1);
  return NULL;
}

static const char *
read_crc (Cursor *c, GByteArray *scratch, guint64 *out)
{
  const gsize before = scratch->len;
  guint64 crc;
  if (!skip (c, "\"payload\":") || !read_base64 (c, scratch) || scratch->len != before + sizeof crc)
    return "payload: not a CRC-64";
  memcpy (&crc, scratch->data + before, sizeof crc);
  *out = GUINT64_FROM_BE (crc);
  return NULL;
}

static const char *
read_file (Cursor *c, GByteArray *scratch, UlTarSplitLine *out)
{
  const char *cause = read_name (c, scratch);
  if (cause != NULL)
    return cause;
  if (skip (c, "\"size\":"))
    {
      if (!read_number (c, &out->size) || out->size == 0 || !skip (c, ","))
        return "invalid size";
      cause = read_crc (c, scratch, &out->crc);
    }
  else if (!skip (c, "\"payload\":null"))
    cause = "payload without a size";
  out->is_file = TRUE;
  out->name = (const char *) scratch->data;
  return cause;
}

static const char *
read_bytes (Cursor *c, GByteArray *scratch, UlTarSplitLine *out)
{
  if (!skip (c, "\"payload\":") || !(skip (c, "null") || read_base64 (c, scratch)))
    return "payload: not base64";
  out->bytes = scratch->data;
  out->len = scratch->len;
  return NULL;
}

gboolean
ul_tar_split_line_parse (const char *line, gsize len, GByteArray *scratch, UlTarSplitLine *out,
                         GError **error)
{
  Cursor c = { .at = line, .end = line + len };
  UlTarSplitLine parsed = { 0 };
  const char *cause = "not of type 1 or 2";
  g_byte_array_set_size (scratch, 0);
  if (skip (&c, "{\"type\":1,"))
    cause = read_file (&c, scratch, &parsed);
  else if (skip (&c, "{\"type\":2,"))
    cause = read_bytes (&c, scratch, &parsed);
  if (cause == NULL
      && !(skip (&c, ",\"position\":") && read_number (&c, &parsed.position) && skip (&c, "}")))
    cause = "invalid position";
  if (cause == NULL && c.at < c.end)
    cause = "more after the end";
  if (cause != NULL)
    return ul_throw (error, UL_ERROR_CORRUPT, "%s", cause);
  *out = parsed;
  return TRUE;
}
