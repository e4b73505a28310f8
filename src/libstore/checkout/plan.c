// SPDX-License-Identifier: LGPL-2.1-or-later
#include "checkout/plan.h"

#include <sys/stat.h>

#include "checkout/sharing.h"
#include "core/file-meta.h"
#include "core/whiteout.h"
#include "util/error.h"
#include "util/xattr.h"

/* A user checkout drops these: whoever runs it must not make set-id programs of somebody else's. */
#define SET_ID_BITS (S_ISUID | S_ISGID)

/* A label on a hardlink would be that of the object and of all other checkouts. */
static gboolean
check_labels (UlRepo *repo, const UlCheckoutOptions *options, UlOwnership ownership, GError **error)
{
  if (options->link != UL_CHECKOUT_LINK_NEVER)
    return ul_throw (error, UL_ERROR_INVALID, "checkout: --selinux-policy requires --force-copy");
  if (options->ownership == UL_OWNERSHIP_USER)
    return ul_throw (error, UL_ERROR_INVALID,
                     "checkout: --selinux-policy: user mode sets no labels");
  return ownership == UL_OWNERSHIP_STORED
         || ul_throw (
             error, UL_ERROR_UNSUPPORTED,
             "checkout: --selinux-policy: a repository of mode %s is always checked out in "
             "user mode, which sets no labels",
             ul_repo_mode_name (repo));
}

gboolean
ul_checkout_plan_init (UlCheckoutPlan *plan, UlRepo *repo, const UlCheckoutOptions *options,
                       GError **error)
{
  const gboolean require = options->link == UL_CHECKOUT_LINK_REQUIRE;
  if (options->unite == UL_CHECKOUT_UNION_IDENTICAL && !require)
    return ul_throw (error, UL_ERROR_INVALID,
                     "checkout: --union-identical requires --require-hardlinks");

  if (options->selinux_prefix != NULL && *options->selinux_prefix != '/')
    return ul_throw (error, UL_ERROR_INVALID, "checkout: --selinux-prefix=%s: not an absolute path",
                     options->selinux_prefix);

  const UlOwnership ownership
      = ul_repo_wants_canonical (repo) ? UL_OWNERSHIP_USER : options->ownership;
  if (options->selinux != NULL && !check_labels (repo, options, ownership, error))
    return FALSE;
  UlLinks links = UL_LINKS_NONE;
  for (UlRepo *at = repo; at != NULL; at = ul_repo_parent (at))
    links |= ul_repo_linkable (at, ownership);
  if (require && links == UL_LINKS_NONE)
    return ul_throw (error, UL_ERROR_UNSUPPORTED,
                     "checkout: a repository of mode %s cannot be hardlinked %s user mode",
                     ul_repo_mode_name (repo), ownership == UL_OWNERSHIP_USER ? "in" : "outside");

  *plan = (UlCheckoutPlan){
    .repo = repo,
    .options = options,
    .ownership = ownership,
    .links = options->link == UL_CHECKOUT_LINK_NEVER ? UL_LINKS_NONE : links,
    .stored_times = options->link != UL_CHECKOUT_LINK_NEVER,
  };
  if (ul_repo_is_compressed (repo) && ownership == UL_OWNERSHIP_USER
      && options->link == UL_CHECKOUT_LINK_PREFER && options->cache == UL_CHECKOUT_CACHE_USE)
    plan->cache = ul_checkout_file_cache_open (repo);
  return TRUE;
}

void
ul_checkout_plan_clear (UlCheckoutPlan *plan)
{
  ul_checkout_labels_clear (&plan->labels);
  g_clear_pointer (&plan->cache, ul_checkout_file_cache_free);
  g_clear_pointer (&plan->sharing, ul_checkout_sharing_free);
}

UlLinks
ul_checkout_plan_links (const UlCheckoutPlan *plan, UlRepo *home)
{
  return plan->links & ul_repo_linkable (home, plan->ownership);
}

void
ul_checkout_plan_step (const UlCheckoutPlan *plan, const char *step)
{
  const UlCheckoutHooks *hooks = &plan->options->hooks;
  if (hooks->step != NULL)
    hooks->step (step, hooks->data);
}

gboolean
ul_checkout_plan_skips (const UlCheckoutPlan *plan, const char *path)
{
  return plan->options->skip != NULL && g_hash_table_contains (plan->options->skip, path);
}

mode_t
ul_checkout_plan_whiteout_mode (const UlCheckoutPlan *plan, guint32 stored)
{
  const mode_t mode = stored & 07777;
  return plan->ownership == UL_OWNERSHIP_USER ? mode & ~(mode_t) SET_ID_BITS : mode;
}

mode_t
ul_checkout_plan_file_mode (const UlCheckoutPlan *plan, guint32 stored)
{
  /* Whoever owns a file in a user checkout can read it, as in OSTree's. */
  const mode_t added = plan->ownership == UL_OWNERSHIP_USER ? S_IRUSR : 0;
  return ul_checkout_plan_whiteout_mode (plan, stored) | added;
}

gboolean
ul_checkout_plan_is_unreadable (const UlCheckoutPlan *plan, guint32 stored)
{
  return plan->ownership == UL_OWNERSHIP_USER && (stored & S_IRUSR) == 0;
}

mode_t
ul_checkout_plan_dir_mode (const UlCheckoutPlan *plan, guint32 stored)
{
  return stored & (plan->options->dir_mode == UL_CHECKOUT_DIR_MODE_0775 ? 0775 : 07777);
}

static gboolean
is_opaque (GVariant *xattrs)
{
  g_autoptr (GVariant) value = ul_file_meta_find_xattr (xattrs, UL_WHITEOUT_OPAQUE_TRUSTED);
  gsize len = 0;
  const void *data = value != NULL ? g_variant_get_fixed_array (value, &len, 1) : NULL;
  return data != NULL && ul_whiteout_is_opaque_xattr (UL_WHITEOUT_OPAQUE_TRUSTED, data, len);
}

GVariant *
ul_checkout_plan_dir_xattrs (const UlCheckoutPlan *plan, GVariant *stored)
{
  if (plan->ownership == UL_OWNERSHIP_STORED
      && (plan->options->whiteouts & UL_CHECKOUT_WHITEOUTS_BOTH_OPAQUE) != 0 && is_opaque (stored))
    return ul_file_meta_set_xattr (stored, UL_WHITEOUT_OPAQUE_USER, "y", 1);
  if (plan->ownership == UL_OWNERSHIP_STORED)
    return g_variant_ref (stored);
  /* A user checkout sets no xattrs of the commit, but a directory that comes out not opaque lets
   * deleted files reappear; so it gets the form that a rootless overlay reads. */
  if ((plan->options->whiteouts & UL_CHECKOUT_WHITEOUTS_PASSTHROUGH) == 0 || !is_opaque (stored))
    return g_variant_ref (ul_xattr_empty ());
  return g_variant_ref_sink (
      g_variant_new_parsed ("[(%^ay, [byte 0x79])]", UL_WHITEOUT_OPAQUE_USER));
}
