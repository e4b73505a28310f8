// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/checksum.h"

/* Also part of tests/repo/fixture.h. */

static inline UlChecksum
fixture_checksum (const char *hex)
{
  UlChecksum checksum;
  g_assert_true (ul_checksum_from_hex (hex, &checksum));
  return checksum;
}
