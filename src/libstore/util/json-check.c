// SPDX-License-Identifier: LGPL-2.1-or-later
#include "util/json.h"

#include <string.h>

#include "util/error.h"

/* What may come next. */
typedef enum
{
  WANT_VALUE,
  WANT_VALUE_OR_END, /* after [ */
  WANT_NAME,
  WANT_NAME_OR_END, /* after { */
  WANT_COMMA_OR_END,
} State;

typedef struct
{
  const char *at;
  const char *end;
  State state;
  guint values;
  guint depth;
  struct
  {
    char closing;
    guint members;
  } open[UL_JSON_MAX_DEPTH];
} Check;

/* All of these return what is wrong at @at, or NULL. */

static gboolean
skip_char (Check *c, char wanted)
{
  if (c->at == c->end || *c->at != wanted)
    return FALSE;
  c->at++;
  return TRUE;
}

static void
skip_space (Check *c)
{
  while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' || *c->at == '\n' || *c->at == '\r'))
    c->at++;
}

static gsize
skip_digits (Check *c)
{
  const char *first = c->at;
  while (c->at < c->end && g_ascii_isdigit (*c->at))
    c->at++;
  return (gsize) (c->at - first);
}

/* The four digits behind \u. */
static gboolean
unit (Check *c, guint *out)
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

/* json-glib would end the string at a NUL. */
static const char *
unicode_escape (Check *c)
{
  guint first;
  guint second;
  if (!unit (c, &first))
    return "invalid \\u escape";
  if (first == 0)
    return "\\u0000 in a string";
  if (first < 0xd800 || first > 0xdfff)
    return NULL;
  if (first > 0xdbff || !skip_char (c, '\\') || !skip_char (c, 'u') || !unit (c, &second)
      || second < 0xdc00 || second > 0xdfff)
    return "half a pair of surrogates";
  return NULL;
}

static const char *
escape (Check *c)
{
  if (c->at == c->end || strchr ("\"\\/bfnrtu", *c->at) == NULL)
    return "invalid escape";
  return *c->at++ == 'u' ? unicode_escape (c) : NULL;
}

static const char *
string (Check *c)
{
  const char *cause = NULL;
  while (cause == NULL && c->at < c->end && *c->at != '"')
    {
      if ((guchar) *c->at < 0x20)
        return "control character in a string";
      if (*c->at++ == '\\')
        cause = escape (c);
    }
  if (cause == NULL && !skip_char (c, '"'))
    return "a string without an end";
  return cause;
}

/* json-glib lets integers wrap around. */
static gboolean
fits (const char *digits, gsize len)
{
  static const char max[] = "9223372036854775807";
  return len < sizeof max - 1 || (len == sizeof max - 1 && memcmp (digits, max, len) <= 0);
}

static const char *
number (Check *c)
{
  (void) skip_char (c, '-');
  const char *digits = c->at;
  const gsize len = skip_digits (c);
  gboolean whole = TRUE;
  if (len == 0 || (len > 1 && *digits == '0'))
    return "invalid number";
  if (skip_char (c, '.'))
    {
      whole = FALSE;
      if (skip_digits (c) == 0)
        return "invalid number";
    }
  if (skip_char (c, 'e') || skip_char (c, 'E'))
    {
      whole = FALSE;
      if (!skip_char (c, '+'))
        (void) skip_char (c, '-');
      if (skip_digits (c) == 0)
        return "invalid number";
    }
  return whole && !fits (digits, len) ? "integer out of range" : NULL;
}

static const char *
word (Check *c)
{
  static const char *const words[] = { "true", "false", "null" };
  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    {
      const gsize len = strlen (words[i]);
      if ((gsize) (c->end - c->at) >= len && memcmp (c->at, words[i], len) == 0)
        {
          c->at += len;
          return NULL;
        }
    }
  return "not a value";
}

static const char *
open_nested (Check *c, char closing)
{
  if (c->depth == UL_JSON_MAX_DEPTH)
    return "nested too deeply";
  c->open[c->depth].closing = closing;
  c->open[c->depth++].members = 0;
  c->state = closing == '}' ? WANT_NAME_OR_END : WANT_VALUE_OR_END;
  return NULL;
}

static const char *
value (Check *c)
{
  if (++c->values > UL_JSON_MAX_VALUES)
    return "too many values";
  if (skip_char (c, '{'))
    return open_nested (c, '}');
  if (skip_char (c, '['))
    return open_nested (c, ']');
  c->state = WANT_COMMA_OR_END;
  if (skip_char (c, '"'))
    return string (c);
  if (c->at < c->end && (*c->at == '-' || g_ascii_isdigit (*c->at)))
    return number (c);
  return word (c);
}

static const char *
name_and_colon (Check *c)
{
  if (!skip_char (c, '"'))
    return "a name is missing";
  if (++c->open[c->depth - 1].members > UL_JSON_MAX_MEMBERS)
    return "too many members";
  const char *cause = string (c);
  if (cause != NULL)
    return cause;
  skip_space (c);
  c->state = WANT_VALUE;
  return skip_char (c, ':') ? NULL : "a colon is missing";
}

static const char *
step (Check *c)
{
  if (c->state != WANT_VALUE && c->state != WANT_NAME
      && skip_char (c, c->open[c->depth - 1].closing))
    {
      c->depth--;
      c->state = WANT_COMMA_OR_END;
      return NULL;
    }
  switch (c->state)
    {
    case WANT_NAME:
    case WANT_NAME_OR_END:
      return name_and_colon (c);
    case WANT_VALUE:
    case WANT_VALUE_OR_END:
      return value (c);
    case WANT_COMMA_OR_END:
    default:
      c->state = c->open[c->depth - 1].closing == '}' ? WANT_NAME : WANT_VALUE;
      return skip_char (c, ',') ? NULL : "a comma is missing";
    }
}

gboolean
ul_json_check (const char *data, gsize len, const char *name, GError **error)
{
  const char *invalid;
  if (len == 0)
    data = ""; /* an empty GBytes has no address */
  if (!g_utf8_validate_len (data, len, &invalid))
    return ul_throw (error, UL_ERROR_CORRUPT, "%s: byte %zu: not UTF-8", name,
                     (gsize) (invalid - data));
  Check c = { .at = data, .end = data + len, .state = WANT_VALUE };
  const char *cause = NULL;
  do
    {
      skip_space (&c);
      cause = step (&c);
    }
  while (cause == NULL && c.depth > 0);
  if (cause == NULL)
    {
      skip_space (&c);
      cause = c.at < c.end ? "more after the end" : NULL;
    }
  return cause == NULL
         || ul_throw (error, UL_ERROR_CORRUPT, "%s: byte %zu: %s", name, (gsize) (c.at - data),
                      cause);
}
