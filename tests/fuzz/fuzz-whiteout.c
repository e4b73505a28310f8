// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include "core/whiteout.h"

#include <string.h>

static void
decode (UlWhiteoutForm form, const char *name, gboolean empty_regular)
{
  g_autoptr (GError) error = NULL;
  UlWhiteoutKind kind = UL_WHITEOUT_NONE;
  const char *deleted = NULL;
  const gboolean taken = ul_whiteout_decode (form, name, empty_regular, &kind, &deleted, &error);
  fuzz_assert_outcome (taken, error);
  if (!taken || kind == UL_WHITEOUT_NONE)
    return;
  g_assert_true (empty_regular);
  g_assert_true (ul_whiteout_may_be_marker (form, name));
  if (kind == UL_WHITEOUT_OPAQUE)
    {
      g_assert_cmpstr (name, ==, UL_WHITEOUT_LAYER_OPAQUE);
      return;
    }
  /* Layers that others made may delete what is named like a marker; ours don't. */
  if (form == UL_WHITEOUT_LAYER && ul_whiteout_may_be_marker (form, deleted))
    return;
  g_autofree char *again = NULL;
  g_assert_true (ul_whiteout_encode (form, deleted, &again, NULL));
  g_assert_cmpstr (again, ==, name);
}

/* The input is a name in a directory, and an xattr "NAME=VALUE". */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *name = g_strndup ((const char *) data, size);
  for (UlWhiteoutForm form = UL_WHITEOUT_COMMIT; form <= UL_WHITEOUT_LAYER; form++)
    {
      /* A directory only holds names that are valid. */
      if (ul_name_validate (name, NULL))
        {
          decode (form, name, TRUE);
          decode (form, name, FALSE);
        }
      g_autoptr (GError) error = NULL;
      g_autofree char *marker = NULL;
      const gboolean made = ul_whiteout_encode (form, name, &marker, &error);
      fuzz_assert_outcome (made, error);
      if (made)
        g_assert_true (ul_name_validate (marker, NULL));
    }

  char *equals = strchr (name, '=');
  if (equals != NULL)
    {
      *equals = '\0';
      (void) ul_whiteout_is_opaque_xattr (name, equals + 1, strlen (equals + 1));
    }
  return 0;
}
