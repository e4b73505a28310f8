// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <glib.h>
#include <string.h>

#include "util/error.h"

/* Texts of OCI documents. */

#define OCI_A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define OCI_B "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static inline GBytes *
oci_bytes (const char *text)
{
  return g_bytes_new (text, strlen (text));
}

/* @text with every ' as ", so that JSON is readable in C. */
static inline char *
oci_json (const char *text)
{
  return g_strdelimit (g_strdup (text), "'", '"');
}

static inline GBytes *
oci_json_bytes (const char *text)
{
  char *json = oci_json (text);
  return g_bytes_new_take (json, strlen (json));
}

static inline void
oci_assert_error (const GError *error, UlError code, const char *message)
{
  g_assert_error (error, UL_ERROR, (int) code);
  g_assert_cmpstr (error->message, ==, message);
}

/* What parse () refuses, and how. */
typedef struct
{
  const char *text;
  UlError code;
  const char *message;
} OciRefusal;

/* For the tests of @func (bytes, @name, error), which gives a @Type *: parse () of such a text,
 * parse_ok () where it has to be taken, and assert_refused (). */
#define OCI_PARSER(Type, func, name)                                                               \
  static Type *parse (const char *text, GError **error)                                            \
  {                                                                                                \
    g_autoptr (GBytes) bytes = oci_json_bytes (text);                                              \
    return func (bytes, name, error);                                                              \
  }                                                                                                \
                                                                                                   \
  static Type *parse_ok (const char *text)                                                         \
  {                                                                                                \
    g_autoptr (GError) error = NULL;                                                               \
    Type *parsed = parse (text, &error);                                                           \
    g_assert_no_error (error);                                                                     \
    return parsed;                                                                                 \
  }                                                                                                \
                                                                                                   \
  static void assert_refused (const OciRefusal *refusals, gsize n)                                 \
  {                                                                                                \
    for (gsize i = 0; i < n; i++)                                                                  \
      {                                                                                            \
        g_autoptr (GError) error = NULL;                                                           \
        g_assert_null (parse (refusals[i].text, &error));                                          \
        oci_assert_error (error, refusals[i].code, refusals[i].message);                           \
      }                                                                                            \
  }
