// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/source.h"

#include <fcntl.h>
#include <string.h>

#include "core/image-name.h"
#include "image/docker-archive.h"
#include "image/layout.h"
#include "image/registry.h"
#include "util/error.h"

#define DOCKER "docker://"

struct _UlImageSource
{
  char *path;  /* a directory or an archive */
  char *which; /* NULL: the only image */
  UlImageDocuments *documents;
  char *name;       /* that it's given there, or NULL */
  UlLayout *layout; /* one of these */
  UlDockerArchive *docker;
  UlRegistry *registry;
};

static gboolean
load_layout (UlImageSource *self, UlMembers *members, const UlOciPlatform *platform, GError **error)
{
  if (members == NULL)
    return FALSE;
  self->layout = ul_layout_open (members, error);
  if (self->layout == NULL)
    return FALSE;
  self->documents = ul_layout_load (self->layout, self->which, platform, &self->name, error);
  return self->documents != NULL;
}

static gboolean
open_oci (UlImageSource *self, const UlImageSourceOptions *options, GError **error)
{
  return load_layout (self, ul_members_open_dir (AT_FDCWD, self->path, error), options->platform,
                      error);
}

static gboolean
open_oci_archive (UlImageSource *self, const UlImageSourceOptions *options, GError **error)
{
  return load_layout (self, ul_members_open_tar (self->path, options->tmp_dfd, error),
                      options->platform, error);
}

static gboolean
open_docker_archive (UlImageSource *self, const UlImageSourceOptions *options, GError **error)
{
  UlMembers *members = ul_members_open_tar (self->path, options->tmp_dfd, error);
  if (members == NULL)
    return FALSE;
  self->docker = ul_docker_archive_open (members, self->which, error);
  if (self->docker == NULL)
    return FALSE;
  self->documents = ul_docker_archive_steal_documents (self->docker);
  self->name = g_strdup (ul_docker_archive_name (self->docker));
  return TRUE;
}

/* All of it is the path: the tag is after another colon than the first one. */
static gboolean
open_by_skopeo (UlImageSource *self, const char *prefix, const UlImageSourceOptions *options,
                GError **error)
{
  g_autofree char *location = g_strconcat (prefix, self->path, NULL);
  self->registry
      = ul_registry_open (location, options->platform, options->tmp_dfd, &options->skopeo, error);
  if (self->registry == NULL)
    return FALSE;
  self->documents = ul_registry_steal_documents (self->registry);
  return TRUE;
}

static gboolean
open_registry (UlImageSource *self, const UlImageSourceOptions *options, GError **error)
{
  return open_by_skopeo (self, DOCKER, options, error);
}

/* [DRIVER@ROOT+RUNROOT:OPTIONS] may go before the name. */
static gboolean
open_storage (UlImageSource *self, const UlImageSourceOptions *options, GError **error)
{
  const char *end = *self->path == '[' ? strchr (self->path, ']') : NULL;
  self->name = g_strdup (end != NULL ? end + 1 : self->path);
  return open_by_skopeo (self, UL_REGISTRY_STORAGE, options, error);
}

static const struct
{
  const char *prefix;
  gboolean (*open) (UlImageSource *self, const UlImageSourceOptions *options, GError **error);
  gboolean is_whole; /* what follows isn't PATH:WHICH */
} transports[] = {
  { "oci:", open_oci, FALSE },
  { "oci-archive:", open_oci_archive, FALSE },
  { "docker-archive:", open_docker_archive, FALSE },
  { DOCKER, open_registry, TRUE },
  { UL_REGISTRY_STORAGE, open_storage, TRUE },
};

UlImageSource *
ul_image_source_open (const char *location, const UlImageSourceOptions *options, GError **error)
{
  g_autoptr (UlImageSource) self = g_new0 (UlImageSource, 1);
  for (gsize i = 0; i < G_N_ELEMENTS (transports); i++)
    {
      if (!g_str_has_prefix (location, transports[i].prefix))
        continue;
      const char *rest = location + strlen (transports[i].prefix);
      if (transports[i].is_whole)
        self->path = g_strdup (rest);
      else
        ul_layout_split (rest, &self->path, &self->which);
      if (*self->path == '\0')
        ul_throw (error, UL_ERROR_INVALID, "no path");
      else if (transports[i].open (self, options, error))
        return g_steal_pointer (&self);
      return NULL;
    }
  ul_throw (error, UL_ERROR_UNSUPPORTED,
            "not an image's location, which begins with oci:, oci-archive:, docker-archive:, "
            "docker:// or containers-storage:");
  return NULL;
}

UlImageSource *
ul_image_source_open_layout (int dfd, const char *what, const UlImageSourceOptions *options,
                             GError **error)
{
  g_autoptr (UlImageSource) self = g_new0 (UlImageSource, 1);
  self->path = g_strdup (what);
  if (load_layout (self, ul_members_open_dir (dfd, ".", error), options->platform, error))
    return g_steal_pointer (&self);
  ul_prefix (error, "%s", what);
  return NULL;
}

void
ul_image_source_free (UlImageSource *self)
{
  if (self == NULL)
    return;
  g_free (self->path);
  g_free (self->which);
  g_free (self->name);
  ul_image_documents_free (self->documents);
  ul_layout_free (self->layout);
  ul_docker_archive_free (self->docker);
  ul_registry_free (self->registry);
  g_free (self);
}

const UlImageDocuments *
ul_image_source_documents (const UlImageSource *self)
{
  return self->documents;
}

/* Of a file without what says its type. */
static char *
base_of (const UlImageSource *self)
{
  g_autofree char *whole = g_canonicalize_filename (self->path, NULL);
  char *base = g_path_get_basename (whole);
  char *dot = strstr (base, ".tar");
  if (dot != NULL && dot > base && (dot[4] == '\0' || dot[4] == '.'))
    *dot = '\0';
  return base;
}

gboolean
ul_image_source_suggest_name (const UlImageSource *self, char **out, GError **error)
{
  if (self->registry != NULL && ul_registry_is_unpacked (self->registry))
    return ul_image_name_normalize (self->name, out, error);
  if (self->registry != NULL)
    return ul_image_name_normalize_docker (self->path, out, error);
  if (g_str_equal (self->path, "-") && self->name == NULL)
    return ul_throw (error, UL_ERROR_INVALID, "it says none");
  if (self->docker != NULL && self->name != NULL)
    return ul_image_name_normalize (self->name, out, error);
  g_autofree char *base = base_of (self);
  return ul_image_name_suggest (base, self->name, out, error);
}

gboolean
ul_image_source_is_unpacked (const UlImageSource *self)
{
  return self->docker != NULL
         || (self->registry != NULL && ul_registry_is_unpacked (self->registry));
}

gboolean
ul_image_source_open_layer (const UlImageSource *self, guint index, UlExtent *out, GError **error)
{
  const UlOciDescriptor *descriptor
      = ul_oci_descriptor_at (self->documents->manifest->layers, index);
  if (self->docker != NULL)
    return ul_docker_archive_open_layer (self->docker, index, out, error);
  if (self->registry == NULL)
    return ul_layout_open_blob (self->layout, descriptor, out, error);
  const UlChecksum *diff_id = &g_array_index (self->documents->config->diff_ids, UlChecksum, index);
  return ul_registry_open_layer (self->registry, descriptor, diff_id, out, error);
}
