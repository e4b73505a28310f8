// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/store-verify.h"
#include "stores.h"

/* Podman changes the store, too, after a change of ours has begun. */

#define LAYERS_JSON "overlay-layers/layers.json"
#define IMAGES_JSON "overlay-images/images.json"

/* A link as the library makes them. */
#define THEIR_LINK "ZZZZZZZZZZZZZZZZZZZZZZZZZZ"

/* What podman does at @step of our change, once. */
typedef struct
{
  const char *step;
  void (*act) (const char *path);
  const char *path;
} Writer;

static void
at_step (const char *step, gpointer data)
{
  Writer *writer = data;
  if (writer->step == NULL || !g_str_equal (step, writer->step))
    return;
  writer->step = NULL;
  writer->act (writer->path);
}

/* With our store as podman's at @writer's step. TRUE: the change was committed. */
static gboolean
commit_with (UlStoreChange *change, Writer *writer, GError **error)
{
  ul_store_change_set_hook (change, at_step, writer);
  const gboolean ok = ul_store_change_commit (change, error);
  g_assert_null (writer->step);
  return ok;
}

static gboolean
exists (const char *path)
{
  struct stat st;
  return lstat (path, &st) == 0;
}

static void
assert_no_faults (const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (UlStore) store = stores_open (path, 0);
  g_autoptr (GPtrArray) faults = ul_store_verify (store, UL_STORE_VERIFY_FULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (faults->len, ==, 0);
}

/* @entry as the last of a list. */
static void
append_entry (const char *store, const char *list, const char *entry)
{
  g_autofree char *path = g_strdup_printf ("%s/%s", store, list);
  g_autofree char *json = stores_read (path);
  g_autofree char *rest = g_strndup (json, strlen (json) - 1);
  g_autofree char *both = g_strdup_printf ("%s%s%s]", rest, strlen (rest) > 1 ? "," : "", entry);
  stores_write (path, both);
}

static void
make_dir (const char *parent, const char *name)
{
  g_autofree char *path = g_strdup_printf ("%s/%s", parent, name);
  g_assert_cmpint (g_mkdir_with_parents (path, 0700), ==, 0);
}

/* The layer's files, as podman makes them, with a link that nobody can foresee. */
static void
make_their_layer (const char *store, const char *word, const char *parent)
{
  g_autofree char *id = stores_layer_id (word, parent);
  g_autofree char *dir = g_strdup_printf ("%s/overlay/%s", store, id);
  g_autofree char *file = g_strdup_printf ("%s/diff/%s", dir, word);
  g_autofree char *link = g_strconcat (dir, "/link", NULL);
  g_autofree char *target = g_strdup_printf ("../%s/diff", id);
  g_autofree char *name = g_strdup_printf ("%s/overlay/l/" THEIR_LINK, store);
  g_autofree char *split = g_strdup_printf ("%s/overlay-layers/%s.tar-split.gz", store, id);
  make_dir (dir, "diff");
  make_dir (dir, "merged");
  make_dir (dir, "work");
  if (parent == NULL)
    make_dir (dir, "empty");
  stores_write (file, word);
  stores_write (link, THEIR_LINK);
  stores_write (split, "split");
  g_assert_cmpint (symlink (target, name), ==, 0);
  if (parent == NULL)
    return;
  g_autofree char *lower = g_strconcat (dir, "/lower", NULL);
  g_autofree char *parent_file = g_strdup_printf ("%s/overlay/%s/link", store, parent);
  g_autofree char *parent_link = stores_read (parent_file);
  g_autofree char *text = g_strconcat ("l/", parent_link, NULL);
  stores_write (lower, text);
}

/* @members: more of its entry, with a comma behind. */
static void
add_their_layer (const char *store, const char *word, const char *parent, const char *members)
{
  g_autoptr (UlStoreLayer) layer = stores_layer (word, parent);
  ul_store_layer_seal (layer);
  g_autofree char *entry = g_strdup_printf ("{%s%s", members, layer->text + 1);
  make_their_layer (store, word, parent);
  append_entry (store, LAYERS_JSON, entry);
}

static void
add_middle (const char *path)
{
  g_autofree char *base = stores_layer_id ("base", NULL);
  add_their_layer (path, "middle", base, "");
}

static void
add_incomplete_middle (const char *path)
{
  g_autofree char *base = stores_layer_id ("base", NULL);
  add_their_layer (path, "middle", base, "\"flags\":{\"incomplete\":true},");
}

/* Layers "middle" and "top" on "base", and an image. */
static UlStoreChange *
begin_pull (UlStore *store)
{
  g_autofree char *base = stores_layer_id ("base", NULL);
  g_autofree char *middle = stores_layer_id ("middle", base);
  g_autofree char *top = stores_layer_id ("top", middle);
  g_autofree char *roof = stores_layer_id ("roof", top);
  UlStoreChange *change = stores_begin (store);
  stores_add_layer (change, "middle", base);
  stores_add_layer (change, "top", middle);
  stores_add_layer (change, "roof", top);
  stores_add_image (change, "two", roof, "example.org/two", FALSE);
  return change;
}

/* Layers of ours above one that podman was faster with say its link. */
static void
test_same_layer (void)
{
  g_autoptr (UlStore) store = stores_make ("same", 0);
  g_autoptr (UlStoreChange) change = begin_pull (store);
  g_autoptr (GError) error = NULL;
  Writer podman = { "synced", add_middle, "same" };
  g_assert_true (commit_with (change, &podman, &error));
  g_assert_no_error (error);
  g_autofree char *base = stores_layer_id ("base", NULL);
  g_autofree char *middle = stores_layer_id ("middle", base);
  g_autofree char *top = stores_layer_id ("top", middle);
  g_autofree char *roof = stores_layer_id ("roof", top);
  g_autofree char *top_file = g_strdup_printf ("same/overlay/%s/lower", top);
  g_autofree char *roof_file = g_strdup_printf ("same/overlay/%s/lower", roof);
  g_autofree char *top_lower = stores_read (top_file);
  g_autofree char *roof_lower = stores_read (roof_file);
  char base_link[UL_STORE_LINK_LEN + 1];
  char top_link[UL_STORE_LINK_LEN + 1];
  ul_store_link_id (base, base_link);
  ul_store_link_id (top, top_link);
  g_autofree char *top_wanted = g_strdup_printf ("l/" THEIR_LINK ":l/%s", base_link);
  g_autofree char *roof_wanted = g_strdup_printf ("l/%s:%s", top_link, top_wanted);
  g_assert_cmpstr (top_lower, ==, top_wanted);
  g_assert_cmpstr (roof_lower, ==, roof_wanted);
  assert_no_faults ("same");
}

/* Podman is about to unpack it, or was killed: nothing is put on it. */
static void
test_same_layer_incomplete (void)
{
  g_autoptr (UlStore) store = stores_make ("incomplete", 0);
  g_autofree char *base = stores_layer_id ("base", NULL);
  g_autofree char *middle = stores_layer_id ("middle", base);
  g_autofree char *top = stores_layer_id ("top", middle);
  g_autofree char *top_dir = g_strdup_printf ("incomplete/overlay/%s", top);
  g_autofree char *wanted = g_strdup_printf (
      "incomplete: layer %s: its parent %s is incomplete or mapped, remove it first", top, middle);
  g_autoptr (GError) error = NULL;
  {
    g_autoptr (UlStoreChange) change = begin_pull (store);
    Writer podman = { "synced", add_incomplete_middle, "incomplete" };
    g_assert_false (commit_with (change, &podman, &error));
  }
  g_assert_error (error, UL_ERROR, UL_ERROR_INVALID);
  g_assert_cmpstr (error->message, ==, wanted);
  g_autoptr (UlStoreChange) next = stores_begin (store);
  g_assert_cmpuint (ul_store_layers (store)->len, ==, 3);
  g_assert_cmpuint (ul_store_images (store)->len, ==, 1);
  g_assert_false (exists (top_dir));
}

/* Nor is an image made of it. */
static void
test_image_of_incomplete (void)
{
  g_autoptr (UlStore) store = stores_make ("image-of", 0);
  g_autofree char *base = stores_layer_id ("base", NULL);
  g_autofree char *middle = stores_layer_id ("middle", base);
  g_autofree char *two = stores_image_id ("two");
  g_autofree char *wanted = g_strdup_printf (
      "image-of: image %s: its layer %s is incomplete or mapped, remove it first", two, middle);
  g_autoptr (GError) error = NULL;
  g_autoptr (UlStoreChange) change = stores_begin (store);
  stores_add_layer (change, "middle", base);
  stores_add_image (change, "two", middle, "example.org/two", FALSE);
  Writer podman = { "synced", add_incomplete_middle, "image-of" };
  g_assert_false (commit_with (change, &podman, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_INVALID);
  g_assert_cmpstr (error->message, ==, wanted);
}

static void
remove_all_layers (const char *path)
{
  g_autofree char *list = g_strdup_printf ("%s/" LAYERS_JSON, path);
  stores_write (list, "[]");
}

static void
test_image_without_layer (void)
{
  g_autoptr (UlStore) store = stores_make ("gone", 0);
  g_autofree char *base = stores_layer_id ("base", NULL);
  g_autofree char *two = stores_image_id ("two");
  g_autofree char *wanted = g_strdup_printf ("gone: image %s: its layer %s is gone", two, base);
  g_autoptr (GError) error = NULL;
  g_autoptr (UlStoreChange) change = stores_begin (store);
  stores_add_image (change, "two", base, "example.org/two", FALSE);
  Writer podman = { "synced", remove_all_layers, "gone" };
  g_assert_false (commit_with (change, &podman, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_NOT_FOUND);
  g_assert_cmpstr (error->message, ==, wanted);
}

static void
add_on_upper (const char *path)
{
  g_autofree char *base = stores_layer_id ("base", NULL);
  g_autofree char *upper = stores_layer_id ("upper", base);
  add_their_layer (path, "theirs", upper, "");
}

static void
add_image_on_upper (const char *path)
{
  g_autofree char *base = stores_layer_id ("base", NULL);
  g_autofree char *upper = stores_layer_id ("upper", base);
  g_autofree char *entry
      = g_strdup_printf ("{\"id\":\"%064d\",\"layer\":\"%s\",\"names\":[]}", 7, upper);
  append_entry (path, IMAGES_JSON, entry);
}

static UlStoreChange *
begin_removal (UlStore *store)
{
  g_autofree char *base = stores_layer_id ("base", NULL);
  g_autofree char *upper = stores_layer_id ("upper", base);
  UlStoreChange *change = stores_begin (store);
  g_assert_true (ul_store_change_remove_image (change, "example.org/one:1", NULL));
  g_assert_true (ul_store_change_remove_layer (change, upper, NULL));
  return change;
}

/* Layer "upper" stays if podman puts something on it, whenever that is. */
static void
assert_upper_stays (const char *path, void (*act) (const char *path), const char *message)
{
  g_autoptr (UlStore) store = stores_make (path, 0);
  g_autofree char *base = stores_layer_id ("base", NULL);
  g_autofree char *upper = stores_layer_id ("upper", base);
  g_autofree char *file = g_strdup_printf ("%s/overlay/%s/diff/upper", path, upper);
  g_autoptr (GError) error = NULL;
  {
    g_autoptr (UlStoreChange) change = begin_removal (store);
    Writer podman = { "synced", act, path };
    g_assert_false (commit_with (change, &podman, &error));
  }
  g_assert_error (error, UL_ERROR, UL_ERROR_INVALID);
  g_assert_true (g_str_has_suffix (error->message, message));
  g_autoptr (UlStoreChange) next = stores_begin (store);
  g_assert_nonnull (ul_store_find_layer (store, upper));
  g_assert_true (exists (file));
}

static void
test_layer_on_removed (void)
{
  assert_upper_stays ("layer-on", add_on_upper, " stands on it");
}

static void
test_image_on_removed (void)
{
  assert_upper_stays ("image-on", add_image_on_upper, " has it");
}

static void
add_upper (const char *path)
{
  g_autofree char *base = stores_layer_id ("base", NULL);
  add_their_layer (path, "upper", base, "");
}

/* What podman adds as soon as we have let go of the lists isn't what we removed. */
static void
test_layer_again (void)
{
  g_autoptr (UlStore) store = stores_make ("again", 0);
  g_autoptr (UlStoreChange) change = begin_removal (store);
  g_autoptr (GError) error = NULL;
  Writer podman = { "published", add_upper, "again" };
  g_assert_true (commit_with (change, &podman, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (ul_store_layers (store)->len, ==, 2);
  assert_no_faults ("again");
}

static void
add_one (const char *path)
{
  g_autofree char *id = stores_image_id ("one");
  g_autofree char *base = stores_layer_id ("base", NULL);
  g_autofree char *dir = g_strdup_printf ("%s/overlay-images/%s", path, id);
  g_autofree char *file = g_strconcat (dir, "/manifest", NULL);
  g_autofree char *entry = g_strdup_printf ("{\"id\":\"%s\",\"layer\":\"%s\"}", id, base);
  make_dir (dir, "");
  stores_write (file, "theirs");
  append_entry (path, IMAGES_JSON, entry);
}

static void
test_image_again (void)
{
  g_autoptr (UlStore) store = stores_make ("image-again", 0);
  g_autoptr (UlStoreChange) change = begin_removal (store);
  g_autoptr (GError) error = NULL;
  g_autofree char *id = stores_image_id ("one");
  g_autofree char *path = g_strdup_printf ("image-again/overlay-images/%s/manifest", id);
  Writer podman = { "reloaded", add_one, "image-again" };
  g_assert_true (commit_with (change, &podman, &error));
  g_assert_no_error (error);
  g_autoptr (UlStore) now = stores_open ("image-again", 0);
  g_assert_nonnull (ul_store_find_image (now, id));
  g_autofree char *manifest = stores_read (path);
  g_assert_cmpstr (manifest, ==, "theirs");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/store-writers/same-layer", test_same_layer);
  g_test_add_func ("/store-writers/same-layer-incomplete", test_same_layer_incomplete);
  g_test_add_func ("/store-writers/image-of-incomplete", test_image_of_incomplete);
  g_test_add_func ("/store-writers/image-without-layer", test_image_without_layer);
  g_test_add_func ("/store-writers/layer-on-removed", test_layer_on_removed);
  g_test_add_func ("/store-writers/image-on-removed", test_image_on_removed);
  g_test_add_func ("/store-writers/layer-again", test_layer_again);
  g_test_add_func ("/store-writers/image-again", test_image_again);
  return g_test_run ();
}
