// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/source.h"

#include <fcntl.h>
#include <string.h>

#include "core/image-name.h"
#include "util/error.h"

#define OCI "oci:"

struct _UlImageSource
{
  char *dir;
  char *tag; /* NULL: none */
  UlLayout *layout;
  UlLayoutImage *image;
};

static gboolean
open_layout (UlImageSource *self, const char *location, const UlOciPlatform *platform,
             GError **error)
{
  ul_layout_split (location, &self->dir, &self->tag);
  if (*self->dir == '\0')
    return ul_throw (error, UL_ERROR_INVALID, "no directory");
  self->layout = ul_layout_open (AT_FDCWD, self->dir, error);
  if (self->layout == NULL)
    return FALSE;
  self->image = ul_layout_load (self->layout, self->tag, platform, error);
  return self->image != NULL;
}

UlImageSource *
ul_image_source_open (const char *location, const UlOciPlatform *platform, GError **error)
{
  g_autoptr (UlImageSource) self = g_new0 (UlImageSource, 1);
  if (!g_str_has_prefix (location, OCI))
    {
      ul_throw (error, UL_ERROR_UNSUPPORTED, "%s: not an image's location, which is oci:DIR[:TAG]",
                location);
      return NULL;
    }
  if (!open_layout (self, location + strlen (OCI), platform, error))
    {
      ul_prefix (error, "%s", location);
      return NULL;
    }
  return g_steal_pointer (&self);
}

void
ul_image_source_free (UlImageSource *self)
{
  if (self == NULL)
    return;
  g_free (self->dir);
  g_free (self->tag);
  ul_layout_image_free (self->image);
  ul_layout_free (self->layout);
  g_free (self);
}

const UlLayoutImage *
ul_image_source_image (const UlImageSource *self)
{
  return self->image;
}

gboolean
ul_image_source_suggest_name (const UlImageSource *self, char **out, GError **error)
{
  g_autofree char *whole = g_canonicalize_filename (self->dir, NULL);
  g_autofree char *base = g_path_get_basename (whole);
  return ul_image_name_suggest (base, self->image->name, out, error);
}

gboolean
ul_image_source_open_layer (const UlImageSource *self, guint index, int *out_fd, GError **error)
{
  const GArray *layers = self->image->manifest->layers;
  return ul_layout_open_blob (self->layout, ul_oci_descriptor_at (layers, index), out_fd, error);
}
