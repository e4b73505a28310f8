// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/oci-index.h"

#include "util/error.h"

#define MAX_LISTED 20

UlOciIndex *
ul_oci_index_parse (GBytes *bytes, const char *name, GError **error)
{
  UlJsonValue root;
  g_autoptr (UlJson) json = ul_json_parse (bytes, name, UL_OCI_MAX_DOCUMENT, error);
  g_autoptr (UlOciIndex) index = g_new0 (UlOciIndex, 1);
  if (json == NULL || !ul_json_root (json, UL_JSON_OBJECT, &root, error)
      || !ul_oci_media_check_document (&root, UL_OCI_INDEX, &index->type, error)
      || !ul_oci_descriptors_get (&root, "manifests", UL_OCI_MAX_MANIFESTS, &index->manifests,
                                  error))
    return NULL;
  return g_steal_pointer (&index);
}

void
ul_oci_index_free (UlOciIndex *index)
{
  if (index == NULL)
    return;
  g_clear_pointer (&index->manifests, g_array_unref);
  g_free (index);
}

/* Schema 1 is an image, too: it is taken, and refused by name when it's loaded. */
static gboolean
is_image (const UlOciDescriptor *descriptor)
{
  return descriptor->type != NULL
         && (descriptor->type->kind == UL_OCI_INDEX || descriptor->type->kind == UL_OCI_MANIFEST
             || descriptor->type->kind == UL_OCI_SCHEMA1);
}

/* @tag is NULL for all. */
static GPtrArray *
images (const UlOciIndex *index, const char *tag)
{
  GPtrArray *found = g_ptr_array_new ();
  for (guint i = 0; i < index->manifests->len; i++)
    {
      const UlOciDescriptor *d = ul_oci_descriptor_at (index->manifests, i);
      if (is_image (d) && (tag == NULL || g_strcmp0 (ul_oci_descriptor_ref_name (d), tag) == 0))
        g_ptr_array_add (found, (gpointer) d);
    }
  return found;
}

static char *
shown_platform (const UlOciDescriptor *descriptor)
{
  if (descriptor->platform == NULL)
    return g_strdup ("(no platform)");
  g_autofree char *text = ul_oci_platform_text (descriptor->platform);
  return ul_json_shown (text);
}

static char *
shown_name (const UlOciDescriptor *descriptor)
{
  const char *name = ul_oci_descriptor_ref_name (descriptor);
  return name != NULL ? ul_json_shown (name) : g_strdup ("(no name)");
}

/* What @show says of each, separated by commas. */
static char *
list (const GPtrArray *candidates, char *(*show) (const UlOciDescriptor *) )
{
  GString *text = g_string_new (candidates->len == 0 ? "none" : NULL);
  for (guint i = 0; i < MIN (candidates->len, MAX_LISTED); i++)
    {
      g_autofree char *shown = show (candidates->pdata[i]);
      g_string_append_printf (text, "%s%s", i > 0 ? ", " : "", shown);
    }
  if (candidates->len > MAX_LISTED)
    g_string_append_printf (text, " and %u more", candidates->len - MAX_LISTED);
  return g_string_free (text, FALSE);
}

static const UlOciDescriptor *
best_of (const GPtrArray *candidates, const UlOciPlatform *wanted, GError **error)
{
  const UlOciDescriptor *best = NULL;
  guint best_rank = UL_OCI_PLATFORM_NONE;
  for (guint i = 0; i < candidates->len; i++)
    {
      const UlOciDescriptor *d = candidates->pdata[i];
      const guint rank = ul_oci_platform_rank (wanted, d->platform);
      if (rank < best_rank)
        {
          best = d;
          best_rank = rank;
        }
    }
  if (best == NULL)
    {
      g_autofree char *text = ul_oci_platform_text (wanted);
      g_autofree char *shown = ul_json_shown (text);
      g_autofree char *platforms = list (candidates, shown_platform);
      ul_throw (error, UL_ERROR_NOT_FOUND, "No image for %s, there are: %s", shown, platforms);
    }
  return best;
}

const UlOciDescriptor *
ul_oci_index_select (const UlOciIndex *index, const UlOciPlatform *wanted, GError **error)
{
  g_autoptr (GPtrArray) candidates = images (index, NULL);
  return best_of (candidates, wanted, error);
}

const UlOciDescriptor *
ul_oci_index_pick (const UlOciIndex *index, const char *tag, const UlOciPlatform *wanted,
                   GError **error)
{
  g_autoptr (GPtrArray) all = images (index, NULL);
  g_autoptr (GPtrArray) named = images (index, tag);
  if (named->len == 1)
    return named->pdata[0];
  if (named->len > 1 && tag != NULL)
    return best_of (named, wanted, error);
  g_autofree char *names = list (all, shown_name);
  g_autofree char *shown = ul_json_shown (tag != NULL ? tag : "");
  if (tag != NULL)
    ul_throw (error, UL_ERROR_NOT_FOUND, "No image %s, there are: %s", shown, names);
  else if (all->len == 0)
    ul_throw (error, UL_ERROR_NOT_FOUND, "No image");
  else
    ul_throw (error, UL_ERROR_INVALID, "Which image? There are: %s", names);
  return NULL;
}
