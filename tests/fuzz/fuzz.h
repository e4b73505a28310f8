// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <glib.h>
#include <stdint.h>

/* A fuzz target is a file fuzz-NAME.c with this one function, which must not crash, leak or read
 * what isn't there, and asserts what holds for every input that the parser takes. libFuzzer drives
 * it in a build with --enable-fuzzing; replay.c does elsewhere, over corpus/NAME. Always returns 0.
 */
int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* 1, unless a slow target says that replay.c is to change only each so-manieth byte. */
extern unsigned fuzz_stride;

/* A variant of @type over @data as it would come from disk: not trusted. */
static inline GVariant *
fuzz_variant (const char *type, const uint8_t *data, size_t size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  return g_variant_ref_sink (g_variant_new_from_bytes (G_VARIANT_TYPE (type), bytes, FALSE));
}

/* What was taken apart and put together again is the same bytes. Takes @again. */
static inline void
fuzz_assert_same (GVariant *again, const uint8_t *data, size_t size)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (again);
  g_assert_cmpmem (g_variant_get_data (owned), g_variant_get_size (owned), data, size);
}

/* A parser either works or says why not. */
#define fuzz_assert_outcome(ok, error) g_assert ((ok) == ((error) == NULL))
