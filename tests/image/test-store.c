// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/store.h"

#include <ftw.h>
#include <signal.h>
#include <sys/wait.h>

#include "image/store-lock.h"
#include "image/store-verify.h"
#include "stores.h"
#include "util/tmpfile.h"

static void
assert_mode (const char *path, mode_t mode)
{
  struct stat st;
  g_assert_cmpint (lstat (path, &st), ==, 0);
  g_assert_cmpuint (st.st_mode & 07777, ==, mode);
}

static void
assert_content (const char *path, const char *expected)
{
  g_autofree char *text = stores_read (path);
  g_assert_cmpstr (text, ==, expected);
}

static void
assert_gone (const char *path)
{
  struct stat st;
  g_assert_cmpint (lstat (path, &st), !=, 0);
  g_assert_cmpint (errno, ==, ENOENT);
}

static gboolean
exists (const char *path)
{
  struct stat st;
  return lstat (path, &st) == 0;
}

static guint leftovers;

static int
count_leftover (const char *path, const struct stat *st, int type, struct FTW *ftw)
{
  (void) st;
  (void) type;
  leftovers += ul_tmp_name_matches (path + ftw->base) ? 1 : 0;
  return 0;
}

/* Nothing of a change is left in the store but what is in its lists. */
static void
assert_clean (const char *path)
{
  g_autofree char *pending = g_strconcat (path, "/.underlay-pending", NULL);
  leftovers = 0;
  g_assert_cmpint (nftw (path, count_leftover, 16, FTW_PHYS), ==, 0);
  g_assert_cmpuint (leftovers, ==, 0);
  assert_gone (pending);
}

/* A layer has all that readers open. */
static void
assert_layer (const char *store, const char *id, const char *word, const char *lower)
{
  char link[UL_STORE_LINK_LEN + 1];
  ul_store_link_id (id, link);
  g_autofree char *dir = g_strdup_printf ("%s/overlay/%s", store, id);
  g_autofree char *target = g_strdup_printf ("../%s/diff", id);
  g_autofree char *link_path = g_strdup_printf ("%s/overlay/l/%s", store, link);
  g_autofree char *file = g_strdup_printf ("%s/%s", link_path, word);
  g_autofree char *link_file = g_strconcat (dir, "/link", NULL);
  g_autofree char *lower_file = g_strconcat (dir, "/lower", NULL);
  g_autofree char *empty = g_strconcat (dir, "/empty", NULL);
  g_autofree char *merged = g_strconcat (dir, "/merged", NULL);
  g_autofree char *work = g_strconcat (dir, "/work", NULL);
  g_autofree char *split = g_strdup_printf ("%s/overlay-layers/%s.tar-split.gz", store, id);
  assert_content (link_file, link);
  assert_content (link_path, target);
  assert_content (file, word);
  assert_content (split, "split");
  g_assert_true (exists (merged) && exists (work));
  g_assert_true (exists (empty) == (lower == NULL));
  if (lower != NULL)
    assert_content (lower_file, lower);
  else
    assert_gone (lower_file);
}

static void
test_create (void)
{
  const mode_t mask = umask (027);
  g_autoptr (UlStore) store = stores_open ("new", UL_STORE_CREATE | UL_STORE_SHARED);
  g_autoptr (UlStore) own = stores_open ("own", UL_STORE_CREATE);
  umask (mask);
  g_assert_true (ul_store_is_shared (store));
  g_assert_false (ul_store_is_shared (own));
  g_assert_cmpuint (ul_store_layers (store)->len, ==, 0);
  g_assert_cmpuint (ul_store_images (store)->len, ==, 0);
  assert_mode ("new", 0755);
  assert_mode ("new/overlay", 0755);
  assert_mode ("new/overlay/l", 0755);
  assert_mode ("new/overlay-layers", 0755);
  assert_mode ("new/overlay-images", 0755);
  assert_mode ("new/overlay-layers/layers.lock", 0644);
  assert_mode ("new/overlay-images/images.json", 0644);
  assert_mode ("own", 0700);
  assert_mode ("own/overlay-layers/layers.json", 0600);
  assert_mode ("own/overlay-images/images.lock", 0600);
  assert_content ("new/overlay-layers/layers.json", "[]");
  assert_content ("new/overlay-images/images.json", "[]");
  struct stat st;
  g_assert_cmpint (stat ("new/overlay-images/images.lock", &st), ==, 0);
  g_assert_cmpint (st.st_size, ==, UL_STORE_TOKEN_SIZE);
}

static void
test_not_a_store (void)
{
  g_autoptr (GError) none = NULL;
  g_autoptr (GError) other = NULL;
  g_assert_null (ul_store_open (AT_FDCWD, "none", 0, NULL, &none));
  g_assert_error (none, UL_ERROR, UL_ERROR_NOT_FOUND);
  g_assert_cmpstr (none->message, ==, "none: no such directory");
  g_assert_cmpint (mkdir ("other", 0755), ==, 0);
  g_assert_null (ul_store_open (AT_FDCWD, "other", 0, NULL, &other));
  g_assert_error (other, UL_ERROR, UL_ERROR_INVALID);
  g_assert_cmpstr (other->message, ==, "other: not a container store: it has no overlay-layers");
}

static void
test_add (void)
{
  g_autoptr (UlStore) store = stores_make ("s", UL_STORE_SHARED);
  g_autofree char *base = stores_layer_id ("base", NULL);
  g_autofree char *upper = stores_layer_id ("upper", base);
  g_autofree char *id = stores_image_id ("one");
  char link[UL_STORE_LINK_LEN + 1];
  ul_store_link_id (base, link);
  g_autofree char *lower = g_strconcat ("l/", link, NULL);
  assert_layer ("s", base, "base", NULL);
  assert_layer ("s", upper, "upper", lower);
  assert_clean ("s");
  g_autofree char *dir = g_strconcat ("s/overlay/", upper, NULL);
  g_autofree char *manifest = g_strdup_printf ("s/overlay-images/%s/manifest", id);
  assert_mode (dir, 0755);
  assert_mode (manifest, 0644);
  assert_content (manifest, "{\"manifest of\":\"one\"}");

  g_autoptr (UlStore) again = stores_open ("s", 0);
  const UlStoreImage *image = ul_store_find_image (again, "example.org/one:1");
  g_assert_nonnull (image);
  g_assert_true (image == ul_store_find_image (again, id));
  g_assert_cmpstr (image->id, ==, id);
  g_assert_cmpstr (image->layer, ==, upper);
  g_assert_cmpstr (image->created, ==, STORE_CREATED);
  g_assert_cmpuint (image->big_data->len, ==, 3);
  for (guint i = 0; i < image->big_data->len; i++)
    {
      const UlStoreBigData *data = &g_array_index (image->big_data, UlStoreBigData, i);
      g_autofree char *name = ul_store_big_data_name (data->key);
      g_autofree char *path = g_strdup_printf ("s/overlay-images/%s/%s", id, name);
      g_autofree char *text = stores_read (path);
      g_autofree char *digest = stores_digest (text);
      UlChecksum sum;
      g_assert_true (ul_oci_digest_parse (digest, &sum, NULL));
      g_assert_true (ul_checksum_equal (&sum, &data->digest));
      g_assert_cmpint (data->size, ==, (gint64) strlen (text));
    }
  g_assert_cmpuint (ul_store_layers (again)->len, ==, 2);
  g_assert_cmpstr (ul_store_find_layer (again, upper)->parent, ==, base);
  g_assert_null (ul_store_find_layer (again, id));
}

static void
test_refused (void)
{
  g_autoptr (UlStore) store = stores_make ("refused", 0);
  g_autoptr (UlStoreChange) change = stores_begin (store);
  g_autofree char *none = stores_layer_id ("none", NULL);
  g_autoptr (GError) exists_error = NULL;
  g_autoptr (GError) parent = NULL;
  g_autoptr (GError) layer = NULL;
  g_autoptr (GError) image = NULL;
  g_autoptr (GError) locked = NULL;
  g_assert_false (stores_try_layer (change, "base", NULL, &exists_error));
  g_assert_error (exists_error, UL_ERROR, UL_ERROR_EXISTS);
  g_assert_false (stores_try_layer (change, "x", none, &parent));
  g_assert_error (parent, UL_ERROR, UL_ERROR_NOT_FOUND);
  g_assert_false (stores_try_image (change, "x", none, "x", FALSE, &layer));
  g_assert_error (layer, UL_ERROR, UL_ERROR_NOT_FOUND);
  g_assert_false (ul_store_change_remove_image (change, "x", &image));
  g_assert_error (image, UL_ERROR, UL_ERROR_NOT_FOUND);
  g_assert_null (ul_store_change_begin (store, NULL, &locked));
  g_assert_error (locked, UL_ERROR, UL_ERROR_LOCKED);
}

/* Nothing is put on what somebody's killed pull has left. */
static void
test_incomplete (void)
{
  ul_store_free (stores_make ("incomplete", 0));
  g_autofree char *json = stores_read ("incomplete/overlay-layers/layers.json");
  g_autofree char *flagged = g_strdup_printf ("[{\"flags\":{\"incomplete\":true},%s", json + 2);
  stores_write ("incomplete/overlay-layers/layers.json", flagged);
  g_autoptr (UlStore) store = stores_open ("incomplete", 0);
  g_autoptr (UlStoreChange) change = stores_begin (store);
  g_autofree char *base = stores_layer_id ("base", NULL);
  g_autoptr (GError) layer = NULL;
  g_autoptr (GError) image = NULL;
  g_assert_false (stores_try_layer (change, "x", base, &layer));
  g_assert_error (layer, UL_ERROR, UL_ERROR_INVALID);
  g_assert_false (stores_try_image (change, "x", base, "x", FALSE, &image));
  g_assert_error (image, UL_ERROR, UL_ERROR_INVALID);
}

static gboolean
fail_diff (int dfd, const char *name, G_GNUC_UNUSED UlStoreLayer *layer, gpointer data,
           GError **error)
{
  (void) data;
  return ul_fd_make_dirs_at (dfd, name, 0755, error)
         && ul_throw (error, UL_ERROR_FAILED, "no diff today");
}

/* What isn't committed leaves nothing. */
static void
test_abandoned (void)
{
  g_autoptr (UlStore) store = stores_make ("abandoned", 0);
  g_autofree char *json = stores_read ("abandoned/overlay-layers/layers.json");
  g_autofree char *word = stores_layer_id ("word", NULL);
  g_autoptr (GError) error = NULL;
  {
    g_autoptr (UlStoreChange) change = stores_begin (store);
    const UlStoreLayerSource bad = { .make_diff = fail_diff, .tar_split_fd = -1 };
    g_assert_false (ul_store_change_add_layer (change, stores_layer ("bad", NULL), &bad, &error));
    g_assert_true (g_str_has_suffix (error->message, ": no diff today"));
    stores_add_layer (change, "word", NULL);
    stores_add_image (change, "two", word, "example.org/two", FALSE);
    g_assert_true (ul_store_change_has_layer (change, word));
  }
  assert_content ("abandoned/overlay-layers/layers.json", json);
  assert_clean ("abandoned");
  g_assert_null (ul_store_find_layer (store, word));
}

static void
test_move_name (void)
{
  for (guint remove = 0; remove < 2; remove++)
    {
      g_autofree char *path = g_strdup_printf ("move-%u", remove);
      g_autoptr (UlStore) store = stores_make (path, 0);
      g_autoptr (UlStoreChange) change = stores_begin (store);
      g_autofree char *base = stores_layer_id ("base", NULL);
      g_autofree char *one = stores_image_id ("one");
      g_autofree char *two = stores_image_id ("two");
      g_autofree char *dir = g_strdup_printf ("%s/overlay-images/%s", path, one);
      stores_add_image (change, "two", base, "example.org/one:1", remove == 1);
      stores_commit (change);
      const UlStoreImage *old = ul_store_find_image (store, one);
      g_assert_cmpstr (ul_store_find_image (store, "example.org/one:1")->id, ==, two);
      g_assert_true ((old == NULL) == (remove == 1));
      g_assert_true (exists (dir) == (remove == 0));
      if (old != NULL)
        g_assert_cmpuint (old->names->len, ==, 0);
      assert_clean (path);
    }
}

/* One that has other names stays. */
static void
test_move_one_of_names (void)
{
  g_autoptr (UlStore) store = stores_make ("names", 0);
  g_autofree char *base = stores_layer_id ("base", NULL);
  g_autofree char *upper = stores_layer_id ("upper", base);
  {
    g_autoptr (UlStoreChange) change = stores_begin (store);
    stores_add_image (change, "one", upper, "example.org/two", TRUE);
    stores_commit (change);
  }
  g_autoptr (UlStoreChange) change = stores_begin (store);
  stores_add_image (change, "two", base, "example.org/one:1", TRUE);
  stores_commit (change);
  const UlStoreImage *one = ul_store_find_image (store, "example.org/two");
  g_assert_nonnull (one);
  g_assert_cmpuint (one->names->len, ==, 1);
  g_assert_cmpuint (one->names_history->len, ==, 2);
  g_assert_cmpuint (ul_store_images (store)->len, ==, 2);
}

/* A directory that no list has, and nothing noted, is in the way. */
static void
test_in_the_way (void)
{
  g_autoptr (UlStore) store = stores_make ("way", 0);
  g_autoptr (UlStoreChange) change = stores_begin (store);
  g_autofree char *word = stores_layer_id ("word", NULL);
  g_autofree char *image = stores_image_id ("two");
  g_autofree char *layer_dir = g_strdup_printf ("way/overlay/%s", word);
  g_autofree char *image_dir = g_strdup_printf ("way/overlay-images/%s", image);
  g_autofree char *layer_rest = g_strconcat (layer_dir, "/rest", NULL);
  g_autofree char *image_rest = g_strconcat (image_dir, "/rest", NULL);
  g_assert_cmpint (mkdir (layer_dir, 0755), ==, 0);
  g_assert_cmpint (mkdir (image_dir, 0755), ==, 0);
  stores_write (layer_rest, "");
  stores_write (image_rest, "");
  stores_add_layer (change, "word", NULL);
  stores_add_image (change, "two", word, "example.org/two", FALSE);
  stores_commit (change);
  assert_layer ("way", word, "word", NULL);
  assert_gone (layer_rest);
  assert_gone (image_rest);
  assert_clean ("way");
}

/* A link that leads to another layer isn't the removed layer's. */
static void
test_remove_foreign_link (void)
{
  g_autoptr (UlStore) store = stores_make ("link", 0);
  g_autofree char *base = stores_layer_id ("base", NULL);
  g_autofree char *upper = stores_layer_id ("upper", base);
  g_autofree char *link_file = g_strdup_printf ("link/overlay/%s/link", upper);
  char link[UL_STORE_LINK_LEN + 1];
  ul_store_link_id (base, link);
  g_autofree char *path = g_strconcat ("link/overlay/l/", link, NULL);
  stores_write (link_file, link);
  g_autoptr (UlStoreChange) change = stores_begin (store);
  g_assert_true (ul_store_change_remove_image (change, "example.org/one:1", NULL));
  g_assert_true (ul_store_change_remove_layer (change, upper, NULL));
  stores_commit (change);
  g_assert_true (exists (path));
}

/* An image that is there gets another name, and keeps what somebody else says of it. */
static void
test_add_again (void)
{
  g_autoptr (UlStore) store = stores_make ("again", 0);
  g_autofree char *json = stores_read ("again/overlay-images/images.json");
  g_autofree char *base = stores_layer_id ("base", NULL);
  g_autofree char *upper = stores_layer_id ("upper", base);
  g_autofree char *more = g_strdup_printf ("[{\"new\":[1.50],%s", json + 2);
  stores_write ("again/overlay-images/images.json", more);
  g_autoptr (UlStoreChange) change = stores_begin (store);
  stores_add_image (change, "one", upper, "example.org/two", FALSE);
  stores_commit (change);
  const UlStoreImage *image = ul_store_find_image (store, "example.org/two");
  g_assert_cmpuint (ul_store_images (store)->len, ==, 1);
  g_assert_true (ul_store_image_has_name (image, "example.org/one:1"));
  g_assert_cmpuint (image->big_data->len, ==, 3);
  g_assert_nonnull (strstr (image->text, "\"new\":[1.50]"));
  assert_clean ("again");
}

/* The store is as its verification wants it. */
static void
assert_no_faults (const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (UlStore) store = stores_open (path, 0);
  g_autoptr (GPtrArray) faults = ul_store_verify (store, UL_STORE_VERIFY_FULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (faults->len, ==, 0);
}

/* One config in two manifests is one image, which has the files of both. */
static void
test_two_manifests (void)
{
  g_autoptr (UlStore) store = stores_make ("manifests", 0);
  g_autoptr (GError) error = NULL;
  g_autoptr (UlStoreChange) change = stores_begin (store);
  g_autofree char *base = stores_layer_id ("base", NULL);
  g_assert_true (stores_try_manifest (change, "two", "{\"a\":1}", base, "a", FALSE, &error));
  g_assert_true (stores_try_manifest (change, "two", "{\"b\":2}", base, "b", FALSE, &error));
  stores_commit (change);
  const UlStoreImage *image = ul_store_find_image (store, "a");
  g_assert_nonnull (image);
  g_assert_true (image == ul_store_find_image (store, "b"));
  g_assert_cmpuint (image->big_data->len, ==, 4);
  g_autofree char *manifest = g_strdup_printf ("manifests/overlay-images/%s/manifest", image->id);
  assert_content (manifest, "{\"b\":2}");
  assert_no_faults ("manifests");
  assert_clean ("manifests");
}

static void
test_remove (void)
{
  g_autoptr (UlStore) store = stores_make ("remove", 0);
  g_autofree char *base = stores_layer_id ("base", NULL);
  g_autofree char *upper = stores_layer_id ("upper", base);
  g_autofree char *one = stores_image_id ("one");
  g_autofree char *upper_dir = g_strconcat ("remove/overlay/", upper, NULL);
  g_autofree char *image_dir = g_strconcat ("remove/overlay-images/", one, NULL);
  g_autofree char *split = g_strdup_printf ("remove/overlay-layers/%s.tar-split.gz", upper);
  char link[UL_STORE_LINK_LEN + 1];
  ul_store_link_id (upper, link);
  g_autofree char *link_path = g_strconcat ("remove/overlay/l/", link, NULL);
  g_autoptr (GError) image_error = NULL;
  g_autoptr (GError) layer_error = NULL;
  {
    g_autoptr (UlStoreChange) change = stores_begin (store);
    g_assert_true (ul_store_change_remove_layer (change, upper, NULL));
    g_assert_false (ul_store_change_commit (change, &image_error));
    g_assert_error (image_error, UL_ERROR, UL_ERROR_INVALID);
  }
  {
    g_autoptr (UlStoreChange) change = stores_begin (store);
    g_assert_true (ul_store_change_remove_image (change, "example.org/one:1", NULL));
    g_assert_true (ul_store_change_remove_layer (change, base, NULL));
    g_assert_false (ul_store_change_commit (change, &layer_error));
    g_assert_error (layer_error, UL_ERROR, UL_ERROR_INVALID);
  }
  g_assert_true (exists (upper_dir) && exists (image_dir));
  g_autoptr (UlStoreChange) change = stores_begin (store);
  g_assert_true (ul_store_change_remove_image (change, "example.org/one:1", NULL));
  g_assert_true (ul_store_change_remove_layer (change, upper, NULL));
  stores_commit (change);
  g_assert_cmpuint (ul_store_layers (store)->len, ==, 1);
  g_assert_cmpuint (ul_store_images (store)->len, ==, 0);
  assert_gone (upper_dir);
  assert_gone (image_dir);
  assert_gone (split);
  assert_gone (link_path);
  assert_clean ("remove");
}

/* What another writer has added after we began stays, byte for byte. */
static void
test_other_writer (void)
{
  g_autoptr (UlStore) store = stores_make ("other-writer", 0);
  g_autoptr (UlStoreChange) change = stores_begin (store);
  g_autofree char *word = stores_layer_id ("word", NULL);
  g_autofree char *json = stores_read ("other-writer/overlay-layers/layers.json");
  g_autofree char *more = g_strndup (json, strlen (json) - 1);
  g_autofree char *theirs = g_strdup_printf ("{ \"id\" : \"%064d\", \"new\":1.50 }", 7);
  g_autofree char *both = g_strdup_printf ("%s,%s]", more, theirs);
  stores_write ("other-writer/overlay-layers/layers.json", both);
  stores_add_layer (change, "word", NULL);
  stores_commit (change);
  g_assert_cmpuint (ul_store_layers (store)->len, ==, 4);
  const UlStoreLayer *other = g_ptr_array_index (ul_store_layers (store), 2);
  g_assert_cmpstr (other->text, ==, theirs);
  g_assert_nonnull (ul_store_find_layer (store, word));
}

/* Tokens tell readers that something has changed; the lock files stay. */
static void
test_token (void)
{
  g_autoptr (UlStore) store = stores_make ("token", 0);
  g_autoptr (GBytes) before = NULL;
  g_autoptr (GBytes) after = NULL;
  struct stat old;
  struct stat new;
  const char *path = "token/overlay-layers/layers.lock";
  g_assert_true (ul_fd_read_file_at (AT_FDCWD, path, 100, FALSE, &before, NULL));
  g_assert_cmpint (stat (path, &old), ==, 0);
  g_autoptr (UlStoreChange) change = stores_begin (store);
  stores_add_layer (change, "word", NULL);
  stores_commit (change);
  g_assert_true (ul_fd_read_file_at (AT_FDCWD, path, 100, FALSE, &after, NULL));
  g_assert_cmpint (stat (path, &new), ==, 0);
  g_assert_false (g_bytes_equal (before, after));
  g_assert_cmpuint (old.st_ino, ==, new.st_ino);
}

static void
count_down (const char *step, gpointer data)
{
  guint *left = data;
  (void) step;
  if ((*left)-- == 0)
    kill (getpid (), SIGKILL);
}

/* FALSE: it came to its end before. */
static gboolean
kill_at (const char *path, guint step)
{
  const pid_t pid = fork ();
  if (pid == 0)
    {
      g_autoptr (UlStore) store = stores_open (path, 0);
      stores_change_all (store, count_down, &step);
      _exit (0);
    }
  int status;
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFSIGNALED (status) ? WTERMSIG (status) == SIGKILL : WEXITSTATUS (status) == 0);
  return WIFSIGNALED (status);
}

/* Nothing is wrong with it, and the image is one or the other. */
static void
assert_sound (const char *path)
{
  g_autoptr (UlStore) store = stores_open (path, 0);
  g_autofree char *one = stores_image_id ("one");
  g_autofree char *two = stores_image_id ("two");
  const UlStoreImage *image = ul_store_find_image (store, "example.org/one:1");
  assert_no_faults (path);
  g_assert_cmpuint (ul_store_images (store)->len, ==, 1);
  g_assert_true (g_str_equal (image->id, one) || g_str_equal (image->id, two));
}

static guint
count_entries (const char *path)
{
  guint n = 0;
  GDir *dir = g_dir_open (path, 0, NULL);
  while (g_dir_read_name (dir) != NULL)
    n++;
  g_dir_close (dir);
  return n;
}

static void
test_kill (void)
{
  guint step = 0;
  gboolean killed = TRUE;
  for (; killed; step++)
    {
      g_autofree char *path = g_strdup_printf ("kill-%u", step);
      g_autofree char *links = g_strconcat (path, "/overlay/l", NULL);
      g_autofree char *layers = g_strconcat (path, "/overlay-layers", NULL);
      g_autofree char *images = g_strconcat (path, "/overlay-images", NULL);
      {
        g_autoptr (UlStore) store = stores_make (path, 0);
      }
      killed = kill_at (path, step);
      assert_sound (path);
      g_autoptr (UlStore) store = stores_open (path, 0);
      {
        g_autoptr (UlStoreChange) change = stores_begin (store);
      }
      assert_clean (path);
      assert_sound (path);
      /* Nothing is there that isn't in a list. */
      const guint n = ul_store_layers (store)->len;
      g_assert_cmpuint (count_entries (links), ==, n);
      g_assert_cmpuint (count_entries (layers), ==, 2 + n);
      g_assert_cmpuint (count_entries (images), ==, 2 + 1);
    }
  g_assert_cmpuint (step, >, 12);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/store/create", test_create);
  g_test_add_func ("/store/not-a-store", test_not_a_store);
  g_test_add_func ("/store/add", test_add);
  g_test_add_func ("/store/refused", test_refused);
  g_test_add_func ("/store/incomplete", test_incomplete);
  g_test_add_func ("/store/abandoned", test_abandoned);
  g_test_add_func ("/store/move-name", test_move_name);
  g_test_add_func ("/store/move-one-of-names", test_move_one_of_names);
  g_test_add_func ("/store/in-the-way", test_in_the_way);
  g_test_add_func ("/store/remove-foreign-link", test_remove_foreign_link);
  g_test_add_func ("/store/add-again", test_add_again);
  g_test_add_func ("/store/two-manifests", test_two_manifests);
  g_test_add_func ("/store/remove", test_remove);
  g_test_add_func ("/store/other-writer", test_other_writer);
  g_test_add_func ("/store/token", test_token);
  g_test_add_func ("/store/killed-at-every-step", test_kill);
  return g_test_run ();
}
