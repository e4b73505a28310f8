// SPDX-License-Identifier: LGPL-2.1-or-later
#include "checkout/cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "util/error.h"
#include "util/fd.h"
#include "util/interrupt.h"

#define CACHE_DIR "uncompressed-objects-cache"

struct _UlCheckoutFileCache
{
  int cache_fd;
  int tmp_fd;    /* the repository's, borrowed */
  char *staging; /* name below tmp/ */
  int staging_fd;
};

static gboolean
is_enabled (UlRepo *repo)
{
  g_autoptr (GError) error = NULL;
  const gboolean enabled
      = g_key_file_get_boolean (ul_repo_config (repo), "core", "enable-uncompressed-cache", &error);
  return error != NULL || enabled;
}

static int
make_dir (int dfd, const char *name, mode_t mode)
{
  if (mkdirat (dfd, name, mode) != 0 && errno != EEXIST)
    return -1;
  return openat (dfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

UlCheckoutFileCache *
ul_checkout_file_cache_open (UlRepo *repo)
{
  const int tmp_fd = ul_repo_tmp_dfd (repo);
  if (tmp_fd < 0 || !is_enabled (repo))
    return NULL;
  ul_autofd int cache_fd = make_dir (ul_repo_dfd (repo), CACHE_DIR, 0755);
  if (cache_fd < 0)
    return NULL;
  g_autofree char *staging
      = g_strdup_printf ("uncompressed-%08x%08x", g_random_int (), g_random_int ());
  ul_interrupt_hold ();
  const int staging_fd = make_dir (tmp_fd, staging, 0700);
  if (staging_fd < 0)
    {
      ul_interrupt_release ();
      return NULL;
    }

  UlCheckoutFileCache *self = g_new (UlCheckoutFileCache, 1);
  *self = (UlCheckoutFileCache){
    .cache_fd = ul_fd_steal (&cache_fd),
    .tmp_fd = tmp_fd,
    .staging = g_steal_pointer (&staging),
    .staging_fd = staging_fd,
  };
  return self;
}

/* Collected files have the same names without the slash. */
static void
fresh_name (const UlChecksum *checksum, char out[UL_CHECKOUT_CACHE_PATH_MAX])
{
  char hex[UL_CHECKSUM_HEX_LEN + 1];
  ul_checksum_to_hex (checksum, hex);
  snprintf (out, UL_CHECKOUT_CACHE_PATH_MAX, "%s.file", hex);
}

int
ul_checkout_file_cache_source (UlCheckoutFileCache *self, const UlChecksum *checksum,
                               gboolean fresh, char out_path[UL_CHECKOUT_CACHE_PATH_MAX])
{
  if (fresh)
    {
      fresh_name (checksum, out_path);
      return self->staging_fd;
    }
  char hex[UL_CHECKSUM_HEX_LEN + 1];
  ul_checksum_to_hex (checksum, hex);
  snprintf (out_path, UL_CHECKOUT_CACHE_PATH_MAX, "%.2s/%s.file", hex, hex + 2);
  return self->cache_fd;
}

UlCheckoutCacheAdd
ul_checkout_file_cache_add (UlCheckoutFileCache *self, const UlChecksum *checksum, int fd)
{
  char name[UL_CHECKOUT_CACHE_PATH_MAX];
  fresh_name (checksum, name);
  if (ul_fd_link (fd, self->staging_fd, name) == 0)
    return UL_CHECKOUT_CACHE_ADDED;
  return errno == EEXIST ? UL_CHECKOUT_CACHE_HAD : UL_CHECKOUT_CACHE_CANNOT;
}

static gboolean
publish_one (UlCheckoutFileCache *self, const char *name, GError **error)
{
  const char dir[] = { name[0], name[1], '\0' };
  char path[UL_CHECKOUT_CACHE_PATH_MAX];
  snprintf (path, sizeof path, "%s/%s", dir, name + 2);
  if (mkdirat (self->cache_fd, dir, 0755) != 0 && errno != EEXIST)
    return ul_throw_errno (error, "create " CACHE_DIR "/%s", dir);
  if (renameat (self->staging_fd, name, self->cache_fd, path) != 0)
    return ul_throw_errno (error, "rename to " CACHE_DIR "/%s", path);
  return TRUE;
}

gboolean
ul_checkout_file_cache_publish (UlCheckoutFileCache *self, GError **error)
{
  const int fd = openat (self->staging_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *dir = fd >= 0 ? fdopendir (fd) : NULL;
  if (dir == NULL)
    return ul_throw_errno (error, "open %s", self->staging);
  gboolean ok = TRUE;
  struct dirent *entry;
  while (ok && (errno = 0, entry = readdir (dir)) != NULL)
    if (entry->d_name[0] != '.')
      ok = publish_one (self, entry->d_name, error);
  if (ok && errno != 0)
    ok = ul_throw_errno (error, "read %s", self->staging);
  closedir (dir);
  return ok;
}

void
ul_checkout_file_cache_free (UlCheckoutFileCache *self)
{
  close (self->staging_fd);
  close (self->cache_fd);
  /* What can't be removed is an old entry of tmp/, which every tool clears. */
  (void) ul_fd_remove_tree_at (self->tmp_fd, self->staging, NULL);
  ul_interrupt_release ();
  g_free (self->staging);
  g_free (self);
}
