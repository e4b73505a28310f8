// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/store-verify.h"

#include <sys/xattr.h>

#include "store-fixture.h"
#include "util/sight.h"

static GPtrArray *
verify (const Fixture *f)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (UlStore) store = stores_open (f->path, 0);
  GPtrArray *faults = ul_store_verify (store, UL_STORE_VERIFY_FULL, &error);
  g_assert_no_error (error);
  return faults;
}

/* "name object: text", one a line. */
static void
assert_faults (const Fixture *f, const char *expected)
{
  g_autoptr (GPtrArray) faults = verify (f);
  g_autoptr (GString) lines = g_string_new (NULL);
  g_autofree char *wanted = expand (f, expected);
  for (guint i = 0; i < faults->len; i++)
    {
      const UlStoreFault *fault = g_ptr_array_index (faults, i);
      g_string_append_printf (lines, "%s%s %s: %s", i > 0 ? "\n" : "",
                              ul_store_fault_name (fault->code), fault->object, fault->text);
    }
  g_assert_cmpstr (lines->str, ==, wanted);
}

static void
test_sound (void)
{
  g_auto (Fixture) f;
  fixture_init (&f);
  assert_faults (&f, "");
  set_mode (&f, "overlay-layers/layers.lock", 0666);
  assert_faults (&f, "");
}

static void
test_locks (void)
{
  g_auto (Fixture) f;
  fixture_init (&f);
  del (&f, "overlay-layers/layers.lock");
  put (&f, "overlay-images/images.lock", "");
  assert_faults (&f,
                 "lock-missing overlay-layers/layers.lock: not there: on a read-only file system "
                 "nothing works\nlock-empty overlay-images/images.lock: without a token: running "
                 "services don't see changes");
}

static void
test_modes (void)
{
  static const struct
  {
    const char *path;
    mode_t mode;
    const char *object;
  } cases[] = {
    { "", 0750, "." },
    { "overlay", 0754, "overlay" },
    { "overlay/l", 0700, "overlay/l" },
    { "overlay-images", 0711, "overlay-images" },
    { LAYERS, 0600, LAYERS },
    { "overlay-images/images.lock", 0640, "overlay-images/images.lock" },
    { "overlay/%B", 0700, "layer %B" },
    { "overlay/%U/link", 0600, "layer %U" },
    { "overlay/%U/lower", 0600, "layer %U" },
    { "overlay-layers/%U.tar-split.gz", 0600, "layer %U" },
    { "overlay-images/%I", 0700, "image %I" },
    { "overlay-images/%I/manifest", 0600, "image %I" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (Fixture) f;
      fixture_init (&f);
      set_mode (&f, cases[i].path, cases[i].mode);
      g_autofree char *expected = g_strdup_printf (
          "mode %s: mode %04o: not for all users, as the store is", cases[i].object, cases[i].mode);
      assert_faults (&f, expected);
    }
}

/* A store that isn't shared has no wrong modes. */
static void
test_own (void)
{
  g_auto (Fixture) f;
  fixture_init (&f);
  set_mode (&f, "overlay-layers", 0700);
  set_mode (&f, LAYERS, 0600);
  assert_faults (&f, "");
}

static void
test_layer_entries (void)
{
  static const char *const cases[][3] = {
    { ",\"diff-size\":5}", "}",
      "diff-unknown layer %U: without diff-size: podman can't list images, or shows a wrong size" },
    { "\"id\":\"%U\"", "\"id\":\"%U\",\"uidmap\":[1],\"flags\":{\"incomplete\":true}",
      "forbidden layer %U: uidmap: its owners are mapped\n"
      "forbidden layer %U: flags: it's incomplete" },
    { "\"id\":\"%U\"", "\"id\":\"%U\",\"gidmap\":[],\"mountlabel\":\"l\",\"toc-digest\":\"d\"",
      "forbidden layer %U: gidmap: its owners are mapped\n"
      "forbidden layer %U: mountlabel: it's for one SELinux label\n"
      "forbidden layer %U: toc-digest: it's known by its table of contents only" },
    { "[{\"id\":\"%B\"", "[{\"id\":\"%B\"},{\"id\":\"%B\"",
      "duplicate-id layer %B: it is in the list twice\n"
      "diff-unknown layer %B: without diff-digest: podman can't list images, or shows a wrong "
      "size" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (Fixture) f;
      fixture_init (&f);
      edit (&f, LAYERS, cases[i][0], cases[i][1]);
      assert_faults (&f, cases[i][2]);
    }
}

/* The base isn't in the list; and another layer has its directory. */
static void
test_parent (void)
{
  g_auto (Fixture) f;
  fixture_init (&f);
  g_autofree char *path = path_of (&f, LAYERS);
  g_autofree char *old = stores_read (path);
  g_autofree char *rest = g_strconcat ("[", strchr (old, '}') + 2, NULL);
  stores_write (path, rest);
  assert_faults (&f, "parent layer %U: its parent %B is not there");
}

/* A layer of a container, that no image has, needs neither diff ID nor tar-split. */
static void
test_container_layer (void)
{
  g_auto (Fixture) f;
  fixture_init (&f);
  edit (&f, IMAGES, "\"layer\":\"%U\"", "\"layer\":\"%B\"");
  edit (&f, LAYERS, ",\"diff-size\":5}", "}");
  del (&f, "overlay-layers/%U.tar-split.gz");
  assert_faults (&f, "");
}

static void
test_layer_id (void)
{
  g_auto (Fixture) f;
  fixture_init (&f);
  g_autofree char *other = stores_layer_id ("other", NULL);
  g_autofree char *digest = stores_digest ("base");
  g_autofree char *other_digest = g_strconcat ("\"diff-digest\":\"sha256:", other, "\"", NULL);
  g_autofree char *right = g_strdup_printf ("\"diff-digest\":\"%s\"", digest);
  edit (&f, LAYERS, right, other_digest);
  g_autofree char *expected
      = g_strdup_printf ("layer-id layer %%B: should be %s: pulls of images with it fail", other);
  assert_faults (&f, expected);
}

static void
test_layer_files (void)
{
  static const char *const cases[][2] = {
    { "overlay/%U/diff", "diff layer %U: diff: not there" },
    { "overlay/%U/link", "link layer %U: link: not there" },
    { "overlay/%U/lower", "lower layer %U: lower: not there, what is below it would be missing" },
    { "overlay/%B/empty",
      "empty-directories layer %B: without empty/: a read-only store can't show changes" },
    { "overlay/%U/merged",
      "empty-directories layer %U: without merged/: a read-only store can't show changes" },
    { "overlay/%U/work",
      "empty-directories layer %U: without work/: a read-only store can't show changes" },
    { "overlay-layers/%B.tar-split.gz",
      "tar-split layer %B: no tar-split: images with it can't be saved or pushed" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (Fixture) f;
      fixture_init (&f);
      del (&f, cases[i][0]);
      assert_faults (&f, cases[i][1]);
    }
}

static void
test_layer_gone (void)
{
  g_auto (Fixture) f;
  fixture_init (&f);
  del (&f, "overlay/%U");
  assert_faults (&f, "diff layer %U: its directory is not there");
}

static void
test_links (void)
{
  static const char *const links[] = { "", "a/b", "..", "a\n", "a:b" };
  char link[UL_STORE_LINK_LEN + 1];
  g_auto (Fixture) f;
  fixture_init (&f);
  ul_store_link_id (f.upper, link);
  g_autofree char *path = g_strconcat ("overlay/l/", link, NULL);
  g_autofree char *full = path_of (&f, path);
  g_autofree char *expected
      = g_strdup_printf ("link-target layer %%U: overlay/l/%s doesn't lead to its diff", link);
  del (&f, path);
  assert_faults (&f, expected);
  g_assert_cmpint (symlink ("../elsewhere/diff", full), ==, 0);
  assert_faults (&f, expected);
  del (&f, path);
  put (&f, path, "no symlink");
  assert_faults (&f, expected);
  for (gsize i = 0; i < G_N_ELEMENTS (links); i++)
    {
      put (&f, "overlay/%U/link", links[i]);
      assert_faults (&f, "link layer %U: link: not a name");
    }
}

static void
test_lower (void)
{
  g_auto (Fixture) f;
  fixture_init (&f);
  put (&f, "overlay/%U/lower", "l/X");
  assert_faults (&f, "lower layer %U: lower: not what its parent's says");
  put (&f, "overlay/%B/lower", "l/Y");
  assert_faults (&f, "lower layer %B: lower: there, but it has no parent\n"
                     "lower layer %U: lower: not what its parent's says");
}

static void
test_diff_elsewhere (void)
{
  g_auto (Fixture) f;
  fixture_init (&f);
  g_autofree char *path = path_of (&f, "overlay/%U/diff");
  del (&f, "overlay/%U/diff");
  g_assert_cmpint (symlink ("/nowhere", path), ==, 0);
  assert_faults (&f, "diff-symlink layer %U: diff: a symlink, which containers with mapped owners "
                     "can't use");
}

static void
test_image_entries (void)
{
  static const char *const cases[][3] = {
    { "\"layer\":\"%U\"", "\"layer\":\"%I\"", "top-layer image %I: its layer %I is not there" },
    { "\"layer\":\"%U\"", "\"layer\":\"\"", "no-layer image %I: it has no layer" },
    { "\"digest\":\"sha256:", "\"other\":\"sha256:", "no-digest image %I: its digest isn't said" },
    { "\"manifest\"]", "\"m\"]",
      "document image %I: it has no manifest\nbig-data image %I: m: its file is not there" },
    { "[\"sha256:%I\",", "[", "document image %I: it has no config" },
    { "\"sha256:%I\":19", "\"sha256:%I\":18",
      "digest image %I: sha256:%I: not the size and digest said" },
    { "\"sha256:%I\":19,", "", "no-digest image %I: sha256:%I: size and digest aren't said" },
    { "\"names\":[", "\"names\":[\"example.org/one:1\",",
      "duplicate-name image %I: example.org/one:1 is in the list twice" },
    { "[{\"id\"", "[{\"id\":\"%I\"},{\"id\"",
      "duplicate-id image %I: it is in the list twice\nno-layer image %I: it has no layer" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (Fixture) f;
      fixture_init (&f);
      edit (&f, IMAGES, cases[i][0], cases[i][1]);
      g_test_message ("case %zu", i);
      assert_faults (&f, cases[i][2]);
    }
}

static void
test_image_files (void)
{
  g_auto (Fixture) f;
  g_auto (Fixture) gone;
  fixture_init (&f);
  put (&f, "overlay-images/%I/manifest", "{}");
  assert_faults (&f, "digest image %I: manifest: not the size and digest said");
  del (&f, "overlay-images/%I/manifest");
  assert_faults (&f, "document image %I: manifest: its file is not there");
  fixture_init (&gone);
  del (&gone, "overlay-images/%I");
  assert_faults (&gone, "document image %I: its directory is not there");
}

/* The manifest was replaced with its digest, but the image's wasn't. */
static void
test_digests (void)
{
  g_auto (Fixture) f;
  fixture_init (&f);
  g_autofree char *other = stores_digest ("{}");
  g_autofree char *old = stores_digest ("{\"manifest of\":\"one\"}");
  g_autofree char *from = g_strdup_printf ("\"digest\":\"%s\"", old);
  g_autofree char *to = g_strdup_printf ("\"digest\":\"%s\"", other);
  edit (&f, IMAGES, from, to);
  assert_faults (&f, "digest image %I: its digest is not the manifest's");
}

static void
test_diff (void)
{
  g_auto (Fixture) f;
  fixture_init (&f);
  g_autofree char *dir = path_of (&f, "overlay/%U/diff/d");
  g_autofree char *marked = path_of (&f, "overlay/%U/diff/d/w");
  g_assert_cmpint (mkdir (dir, 0755), ==, 0);
  put (&f, "overlay/%U/diff/d/.wh.x", "");
  assert_faults (&f, "whiteout-file layer %U: diff/d/.wh.x: a layer's whiteout as a file");
  del (&f, "overlay/%U/diff/d/.wh.x");
  put (&f, "overlay/%U/diff/d/w", "");
  if (setxattr (marked, "user.overlay.whiteout", "y", 1, 0) != 0)
    {
      g_test_skip ("no user xattrs here");
      return;
    }
  assert_faults (&f, "whiteout-xattr layer %U: diff/d/w: a whiteout by xattr");
}

static void
test_opaque (void)
{
  g_auto (Fixture) f;
  fixture_init (&f);
  g_autofree char *dir = path_of (&f, "overlay/%U/diff");
  if (ul_sight_find () != UL_SIGHT_ALL || setxattr (dir, "trusted.overlay.opaque", "y", 1, 0) != 0)
    {
      g_test_skip ("no trusted xattrs here");
      return;
    }
  assert_faults (&f, "opaque layer %U: diff: opaque only to root's containers, without "
                     "user.overlay.opaque");
  if (setxattr (dir, "user.overlay.opaque", "y", 1, 0) != 0)
    {
      g_test_skip ("no user xattrs here");
      return;
    }
  assert_faults (&f, "");
  g_assert_cmpint (removexattr (dir, "trusted.overlay.opaque"), ==, 0);
  assert_faults (&f, "opaque layer %U: diff: opaque only to users' containers, without "
                     "trusted.overlay.opaque");
  set_mode (&f, "overlay-layers", 0700);
  assert_faults (&f, "");
}

/* Errors are what makes podman fail. */
static void
test_severity (void)
{
  g_auto (Fixture) f;
  fixture_init (&f);
  del (&f, "overlay/%U/work");
  del (&f, "overlay/%U/link");
  g_autoptr (GPtrArray) faults = verify (&f);
  const UlStoreFault *link = g_ptr_array_index (faults, 0);
  const UlStoreFault *work = g_ptr_array_index (faults, 1);
  g_assert_cmpuint (faults->len, ==, 2);
  g_assert_cmpint (link->code, ==, UL_STORE_FAULT_LINK);
  g_assert_true (link->is_error && link->repairable);
  g_assert_cmpint (work->code, ==, UL_STORE_FAULT_EMPTY_DIRS);
  g_assert_true (!work->is_error && work->repairable);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/store-verify/sound", test_sound);
  g_test_add_func ("/store-verify/locks", test_locks);
  g_test_add_func ("/store-verify/modes", test_modes);
  g_test_add_func ("/store-verify/not-shared", test_own);
  g_test_add_func ("/store-verify/layer-entries", test_layer_entries);
  g_test_add_func ("/store-verify/parent", test_parent);
  g_test_add_func ("/store-verify/container-layer", test_container_layer);
  g_test_add_func ("/store-verify/layer-id", test_layer_id);
  g_test_add_func ("/store-verify/layer-files", test_layer_files);
  g_test_add_func ("/store-verify/layer-gone", test_layer_gone);
  g_test_add_func ("/store-verify/links", test_links);
  g_test_add_func ("/store-verify/lower", test_lower);
  g_test_add_func ("/store-verify/diff-elsewhere", test_diff_elsewhere);
  g_test_add_func ("/store-verify/image-entries", test_image_entries);
  g_test_add_func ("/store-verify/image-files", test_image_files);
  g_test_add_func ("/store-verify/digests", test_digests);
  g_test_add_func ("/store-verify/diff", test_diff);
  g_test_add_func ("/store-verify/opaque", test_opaque);
  g_test_add_func ("/store-verify/severity", test_severity);
  return g_test_run ();
}
