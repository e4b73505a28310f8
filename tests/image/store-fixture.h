// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "stores.h"

/* Stores to be broken, for the tests of verify and repair. */

/* A shared store, whose paths begin with its own name. */
typedef struct
{
  char *path;
  char *base; /* ids */
  char *upper;
  char *image;
} Fixture;

static inline void
fixture_init (Fixture *f)
{
  static guint n;
  f->path = g_strdup_printf ("store-%u", n++);
  f->base = stores_layer_id ("base", NULL);
  f->upper = stores_layer_id ("upper", f->base);
  f->image = stores_image_id ("one");
  ul_store_free (stores_make (f->path, UL_STORE_SHARED));
}

static inline void
fixture_clear (Fixture *f)
{
  g_free (f->path);
  g_free (f->base);
  g_free (f->upper);
  g_free (f->image);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Fixture, fixture_clear)

/* "PATH-OF-STORE/..." with %B, %U and %I for the ids of base, upper and image. */
static inline char *
expand (const Fixture *f, const char *text)
{
  g_autoptr (GString) out = g_string_new (text);
  g_string_replace (out, "%B", f->base, 0);
  g_string_replace (out, "%U", f->upper, 0);
  g_string_replace (out, "%I", f->image, 0);
  return g_string_free (g_steal_pointer (&out), FALSE);
}

static inline char *
path_of (const Fixture *f, const char *text)
{
  g_autofree char *rest = expand (f, text);
  return g_strdup_printf ("%s/%s", f->path, rest);
}

static inline void
del (const Fixture *f, const char *text)
{
  g_autofree char *path = path_of (f, text);
  g_autoptr (GError) error = NULL;
  struct stat st;
  g_assert_cmpint (lstat (path, &st), ==, 0);
  ul_fd_remove_tree_at (AT_FDCWD, path, &error);
  g_assert_no_error (error);
}

static inline void
put (const Fixture *f, const char *text, const char *content)
{
  g_autofree char *path = path_of (f, text);
  stores_write (path, content);
}

static inline void
set_mode (const Fixture *f, const char *text, mode_t mode)
{
  g_autofree char *path = path_of (f, text);
  g_assert_cmpint (chmod (path, mode), ==, 0);
}

/* Put @to in place of the first @from in a list. */
static inline void
edit (const Fixture *f, const char *list, const char *from, const char *to)
{
  g_autofree char *path = path_of (f, list);
  g_autofree char *old = stores_read (path);
  g_autofree char *search = expand (f, from);
  g_autofree char *replacement = expand (f, to);
  g_autoptr (GString) text = g_string_new (old);
  g_assert_cmpuint (g_string_replace (text, search, replacement, 1), ==, 1);
  stores_write (path, text->str);
}

#define LAYERS "overlay-layers/layers.json"
#define IMAGES "overlay-images/images.json"
