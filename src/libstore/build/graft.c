// SPDX-License-Identifier: LGPL-2.1-or-later
#include "build/graft.h"

#include "build/from-graft.h"

static void
entry_clear (gpointer data)
{
  UlGraftEntry *entry = data;
  g_free (entry->path);
  g_free (entry->target);
  g_clear_pointer (&entry->data, g_bytes_unref);
}

UlGraft *
ul_graft_new (void)
{
  UlGraft *self = g_new0 (UlGraft, 1);
  self->entries = g_array_new (FALSE, FALSE, sizeof (UlGraftEntry));
  g_array_set_clear_func (self->entries, entry_clear);
  self->empty = g_ptr_array_new_with_free_func (g_free);
  return self;
}

void
ul_graft_free (UlGraft *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->entries);
  g_ptr_array_unref (self->empty);
  g_strfreev (self->unless);
  g_free (self);
}

void
ul_graft_require_empty (UlGraft *self, const char *path)
{
  g_ptr_array_add (self->empty, g_strdup (path));
}

void
ul_graft_set_unless (UlGraft *self, const char *const *paths)
{
  g_strfreev (self->unless);
  self->unless = g_strdupv ((char **) paths);
}

/* The new entry, until the next one. */
static UlGraftEntry *
add (UlGraft *self, UlGraftKind kind, const char *path)
{
  g_assert (path[0] == '/' && path[1] != '\0');
  const UlGraftEntry entry = { .kind = kind, .path = g_strdup (path) };
  g_array_append_val (self->entries, entry);
  return &g_array_index (self->entries, UlGraftEntry, self->entries->len - 1);
}

void
ul_graft_add_dir (UlGraft *self, const char *path)
{
  add (self, UL_GRAFT_DIR, path);
}

void
ul_graft_add_data (UlGraft *self, const char *path, GBytes *content)
{
  add (self, UL_GRAFT_DATA, path)->data = g_bytes_ref (content);
}

void
ul_graft_add_symlink (UlGraft *self, const char *path, const char *target)
{
  add (self, UL_GRAFT_SYMLINK, path)->target = g_strdup (target);
}

void
ul_graft_add_file (UlGraft *self, const char *path, const UlChecksum *file)
{
  add (self, UL_GRAFT_FILE, path)->object = *file;
}

void
ul_graft_add_tree (UlGraft *self, const char *path, const UlChecksum *contents,
                   const UlChecksum *meta, UlGraftForm form)
{
  UlGraftEntry *entry = add (self, UL_GRAFT_TREE, path);
  entry->object = *contents;
  entry->meta = *meta;
  entry->form = form;
}
