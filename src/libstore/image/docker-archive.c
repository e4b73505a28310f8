// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/docker-archive.h"

#include <string.h>

#include "core/image-name.h"
#include "image/layer-blob.h"
#include "util/error.h"

#define MANIFEST_FILE "manifest.json"
#define MAX_IMAGES    10000

#define MANIFEST_TYPE "application/vnd.docker.distribution.manifest.v2+json"
#define CONFIG_TYPE   "application/vnd.docker.container.image.v1+json"
#define LAYER_TYPE    "application/vnd.docker.image.rootfs.diff.tar.gzip"

struct _UlDockerArchive
{
  UlMembers *members;
  UlImageDocuments *documents;
  char *name;        /* NULL: none */
  GPtrArray *layers; /* paths of their tars */
};

/* One of the images of manifest.json. */
typedef struct
{
  const char *config;
  GPtrArray *names; /* in full, of those that are names */
  GPtrArray *layers;
} Listed;

static void
listed_free (gpointer data)
{
  Listed *self = data;
  g_clear_pointer (&self->names, g_ptr_array_unref);
  g_clear_pointer (&self->layers, g_ptr_array_unref);
  g_free (self);
}

static gboolean
get_strings (const UlJsonValue *object, const char *name, UlJsonNeed need, guint max,
             GPtrArray **out, GError **error)
{
  UlJsonValue array;
  guint n;
  *out = g_ptr_array_new_with_free_func (g_free);
  if (!ul_json_get_array (object, name, need, max, &array, &n, error))
    return FALSE;
  for (guint i = 0; i < n; i++)
    {
      UlJsonValue element;
      if (!ul_json_element (&array, i, UL_JSON_STRING, &element, error))
        return FALSE;
      g_ptr_array_add (*out, g_strdup (ul_json_string (&element)));
    }
  return TRUE;
}

/* NULL for what is no name. */
static char *
full_name (const char *text)
{
  char *name = NULL;
  return ul_image_name_normalize_docker (text, &name, NULL) ? name : NULL;
}

static gboolean
read_listed (const UlJsonValue *object, Listed *out, GError **error)
{
  g_autoptr (GPtrArray) tags = NULL;
  if (!ul_json_get_string (object, "Config", UL_JSON_REQUIRED, &out->config, error)
      || !get_strings (object, "RepoTags", UL_JSON_OPTIONAL, MAX_IMAGES, &tags, error)
      || !get_strings (object, "Layers", UL_JSON_OPTIONAL, UL_OCI_MAX_LAYERS, &out->layers, error))
    return FALSE;
  out->names = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < tags->len; i++)
    {
      char *name = full_name (tags->pdata[i]);
      if (name != NULL)
        g_ptr_array_add (out->names, name);
    }
  return TRUE;
}

static gboolean
read_list (const UlJson *json, GPtrArray **out, GError **error)
{
  UlJsonValue root;
  guint n = 0;
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func (listed_free);
  if (!ul_json_root (json, UL_JSON_ARRAY, &root, error)
      || !ul_json_length (&root, MAX_IMAGES, &n, error))
    return FALSE;
  for (guint i = 0; i < n; i++)
    {
      UlJsonValue element;
      Listed *listed = g_new0 (Listed, 1);
      g_ptr_array_add (list, listed);
      if (!ul_json_element (&root, i, UL_JSON_OBJECT, &element, error)
          || !read_listed (&element, listed, error))
        return FALSE;
    }
  *out = g_steal_pointer (&list);
  return TRUE;
}

static char *
describe (GPtrArray *list)
{
  g_autoptr (GPtrArray) words = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < list->len && i < 20; i++)
    {
      const Listed *listed = list->pdata[i];
      g_ptr_array_add (words, listed->names->len > 0 ? g_strdup (listed->names->pdata[0])
                                                     : g_strdup_printf ("@%u", i));
    }
  g_ptr_array_add (words, NULL);
  return g_strjoinv (", ", (char **) words->pdata);
}

static gboolean
has_name (const Listed *listed, const char *name)
{
  for (guint i = 0; i < listed->names->len; i++)
    if (g_str_equal (listed->names->pdata[i], name))
      return TRUE;
  return FALSE;
}

static const Listed *
pick (GPtrArray *list, const char *which, GError **error)
{
  guint64 index;
  if (which == NULL && list->len == 1)
    return list->pdata[0];
  if (which != NULL && *which == '@'
      && g_ascii_string_to_unsigned (which + 1, 10, 0, G_MAXUINT, &index, NULL)
      && index < list->len)
    return list->pdata[index];
  g_autofree char *name = which != NULL ? full_name (which) : NULL;
  for (guint i = 0; name != NULL && i < list->len; i++)
    if (has_name (list->pdata[i], name))
      return list->pdata[i];
  g_autofree char *all = describe (list);
  if (list->len == 0)
    ul_throw (error, UL_ERROR_NOT_FOUND, "it has no image");
  else if (which == NULL)
    ul_throw (error, UL_ERROR_INVALID, "it has several images, say which: %s", all);
  else
    ul_throw (error, UL_ERROR_NOT_FOUND, "it has no image %s, but %s", which, all);
  return NULL;
}

/* Of its tar: what the archive says of one that isn't packed, else it's unpacked to know. */
static gboolean
layer_size (const UlDockerArchive *self, guint index, guint64 *out, GError **error)
{
  g_auto (UlExtent) extent = UL_EXTENT_INIT;
  UlLayerBlobSums sums;
  gboolean packed;
  if (!ul_members_open (self->members, self->layers->pdata[index], NULL, &extent, error))
    return FALSE;
  *out = extent.size;
  if (!ul_layer_blob_is_packed (&extent, &packed, error))
    return FALSE;
  if (!packed)
    return TRUE;
  g_autoptr (UlLayerBlob) blob = ul_layer_blob_new (&extent, NULL, NULL, NULL, error);
  if (blob == NULL || !ul_layer_blob_drain (blob, &sums, error))
    return FALSE;
  *out = sums.diff_size;
  return TRUE;
}

/* In the order and form of Go's encoder. */
static GBytes *
make_manifest (const UlDockerArchive *self, const UlOciConfig *config, GBytes *config_bytes,
               GError **error)
{
  char digest[UL_OCI_DIGEST_SIZE];
  UlChecksum checksum;
  gsize config_len;
  const void *config_data = g_bytes_get_data (config_bytes, &config_len);
  g_autoptr (GString) out = g_string_new (NULL);
  ul_checksum_of_data (config_data, config_len, &checksum);
  ul_oci_digest_format (&checksum, digest);
  g_string_append_printf (out,
                          "{\"schemaVersion\":2,\"mediaType\":\"" MANIFEST_TYPE
                          "\",\"config\":{\"mediaType\":\"" CONFIG_TYPE
                          "\",\"size\":%zu,\"digest\":\"%s\"},\"layers\":[",
                          config_len, digest);
  for (guint i = 0; i < self->layers->len; i++)
    {
      guint64 size;
      if (!layer_size (self, i, &size, error))
        return NULL;
      ul_oci_digest_format (&g_array_index (config->diff_ids, UlChecksum, i), digest);
      g_string_append_printf (out,
                              "%s{\"mediaType\":\"" LAYER_TYPE "\",\"size\":%" G_GUINT64_FORMAT
                              ",\"digest\":\"%s\"}",
                              i > 0 ? "," : "", size, digest);
    }
  g_string_append (out, "]}");
  return g_string_free_to_bytes (g_steal_pointer (&out));
}

static gboolean
load (UlDockerArchive *self, const Listed *listed, GError **error)
{
  g_autoptr (GBytes) config_bytes = NULL;
  if (!ul_members_read (self->members, listed->config, UL_OCI_MAX_DOCUMENT, NULL, &config_bytes,
                        error))
    return FALSE;
  g_autoptr (UlOciConfig) config = ul_oci_config_parse (config_bytes, listed->config, error);
  if (config == NULL)
    return FALSE;
  self->layers = g_ptr_array_ref (listed->layers);
  if (config->diff_ids->len != self->layers->len)
    return ul_throw (error, UL_ERROR_CORRUPT, "%s: %u diff IDs for %u layers", listed->config,
                     config->diff_ids->len, self->layers->len);
  self->name = listed->names->len > 0 ? g_strdup (listed->names->pdata[0]) : NULL;
  g_autoptr (GBytes) manifest = make_manifest (self, config, config_bytes, error);
  if (manifest == NULL)
    return FALSE;
  self->documents = ul_image_documents_new (manifest, MANIFEST_TYPE, "manifest", error);
  return self->documents != NULL
         && ul_image_documents_set_config (self->documents, config_bytes, error);
}

UlDockerArchive *
ul_docker_archive_open (UlMembers *members, const char *which, GError **error)
{
  g_autoptr (UlDockerArchive) self = g_new0 (UlDockerArchive, 1);
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GPtrArray) list = NULL;
  gboolean found;
  self->members = members;
  const gboolean ok
      = ul_members_read (members, MANIFEST_FILE, UL_OCI_MAX_DOCUMENT, &found, &bytes, error)
        && (found
            || ul_throw (error, UL_ERROR_INVALID,
                         "not a docker-archive: it has no " MANIFEST_FILE));
  g_autoptr (UlJson) json
      = ok ? ul_json_parse (bytes, MANIFEST_FILE, UL_OCI_MAX_DOCUMENT, error) : NULL;
  const Listed *listed
      = json != NULL && read_list (json, &list, error) ? pick (list, which, error) : NULL;
  if (listed == NULL || !load (self, listed, error))
    {
      ul_prefix (error, "%s", ul_members_path (members));
      return NULL;
    }
  return g_steal_pointer (&self);
}

void
ul_docker_archive_free (UlDockerArchive *self)
{
  if (self == NULL)
    return;
  ul_members_free (self->members);
  ul_image_documents_free (self->documents);
  g_clear_pointer (&self->layers, g_ptr_array_unref);
  g_free (self->name);
  g_free (self);
}

UlImageDocuments *
ul_docker_archive_steal_documents (UlDockerArchive *self)
{
  return g_steal_pointer (&self->documents);
}

const char *
ul_docker_archive_name (const UlDockerArchive *self)
{
  return self->name;
}

gboolean
ul_docker_archive_open_layer (const UlDockerArchive *self, guint index, UlExtent *out,
                              GError **error)
{
  return ul_members_open (self->members, self->layers->pdata[index], NULL, out, error)
         || ul_prefix (error, "%s", ul_members_path (self->members));
}
