// SPDX-License-Identifier: LGPL-2.1-or-later
#include "checkout/dirmetas.h"

#include "repo/objects.h"

#define KEPT_MAX 256

struct _UlCheckoutDirmetas
{
  UlRepo *repo;
  GHashTable *kept; /* UlChecksum * -> dirmeta, owned */
};

UlCheckoutDirmetas *
ul_checkout_dirmetas_new (UlRepo *repo)
{
  UlCheckoutDirmetas *self = g_new (UlCheckoutDirmetas, 1);
  *self = (UlCheckoutDirmetas){
    .repo = repo,
    .kept = g_hash_table_new_full (ul_checksum_hash, ul_checksum_equal_func, g_free,
                                   (GDestroyNotify) g_variant_unref),
  };
  return self;
}

void
ul_checkout_dirmetas_free (UlCheckoutDirmetas *self)
{
  g_hash_table_unref (self->kept);
  g_free (self);
}

gboolean
ul_checkout_dirmetas_load (UlCheckoutDirmetas *self, const UlChecksum *checksum,
                           GVariant **out_meta, GError **error)
{
  GVariant *meta = g_hash_table_lookup (self->kept, checksum);
  if (meta == NULL)
    {
      if (!ul_objects_load (self->repo, UL_OBJECT_DIRMETA, checksum, &meta, error))
        return FALSE;
      if (g_hash_table_size (self->kept) >= KEPT_MAX)
        g_hash_table_remove_all (self->kept);
      g_hash_table_insert (self->kept, g_memdup2 (checksum, sizeof *checksum), meta);
    }
  *out_meta = g_variant_ref (meta);
  return TRUE;
}
