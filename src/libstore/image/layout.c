// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/layout-private.h"

#include <errno.h>
#include <fcntl.h>

#include "util/error.h"
#include "util/fd.h"

#define VERSION_FILE UL_LAYOUT_VERSION_FILE
#define INDEX_FILE   UL_LAYOUT_INDEX_FILE
#define MAX_VERSION  4096 /* bytes of oci-layout */

struct _UlLayout
{
  int dfd;
  char *path;
  UlOciIndex *index;
};

void
ul_layout_split (const char *location, char **out_dir, char **out_tag)
{
  const char *colon = strchr (location, ':');
  *out_dir = colon != NULL ? g_strndup (location, (gsize) (colon - location)) : g_strdup (location);
  *out_tag = colon != NULL && colon[1] != '\0' ? g_strdup (colon + 1) : NULL;
}

/* A file of the layout; -1 with errno. Doesn't wait for a FIFO's writer. */
static int
open_file (int dfd, const char *path)
{
  return ul_fd_open_beneath (dfd, path, O_RDONLY | O_NOCTTY | O_NONBLOCK, 0);
}

static gboolean
throw_open (GError **error, const char *what)
{
  /* What openat2 says of a symlink that leads out. */
  if (errno == EXDEV)
    return ul_throw (error, UL_ERROR_CORRUPT, "open %s: leads out of the layout", what);
  if (errno == ENOENT)
    return ul_throw (error, UL_ERROR_CORRUPT, "open %s: not there", what);
  return ul_throw_errno (error, "open %s", what);
}

static gboolean
is_supported (const char *version)
{
  const char *rest = g_str_has_prefix (version, "1.0.") ? version + strlen ("1.0.") : "";
  return *rest != '\0' && strspn (rest, "0123456789") == strlen (rest);
}

gboolean
ul_layout_check_version (int dfd, GError **error)
{
  g_autoptr (GBytes) bytes = NULL;
  UlJsonValue root;
  const char *version;
  ul_autofd int fd = open_file (dfd, VERSION_FILE);
  if (fd < 0 && errno == ENOENT)
    return ul_throw (error, UL_ERROR_INVALID, "not an OCI layout: it has no " VERSION_FILE);
  if (fd < 0)
    return throw_open (error, VERSION_FILE);
  if (!ul_fd_read_whole (fd, VERSION_FILE, MAX_VERSION, &bytes, error))
    return FALSE;
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
ul_layout_read_index (int dfd, GError **error)
{
  GBytes *bytes = NULL;
  ul_autofd int fd = open_file (dfd, INDEX_FILE);
  if (fd < 0)
    throw_open (error, INDEX_FILE);
  else
    (void) ul_fd_read_whole (fd, INDEX_FILE, UL_OCI_MAX_DOCUMENT, &bytes, error);
  return bytes;
}

static UlOciIndex *
load_index (int dfd, GError **error)
{
  g_autoptr (GBytes) bytes = ul_layout_read_index (dfd, error);
  return bytes != NULL ? ul_oci_index_parse (bytes, INDEX_FILE, error) : NULL;
}

UlLayout *
ul_layout_open (int dfd, const char *path, GError **error)
{
  ul_autofd int fd = -1;
  g_autoptr (UlOciIndex) index = NULL;
  if (!ul_fd_open_dir_at (dfd, path, TRUE, &fd, error))
    return NULL;
  if (!ul_layout_check_version (fd, error) || (index = load_index (fd, error)) == NULL)
    {
      ul_prefix (error, "%s", path);
      return NULL;
    }
  UlLayout *layout = g_new0 (UlLayout, 1);
  layout->dfd = ul_fd_steal (&fd);
  layout->path = g_strdup (path);
  layout->index = g_steal_pointer (&index);
  return layout;
}

void
ul_layout_free (UlLayout *layout)
{
  if (layout == NULL)
    return;
  close (layout->dfd);
  g_free (layout->path);
  ul_oci_index_free (layout->index);
  g_free (layout);
}

static gboolean
check_blob (int fd, const char *name, guint64 size, GError **error)
{
  struct stat st;
  if (fstat (fd, &st) != 0)
    return ul_throw_errno (error, "stat %s", name);
  if (!S_ISREG (st.st_mode))
    return ul_throw (error, UL_ERROR_CORRUPT, "%s: not a regular file", name);
  if ((guint64) st.st_size != size)
    return ul_throw (error, UL_ERROR_CORRUPT,
                     "%s: %" G_GUINT64_FORMAT " bytes, expected %" G_GUINT64_FORMAT, name,
                     (guint64) st.st_size, size);
  return TRUE;
}

gboolean
ul_layout_open_blob (const UlLayout *layout, const UlOciDescriptor *descriptor, int *out_fd,
                     GError **error)
{
  char hex[UL_CHECKSUM_HEX_LEN + 1];
  ul_checksum_to_hex (&descriptor->digest, hex);
  g_autofree char *path = g_strconcat ("blobs/sha256/", hex, NULL);
  ul_autofd int fd = open_file (layout->dfd, path);
  if (fd < 0 ? !throw_open (error, path) : !check_blob (fd, path, descriptor->size, error))
    return ul_prefix (error, "%s", layout->path);
  *out_fd = ul_fd_steal (&fd);
  return TRUE;
}

/* A document's bytes, which are those that @descriptor promises. */
static GBytes *
read_document (const UlLayout *layout, const UlOciDescriptor *descriptor, const char *name,
               GError **error)
{
  g_autoptr (GBytes) bytes = NULL;
  UlChecksum digest;
  ul_autofd int fd = -1;
  if (descriptor->size > UL_OCI_MAX_DOCUMENT)
    {
      ul_throw (error, UL_ERROR_CORRUPT,
                "%s: %s: %" G_GUINT64_FORMAT " bytes, more than the allowed %d", layout->path, name,
                descriptor->size, UL_OCI_MAX_DOCUMENT);
      return NULL;
    }
  if (!ul_layout_open_blob (layout, descriptor, &fd, error)
      || !ul_fd_read_whole (fd, name, UL_OCI_MAX_DOCUMENT, &bytes, error))
    return NULL;
  ul_checksum_of_data (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), &digest);
  if (!ul_checksum_equal (&digest, &descriptor->digest))
    {
      char actual[UL_OCI_DIGEST_SIZE];
      ul_oci_digest_format (&digest, actual);
      ul_throw (error, UL_ERROR_CORRUPT, "%s: %s: its digest is %s", layout->path, name, actual);
      return NULL;
    }
  return g_steal_pointer (&bytes);
}

/* What errors call it: "manifest sha256:..." */
static char *
document_name (const UlOciDescriptor *descriptor, const char *kind)
{
  char digest[UL_OCI_DIGEST_SIZE];
  ul_oci_digest_format (&descriptor->digest, digest);
  return g_strconcat (kind, " ", digest, NULL);
}

/* A document that says what it is says the same as who points to it. */
static gboolean
check_type (const UlOciMediaType *said, const UlOciDescriptor *descriptor, const char *name,
            GError **error)
{
  return said == NULL || said == descriptor->type
         || ul_throw (error, UL_ERROR_CORRUPT, "%s: mediaType: %s, expected %s", name, said->name,
                      descriptor->type->name);
}

void
ul_layout_image_free (UlLayoutImage *image)
{
  if (image == NULL)
    return;
  g_free (image->name);
  g_free (image->media_type);
  ul_oci_manifest_free (image->manifest);
  ul_oci_config_free (image->config);
  g_clear_pointer (&image->manifest_bytes, g_bytes_unref);
  g_clear_pointer (&image->config_bytes, g_bytes_unref);
  g_free (image);
}

static gboolean
load_config (const UlLayout *layout, UlLayoutImage *image, GError **error)
{
  const UlOciDescriptor *descriptor = &image->manifest->config;
  g_autofree char *name = document_name (descriptor, "config");
  image->config_bytes = read_document (layout, descriptor, name, error);
  if (image->config_bytes == NULL)
    return FALSE;
  image->config = ul_oci_config_parse (image->config_bytes, name, error);
  return (image->config != NULL
          && ul_oci_config_check (image->config, name, image->manifest, error))
         || ul_prefix (error, "%s", layout->path);
}

static UlLayoutImage *
load_image (const UlLayout *layout, const UlOciDescriptor *descriptor, GError **error)
{
  g_autofree char *name = document_name (descriptor, "manifest");
  g_autoptr (UlLayoutImage) image = g_new0 (UlLayoutImage, 1);
  image->media_type = g_strdup (descriptor->media_type);
  image->manifest_digest = descriptor->digest;
  image->manifest_bytes = read_document (layout, descriptor, name, error);
  if (image->manifest_bytes == NULL)
    return NULL;
  image->manifest = ul_oci_manifest_parse (image->manifest_bytes, name, error);
  if (image->manifest == NULL || !check_type (image->manifest->type, descriptor, name, error))
    {
      ul_prefix (error, "%s", layout->path);
      return NULL;
    }
  return load_config (layout, image, error) ? g_steal_pointer (&image) : NULL;
}

static UlLayoutImage *
load_nested (const UlLayout *layout, const UlOciDescriptor *descriptor,
             const UlOciPlatform *platform, guint depth, GError **error)
{
  if (descriptor->type->kind != UL_OCI_INDEX)
    return load_image (layout, descriptor, error);
  g_autofree char *name = document_name (descriptor, "index");
  g_autoptr (UlOciIndex) index = NULL;
  const UlOciDescriptor *next = NULL;
  if (depth == UL_LAYOUT_MAX_NESTING)
    {
      ul_throw (error, UL_ERROR_CORRUPT, "%s: %s: nested too deeply", layout->path, name);
      return NULL;
    }
  g_autoptr (GBytes) bytes = read_document (layout, descriptor, name, error);
  if (bytes == NULL)
    return NULL;
  index = ul_oci_index_parse (bytes, name, error);
  if (index != NULL && check_type (index->type, descriptor, name, error))
    next = ul_oci_index_select (index, platform, error);
  if (next == NULL)
    {
      ul_prefix (error, "%s", layout->path);
      return NULL;
    }
  return load_nested (layout, next, platform, depth + 1, error);
}

UlLayoutImage *
ul_layout_load (const UlLayout *layout, const char *tag, const UlOciPlatform *platform,
                GError **error)
{
  const UlOciDescriptor *descriptor = ul_oci_index_pick (layout->index, tag, platform, error);
  if (descriptor == NULL)
    {
      ul_prefix (error, "%s", layout->path);
      return NULL;
    }
  UlLayoutImage *image = load_nested (layout, descriptor, platform, 0, error);
  if (image != NULL)
    image->name = g_strdup (ul_oci_descriptor_ref_name (descriptor));
  return image;
}
