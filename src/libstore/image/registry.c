// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/registry.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "core/oci-index.h"
#include "image/skopeo-policy.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/tmpfile.h"

#define MAX_NESTING 4 /* indexes within an index */

struct _UlRegistry
{
  char *location; /* of the manifest itself */
  UlImageDocuments *documents;
  GBytes *index; /* that led to it, or NULL */
  UlSkopeoOptions options;
  char *authfile; /* the options' own */
  char *cert_dir;
  char *policy;
  int tmp_dfd;   /* for a storage's blobs; -1: not needed */
  UlTmpDir copy; /* of all of the image, if the policy asks for that */
};

/* What is called @digest where @location is: its tag, or another digest, gone. */
static char *
at_digest (const char *location, const UlChecksum *digest)
{
  char text[UL_OCI_DIGEST_SIZE];
  const char *slash = strrchr (location, '/');
  const char *end = strchr (location, '@');
  if (end == NULL)
    end = strchr (slash != NULL ? slash : location, ':');
  if (end == NULL)
    end = location + strlen (location);
  ul_oci_digest_format (digest, text);
  return g_strdup_printf ("%.*s@%s", (int) (end - location), location, text);
}

static gboolean
is_index (GBytes *bytes, gboolean *out, GError **error)
{
  UlJsonValue root;
  g_autoptr (UlJson) json = ul_json_parse (bytes, "manifest", UL_OCI_MAX_DOCUMENT, error);
  if (json == NULL || !ul_json_root (json, UL_JSON_OBJECT, &root, error))
    return FALSE;
  *out = ul_json_has (&root, "manifests");
  return TRUE;
}

/* On to the manifest for @platform. */
static gboolean
follow (UlRegistry *self, GBytes *bytes, const UlOciPlatform *platform, GError **error)
{
  if (ul_registry_is_unpacked (self))
    return ul_throw (error, UL_ERROR_UNSUPPORTED,
                     "it's an index, of which a storage has no images");
  g_autoptr (UlOciIndex) index = ul_oci_index_parse (bytes, "index", error);
  const UlOciDescriptor *next = index != NULL ? ul_oci_index_select (index, platform, error) : NULL;
  if (next == NULL)
    return FALSE;
  char *location = at_digest (self->location, &next->digest);
  g_free (self->location);
  self->location = location;
  if (self->index == NULL)
    self->index = g_bytes_ref (bytes);
  return TRUE;
}

/* Of a digest in the location, the bytes are what it says. Of a storage skopeo sees to that. */
static gboolean
check_digest (const UlRegistry *self, GBytes *bytes, GError **error)
{
  const char *at = ul_registry_is_unpacked (self) ? NULL : strchr (self->location, '@');
  UlChecksum digest;
  return at == NULL
         || (ul_oci_digest_parse (at + 1, &digest, error)
             && ul_image_documents_check_digest (bytes, &digest, "manifest", error));
}

static gboolean
read_manifest (UlRegistry *self, const UlOciPlatform *platform, GError **error)
{
  for (guint depth = 0; depth <= MAX_NESTING; depth++)
    {
      g_autoptr (GBytes) bytes = NULL;
      gboolean index;
      if (!ul_skopeo_read_manifest (self->location, &self->options, &bytes, error)
          || !check_digest (self, bytes, error) || !is_index (bytes, &index, error))
        return FALSE;
      if (!index)
        {
          self->documents = ul_image_documents_new (bytes, NULL, "manifest", error);
          return self->documents != NULL;
        }
      if (!follow (self, bytes, platform, error))
        return FALSE;
    }
  return ul_throw (error, UL_ERROR_CORRUPT, "index: nested too deeply");
}

static gboolean
read_config (UlRegistry *self, GError **error)
{
  const UlOciDescriptor *descriptor = &self->documents->manifest->config;
  g_autoptr (GBytes) bytes = NULL;
  if (!ul_skopeo_read_blob (self->location, &self->options, &descriptor->digest, descriptor->size,
                            self->tmp_dfd, UL_OCI_MAX_DOCUMENT, &bytes, error))
    return ul_prefix (error, "config");
  self->documents->index_bytes = g_steal_pointer (&self->index);
  return ul_image_documents_set_config (self->documents, bytes, error);
}

/* Has the image to be copied to learn whether the policy allows it? A storage has no signatures
 * that could be copied with it. */
static gboolean
check_policy (const UlRegistry *self, gboolean *out_copies, GError **error)
{
  g_autoptr (GError) cause = NULL;
  *out_copies = FALSE;
  if (self->policy == NULL || ul_skopeo_check_policy (self->policy, &cause))
    return TRUE;
  *out_copies
      = g_error_matches (cause, UL_ERROR, UL_ERROR_UNSUPPORTED) && !ul_registry_is_unpacked (self);
  if (!*out_copies)
    g_propagate_error (error, g_steal_pointer (&cause));
  return *out_copies;
}

/* By the digest that was read, whatever its tag is now. */
static gboolean
pull (UlRegistry *self, int tmp_dfd, GError **error)
{
  g_autofree char *location = at_digest (self->location, &self->documents->manifest_digest);
  if (tmp_dfd < 0)
    return ul_throw (error, UL_ERROR_UNSUPPORTED, "no place to copy it to, for the policy");
  return ul_tmp_dir_open (&self->copy, tmp_dfd, error)
         && ul_skopeo_pull (location, self->copy.fd, &self->options, error);
}

static gboolean
open_copy (const UlRegistry *self, const UlOciDescriptor *descriptor, UlExtent *out, GError **error)
{
  struct stat st;
  g_autofree char *hex = ul_checksum_dup_hex (&descriptor->digest);
  ul_autofd int fd = ul_fd_open_no_symlinks (self->copy.fd, hex, O_RDONLY | O_NONBLOCK);
  if (fd < 0 || fstat (fd, &st) != 0)
    return ul_throw_errno (error, "open skopeo's copy of it");
  if (!S_ISREG (st.st_mode) || (guint64) st.st_size != descriptor->size)
    return ul_throw (error, UL_ERROR_CORRUPT, "skopeo's copy of it has another size");
  *out = (UlExtent){ .fd = ul_fd_steal (&fd), .size = descriptor->size };
  return TRUE;
}

UlRegistry *
ul_registry_open (const char *location, const UlOciPlatform *platform, int tmp_dfd,
                  const UlSkopeoOptions *options, GError **error)
{
  gboolean copies;
  g_autoptr (UlRegistry) self = g_new0 (UlRegistry, 1);
  self->location = g_strdup (location);
  self->options = *options;
  self->options.authfile = self->authfile = g_strdup (options->authfile);
  self->options.cert_dir = self->cert_dir = g_strdup (options->cert_dir);
  self->options.policy = self->policy = g_strdup (options->policy);
  self->copy = (UlTmpDir) UL_TMP_DIR_INIT;
  self->tmp_dfd = ul_registry_is_unpacked (self) ? tmp_dfd : -1;
  if (!check_policy (self, &copies, error) || !read_manifest (self, platform, error)
      || !read_config (self, error) || (copies && !pull (self, tmp_dfd, error)))
    return NULL;
  return g_steal_pointer (&self);
}

void
ul_registry_free (UlRegistry *self)
{
  if (self == NULL)
    return;
  g_free (self->authfile);
  g_free (self->cert_dir);
  g_free (self->policy);
  ul_tmp_dir_clear (&self->copy);
  ul_image_documents_free (self->documents);
  g_clear_pointer (&self->index, g_bytes_unref);
  g_free (self->location);
  g_free (self);
}

UlImageDocuments *
ul_registry_steal_documents (UlRegistry *self)
{
  return g_steal_pointer (&self->documents);
}

gboolean
ul_registry_is_unpacked (const UlRegistry *self)
{
  return g_str_has_prefix (self->location, UL_REGISTRY_STORAGE);
}

gboolean
ul_registry_open_layer (const UlRegistry *self, const UlOciDescriptor *descriptor,
                        const UlChecksum *diff_id, UlExtent *out, GError **error)
{
  const gboolean is_unpacked = ul_registry_is_unpacked (self);
  if (self->copy.fd >= 0)
    return open_copy (self, descriptor, out, error);
  return ul_skopeo_open_blob (
      self->location, &self->options, is_unpacked ? diff_id : &descriptor->digest,
      is_unpacked ? UL_SKOPEO_ANY_SIZE : descriptor->size, self->tmp_dfd, out, error);
}
