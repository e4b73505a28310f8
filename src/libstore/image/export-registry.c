// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/export-registry.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "util/error.h"
#include "util/fd.h"

/* What skopeo 1.9.3 calls dir: the blobs by the digits of their digests, and these two. */
#define DIR           "for-skopeo"
#define MANIFEST_FILE DIR "/manifest.json"
#define VERSION_FILE  DIR "/version"
#define VERSION       "Directory Transport Version: 1.1\n"

static gboolean
link_blob (int layout, const UlChecksum *digest, GError **error)
{
  g_autofree char *hex = ul_checksum_dup_hex (digest);
  g_autofree char *from = g_strconcat ("blobs/sha256/", hex, NULL);
  g_autofree char *to = g_strconcat (DIR "/", hex, NULL);
  /* An image may have a layer twice, and this may be another try. */
  return linkat (layout, from, layout, to, 0) == 0 || errno == EEXIST
         || ul_throw_errno (error, "link blob %s", hex);
}

static gboolean
write_file (int layout, const char *path, const void *data, gsize len, GError **error)
{
  ul_autofd int fd
      = openat (layout, path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0)
    return ul_throw_errno (error, "create %s", path);
  return ul_fd_write_all (fd, data, len, path, error);
}

static gboolean
prepare (int layout, GBytes *manifest, const UlChecksum *config, const UlLayerPack *packs,
         guint n_packs, GError **error)
{
  gsize len;
  const void *data = g_bytes_get_data (manifest, &len);
  if (mkdirat (layout, DIR, 0700) != 0 && errno != EEXIST)
    return ul_throw_errno (error, "mkdir %s", DIR);
  if (!link_blob (layout, config, error))
    return FALSE;
  for (guint i = 0; i < n_packs; i++)
    if (packs[i].is_made && !link_blob (layout, &packs[i].digest, error))
      return FALSE;
  return write_file (layout, MANIFEST_FILE, data, len, error)
         && write_file (layout, VERSION_FILE, VERSION, sizeof VERSION - 1, error);
}

/* skopeo opens a blob's file only where the registry hasn't got the blob; when the file isn't there
 * its path is in what skopeo says, in whatever words. */
static gint
find_lacking (const UlLayerPack *packs, guint n_packs, const char *message)
{
  for (guint i = 0; i < n_packs; i++)
    {
      g_autofree char *hex = ul_checksum_dup_hex (&packs[i].descriptor->digest);
      g_autofree char *file = g_strconcat ("/", hex, NULL);
      if (!packs[i].is_exact && !packs[i].stands_in && strstr (message, file) != NULL)
        return (gint) i;
    }
  return -1;
}

gboolean
ul_export_registry_push (int layout, GBytes *manifest, const UlChecksum *config,
                         const UlLayerPack *packs, guint n_packs, const char *location,
                         const UlSkopeoOptions *options, gint *out_lacking, GError **error)
{
  g_autoptr (GError) failure = NULL;
  ul_autofd int dir = -1;
  *out_lacking = -1;
  if (!prepare (layout, manifest, config, packs, n_packs, error)
      || !ul_fd_open_dir_at (layout, DIR, FALSE, &dir, error))
    return FALSE;
  if (ul_skopeo_push (dir, location, options, &failure))
    return TRUE;
  *out_lacking = find_lacking (packs, n_packs, failure->message);
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}
