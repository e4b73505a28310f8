// SPDX-License-Identifier: LGPL-2.1-or-later
#include "build/links.h"

typedef struct
{
  guint64 device;
  guint64 inode;
  gboolean known; /* else somebody is at it */
  UlChecksum checksum;
} Link;

struct _UlLinkTable
{
  GMutex lock; /* guards all */
  GCond changed;
  GHashTable *links; /* set of Link */
};

static guint
link_hash (gconstpointer key)
{
  const Link *link = key;
  return (guint) (link->inode ^ link->inode >> 32 ^ link->device);
}

static gboolean
link_equal (gconstpointer a, gconstpointer b)
{
  const Link *x = a;
  const Link *y = b;
  return x->inode == y->inode && x->device == y->device;
}

static void
link_free (gpointer link)
{
  g_slice_free (Link, link);
}

UlLinkTable *
ul_link_table_new (void)
{
  UlLinkTable *self = g_new0 (UlLinkTable, 1);
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  self->links = g_hash_table_new_full (link_hash, link_equal, link_free, NULL);
  return self;
}

void
ul_link_table_free (UlLinkTable *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->links);
  g_cond_clear (&self->changed);
  g_mutex_clear (&self->lock);
  g_free (self);
}

gboolean
ul_link_table_enter (UlLinkTable *self, const struct stat *st, UlChecksum *out)
{
  const Link key = { .device = st->st_dev, .inode = st->st_ino };
  gboolean known;
  g_mutex_lock (&self->lock);
  for (;;)
    {
      const Link *link = g_hash_table_lookup (self->links, &key);
      known = link != NULL && link->known;
      if (known)
        *out = link->checksum;
      if (link == NULL)
        g_hash_table_add (self->links, g_slice_dup (Link, &key));
      if (known || link == NULL)
        break;
      g_cond_wait (&self->changed, &self->lock);
    }
  g_mutex_unlock (&self->lock);
  return known;
}

void
ul_link_table_finish (UlLinkTable *self, const struct stat *st, const UlChecksum *checksum)
{
  const Link key = { .device = st->st_dev, .inode = st->st_ino };
  g_mutex_lock (&self->lock);
  Link *link = g_hash_table_lookup (self->links, &key);
  g_assert (link != NULL && !link->known);
  if (checksum != NULL)
    {
      link->known = TRUE;
      link->checksum = *checksum;
    }
  else
    g_hash_table_remove (self->links, &key);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}
