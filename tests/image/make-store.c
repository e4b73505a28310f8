// SPDX-License-Identifier: LGPL-2.1-or-later
/* For scripts:
 *   make-store STORE NAME (DIFF TAR SPLIT)...   adds an image to a store that all users may read
 * (made if it isn't there), of layers that are directories, with the tars they came from and their
 *     tar-split.gz
 *   make-store STORE                            prints the names of its faults, warnings in
 * brackets */
#include <stdio.h>

#include "image/store-verify.h"
#include "stores.h"

/* A copy of directory @data as it is. */
static gboolean
copy_diff (int dfd, const char *name, G_GNUC_UNUSED UlStoreLayer *layer, gpointer data,
           GError **error)
{
  g_autofree char *to = g_strdup_printf ("/proc/%d/fd/%d/%s", getpid (), dfd, name);
  const char *const argv[] = { "cp", "-a", "-T", data, to, NULL };
  return g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL,
                       NULL, error);
}

static GBytes *
read_file (const char *path)
{
  g_autoptr (GError) error = NULL;
  GBytes *bytes = NULL;
  ul_fd_read_file_at (AT_FDCWD, path, 1 << 30, FALSE, &bytes, &error);
  g_assert_no_error (error);
  return bytes;
}

static UlStoreLayer *
describe_layer (const char *tar, const char *parent)
{
  g_autoptr (GBytes) bytes = read_file (tar);
  UlChecksum diff;
  UlChecksum id;
  ul_checksum_of_data (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), &diff);
  ul_store_layer_id (parent, &diff, &id);
  g_autofree char *hex = ul_checksum_dup_hex (&id);
  UlStoreLayer *layer = ul_store_layer_new (hex);
  layer->parent = g_strdup (parent);
  layer->created = g_strdup (STORE_CREATED);
  layer->has_diff = layer->has_compressed = TRUE;
  layer->diff_digest = layer->compressed_digest = diff;
  layer->diff_size = layer->compressed_size = (gint64) g_bytes_get_size (bytes);
  return layer;
}

static void
append_layer (const UlStoreLayer *layer, GString *diff_ids, GString *layers)
{
  char digest[UL_OCI_DIGEST_SIZE];
  const char *comma = diff_ids->len > 0 ? "," : "";
  ul_oci_digest_format (&layer->diff_digest, digest);
  g_string_append_printf (diff_ids, "%s\"%s\"", comma, digest);
  g_string_append_printf (
      layers,
      "%s{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\",\"size\":%" G_GINT64_FORMAT
      ",\"digest\":\"%s\"}",
      comma, layer->diff_size, digest);
}

static void
add_image (UlStoreChange *change, const char *name, const char *layer, const GString *diff_ids,
           const GString *layers)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *config = g_strdup_printf (
      "{\"created\":\"" STORE_CREATED "\",\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{"
      "\"Cmd\":[\"/bin/sh\"]},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[%s]}}",
      diff_ids->str);
  g_autofree char *digest = stores_digest (config);
  g_autofree char *manifest = g_strdup_printf (
      "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"config\""
      ":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"size\":%zu,\"digest\":\"%s\"}"
      ",\"layers\":[%s]}",
      strlen (config), digest, layers->str);
  g_autoptr (GBytes) config_bytes = stores_bytes (config);
  g_autoptr (GBytes) manifest_bytes = stores_bytes (manifest);
  const char *const names[] = { name, NULL };
  const UlStoreImageSpec spec = { .layer = layer,
                                  .manifest = manifest_bytes,
                                  .config = config_bytes,
                                  .names = names,
                                  .created = STORE_CREATED };
  ul_store_change_add_image (change, &spec, &error);
  g_assert_no_error (error);
}

static void
print_faults (const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (UlStore) store = stores_open (path, 0);
  g_autoptr (GPtrArray) faults = ul_store_verify (store, UL_STORE_VERIFY_FULL, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < faults->len; i++)
    {
      const UlStoreFault *fault = g_ptr_array_index (faults, i);
      printf (fault->is_error ? "%s\n" : "(%s)\n", ul_store_fault_name (fault->code));
    }
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) diff_ids = g_string_new (NULL);
  g_autoptr (GString) layers = g_string_new (NULL);
  g_autofree char *top = NULL;
  if (argc == 2)
    {
      print_faults (argv[1]);
      return 0;
    }
  if (argc < 6 || argc % 3 != 0)
    {
      fprintf (stderr, "usage: make-store STORE [NAME (DIFF TAR SPLIT)...]\n");
      return 2;
    }
  g_autoptr (UlStore) store = stores_open (argv[1], UL_STORE_CREATE | UL_STORE_SHARED);
  g_autoptr (UlStoreChange) change = stores_begin (store);
  for (int i = 3; i < argc; i += 3)
    {
      UlStoreLayer *layer = describe_layer (argv[i + 1], top);
      ul_autofd int split = open (argv[i + 2], O_RDONLY | O_CLOEXEC);
      const UlStoreLayerSource source
          = { .make_diff = copy_diff, .data = argv[i], .tar_split_fd = split };
      append_layer (layer, diff_ids, layers);
      g_free (top);
      top = g_strdup (layer->id);
      if (ul_store_change_has_layer (change, top))
        ul_store_layer_free (layer);
      else
        ul_store_change_add_layer (change, layer, &source, &error);
      g_assert_no_error (error);
    }
  add_image (change, argv[2], top, diff_ids, layers);
  stores_commit (change);
  return 0;
}
