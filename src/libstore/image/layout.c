// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/layout-private.h"

#include <string.h>

#include "util/error.h"

#define VERSION_FILE UL_LAYOUT_VERSION_FILE
#define INDEX_FILE   UL_LAYOUT_INDEX_FILE
#define MAX_VERSION  4096 /* bytes of oci-layout */

struct _UlLayout
{
  UlMembers *members;
  const char *path; /* the members' */
  UlOciIndex *index;
};

void
ul_layout_split (const char *location, char **out_dir, char **out_tag)
{
  const char *colon = strchr (location, ':');
  *out_dir = colon != NULL ? g_strndup (location, (gsize) (colon - location)) : g_strdup (location);
  *out_tag = colon != NULL && colon[1] != '\0' ? g_strdup (colon + 1) : NULL;
}

static gboolean
is_supported (const char *version)
{
  const char *rest = g_str_has_prefix (version, "1.0.") ? version + strlen ("1.0.") : "";
  return *rest != '\0' && strspn (rest, "0123456789") == strlen (rest);
}

gboolean
ul_layout_check_version (const UlMembers *members, GError **error)
{
  g_autoptr (GBytes) bytes = NULL;
  UlJsonValue root;
  const char *version;
  gboolean found;
  if (!ul_members_read (members, VERSION_FILE, MAX_VERSION, &found, &bytes, error))
    return FALSE;
  if (!found)
    return ul_throw (error, UL_ERROR_INVALID, "not an OCI layout: it has no " VERSION_FILE);
  g_autoptr (UlJson) json = ul_json_parse (bytes, VERSION_FILE, MAX_VERSION, error);
  if (json == NULL || !ul_json_root (json, UL_JSON_OBJECT, &root, error)
      || !ul_json_get_string (&root, "imageLayoutVersion", UL_JSON_REQUIRED, &version, error))
    return FALSE;
  g_autofree char *shown = ul_json_shown (version);
  return is_supported (version)
         || ul_json_throw_member (&root, "imageLayoutVersion", error, UL_ERROR_UNSUPPORTED,
                                  "not 1.0, but %s", shown);
}

GBytes *
ul_layout_read_index (const UlMembers *members, GError **error)
{
  GBytes *bytes = NULL;
  (void) ul_members_read (members, INDEX_FILE, UL_OCI_MAX_DOCUMENT, NULL, &bytes, error);
  return bytes;
}

static UlOciIndex *
load_index (const UlMembers *members, GError **error)
{
  g_autoptr (GBytes) bytes = ul_layout_read_index (members, error);
  return bytes != NULL ? ul_oci_index_parse (bytes, INDEX_FILE, error) : NULL;
}

UlLayout *
ul_layout_open (UlMembers *members, GError **error)
{
  g_autoptr (UlMembers) owned = members;
  UlOciIndex *index = NULL;
  if (!ul_layout_check_version (members, error) || (index = load_index (members, error)) == NULL)
    {
      ul_prefix (error, "%s", ul_members_path (members));
      return NULL;
    }
  UlLayout *layout = g_new0 (UlLayout, 1);
  layout->members = g_steal_pointer (&owned);
  layout->path = ul_members_path (members);
  layout->index = index;
  return layout;
}

void
ul_layout_free (UlLayout *layout)
{
  if (layout == NULL)
    return;
  ul_members_free (layout->members);
  ul_oci_index_free (layout->index);
  g_free (layout);
}

/* Where in the layout it is. */
static char *
blob_path (const UlOciDescriptor *descriptor)
{
  char hex[UL_CHECKSUM_HEX_LEN + 1];
  ul_checksum_to_hex (&descriptor->digest, hex);
  return g_strconcat ("blobs/sha256/", hex, NULL);
}

gboolean
ul_layout_open_blob (const UlLayout *layout, const UlOciDescriptor *descriptor, UlExtent *out,
                     GError **error)
{
  g_autofree char *path = blob_path (descriptor);
  g_auto (UlExtent) extent = UL_EXTENT_INIT;
  if (!ul_members_open (layout->members, path, NULL, &extent, error))
    return ul_prefix (error, "%s", layout->path);
  if (extent.size != descriptor->size)
    return ul_throw (error, UL_ERROR_CORRUPT,
                     "%s: %s: %" G_GUINT64_FORMAT " bytes, expected %" G_GUINT64_FORMAT,
                     layout->path, path, extent.size, descriptor->size);
  *out = extent;
  extent.fd = -1;
  return TRUE;
}

/* A document's bytes, which are those that @descriptor promises. */
static GBytes *
read_document (const UlLayout *layout, const UlOciDescriptor *descriptor, const char *name,
               GError **error)
{
  g_autofree char *path = blob_path (descriptor);
  g_autoptr (GBytes) bytes = NULL;
  g_auto (UlExtent) extent = UL_EXTENT_INIT;
  if (descriptor->size > UL_OCI_MAX_DOCUMENT)
    {
      ul_throw (error, UL_ERROR_CORRUPT,
                "%s: %s: %" G_GUINT64_FORMAT " bytes, more than the allowed %d", layout->path, name,
                descriptor->size, UL_OCI_MAX_DOCUMENT);
      return NULL;
    }
  /* First its size, as of any blob. */
  if (!ul_layout_open_blob (layout, descriptor, &extent, error))
    return NULL;
  if (!ul_members_read (layout->members, path, UL_OCI_MAX_DOCUMENT, NULL, &bytes, error)
      || !ul_image_documents_check_digest (bytes, &descriptor->digest, name, error))
    {
      ul_prefix (error, "%s", layout->path);
      return NULL;
    }
  return g_steal_pointer (&bytes);
}

static gboolean
load_config (const UlLayout *layout, UlImageDocuments *image, GError **error)
{
  const UlOciDescriptor *descriptor = &image->manifest->config;
  g_autofree char *name = ul_image_documents_name ("config", &descriptor->digest);
  g_autoptr (GBytes) bytes = read_document (layout, descriptor, name, error);
  if (bytes == NULL)
    return FALSE;
  return ul_image_documents_set_config (image, bytes, error)
         || ul_prefix (error, "%s", layout->path);
}

static UlImageDocuments *
load_image (const UlLayout *layout, const UlOciDescriptor *descriptor, GError **error)
{
  g_autofree char *name = ul_image_documents_name ("manifest", &descriptor->digest);
  g_autoptr (GBytes) bytes = read_document (layout, descriptor, name, error);
  if (bytes == NULL)
    return NULL;
  g_autoptr (UlImageDocuments) image
      = ul_image_documents_new (bytes, descriptor->media_type, name, error);
  if (image == NULL)
    {
      ul_prefix (error, "%s", layout->path);
      return NULL;
    }
  return load_config (layout, image, error) ? g_steal_pointer (&image) : NULL;
}

static UlImageDocuments *load_nested (const UlLayout *layout, const UlOciDescriptor *descriptor,
                                      const UlOciPlatform *platform, guint depth, GError **error);

/* The one for the platform, of those that an index has. */
static UlImageDocuments *
load_from_index (const UlLayout *layout, const UlOciDescriptor *descriptor,
                 const UlOciPlatform *platform, guint depth, GError **error)
{
  g_autofree char *name = ul_image_documents_name ("index", &descriptor->digest);
  const UlOciDescriptor *next = NULL;
  if (depth == UL_LAYOUT_MAX_NESTING)
    {
      ul_throw (error, UL_ERROR_CORRUPT, "%s: %s: nested too deeply", layout->path, name);
      return NULL;
    }
  g_autoptr (GBytes) bytes = read_document (layout, descriptor, name, error);
  if (bytes == NULL)
    return NULL;
  g_autoptr (UlOciIndex) index = ul_oci_index_parse (bytes, name, error);
  if (index != NULL && index->type != NULL && index->type != descriptor->type)
    ul_throw (error, UL_ERROR_CORRUPT, "%s: mediaType: %s, expected %s", name, index->type->name,
              descriptor->type->name);
  else if (index != NULL)
    next = ul_oci_index_select (index, platform, error);
  if (next == NULL)
    {
      ul_prefix (error, "%s", layout->path);
      return NULL;
    }
  UlImageDocuments *image = load_nested (layout, next, platform, depth + 1, error);
  if (image != NULL && image->index_bytes == NULL)
    image->index_bytes = g_steal_pointer (&bytes);
  return image;
}

static UlImageDocuments *
load_nested (const UlLayout *layout, const UlOciDescriptor *descriptor,
             const UlOciPlatform *platform, guint depth, GError **error)
{
  return descriptor->type->kind != UL_OCI_INDEX
             ? load_image (layout, descriptor, error)
             : load_from_index (layout, descriptor, platform, depth, error);
}

UlImageDocuments *
ul_layout_load (const UlLayout *layout, const char *tag, const UlOciPlatform *platform,
                char **out_name, GError **error)
{
  const UlOciDescriptor *descriptor = ul_oci_index_pick (layout->index, tag, platform, error);
  if (descriptor == NULL)
    {
      ul_prefix (error, "%s", layout->path);
      return NULL;
    }
  UlImageDocuments *image = load_nested (layout, descriptor, platform, 0, error);
  if (image != NULL)
    *out_name = g_strdup (ul_oci_descriptor_ref_name (descriptor));
  return image;
}
