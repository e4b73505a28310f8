// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/oci-digest.h"
#include "core/store-names.h"
#include "image/store-change.h"
#include "util/error.h"
#include "util/fd.h"

/* Small container stores for tests: layers that hold one file, named by a word, which stands for
 * the layer's tar, too. */

/* Who reads a store has its locks for moments. */
static const UlLockWait stores_wait = { .timeout_secs = 60 };

#define STORE_CREATED "2026-11-28T12:00:00Z"

static inline GBytes *
stores_bytes (const char *text)
{
  return g_bytes_new (text, strlen (text));
}

static inline char *
stores_digest (const char *text)
{
  char digest[UL_OCI_DIGEST_SIZE];
  UlChecksum sum;
  ul_checksum_of_data (text, strlen (text), &sum);
  ul_oci_digest_format (&sum, digest);
  return g_strdup (digest);
}

/* The layer of @word on top of @parent, or on nothing. */
static inline UlStoreLayer *
stores_layer (const char *word, const char *parent)
{
  UlChecksum diff;
  UlChecksum id;
  ul_checksum_of_data (word, strlen (word), &diff);
  ul_store_layer_id (parent, &diff, &id);
  g_autofree char *hex = ul_checksum_dup_hex (&id);
  UlStoreLayer *layer = ul_store_layer_new (hex);
  layer->parent = g_strdup (parent);
  layer->created = g_strdup (STORE_CREATED);
  layer->has_diff = TRUE;
  layer->diff_digest = diff;
  layer->diff_size = (gint64) strlen (word);
  return layer;
}

static inline char *
stores_layer_id (const char *word, const char *parent)
{
  g_autoptr (UlStoreLayer) layer = stores_layer (word, parent);
  return g_strdup (layer->id);
}

/* A tree with file WORD. */
static inline gboolean
stores_make_diff (int dfd, const char *name, G_GNUC_UNUSED UlStoreLayer *layer, gpointer data,
                  GError **error)
{
  const char *word = data;
  g_autofree char *path = g_strdup_printf ("%s/%s", name, word);
  return ul_fd_make_dirs_at (dfd, name, 0755, error)
         && ul_fd_replace_file_at (dfd, path, word, strlen (word), 0644, FALSE, error);
}

/* Somebody's tar-split.gz: what's in it doesn't matter to a store. */
static inline int
stores_tar_split (void)
{
  const int fd = open (".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (write (fd, "split", 5), ==, 5);
  return fd;
}

static inline gboolean
stores_try_layer (UlStoreChange *change, const char *word, const char *parent, GError **error)
{
  ul_autofd int split = stores_tar_split ();
  const UlStoreLayerSource source
      = { .make_diff = stores_make_diff, .data = (gpointer) word, .tar_split_fd = split };
  return ul_store_change_add_layer (change, stores_layer (word, parent), &source, error);
}

static inline void
stores_add_layer (UlStoreChange *change, const char *word, const char *parent)
{
  g_autoptr (GError) error = NULL;
  stores_try_layer (change, word, parent, &error);
  g_assert_no_error (error);
}

static inline char *
stores_config (const char *word)
{
  return g_strdup_printf ("{\"config of\":\"%s\"}", word);
}

static inline char *
stores_image_id (const char *word)
{
  g_autofree char *config = stores_config (word);
  g_autofree char *digest = stores_digest (config);
  return g_strdup (digest + strlen (UL_OCI_DIGEST_PREFIX));
}

/* The image of @word with the manifest @manifest_text: on layer @layer, with one name. */
static inline gboolean
stores_try_manifest (UlStoreChange *change, const char *word, const char *manifest_text,
                     const char *layer, const char *name, gboolean remove_nameless, GError **error)
{
  g_autofree char *config_text = stores_config (word);
  g_autoptr (GBytes) config = stores_bytes (config_text);
  g_autoptr (GBytes) manifest = stores_bytes (manifest_text);
  const char *const names[] = { name, NULL };
  const UlStoreImageSpec spec = {
    .layer = layer,
    .manifest = manifest,
    .config = config,
    .names = names,
    .created = STORE_CREATED,
    .remove_nameless = remove_nameless,
  };
  return ul_store_change_add_image (change, &spec, error);
}

/* The image of @word with its own manifest. */
static inline gboolean
stores_try_image (UlStoreChange *change, const char *word, const char *layer, const char *name,
                  gboolean remove_nameless, GError **error)
{
  g_autofree char *manifest = g_strdup_printf ("{\"manifest of\":\"%s\"}", word);
  return stores_try_manifest (change, word, manifest, layer, name, remove_nameless, error);
}

static inline void
stores_add_image (UlStoreChange *change, const char *word, const char *layer, const char *name,
                  gboolean remove_nameless)
{
  g_autoptr (GError) error = NULL;
  stores_try_image (change, word, layer, name, remove_nameless, &error);
  g_assert_no_error (error);
}

static inline UlStore *
stores_open (const char *path, UlStoreFlags flags)
{
  g_autoptr (GError) error = NULL;
  UlStore *store = ul_store_open (AT_FDCWD, path, flags, &stores_wait, &error);
  g_assert_no_error (error);
  return store;
}

static inline UlStoreChange *
stores_begin (UlStore *store)
{
  g_autoptr (GError) error = NULL;
  UlStoreChange *change = ul_store_change_begin (store, &stores_wait, &error);
  g_assert_no_error (error);
  return change;
}

static inline void
stores_commit (UlStoreChange *change)
{
  g_autoptr (GError) error = NULL;
  ul_store_change_commit (change, &error);
  g_assert_no_error (error);
}

/* Image "one", called example.org/one:1, on "upper", which is on "base". */
static inline UlStore *
stores_make (const char *path, UlStoreFlags flags)
{
  g_autofree char *base = stores_layer_id ("base", NULL);
  g_autofree char *upper = stores_layer_id ("upper", base);
  UlStore *store = stores_open (path, flags | UL_STORE_CREATE);
  g_autoptr (UlStoreChange) change = stores_begin (store);
  stores_add_layer (change, "base", NULL);
  stores_add_layer (change, "upper", base);
  stores_add_image (change, "one", upper, "example.org/one:1", FALSE);
  stores_commit (change);
  return store;
}

/* A change that adds a layer and an image, which takes the only name of another one, and removes a
 * layer: everything that a commit does. */
static inline void
stores_change_all (UlStore *store, void (*hook) (const char *, gpointer), gpointer data)
{
  g_autofree char *base = stores_layer_id ("base", NULL);
  g_autofree char *upper = stores_layer_id ("upper", base);
  g_autofree char *fresh = stores_layer_id ("fresh", base);
  g_autoptr (UlStoreChange) change = stores_begin (store);
  ul_store_change_set_hook (change, hook, data);
  /* Somebody who was killed may have come as far. */
  if (!ul_store_change_has_layer (change, fresh))
    stores_add_layer (change, "fresh", base);
  stores_add_image (change, "two", fresh, "example.org/one:1", TRUE);
  g_assert_true (ul_store_change_remove_layer (change, upper, NULL));
  stores_commit (change);
}

/* What is in a file, or a symlink. */
static inline char *
stores_read (const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  char target[4096];
  const ssize_t n = readlink (path, target, sizeof target);
  if (n >= 0)
    return g_strndup (target, (gsize) n);
  ul_fd_read_file_at (AT_FDCWD, path, 1 << 20, FALSE, &bytes, &error);
  g_assert_no_error (error);
  return g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

static inline void
stores_write (const char *path, const char *text)
{
  g_autoptr (GError) error = NULL;
  ul_fd_replace_file_at (AT_FDCWD, path, text, strlen (text), 0644, FALSE, &error);
  g_assert_no_error (error);
}
