// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/oci-platform.h"

#include "oci.h"

static UlOciPlatform *
platform (const char *text)
{
  UlOciPlatform *parsed = ul_oci_platform_parse (text, NULL);
  g_assert_nonnull (parsed);
  return parsed;
}

/* Which of @offered (separated by spaces) is taken, "-" for none. */
static char *
choose (const char *wanted, const char *offered)
{
  g_autoptr (UlOciPlatform) want = platform (wanted);
  g_auto (GStrv) list = g_strsplit (offered, " ", -1);
  const char *best = "-";
  guint best_rank = UL_OCI_PLATFORM_NONE;
  for (char **text = list; *text != NULL; text++)
    {
      g_autoptr (UlOciPlatform) have = g_str_equal (*text, "?") ? NULL : platform (*text);
      const guint rank = ul_oci_platform_rank (want, have);
      if (rank < best_rank)
        {
          best = *text;
          best_rank = rank;
        }
    }
  return g_strdup (best);
}

#define ARMS "linux/arm/v5 linux/arm/v6 linux/arm/v7 linux/arm64/v8 linux/amd64"

/* Those without amd64's levels are what skopeo 1.9.3 takes. */
static void
test_choice (void)
{
  static const struct
  {
    const char *wanted;
    const char *offered;
    const char *taken;
  } cases[] = {
    { "linux/arm/v8", ARMS, "linux/arm/v7" },
    { "linux/arm/v7", ARMS, "linux/arm/v7" },
    { "linux/arm/v6", ARMS, "linux/arm/v6" },
    { "linux/arm/v5", ARMS, "linux/arm/v5" },
    { "linux/arm/v9", ARMS, "-" },
    { "linux/arm", ARMS, "linux/arm/v7" },
    { "linux/arm64", ARMS, "linux/arm64/v8" },
    { "linux/amd64", ARMS, "linux/amd64" },
    { "linux/s390x", ARMS, "-" },
    { "windows/amd64", ARMS, "-" },
    { "linux/arm/v7", "linux/arm/v5 linux/arm/v6", "linux/arm/v6" },
    { "linux/arm/v5", "linux/arm/v8 linux/arm/v6 linux/arm", "linux/arm" },
    { "linux/arm/v9", "linux/arm/v8 linux/arm/v6 linux/arm", "linux/arm" },
    { "linux/arm", "linux/arm/v8 linux/arm/v6 linux/arm", "linux/arm" },
    { "linux/arm/v7", "linux/arm linux/arm/v6", "linux/arm/v6" },
    { "linux/amd64", "linux/amd64/v3 linux/amd64/v2", "-" },
    { "linux/amd64", "linux/s390x ?", "?" },
    { "linux/amd64", "? linux/amd64", "linux/amd64" },
    { "linux/arm64/v8", "linux/arm64", "linux/arm64" },
    { "linux/arm64/v8", "linux/arm64/v9", "-" },
    { "linux/arm64", "linux/arm64/v9", "-" },
    { "linux/arm64/v9", "linux/arm64/v9", "linux/arm64/v9" },
    { "linux/riscv64/x", "linux/riscv64/x", "linux/riscv64/x" },
    { "linux/riscv64/x", "linux/riscv64/y", "-" },
    { "linux/riscv64", "linux/riscv64/y", "-" },
    { "linux/riscv64/x", "linux/riscv64", "linux/riscv64" },
    /* Ours. */
    { "linux/amd64", "linux/amd64/v2 linux/amd64/v1", "linux/amd64/v1" },
    { "linux/amd64/v3", "linux/amd64/v4 linux/amd64/v1 linux/amd64/v2", "linux/amd64/v2" },
    { "linux/arm64/v9", "linux/arm64/v8", "linux/arm64/v8" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *taken = choose (cases[i].wanted, cases[i].offered);
      g_assert_cmpstr (taken, ==, cases[i].taken);
    }
}

static void
test_unsaid_matches_nothing (void)
{
  g_autoptr (UlOciPlatform) empty = ul_oci_platform_new (NULL, NULL, NULL);
  g_autoptr (UlOciPlatform) no_arch = ul_oci_platform_new ("linux", "", "");
  g_autoptr (UlOciPlatform) amd64 = platform ("linux/amd64");
  g_assert_cmpuint (ul_oci_platform_rank (empty, empty), ==, UL_OCI_PLATFORM_NONE);
  g_assert_cmpuint (ul_oci_platform_rank (no_arch, no_arch), ==, UL_OCI_PLATFORM_NONE);
  g_assert_cmpuint (ul_oci_platform_rank (amd64, no_arch), ==, UL_OCI_PLATFORM_NONE);
}

static void
test_text (void)
{
  static const char *const good[] = { "linux/amd64", "linux/arm/v7" };
  static const char *const bad[] = { "", "linux", "linux/", "/amd64", "linux/arm/", "a/b/c/d" };
  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autoptr (UlOciPlatform) parsed = platform (good[i]);
      g_autofree char *text = ul_oci_platform_text (parsed);
      g_assert_cmpstr (text, ==, good[i]);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_null (ul_oci_platform_parse (bad[i], &error));
      g_assert_error (error, UL_ERROR, UL_ERROR_INVALID);
    }
}

static void
test_machines (void)
{
  static const char *const cases[][2] = {
    { "x86_64", "linux/amd64" },
    { "aarch64", "linux/arm64" },
    { "armv7l", "linux/arm/v7" },
    { "s390x", "linux/s390x" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (UlOciPlatform) machine = ul_oci_platform_of_machine (cases[i][0]);
      g_autofree char *text = ul_oci_platform_text (machine);
      g_assert_cmpstr (text, ==, cases[i][1]);
      g_autofree char *typed = g_strconcat ("linux/", cases[i][0], NULL);
      g_autoptr (UlOciPlatform) parsed = platform (typed);
      g_autofree char *parsed_text = ul_oci_platform_text (parsed);
      g_assert_cmpstr (parsed_text, ==, cases[i][1]);
    }
  g_autoptr (UlOciPlatform) variant = platform ("linux/armv7l/v6");
  g_autofree char *text = ul_oci_platform_text (variant);
  g_assert_cmpstr (text, ==, "linux/arm/v6");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/oci-platform/choice", test_choice);
  g_test_add_func ("/oci-platform/unsaid-matches-nothing", test_unsaid_matches_nothing);
  g_test_add_func ("/oci-platform/text", test_text);
  g_test_add_func ("/oci-platform/machines", test_machines);
  return g_test_run ();
}
