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
