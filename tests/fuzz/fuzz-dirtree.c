// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include "core/dirtree.h"
#include "core/object.h"
#include "core/whiteout.h"

/* Everything a reader may ask of a dirtree that was taken as valid. */
static void
read_all (const UlDirtreeView *view, const uint8_t *data, size_t size)
{
  g_autofree UlDirtreeFile *files = g_new0 (UlDirtreeFile, view->n_files);
  g_autofree UlDirtreeDir *dirs = g_new0 (UlDirtreeDir, view->n_dirs);
  UlDirtreeFile file;
  UlDirtreeDir dir;
  for (gsize i = 0; i < view->n_files; i++)
    {
      ul_dirtree_view_file (view, i, &files[i]);
      g_assert_true (ul_name_validate (files[i].name, NULL));
      g_assert_true (ul_dirtree_view_find_file (view, files[i].name, &file));
      g_assert_true (file.name == files[i].name);
      g_assert_false (ul_dirtree_view_find_dir (view, files[i].name, &dir));
      /* The name stands there as itself, so its marker would collide. */
      g_assert_false (ul_whiteout_check_collision (view, files[i].name, "/", NULL));
    }
  for (gsize i = 0; i < view->n_dirs; i++)
    {
      ul_dirtree_view_dir (view, i, &dirs[i]);
      g_assert_true (ul_name_validate (dirs[i].name, NULL));
      g_assert_true (ul_dirtree_view_find_dir (view, dirs[i].name, &dir));
      g_assert_true (dir.name == dirs[i].name);
    }
  g_assert_false (ul_dirtree_view_find_file (view, "", &file));
  fuzz_assert_same (ul_dirtree_new (files, view->n_files, dirs, view->n_dirs), data, size);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GVariant) dirtree = fuzz_variant (
      g_variant_type_peek_string (ul_object_variant_type (UL_OBJECT_DIRTREE)), data, size);
  g_autoptr (GError) error = NULL;
  const gboolean taken = ul_dirtree_validate (dirtree, &error);
  fuzz_assert_outcome (taken, error);
  if (!taken)
    return 0;
  g_auto (UlDirtreeView) view;
  ul_dirtree_view_init (&view, dirtree);
  read_all (&view, data, size);
  return 0;
}
