// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/documents.h"

#include "util/error.h"

static void
digest_of (GBytes *bytes, UlChecksum *out)
{
  gsize len;
  const void *data = g_bytes_get_data (bytes, &len);
  ul_checksum_of_data (data, len, out);
}

char *
ul_image_documents_name (const char *kind, const UlChecksum *digest)
{
  char text[UL_OCI_DIGEST_SIZE];
  ul_oci_digest_format (digest, text);
  return g_strconcat (kind, " ", text, NULL);
}

gboolean
ul_image_documents_check_digest (GBytes *bytes, const UlChecksum *digest, const char *name,
                                 GError **error)
{
  char text[UL_OCI_DIGEST_SIZE];
  UlChecksum actual;
  digest_of (bytes, &actual);
  if (ul_checksum_equal (&actual, digest))
    return TRUE;
  ul_oci_digest_format (&actual, text);
  return ul_throw (error, UL_ERROR_CORRUPT, "%s: its digest is %s", name, text);
}

void
ul_image_documents_free (UlImageDocuments *self)
{
  if (self == NULL)
    return;
  g_free (self->media_type);
  g_clear_pointer (&self->manifest_bytes, g_bytes_unref);
  g_clear_pointer (&self->config_bytes, g_bytes_unref);
  g_clear_pointer (&self->index_bytes, g_bytes_unref);
  ul_oci_manifest_free (self->manifest);
  ul_oci_config_free (self->config);
  g_free (self);
}

/* A document that says what it is says the same as who points to it. */
static gboolean
check_type (const UlOciMediaType *said, const char *media_type, const char *name, GError **error)
{
  return said == NULL || media_type == NULL || g_str_equal (said->name, media_type)
         || ul_throw (error, UL_ERROR_CORRUPT, "%s: mediaType: %s, expected %s", name, said->name,
                      media_type);
}

UlImageDocuments *
ul_image_documents_new (GBytes *manifest, const char *media_type, const char *name, GError **error)
{
  g_autoptr (UlImageDocuments) self = g_new0 (UlImageDocuments, 1);
  self->manifest_bytes = g_bytes_ref (manifest);
  digest_of (manifest, &self->manifest_digest);
  self->manifest = ul_oci_manifest_parse (manifest, name, error);
  if (self->manifest == NULL || !check_type (self->manifest->type, media_type, name, error))
    return NULL;
  /* One that says nothing is OCI's: Docker's has to. */
  if (media_type == NULL)
    media_type = self->manifest->type != NULL ? self->manifest->type->name : UL_OCI_MANIFEST_TYPE;
  self->media_type = g_strdup (media_type);
  return g_steal_pointer (&self);
}

gboolean
ul_image_documents_set_config (UlImageDocuments *self, GBytes *config, GError **error)
{
  const UlChecksum *digest = &self->manifest->config.digest;
  g_autofree char *name = ul_image_documents_name ("config", digest);
  if (!ul_image_documents_check_digest (config, digest, name, error))
    return FALSE;
  self->config_bytes = g_bytes_ref (config);
  self->config = ul_oci_config_parse (config, name, error);
  return self->config != NULL && ul_oci_config_check (self->config, name, self->manifest, error);
}
