// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/oci-platform.h"

#include <string.h>

#include "util/error.h"

#define RANK_UNSAID 100

/* Newest first. A machine that runs one of them runs all behind it. */
static const struct
{
  const char *architecture;
  guint assumed; /* where nobody asks for a variant: from this one on */
  const char *variants[5];
} architectures[] = {
  { "amd64", 3, { "v4", "v3", "v2", "v1" } },
  { "arm64", 1, { "v9", "v8" } },
  { "arm", 0, { "v8", "v7", "v6", "v5" } },
};

static const struct
{
  const char *machine;
  const char *architecture;
  const char *variant;
} machines[] = {
  { "x86_64", "amd64", "" }, { "aarch64", "arm64", "" }, { "armv8l", "arm", "v8" },
  { "armv7l", "arm", "v7" }, { "armv6l", "arm", "v6" },  { "armv5tel", "arm", "v5" },
  { "i686", "386", "" },     { "i586", "386", "" },      { "loongarch64", "loong64", "" },
};

UlOciPlatform *
ul_oci_platform_new (const char *os, const char *architecture, const char *variant)
{
  UlOciPlatform *platform = g_new0 (UlOciPlatform, 1);
  platform->os = g_strdup (os != NULL ? os : "");
  platform->architecture = g_strdup (architecture != NULL ? architecture : "");
  platform->variant = g_strdup (variant != NULL ? variant : "");
  return platform;
}

void
ul_oci_platform_free (UlOciPlatform *platform)
{
  if (platform == NULL)
    return;
  g_free (platform->os);
  g_free (platform->architecture);
  g_free (platform->variant);
  g_free (platform);
}

/* @architecture by either name. */
static UlOciPlatform *
platform_of (const char *os, const char *architecture, const char *variant)
{
  for (gsize i = 0; i < G_N_ELEMENTS (machines); i++)
    if (g_str_equal (machines[i].machine, architecture))
      return ul_oci_platform_new (os, machines[i].architecture,
                                  variant != NULL ? variant : machines[i].variant);
  return ul_oci_platform_new (os, architecture, variant);
}

UlOciPlatform *
ul_oci_platform_parse (const char *text, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (text, "/", 4);
  const guint n = g_strv_length (parts);
  gboolean ok = n == 2 || n == 3;
  for (guint i = 0; i < n; i++)
    ok = ok && *parts[i] != '\0';
  if (ok)
    return platform_of (parts[0], parts[1], parts[2]);
  g_autofree char *shown = ul_json_shown (text);
  ul_throw (error, UL_ERROR_INVALID, "Invalid platform %s: not OS/ARCHITECTURE[/VARIANT]", shown);
  return NULL;
}

UlOciPlatform *
ul_oci_platform_of_machine (const char *machine)
{
  return platform_of ("linux", machine, NULL);
}

gboolean
ul_oci_platform_get (const UlJsonValue *descriptor, UlOciPlatform **out, GError **error)
{
  UlJsonValue value;
  const char *os;
  const char *architecture;
  const char *variant;
  if (!ul_json_get (descriptor, "platform", UL_JSON_OBJECT, UL_JSON_OPTIONAL, &value, error))
    return FALSE;
  if (value.node == NULL)
    {
      *out = NULL;
      return TRUE;
    }
  if (!ul_json_get_string (&value, "os", UL_JSON_OPTIONAL, &os, error)
      || !ul_json_get_string (&value, "architecture", UL_JSON_OPTIONAL, &architecture, error)
      || !ul_json_get_string (&value, "variant", UL_JSON_OPTIONAL, &variant, error))
    return FALSE;
  *out = ul_oci_platform_new (os, architecture, variant);
  return TRUE;
}

char *
ul_oci_platform_text (const UlOciPlatform *platform)
{
  const gboolean variant = *platform->variant != '\0';
  return g_strconcat (platform->os, "/", platform->architecture, variant ? "/" : "",
                      platform->variant, NULL);
}

/* Which of @variants, or how many there are. */
static guint
position (const char *const *variants, const char *variant)
{
  guint i = 0;
  while (variants[i] != NULL && !g_str_equal (variants[i], variant))
    i++;
  return i;
}

static const char *const *
variants_of (const char *architecture, guint *out_assumed)
{
  static const char *const none[] = { NULL };
  for (gsize i = 0; i < G_N_ELEMENTS (architectures); i++)
    if (g_str_equal (architectures[i].architecture, architecture))
      {
        *out_assumed = architectures[i].assumed;
        return architectures[i].variants;
      }
  *out_assumed = 0;
  return none;
}

static guint
rank_variant (const UlOciPlatform *wanted, const char *offered)
{
  guint assumed;
  const char *const *variants = variants_of (wanted->architecture, &assumed);
  const gboolean any = *wanted->variant == '\0';
  const guint from = any ? assumed : position (variants, wanted->variant);
  if (g_str_equal (wanted->variant, offered))
    return 0;
  if (*offered == '\0')
    return RANK_UNSAID - 1;
  const guint at = position (variants, offered);
  return variants[at] != NULL && at >= from ? 1 + at - from : UL_OCI_PLATFORM_NONE;
}

guint
ul_oci_platform_rank (const UlOciPlatform *wanted, const UlOciPlatform *offered)
{
  if (offered == NULL)
    return RANK_UNSAID;
  if (!g_str_equal (wanted->os, offered->os)
      || !g_str_equal (wanted->architecture, offered->architecture) || *offered->os == '\0'
      || *offered->architecture == '\0')
    return UL_OCI_PLATFORM_NONE;
  return rank_variant (wanted, offered->variant);
}
