// SPDX-License-Identifier: LGPL-2.1-or-later

/* Walking refs/: all refs, aliases, collections. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "core/refspec.h"
#include "repo/refs-private.h"
#include "util/error.h"
#include "util/fd.h"

static void
ref_free (gpointer data)
{
  UlRef *ref = data;
  g_free (ref->refspec);
  g_free (ref->target);
  g_free (ref);
}

static void
collection_ref_free (gpointer data)
{
  UlCollectionRef *ref = data;
  g_free (ref->collection_id);
  g_free (ref->ref);
  g_free (ref);
}

static int
compare_refs (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(UlRef *const *) a)->refspec, (*(UlRef *const *) b)->refspec);
}

static int
compare_collection_refs (gconstpointer a, gconstpointer b)
{
  const UlCollectionRef *x = *(UlCollectionRef *const *) a;
  const UlCollectionRef *y = *(UlCollectionRef *const *) b;
  const int order = strcmp (x->collection_id, y->collection_id);
  return order != 0 ? order : strcmp (x->ref, y->ref);
}

/* Gets @name below the directory that was walked ("a/b") and the file's path in the repository. */
typedef gboolean (*FoundFunc) (const char *path, const char *name, gboolean is_link, gpointer data,
                               GError **error);

static gboolean
walk (UlRepo *repo, const char *root, const char *below, FoundFunc func, gpointer data,
      GError **error)
{
  g_autofree char *path = below ? g_build_filename (root, below, NULL) : g_strdup (root);
  const int fd = openat (ul_repo_dfd (repo), path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  DIR *dir = fd >= 0 ? fdopendir (fd) : NULL;
  /* Every repository has refs/heads: without it nothing can be said of what is referred to. */
  if (dir == NULL)
    return (errno == ENOENT && !g_str_equal (path, "refs/heads"))
           || ul_throw_errno (error, "listing %s", path);

  gboolean ok = TRUE;
  struct dirent *entry;
  while (ok && (errno = 0, entry = readdir (dir)) != NULL)
    {
      struct stat st;
      /* Other tools' temporary files and backups are no refs. */
      if (!ul_ref_validate (entry->d_name, NULL))
        continue;
      if (fstatat (fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        {
          ok = errno == ENOENT || ul_throw_errno (error, "stat %s/%s", path, entry->d_name);
          continue;
        }
      g_autofree char *name
          = below ? g_build_filename (below, entry->d_name, NULL) : g_strdup (entry->d_name);
      if (S_ISDIR (st.st_mode))
        ok = walk (repo, root, name, func, data, error);
      else if (S_ISREG (st.st_mode) || S_ISLNK (st.st_mode))
        {
          g_autofree char *file = g_build_filename (root, name, NULL);
          ok = func (file, name, S_ISLNK (st.st_mode), data, error);
        }
    }
  if (ok && errno != 0)
    ok = ul_throw_errno (error, "listing %s", path);
  closedir (dir);
  return ok;
}

typedef struct
{
  UlRepo *repo;
  const char *prefix; /* NULL: all */
  const char *scope;  /* remote or collection, else NULL */
  UlRefsListFlags flags;
  GPtrArray *refs;
} Listing;

static gboolean
is_below (const char *name, const char *prefix)
{
  const gsize len = strlen (prefix);
  return strncmp (name, prefix, len) == 0 && (name[len] == '\0' || name[len] == '/');
}

/* "../a/b" in refs/heads/d/alias means a/b. NULL if it leads anywhere else. */
static char *
alias_target (const char *name, const char *link)
{
  g_autofree char *dir = g_path_get_dirname (name);
  g_autofree char *joined = g_build_filename ("/", dir, link, NULL);
  g_autofree char *canonical = g_canonicalize_filename (joined, "/");
  return ul_ref_validate (canonical + 1, NULL) ? g_strdup (canonical + 1) : NULL;
}

static gboolean
found_ref (const char *path, const char *name, gboolean is_link, gpointer data, GError **error)
{
  Listing *listing = data;
  g_autofree char *refspec
      = listing->scope ? g_strdup_printf ("%s:%s", listing->scope, name) : g_strdup (name);
  if (listing->prefix != NULL && !is_below (refspec, listing->prefix))
    return TRUE;

  UlRef ref = { 0 };
  if (is_link)
    {
      char link[PATH_MAX];
      const ssize_t n = readlinkat (ul_repo_dfd (listing->repo), path, link, sizeof link - 1);
      if (n < 0)
        return ul_throw_errno (error, "reading alias %s", path);
      link[n] = '\0';
      ref.target = alias_target (name, link);
    }
  else if ((listing->flags & UL_REFS_LIST_ALIASES) != 0)
    return TRUE;

  gboolean found = TRUE;
  if ((listing->flags & (UL_REFS_LIST_ALIASES | UL_REFS_LIST_NAMES)) == 0
      && !ul_refs_read_path (listing->repo, path, &found, &ref.checksum, error))
    {
      g_free (ref.target);
      return FALSE;
    }
  if (!found) /* removed meanwhile, or an alias of a ref that is gone */
    {
      g_free (ref.target);
      return TRUE;
    }
  ref.refspec = g_steal_pointer (&refspec);
  g_ptr_array_add (listing->refs, g_memdup2 (&ref, sizeof ref));
  return TRUE;
}

/* Calls @func on the subdirectories of @root, as names of remotes or collections. */
static gboolean
walk_scopes (UlRepo *repo, const char *root, FoundFunc func, Listing *listing,
             gboolean (*valid) (const char *, GError **), GError **error)
{
  const int fd = openat (ul_repo_dfd (repo), root, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  DIR *dir = fd >= 0 ? fdopendir (fd) : NULL;
  if (dir == NULL)
    return errno == ENOENT || ul_throw_errno (error, "listing %s", root);
  gboolean ok = TRUE;
  struct dirent *entry;
  while (ok && (errno = 0, entry = readdir (dir)) != NULL)
    {
      struct stat st;
      if (!valid (entry->d_name, NULL) || fstatat (fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0
          || !S_ISDIR (st.st_mode))
        continue;
      g_autofree char *path = g_build_filename (root, entry->d_name, NULL);
      listing->scope = entry->d_name;
      ok = walk (repo, path, NULL, func, listing, error);
      listing->scope = NULL;
    }
  if (ok && errno != 0)
    ok = ul_throw_errno (error, "listing %s", root);
  closedir (dir);
  return ok;
}

gboolean
ul_refs_list (UlRepo *repo, const char *prefix, UlRefsListFlags flags, GPtrArray **out_refs,
              GError **error)
{
  g_autoptr (GPtrArray) refs = g_ptr_array_new_with_free_func (ref_free);
  Listing listing = { .repo = repo, .prefix = prefix, .flags = flags, .refs = refs };
  if (!walk (repo, "refs/heads", NULL, found_ref, &listing, error))
    return FALSE;
  const gboolean local_only = (flags & (UL_REFS_LIST_NO_REMOTES | UL_REFS_LIST_ALIASES)) != 0;
  if (!local_only
      && !walk_scopes (repo, "refs/remotes", found_ref, &listing, ul_remote_name_validate, error))
    return FALSE;
  g_ptr_array_sort (refs, compare_refs);
  *out_refs = g_steal_pointer (&refs);
  return TRUE;
}

static gboolean
found_collection_ref (const char *path, const char *name, gboolean is_link, gpointer data,
                      GError **error)
{
  Listing *listing = data;
  if (listing->prefix != NULL && !g_str_equal (listing->prefix, listing->scope))
    return TRUE;
  UlCollectionRef ref = { 0 };
  gboolean found;
  if (!ul_refs_read_path (listing->repo, path, &found, &ref.checksum, error))
    return FALSE;
  if (!found)
    return TRUE;
  ref.collection_id = g_strdup (listing->scope);
  ref.ref = g_strdup (name);
  g_ptr_array_add (listing->refs, g_memdup2 (&ref, sizeof ref));
  return TRUE;
}

gboolean
ul_refs_list_collections (UlRepo *repo, const char *match_collection, GPtrArray **out_refs,
                          GError **error)
{
  if (match_collection != NULL && !ul_collection_id_validate (match_collection, error))
    return FALSE;
  g_autoptr (GPtrArray) refs = g_ptr_array_new_with_free_func (collection_ref_free);
  Listing listing = { .repo = repo, .prefix = match_collection, .refs = refs };
  listing.scope = ul_repo_collection_id (repo);
  if (listing.scope != NULL
      && !walk (repo, "refs/heads", NULL, found_collection_ref, &listing, error))
    return FALSE;
  if (!walk_scopes (repo, "refs/mirrors", found_collection_ref, &listing, ul_collection_id_validate,
                    error))
    return FALSE;
  g_ptr_array_sort (refs, compare_collection_refs);
  *out_refs = g_steal_pointer (&refs);
  return TRUE;
}

static void
add_root (GPtrArray *roots, char *name, const UlChecksum *checksum)
{
  UlRef *root = g_new0 (UlRef, 1);
  root->refspec = name;
  root->checksum = *checksum;
  g_ptr_array_add (roots, root);
}

gboolean
ul_refs_list_roots (UlRepo *repo, GPtrArray **out_refs, GError **error)
{
  const char *own = ul_repo_collection_id (repo);
  g_autoptr (GPtrArray) refs = NULL;
  g_autoptr (GPtrArray) collections = NULL;
  if (!ul_refs_list (repo, NULL, UL_REFS_LIST_ALL, &refs, error)
      || !ul_refs_list_collections (repo, NULL, &collections, error))
    return FALSE;
  GPtrArray *roots = g_ptr_array_new_with_free_func (ref_free);
  for (guint i = 0; i < refs->len; i++)
    {
      const UlRef *ref = refs->pdata[i];
      if (ref->target == NULL)
        add_root (roots, g_strdup (ref->refspec), &ref->checksum);
    }
  for (guint i = 0; i < collections->len; i++)
    {
      const UlCollectionRef *ref = collections->pdata[i];
      if (g_strcmp0 (ref->collection_id, own) != 0)
        add_root (roots, g_strdup_printf ("(%s, %s)", ref->collection_id, ref->ref),
                  &ref->checksum);
    }
  *out_refs = roots;
  return TRUE;
}
