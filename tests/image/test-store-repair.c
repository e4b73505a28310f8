// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/store-repair.h"

#include <stdio.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "image/store-lock.h"
#include "image/store-verify.h"
#include "store-fixture.h"
#include "util/sight.h"

/* "object: text", one a line. */
static char *
repair_with (const Fixture *f, UlStoreRepairFlags flags)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (UlStore) store = stores_open (f->path, 0);
  const UlStoreRepairOptions options = { .flags = flags, .wait = &stores_wait };
  g_autoptr (GPtrArray) actions = ul_store_repair (store, &options, &error);
  g_assert_no_error (error);
  g_autoptr (GString) lines = g_string_new (NULL);
  for (guint i = 0; i < actions->len; i++)
    {
      const UlStoreRepairAction *action = g_ptr_array_index (actions, i);
      g_string_append_printf (lines, "%s%s: %s", i > 0 ? "\n" : "", action->object, action->text);
    }
  return g_string_free (g_steal_pointer (&lines), FALSE);
}

static void
assert_repairs (const Fixture *f, UlStoreRepairFlags flags, const char *expected)
{
  g_autofree char *planned = repair_with (f, flags | UL_STORE_REPAIR_DRY_RUN);
  g_autofree char *planned_again = repair_with (f, flags | UL_STORE_REPAIR_DRY_RUN);
  g_autofree char *done = repair_with (f, flags);
  g_autofree char *wanted = expand (f, expected);
  g_assert_cmpstr (planned, ==, wanted);
  g_assert_cmpstr (planned_again, ==, wanted);
  g_assert_cmpstr (done, ==, wanted);
}

/* Names of faults, one a line. */
static char *
faults_of (const Fixture *f)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (UlStore) store = stores_open (f->path, 0);
  g_autoptr (GPtrArray) faults = ul_store_verify (store, UL_STORE_VERIFY_FULL, &error);
  g_autoptr (GString) lines = g_string_new (NULL);
  g_assert_no_error (error);
  for (guint i = 0; i < faults->len; i++)
    g_string_append_printf (lines, "%s%s", i > 0 ? "\n" : "",
                            ul_store_fault_name (((const UlStoreFault *) faults->pdata[i])->code));
  return g_string_free (g_steal_pointer (&lines), FALSE);
}

static void
assert_left (const Fixture *f, const char *expected)
{
  g_autofree char *faults = faults_of (f);
  g_assert_cmpstr (faults, ==, expected);
}

static void
assert_content (const Fixture *f, const char *text, const char *expected)
{
  g_autofree char *path = path_of (f, text);
  g_autofree char *content = stores_read (path);
  g_assert_cmpstr (content, ==, expected);
}

static void
test_nothing (void)
{
  g_auto (Fixture) f;
  fixture_init (&f);
  g_autofree char *path = path_of (&f, "overlay-layers/layers.lock");
  g_autofree char *token = stores_read (path);
  assert_repairs (&f, UL_STORE_REPAIR_FULL | UL_STORE_REPAIR_OPAQUE | UL_STORE_REPAIR_SHARED, "");
  g_autofree char *after = stores_read (path);
  g_assert_cmpmem (after, UL_STORE_TOKEN_SIZE, token, UL_STORE_TOKEN_SIZE);
}

static void
test_locks (void)
{
  g_auto (Fixture) f;
  struct stat st;
  fixture_init (&f);
  del (&f, "overlay-layers/layers.lock");
  put (&f, "overlay-images/images.lock", "");
  assert_repairs (&f, 0,
                  "overlay-layers/layers.lock: made, with a token\n"
                  "overlay-images/images.lock: has a token now");
  assert_left (&f, "");
  g_autofree char *path = path_of (&f, "overlay-layers/layers.lock");
  g_assert_cmpint (stat (path, &st), ==, 0);
  g_assert_cmpint (st.st_size, ==, UL_STORE_TOKEN_SIZE);
  g_assert_cmpuint (st.st_mode & 07777, ==, 0644);
}

static void
test_modes (void)
{
  static const char *const paths[] = { "",
                                       "overlay",
                                       "overlay/l",
                                       "overlay-images",
                                       LAYERS,
                                       IMAGES,
                                       "overlay-images/images.lock",
                                       "overlay/%B",
                                       "overlay/%B/link",
                                       "overlay/%U/lower",
                                       "overlay-layers/%U.tar-split.gz",
                                       "overlay-images/%I",
                                       "overlay-images/%I/manifest" };
  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_auto (Fixture) f;
      fixture_init (&f);
      set_mode (&f, paths[i], 0700);
      assert_left (&f, "mode");
      g_autofree char *done = repair_with (&f, 0);
      g_assert_true (g_str_has_suffix (done, " was 0700"));
      assert_left (&f, "");
    }
}

/* A store of its owner's stays that, and becomes one for all users when asked for. */
static void
test_shared (void)
{
  g_auto (Fixture) f;
  struct stat st;
  fixture_init (&f);
  g_autofree char *layers = path_of (&f, "overlay-layers");
  g_autofree char *work = path_of (&f, "overlay/%B/work");
  set_mode (&f, "overlay-layers", 0700);
  set_mode (&f, "overlay/%B/work", 0700);
  set_mode (&f, LAYERS, 0600);
  assert_repairs (&f, 0, "");
  assert_repairs (&f, UL_STORE_REPAIR_SHARED,
                  "layer %B: work: mode 0755 was 0700\n" LAYERS ": mode 0644 was 0600\n"
                  "overlay-layers: mode 0755 was 0700");
  assert_left (&f, "");
  g_assert_cmpint (stat (layers, &st), ==, 0);
  g_assert_cmpuint (st.st_mode & 07777, ==, 0755);
  g_assert_cmpint (stat (work, &st), ==, 0);
  g_assert_cmpuint (st.st_mode & 07777, ==, 0755);
}

static mode_t
mode_of (const char *path)
{
  struct stat st;
  g_assert_cmpint (lstat (path, &st), ==, 0);
  return st.st_mode & 07777;
}

/* Only who may read it is mended, not whose rights it runs with. */
static void
test_special_bits (void)
{
  g_auto (Fixture) f;
  fixture_init (&f);
  g_autofree char *link = path_of (&f, "overlay/%B/link");
  set_mode (&f, "overlay/%B/link", 06700);
  assert_repairs (&f, 0, "layer %B: link: mode 0744 was 6700");
  g_assert_cmpuint (mode_of (link), ==, 0744);
}

/* The store's owner puts a symlink where there was a file when its mode is about to be set. */
static void
swap_for_symlink (const char *step, gpointer data)
{
  const char *path = data;
  g_autofree char *away = g_strconcat (path, ".away", NULL);
  if (!g_str_equal (step, "repair"))
    return;
  g_assert_cmpint (rename (path, away), ==, 0);
  g_assert_cmpint (symlink ("../../../victim", path), ==, 0);
}

static void
test_mode_of_symlink (void)
{
  g_auto (Fixture) f;
  fixture_init (&f);
  g_autofree char *link = path_of (&f, "overlay/%B/link");
  g_autoptr (GError) error = NULL;
  g_autoptr (UlStore) store = stores_open (f.path, 0);
  const UlStoreRepairOptions options
      = { .wait = &stores_wait, .hook = swap_for_symlink, .hook_data = link };
  stores_write ("victim", "secret");
  g_assert_cmpint (chmod ("victim", 0600), ==, 0);
  set_mode (&f, "overlay/%B/link", 0600);
  g_autoptr (GPtrArray) actions = ul_store_repair (store, &options, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (actions->len, ==, 1);
  g_assert_cmpuint (mode_of ("victim"), ==, 0600);
}

static void
test_files (void)
{
  static const char *const cases[][2] = {
    { "overlay/%U/lower", "layer %U: lower: made" },
    { "overlay/%B/empty", "layer %B: empty/: made" },
    { "overlay/%U/merged", "layer %U: merged/: made" },
    { "overlay/%U/work", "layer %U: work/: made" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (Fixture) f;
      fixture_init (&f);
      g_autofree char *path = path_of (&f, "overlay/%U/lower");
      g_autofree char *lower = stores_read (path);
      del (&f, cases[i][0]);
      assert_repairs (&f, 0, cases[i][1]);
      assert_left (&f, "");
      assert_content (&f, "overlay/%U/lower", lower);
    }
}

/* What is in the store as somebody else has named it. */
static void
rename_link (const Fixture *f, const char *id, const char *name)
{
  char link[UL_STORE_LINK_LEN + 1];
  ul_store_link_id (id, link);
  g_autofree char *from = g_strdup_printf ("%s/overlay/l/%s", f->path, link);
  g_autofree char *to = g_strdup_printf ("%s/overlay/l/%s", f->path, name);
  g_autofree char *file = g_strdup_printf ("%s/overlay/%s/link", f->path, id);
  g_assert_cmpint (rename (from, to), ==, 0);
  stores_write (file, name);
}

static void
test_new_link (void)
{
  char link[UL_STORE_LINK_LEN + 1];
  g_auto (Fixture) f;
  fixture_init (&f);
  ul_store_link_id (f.upper, link);
  g_autofree char *symlink_path = g_strconcat ("overlay/l/", link, NULL);
  g_autofree char *expected = g_strdup_printf (
      "layer %%U: link: %s\nlayer %%U: overlay/l/%s leads to its diff", link, link);
  g_autofree char *target = g_strdup_printf ("../%s/diff", f.upper);
  del (&f, "overlay/%U/link");
  del (&f, symlink_path);
  assert_repairs (&f, 0, expected);
  assert_left (&f, "");
  assert_content (&f, symlink_path, target);
}

/* `link` is gone, overlay/l/ knows it; that is gone as well, and the layer above knows it. */
static void
test_recorded_link (void)
{
  g_auto (Fixture) f;
  fixture_init (&f);
  rename_link (&f, f.upper, "THEIRS");
  del (&f, "overlay/%U/link");
  assert_repairs (&f, 0, "layer %U: link: THEIRS");
  assert_left (&f, "");

  rename_link (&f, f.base, "BELOW");
  put (&f, "overlay/%U/lower", "l/BELOW");
  assert_left (&f, "");
  del (&f, "overlay/%B/link");
  del (&f, "overlay/l/BELOW");
  assert_repairs (&f, 0, "layer %B: link: BELOW\nlayer %B: overlay/l/BELOW leads to its diff");
  assert_left (&f, "");
  assert_content (&f, "overlay/%U/lower", "l/BELOW");
}

/* What the layer above says goes before another name that leads there. */
static void
test_link_choice (void)
{
  g_auto (Fixture) f;
  fixture_init (&f);
  rename_link (&f, f.base, "RECORDED");
  put (&f, "overlay/%U/lower", "l/RECORDED");
  g_autofree char *path = path_of (&f, "overlay/l/ANOTHER");
  g_autofree char *target = g_strdup_printf ("../%s/diff", f.base);
  g_assert_cmpint (symlink (target, path), ==, 0);
  del (&f, "overlay/%B/link");
  assert_repairs (&f, 0, "layer %B: link: RECORDED");
  assert_left (&f, "");
}

/* A link that is another layer's isn't taken, whoever has recorded it. */
static void
test_link_taken (void)
{
  char link[UL_STORE_LINK_LEN + 1];
  g_auto (Fixture) f;
  fixture_init (&f);
  ul_store_link_id (f.base, link);
  g_autofree char *upper_link = path_of (&f, "overlay/%U/link");
  g_autofree char *theirs = stores_read (upper_link);
  g_autofree char *lower = g_strconcat ("l/", theirs, NULL);
  g_autofree char *expected
      = g_strdup_printf ("layer %%B: link: %s\nlayer %%U: lower: what its parent's says", link);
  put (&f, "overlay/%U/lower", lower);
  del (&f, "overlay/%B/link");
  assert_repairs (&f, 0, expected);
  assert_left (&f, "");
}

/* Both say that they are called so: it's the one to which the name leads. */
static void
test_link_twice (void)
{
  g_auto (Fixture) f;
  fixture_init (&f);
  g_autofree char *upper_link = path_of (&f, "overlay/%U/link");
  g_autofree char *theirs = stores_read (upper_link);
  put (&f, "overlay/%B/link", theirs);
  g_autofree char *done = repair_with (&f, 0);
  assert_left (&f, "");
  assert_content (&f, "overlay/%U/link", theirs);
}

static void
test_link_targets (void)
{
  char link[UL_STORE_LINK_LEN + 1];
  g_auto (Fixture) f;
  fixture_init (&f);
  ul_store_link_id (f.upper, link);
  g_autofree char *path = g_strconcat ("overlay/l/", link, NULL);
  g_autofree char *full = path_of (&f, path);
  g_autofree char *expected = g_strdup_printf ("layer %%U: overlay/l/%s leads to its diff", link);
  del (&f, path);
  g_assert_cmpint (symlink ("../elsewhere/diff", full), ==, 0);
  assert_repairs (&f, 0, expected);
  assert_left (&f, "");
  /* Somebody's file isn't overwritten. */
  del (&f, path);
  put (&f, path, "content");
  assert_repairs (&f, 0, "");
  assert_left (&f, "link-target");
  assert_content (&f, path, "content");
}

static void
test_lower (void)
{
  g_auto (Fixture) f;
  fixture_init (&f);
  put (&f, "overlay/%B/lower", "l/Y");
  put (&f, "overlay/%U/lower", "l/X");
  assert_repairs (&f, 0, "layer %B: lower: removed\nlayer %U: lower: what its parent's says");
  assert_left (&f, "");
  /* One that isn't a base by its id has lost its parent's entry: the list may be wrong. */
  g_autofree char *digest = stores_digest ("base");
  g_autofree char *other = stores_digest ("other");
  edit (&f, LAYERS, digest, other);
  put (&f, "overlay/%B/lower", "l/Y");
  g_autofree char *done = repair_with (&f, 0);
  assert_content (&f, "overlay/%B/lower", "l/Y");
}

static void
test_entries (void)
{
  g_auto (Fixture) f;
  fixture_init (&f);
  edit (&f, LAYERS, "\"id\":\"%U\"",
        "\"id\":\"%U\",\"uidmap\":[],\"gidmap\":[],\"mountlabel\":\"l\",\"toc-digest\":\"d\"");
  assert_repairs (&f, 0, "layer %U: its entry is without what is for one user or label");
  assert_left (&f, "");
}

/* Mapped owners, half a layer, and one that nothing else identifies. */
static void
test_entries_that_stay (void)
{
  static const char *const members[]
      = { "\"uidmap\":[{\"container_id\":0,\"host_id\":1000,\"size\":1}]",
          "\"flags\":{\"incomplete\":true}", "\"UIDMAP\":[]" };
  for (gsize i = 0; i < G_N_ELEMENTS (members); i++)
    {
      g_auto (Fixture) f;
      fixture_init (&f);
      g_autofree char *to = g_strdup_printf ("\"id\":\"%%U\",%s", members[i]);
      edit (&f, LAYERS, "\"id\":\"%U\"", to);
      g_autofree char *path = path_of (&f, LAYERS);
      g_autofree char *before = stores_read (path);
      assert_repairs (&f, 0, "");
      assert_left (&f, "forbidden");
      g_autofree char *after = stores_read (path);
      g_assert_cmpstr (after, ==, before);
    }
}

static void
test_digests (void)
{
  g_auto (Fixture) f;
  fixture_init (&f);
  edit (&f, IMAGES, "\"digest\":\"sha256:", "\"other\":\"sha256:");
  edit (&f, IMAGES, "\"sha256:%I\":19,", "");
  assert_left (&f, "no-digest\nno-digest");
  assert_repairs (&f, 0,
                  "image %I: sha256:%I: size and digest are said\nimage %I: its digest is said");
  assert_left (&f, "");
}

/* A file that isn't what its key says. */
static void
test_wrong_content (void)
{
  g_auto (Fixture) f;
  fixture_init (&f);
  edit (&f, IMAGES, "\"sha256:%I\":19,", "");
  g_autofree char *name = NULL;
  g_autofree char *key = g_strconcat ("sha256:", f.image, NULL);
  name = ul_store_big_data_name (key);
  g_autofree char *path = g_strconcat ("overlay-images/%I/", name, NULL);
  put (&f, path, "other");
  assert_repairs (&f, 0, "");
  assert_left (&f, "no-digest");
}

static void
test_names (void)
{
  g_auto (Fixture) f;
  fixture_init (&f);
  g_autofree char *two = stores_image_id ("two");
  {
    g_autoptr (UlStore) store = stores_open (f.path, 0);
    g_autoptr (UlStoreChange) change = stores_begin (store);
    stores_add_image (change, "two", f.upper, "example.org/two:1", FALSE);
    stores_commit (change);
  }
  edit (&f, IMAGES, "\"example.org/two:1\"",
        "\"example.org/two:1\",\"example.org/one:1\",\"example.org/two:1\"");
  g_autofree char *expected
      = g_strdup_printf ("image %%I: example.org/one:1 is only image %s's, which is newer\n"
                         "image %s: has the name example.org/two:1 once",
                         two, two);
  assert_repairs (&f, 0, expected);
  assert_left (&f, "");
  g_autoptr (UlStore) store = stores_open (f.path, 0);
  g_assert_cmpstr (ul_store_find_image (store, "example.org/one:1")->id, ==, two);
  g_assert_nonnull (ul_store_find_image (store, f.image));

  /* The other one is newer now. */
  edit (&f, IMAGES, "\"names\":[]", "\"names\":[\"example.org/one:1\"]");
  edit (&f, IMAGES, "\"created\":\"2026-", "\"created\":\"2027-");
  g_autofree char *done = repair_with (&f, 0);
  g_autoptr (UlStore) again = stores_open (f.path, 0);
  g_assert_cmpstr (ul_store_find_image (again, "example.org/one:1")->id, ==, f.image);
}

static gboolean
is_whiteout (const Fixture *f, const char *text)
{
  struct stat st;
  g_autofree char *path = path_of (f, text);
  return lstat (path, &st) == 0 && S_ISCHR (st.st_mode) && st.st_rdev == 0;
}

static gboolean
has_xattr (const Fixture *f, const char *text, const char *xattr)
{
  g_autofree char *path = path_of (f, text);
  return getxattr (path, xattr, NULL, 0) == 1;
}

static gboolean
is_there (const Fixture *f, const char *text)
{
  struct stat st;
  g_autofree char *path = path_of (f, text);
  return lstat (path, &st) == 0;
}

/* Below: base/d/{x,y}. Above: what deletes, hides, or does neither. */
static void
make_markers (const Fixture *f)
{
  static const char *const dirs[]
      = { "overlay/%B/diff/d/x", "overlay/%B/diff/e", "overlay/%U/diff/d/x", "overlay/%U/diff/e" };
  static const char *const files[] = { "overlay/%B/diff/d/y",
                                       "overlay/%B/diff/.wh.low",
                                       "overlay/%B/diff/e/.wh..wh..opq",
                                       "overlay/%U/diff/.wh.base",
                                       "overlay/%U/diff/d/.wh.x",
                                       "overlay/%U/diff/d/.wh.y",
                                       "overlay/%U/diff/d/.wh.nothing",
                                       "overlay/%U/diff/e/.wh..wh..opq",
                                       "overlay/%U/diff/e/.wh..wh.y" };
  for (gsize i = 0; i < G_N_ELEMENTS (dirs); i++)
    {
      g_autofree char *path = path_of (f, dirs[i]);
      g_assert_cmpint (g_mkdir_with_parents (path, 0755), ==, 0);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (files); i++)
    put (f, files[i], "");
  put (f, "overlay/%U/diff/d/.wh.full", "content");
}

static void
test_whiteouts (void)
{
  struct stat st;
  if (ul_sight_find () != UL_SIGHT_ALL)
    {
      g_test_skip ("needs root");
      return;
    }
  g_auto (Fixture) f;
  fixture_init (&f);
  make_markers (&f);
  const struct timespec times[2] = { { .tv_sec = 1 }, { .tv_sec = 2 } };
  g_autofree char *dir = path_of (&f, "overlay/%U/diff/d");
  g_assert_cmpint (utimensat (AT_FDCWD, dir, times, 0), ==, 0);
  g_autofree char *nothing = repair_with (&f, 0);
  g_assert_cmpstr (nothing, ==, "");
  g_autofree char *planned = repair_with (&f, UL_STORE_REPAIR_FULL | UL_STORE_REPAIR_DRY_RUN);
  g_assert_true (is_there (&f, "overlay/%U/diff/.wh.base"));
  g_autofree char *done = repair_with (&f, UL_STORE_REPAIR_FULL);
  g_assert_nonnull (strstr (planned, "diff/.wh.base: is now a whiteout device"));
  g_assert_nonnull (strstr (done, "diff/.wh.base: is now a whiteout device"));
  g_assert_nonnull (strstr (done, "diff/d/.wh.nothing: removed, it hid nothing"));
  assert_left (&f, "whiteout-file\nwhiteout-file");

  g_assert_true (is_whiteout (&f, "overlay/%U/diff/base"));
  g_assert_true (is_whiteout (&f, "overlay/%U/diff/d/y"));
  g_assert_false (is_there (&f, "overlay/%U/diff/d/nothing"));
  g_assert_false (is_there (&f, "overlay/%B/diff/low"));
  g_assert_true (has_xattr (&f, "overlay/%U/diff/d/x", "trusted.overlay.opaque"));
  g_assert_true (has_xattr (&f, "overlay/%U/diff/d/x", "user.overlay.opaque"));
  g_assert_true (has_xattr (&f, "overlay/%U/diff/e", "trusted.overlay.opaque"));
  g_assert_false (has_xattr (&f, "overlay/%B/diff/e", "trusted.overlay.opaque"));
  g_assert_false (has_xattr (&f, "overlay/%U/diff/d", "trusted.overlay.opaque"));
  /* What isn't a marker for a name is left alone. */
  assert_content (&f, "overlay/%U/diff/d/.wh.full", "content");
  g_assert_true (is_there (&f, "overlay/%U/diff/e/.wh..wh.y"));
  g_assert_cmpint (stat (dir, &st), ==, 0);
  g_assert_cmpint (st.st_mtim.tv_sec, ==, 2);
}

static void
test_opaque (void)
{
  static const char *const xattrs[] = { "trusted.overlay.opaque", "user.overlay.opaque" };
  if (ul_sight_find () != UL_SIGHT_ALL)
    {
      g_test_skip ("needs root");
      return;
    }
  for (gsize i = 0; i < G_N_ELEMENTS (xattrs); i++)
    {
      g_auto (Fixture) f;
      fixture_init (&f);
      g_autofree char *dir = path_of (&f, "overlay/%U/diff");
      g_assert_cmpint (setxattr (dir, xattrs[i], "y", 1, 0), ==, 0);
      set_mode (&f, "overlay-layers", 0700);
      g_autofree char *own = repair_with (&f, UL_STORE_REPAIR_FULL);
      g_assert_cmpstr (own, ==, "");
      set_mode (&f, "overlay-layers", 0755);
      assert_repairs (&f, UL_STORE_REPAIR_FULL,
                      i == 0 ? "layer %U: diff/: opaque to users' containers as well"
                             : "layer %U: diff/: opaque to root's containers as well");
      assert_left (&f, "");
      g_assert_true (has_xattr (&f, "overlay/%U/diff", xattrs[1 - i]));
    }
}

static void
test_containers (void)
{
  g_auto (Fixture) f;
  guint n;
  g_autoptr (GError) error = NULL;
  fixture_init (&f);
  g_autoptr (UlStore) store = stores_open (f.path, 0);
  g_assert_true (ul_store_count_containers (store, &n, &error));
  g_assert_cmpuint (n, ==, 0);
  g_autofree char *dir = path_of (&f, "overlay-containers");
  g_assert_cmpint (mkdir (dir, 0700), ==, 0);
  put (&f, "overlay-containers/containers.json", "[{},{}]");
  put (&f, "overlay-containers/volatile-containers.json", "[{}]");
  g_assert_true (ul_store_count_containers (store, &n, &error));
  g_assert_cmpuint (n, ==, 3);
  put (&f, "overlay-containers/containers.json", "{");
  g_assert_false (ul_store_count_containers (store, &n, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
}

/* All of it at once. */
static void
break_all (const Fixture *f)
{
  del (f, "overlay-layers/layers.lock");
  put (f, "overlay-images/images.lock", "");
  del (f, "overlay/%B/link");
  del (f, "overlay/%U/link");
  del (f, "overlay/l");
  g_autofree char *l = path_of (f, "overlay/l");
  g_assert_cmpint (mkdir (l, 0700), ==, 0);
  del (f, "overlay/%U/lower");
  del (f, "overlay/%B/empty");
  del (f, "overlay/%U/work");
  set_mode (f, "overlay/%U", 0700);
  set_mode (f, LAYERS, 0600);
  set_mode (f, "overlay-images/%I", 0700);
  edit (f, LAYERS, "\"id\":\"%U\"", "\"id\":\"%U\",\"uidmap\":[]");
  edit (f, IMAGES, "\"digest\":\"sha256:", "\"other\":\"sha256:");
  edit (f, IMAGES, "\"names\":[", "\"names\":[\"example.org/one:1\",");
  if (ul_sight_find () == UL_SIGHT_ALL)
    make_markers (f);
}

static void
count_down (const char *step, gpointer data)
{
  guint *left = data;
  (void) step;
  if ((*left)-- == 0)
    _exit (3);
}

static gboolean
killed_at (const Fixture *f, guint step)
{
  int status;
  const pid_t pid = fork ();
  g_assert_cmpint (pid, >=, 0);
  if (pid == 0)
    {
      g_autoptr (UlStore) store = stores_open (f->path, 0);
      const UlStoreRepairOptions options = {
        .flags = UL_STORE_REPAIR_FULL, .wait = &stores_wait, .hook = count_down, .hook_data = &step
      };
      g_autoptr (GPtrArray) actions = ul_store_repair (store, &options, NULL);
      _exit (actions != NULL ? 0 : 1);
    }
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFEXITED (status) && (WEXITSTATUS (status) == 3 || WEXITSTATUS (status) == 0));
  return WEXITSTATUS (status) == 3;
}

static guint
count_faults (const Fixture *f)
{
  g_autofree char *faults = faults_of (f);
  g_auto (GStrv) lines = g_strsplit (faults, "\n", -1);
  return g_strv_length (lines);
}

/* Killed before each step: never more faults than before, and the next repair mends the rest. */
static void
test_kill (void)
{
  guint step = 0;
  gboolean killed = TRUE;
  for (; killed; step++)
    {
      g_auto (Fixture) f;
      fixture_init (&f);
      break_all (&f);
      const guint before = count_faults (&f);
      killed = killed_at (&f, step);
      g_assert_cmpuint (count_faults (&f), <=, before);
      g_autofree char *rest = repair_with (&f, UL_STORE_REPAIR_FULL);
      assert_left (&f, ul_sight_find () == UL_SIGHT_ALL ? "whiteout-file\nwhiteout-file" : "");
    }
  g_assert_cmpuint (step, >, 15);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/store-repair/nothing", test_nothing);
  g_test_add_func ("/store-repair/locks", test_locks);
  g_test_add_func ("/store-repair/modes", test_modes);
  g_test_add_func ("/store-repair/modes-without-special-bits", test_special_bits);
  g_test_add_func ("/store-repair/modes-of-symlinks", test_mode_of_symlink);
  g_test_add_func ("/store-repair/shared", test_shared);
  g_test_add_func ("/store-repair/files", test_files);
  g_test_add_func ("/store-repair/new-link", test_new_link);
  g_test_add_func ("/store-repair/recorded-link", test_recorded_link);
  g_test_add_func ("/store-repair/link-choice", test_link_choice);
  g_test_add_func ("/store-repair/link-taken", test_link_taken);
  g_test_add_func ("/store-repair/link-twice", test_link_twice);
  g_test_add_func ("/store-repair/link-targets", test_link_targets);
  g_test_add_func ("/store-repair/lower", test_lower);
  g_test_add_func ("/store-repair/entries", test_entries);
  g_test_add_func ("/store-repair/entries-that-stay", test_entries_that_stay);
  g_test_add_func ("/store-repair/digests", test_digests);
  g_test_add_func ("/store-repair/wrong-content", test_wrong_content);
  g_test_add_func ("/store-repair/names", test_names);
  g_test_add_func ("/store-repair/whiteouts", test_whiteouts);
  g_test_add_func ("/store-repair/opaque", test_opaque);
  g_test_add_func ("/store-repair/containers", test_containers);
  g_test_add_func ("/store-repair/kill", test_kill);
  return g_test_run ();
}
