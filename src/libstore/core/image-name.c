// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/image-name.h"

#include "core/oci-digest.h"
#include "util/error.h"
#include "util/json.h"

#include <limits.h>
#include <string.h>

#define NAME_LEN_MAX 255 /* DOMAIN/PATH */
#define TAG_LEN_MAX  128

/* A reference taken apart. Any member but the path may be NULL. */
typedef struct
{
  char *domain;
  char *path;
  char *tag;
  char *digest;
} Parts;

static void
parts_clear (Parts *parts)
{
  g_free (parts->domain);
  g_free (parts->path);
  g_free (parts->tag);
  g_free (parts->digest);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Parts, parts_clear)

static gboolean
is_lower_or_digit (char c)
{
  return g_ascii_islower (c) || g_ascii_isdigit (c);
}

/* Labels of letters, digits and inner `-`, joined by `.`; maybe a port. */
static gboolean
is_domain (const char *p)
{
  for (;; p++)
    {
      const char *begin = p;
      while (g_ascii_isalnum (*p) || *p == '-')
        p++;
      if (p == begin || *begin == '-' || p[-1] == '-')
        return FALSE;
      if (*p != '.')
        break;
    }
  if (*p == '\0')
    return TRUE;
  return *p == ':' && p[1] != '\0' && strspn (p + 1, "0123456789") == strlen (p + 1);
}

/* What may stand between letters and digits in a path: `.`, `_`, `__` or any number of `-`. */
static const char *
skip_separator (const char *p)
{
  if (*p == '-')
    return p + strspn (p, "-");
  if (*p == '_')
    return p[1] == '_' ? p + 2 : p + 1;
  return *p == '.' ? p + 1 : p;
}

static gboolean
is_path (const char *p)
{
  for (;;)
    {
      const char *begin = p;
      while (is_lower_or_digit (*p))
        p++;
      if (p == begin)
        return FALSE;
      if (*p == '\0')
        return TRUE;
      const char *after = *p == '/' ? p + 1 : skip_separator (p);
      if (after == p)
        return FALSE;
      p = after;
    }
}

static gboolean
is_tag (const char *tag)
{
  const gsize len = strlen (tag);
  if (len == 0 || len > TAG_LEN_MAX || *tag == '.' || *tag == '-')
    return FALSE;
  for (; *tag != '\0'; tag++)
    if (!g_ascii_isalnum (*tag) && strchr ("_.-", *tag) == NULL)
      return FALSE;
  return TRUE;
}

static void
split_name (const char *name, Parts *out)
{
  const char *slash = strchr (name, '/');
  g_autofree char *first = slash != NULL ? g_strndup (name, (gsize) (slash - name)) : NULL;
  if (first != NULL && (strpbrk (first, ".:") != NULL || strcmp (first, "localhost") == 0))
    {
      out->domain = g_steal_pointer (&first);
      name = slash + 1;
    }
  out->path = g_strdup (name);
}

static void
split (const char *text, Parts *out)
{
  g_autofree char *rest = g_strdup (text);
  char *at = strchr (rest, '@');
  if (at != NULL)
    {
      out->digest = g_strdup (at + 1);
      *at = '\0';
    }
  /* A colon before the last slash is that of a port. */
  char *slash = strrchr (rest, '/');
  char *colon = strchr (slash != NULL ? slash : rest, ':');
  if (colon != NULL)
    {
      out->tag = g_strdup (colon + 1);
      *colon = '\0';
    }
  split_name (rest, out);
}

static gboolean
check (const Parts *parts, GError **error)
{
  if (parts->domain != NULL && !is_domain (parts->domain))
    return ul_throw (error, UL_ERROR_INVALID, "its domain is not valid");
  if (!is_path (parts->path))
    {
      g_autofree char *lower = g_ascii_strdown (parts->path, -1);
      return ul_throw (error, UL_ERROR_INVALID,
                       is_path (lower) ? "its path must be lowercase" : "its path is not valid");
    }
  if (parts->tag != NULL && !is_tag (parts->tag))
    return ul_throw (error, UL_ERROR_INVALID, "its tag is not valid");

  UlChecksum unused;
  g_autoptr (GError) cause = NULL;
  if (parts->digest != NULL && !ul_oci_digest_parse (parts->digest, &unused, &cause))
    return ul_throw (error, UL_ERROR_INVALID, "%s", cause->message);
  return TRUE;
}

/* docker.io has its own rules, which podman keeps to for whatever is typed in full: its name of
 * old, and that images with a name of one part are in library/. */
static char *
full_name (const Parts *parts)
{
  const char *domain = parts->domain != NULL ? parts->domain : "localhost";
  if (strcmp (domain, "index.docker.io") == 0)
    domain = "docker.io";
  const gboolean library = strcmp (domain, "docker.io") == 0 && strchr (parts->path, '/') == NULL;
  return g_strconcat (domain, library ? "/library/" : "/", parts->path, NULL);
}

char *
ul_image_name_get_repository (const char *full)
{
  g_auto (Parts) parts = { 0 };
  split (full, &parts);
  return full_name (&parts);
}

/* The parts of a ref are names of files and directories. */
static gboolean
ref_fits (const char *full)
{
  g_autofree char *ref = ul_image_name_to_ref (full);
  g_auto (GStrv) parts = g_strsplit (ref, "/", -1);
  for (char **part = parts; *part != NULL; part++)
    if (strlen (*part) > NAME_MAX)
      return FALSE;
  return TRUE;
}

/* Of tag and digest the digest says all there is to say. So does podman: it finds NAME@DIGEST by
 * NAME:ANY@DIGEST, and shows such an image with no tag. (skopeo stores both if it is told both.) */
static gboolean
normalize (const char *text, char **out, GError **error)
{
  g_auto (Parts) parts = { 0 };
  split (text, &parts);
  if (!check (&parts, error))
    return FALSE;

  g_autofree char *name = full_name (&parts);
  if (strlen (name) > NAME_LEN_MAX)
    return ul_throw (error, UL_ERROR_INVALID, "more than %d bytes", NAME_LEN_MAX);
  g_autofree char *full
      = parts.digest != NULL
            ? g_strconcat (name, "@", parts.digest, NULL)
            : g_strconcat (name, ":", parts.tag != NULL ? parts.tag : "latest", NULL);
  if (!ref_fits (full))
    return ul_throw (error, UL_ERROR_INVALID, "too long for a ref");
  *out = g_steal_pointer (&full);
  return TRUE;
}

gboolean
ul_image_name_normalize (const char *text, char **out, GError **error)
{
  if (normalize (text, out, error))
    return TRUE;
  g_autofree char *shown = ul_json_shown (text);
  return ul_prefix (error, "Invalid image name '%s'", shown);
}

/* Is the first part of @text a domain? */
static gboolean
has_domain (const char *text)
{
  const gsize len = strcspn (text, "/");
  g_autofree char *first = g_strndup (text, len);
  return text[len] == '/' && (strpbrk (first, ".:") != NULL || g_str_equal (first, "localhost"));
}

gboolean
ul_image_name_normalize_docker (const char *text, char **out, GError **error)
{
  if (has_domain (text))
    return ul_image_name_normalize (text, out, error);
  g_autofree char *whole = g_strconcat ("docker.io/", text, NULL);
  return ul_image_name_normalize (whole, out, error);
}

static gboolean
is_plain (char c)
{
  return g_ascii_isalnum (c) || (c != '\0' && strchr ("./-", c) != NULL);
}

char *
ul_image_name_to_ref (const char *full)
{
  GString *ref = g_string_new (UL_IMAGE_REF_PREFIX);
  for (const char *p = full; *p != '\0'; p++)
    if (is_plain (*p))
      g_string_append_c (ref, *p);
    else
      g_string_append_printf (ref, "_%02X_", (guint8) *p);
  return g_string_free (ref, FALSE);
}

static char *
decode (const char *encoded)
{
  GString *text = g_string_new (NULL);
  for (const char *p = encoded; *p != '\0'; p++)
    if (*p == '_' && g_ascii_isxdigit (p[1]) && g_ascii_isxdigit (p[2]) && p[3] == '_')
      {
        g_string_append_c (text,
                           (char) (g_ascii_xdigit_value (p[1]) * 16 + g_ascii_xdigit_value (p[2])));
        p += 3;
      }
    else
      g_string_append_c (text, *p);
  return g_string_free (text, FALSE);
}

/* What isn't encoded as we do it is decoded to something or other, and seen by its ref. */
gboolean
ul_image_name_from_ref (const char *ref, char **out)
{
  if (!g_str_has_prefix (ref, UL_IMAGE_REF_PREFIX))
    return FALSE;
  g_autofree char *name = decode (ref + strlen (UL_IMAGE_REF_PREFIX));
  g_autofree char *again = ul_image_name_to_ref (name);
  if (strcmp (again, ref) != 0)
    return FALSE;
  g_autofree char *full = NULL;
  if (!ul_image_name_normalize (name, &full, NULL) || strcmp (full, name) != 0)
    return FALSE;
  *out = g_steal_pointer (&full);
  return TRUE;
}

/* @text as a part of a path: what stands between letters and digits stays if it may stand there,
 * else it is one `-`. Empty if there are none. */
static char *
make_component (const char *text)
{
  g_autofree char *lower = g_ascii_strdown (text, -1);
  GString *component = g_string_new (NULL);
  for (const char *p = lower; *p != '\0';)
    {
      const char *begin = p;
      while (*p != '\0' && !is_lower_or_digit (*p))
        p++;
      if (*p != '\0' && component->len > 0 && p > begin)
        {
          if (skip_separator (begin) == p)
            g_string_append_len (component, begin, p - begin);
          else
            g_string_append_c (component, '-');
        }
      for (; is_lower_or_digit (*p); p++)
        g_string_append_c (component, *p);
    }
  return g_string_free (component, FALSE);
}

gboolean
ul_image_name_suggest (const char *dir_basename, const char *tag, char **out, GError **error)
{
  if (tag != NULL && strpbrk (tag, "/:") != NULL)
    return ul_image_name_normalize (tag, out, error);
  g_autofree char *component = make_component (dir_basename);
  if (*component == '\0')
    {
      g_autofree char *shown = ul_json_shown (dir_basename);
      return ul_throw (error, UL_ERROR_INVALID, "No image name can be made of '%s'", shown);
    }
  g_autofree char *name
      = g_strconcat ("localhost/", component, ":", tag != NULL ? tag : "latest", NULL);
  return ul_image_name_normalize (name, out, error);
}
