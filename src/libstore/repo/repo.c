// SPDX-License-Identifier: LGPL-2.1-or-later
#include "repo/repo.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "core/refspec.h"
#include "repo/config.h"
#include "repo/mode.h"
#include "repo/objects.h"
#include "util/error.h"
#include "util/fd.h"

#define MAX_CONFIG_SIZE (10 * 1024 * 1024)
#define MAX_PARENTS     16

struct _UlRepo
{
  GObject parent_instance;

  char *path;
  UlRepoOptions options;
  int dfd;
  int objects_dfd;
  int tmp_dfd; /* -1: not writable */
  guint64 device;
  GKeyFile *config;
  UlRepo *parent; /* NULL: none */
  UlRepoSettings settings;
};

G_DEFINE_FINAL_TYPE (UlRepo, ul_repo, G_TYPE_OBJECT)

static const UlModeOps *const modes[] = {
  [UL_REPO_MODE_BARE] = &ul_mode_bare,
  [UL_REPO_MODE_BARE_USER] = &ul_mode_bare_user,
  [UL_REPO_MODE_BARE_USER_ONLY] = &ul_mode_bare_user_only,
  [UL_REPO_MODE_ARCHIVE] = &ul_mode_archive,
  [UL_REPO_MODE_BARE_SPLIT_XATTRS] = &ul_mode_bare_split_xattrs,
};

/* What init makes beside config, in an order in which a kill leaves no half that looks whole:
 * config comes last. */
static const char *const directories[]
    = { "objects", "tmp",        "tmp/cache",    "extensions",  "state",
        "refs",    "refs/heads", "refs/mirrors", "refs/remotes" };

gboolean
ul_repo_mode_from_string (const char *name, UlRepoMode *out_mode, GError **error)
{
  if (g_str_equal (name, "archive"))
    name = "archive-z2";
  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    if (g_str_equal (modes[i]->name, name))
      {
        *out_mode = (UlRepoMode) i;
        return TRUE;
      }
  return ul_throw (error, UL_ERROR_UNSUPPORTED,
                   "Invalid mode '%s' (bare, bare-user, bare-user-only, archive or "
                   "bare-split-xattrs)",
                   name);
}

const char *
ul_repo_mode_to_string (UlRepoMode mode)
{
  g_assert (mode < G_N_ELEMENTS (modes));
  return modes[mode]->name;
}

static void
ul_repo_init (UlRepo *self)
{
  self->dfd = -1;
  self->objects_dfd = -1;
  self->tmp_dfd = -1;
}

static void
ul_repo_finalize (GObject *object)
{
  UlRepo *self = UL_REPO (object);
  ul_fd_cleanup (&self->tmp_dfd);
  ul_fd_cleanup (&self->objects_dfd);
  ul_fd_cleanup (&self->dfd);
  g_clear_pointer (&self->config, g_key_file_unref);
  g_clear_object (&self->parent);
  ul_repo_settings_clear (&self->settings);
  g_free (self->path);
  G_OBJECT_CLASS (ul_repo_parent_class)->finalize (object);
}

static void
ul_repo_class_init (UlRepoClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = ul_repo_finalize;
}

static gboolean
load_config (UlRepo *self, GError **error)
{
  g_autoptr (GBytes) bytes = NULL;
  if (!ul_fd_read_file_at (self->dfd, "config", MAX_CONFIG_SIZE, FALSE, &bytes, error))
    return FALSE;
  g_autoptr (GKeyFile) config = g_key_file_new ();
  if (!g_key_file_load_from_bytes (config, bytes, G_KEY_FILE_KEEP_COMMENTS, error)
      || !ul_repo_settings_parse (config, &self->settings, error))
    return ul_prefix (error, "Couldn't parse config file");
  self->config = g_steal_pointer (&config);
  return TRUE;
}

static gboolean
open_directories (UlRepo *self, GError **error)
{
  struct stat st;
  if (!ul_fd_open_dir_at (self->dfd, "objects", FALSE, &self->objects_dfd, error))
    return FALSE;
  if (fstat (self->objects_dfd, &st) != 0)
    return ul_throw_errno (error, "stat objects");
  self->device = st.st_dev;

  if (faccessat (self->objects_dfd, ".", W_OK, AT_EACCESS) != 0)
    return TRUE;
  if (mkdirat (self->dfd, "tmp", 0775) != 0 && errno != EEXIST)
    return errno == EROFS || ul_throw_errno (error, "create directory tmp");
  if (!ul_fd_open_dir_at (self->dfd, "tmp", FALSE, &self->tmp_dfd, error))
    return FALSE;
  if (mkdirat (self->tmp_dfd, "cache", 0775) != 0 && errno != EEXIST && errno != EROFS)
    return ul_throw_errno (error, "create directory tmp/cache");
  return TRUE;
}

static UlRepo *open_repo (int dfd, const char *path, const UlRepoOptions *options, guint depth,
                          GError **error);

static gboolean
is_same_directory (UlRepo *a, UlRepo *b)
{
  struct stat x;
  struct stat y;
  return fstat (a->dfd, &x) == 0 && fstat (b->dfd, &y) == 0 && x.st_dev == y.st_dev
         && x.st_ino == y.st_ino;
}

/* Parents have parents; @depth counts them. *out_parent is NULL if there is none. */
static gboolean
open_parent (UlRepo *self, const char *path, guint depth, UlRepo **out_parent, GError **error)
{
  *out_parent = NULL;
  if (path == NULL)
    return TRUE;
  /* A ring is found by its length where the configurations have it already, and by identity where
   * one is about to be closed. */
  if (depth >= MAX_PARENTS)
    return ul_throw (error, UL_ERROR_INVALID, "more than %d parent repositories, or a ring of them",
                     MAX_PARENTS);
  g_autoptr (UlRepo) parent = open_repo (AT_FDCWD, path, &self->options, depth + 1, error);
  if (parent == NULL)
    return depth > 0 ? FALSE : ul_prefix (error, "parent repository %s", path);
  for (UlRepo *at = parent; at != NULL; at = at->parent)
    if (is_same_directory (self, at))
      return ul_throw (error, UL_ERROR_INVALID, "parent repository %s: a ring of parents", path);
  *out_parent = g_steal_pointer (&parent);
  return TRUE;
}

static UlRepo *
open_repo (int dfd, const char *path, const UlRepoOptions *options, guint depth, GError **error)
{
  g_autoptr (UlRepo) self = g_object_new (UL_TYPE_REPO, NULL);
  self->path = g_strdup (path);
  if (options != NULL)
    self->options = *options;
  self->dfd = openat (dfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOCTTY);
  if (self->dfd < 0)
    {
      ul_throw_errno (error, "opendir(%s)", path);
      return NULL;
    }
  if (!load_config (self, error) || !open_directories (self, error)
      || !open_parent (self, self->settings.parent, depth, &self->parent, error))
    return NULL;
  return g_steal_pointer (&self);
}

UlRepo *
ul_repo_open_with (int dfd, const char *path, const UlRepoOptions *options, GError **error)
{
  UlRepo *repo = open_repo (dfd, path, options, 0, error);
  if (repo == NULL)
    ul_prefix (error, "opening repo");
  return repo;
}

UlRepo *
ul_repo_open_at (int dfd, const char *path, GError **error)
{
  return ul_repo_open_with (dfd, path, NULL, error);
}

gboolean
ul_repo_is_repo_at (int dfd, const char *path)
{
  g_autofree char *objects = g_build_filename (path, "objects", NULL);
  g_autofree char *config = g_build_filename (path, "config", NULL);
  struct stat st;
  return fstatat (dfd, objects, &st, 0) == 0 && S_ISDIR (st.st_mode)
         && fstatat (dfd, config, &st, 0) == 0 && S_ISREG (st.st_mode);
}

static gboolean
write_initial_config (int dfd, UlRepoMode mode, const char *collection_id, GError **error)
{
  g_autoptr (GKeyFile) config = g_key_file_new ();
  g_key_file_set_string (config, "core", "repo_version", "1");
  g_key_file_set_string (config, "core", "mode", ul_repo_mode_to_string (mode));
  if (collection_id != NULL)
    g_key_file_set_string (config, "core", "collection-id", collection_id);
  gsize len;
  g_autofree char *data = g_key_file_to_data (config, &len, NULL);
  return ul_fd_replace_file_at (dfd, "config", data, len, 0644, TRUE, error);
}

static gboolean
create (int dfd, const char *path, UlRepoMode mode, const char *collection_id, GError **error)
{
  if (!ul_fd_make_dirs_at (dfd, path, 0775, error))
    return FALSE;
  ul_autofd int fd = -1;
  if (!ul_fd_open_dir_at (dfd, path, TRUE, &fd, error))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (directories); i++)
    if (mkdirat (fd, directories[i], 0775) != 0 && errno != EEXIST)
      return ul_throw_errno (error, "create directory %s", directories[i]);
  if (!write_initial_config (fd, mode, collection_id, error))
    return FALSE;
  return fsync (fd) == 0 || ul_throw_errno (error, "fsync %s", path);
}

UlRepo *
ul_repo_create_at (int dfd, const char *path, UlRepoMode mode, const char *collection_id,
                   GError **error)
{
  if (collection_id != NULL && !ul_collection_id_validate (collection_id, error))
    return NULL;
  if (!ul_repo_is_repo_at (dfd, path) && !create (dfd, path, mode, collection_id, error))
    {
      ul_prefix (error, "creating repo %s", path);
      return NULL;
    }
  g_autoptr (UlRepo) repo = ul_repo_open_at (dfd, path, error);
  if (repo == NULL)
    return NULL;
  if (repo->settings.mode != mode)
    {
      ul_throw (error, UL_ERROR_EXISTS, "creating repo %s: it exists with mode '%s', not '%s'",
                path, ul_repo_mode_to_string (repo->settings.mode), ul_repo_mode_to_string (mode));
      return NULL;
    }
  return g_steal_pointer (&repo);
}

int
ul_repo_dfd (UlRepo *self)
{
  return self->dfd;
}

int
ul_repo_objects_dfd (UlRepo *self)
{
  return self->objects_dfd;
}

int
ul_repo_tmp_dfd (UlRepo *self)
{
  return self->tmp_dfd;
}

const char *
ul_repo_path (UlRepo *self)
{
  return self->path;
}

GKeyFile *
ul_repo_config (UlRepo *self)
{
  return self->config;
}

const char *
ul_repo_collection_id (UlRepo *self)
{
  return self->settings.collection_id;
}

const char *
ul_repo_mode_name (UlRepo *self)
{
  return ul_repo_mode_to_string (self->settings.mode);
}

const UlModeOps *
ul_repo_mode_ops (UlRepo *repo)
{
  return modes[repo->settings.mode];
}

UlRepo *
ul_repo_parent (UlRepo *self)
{
  return self->parent;
}

guint64
ul_repo_device (UlRepo *self)
{
  return self->device;
}

static gboolean
found_one (UlObjectType type, const UlChecksum *checksum, gpointer found, GError **error)
{
  *(gboolean *) found = TRUE;
  return TRUE;
}

/* Objects of one mode are none, or others, in another. */
static gboolean
check_mode_change (UlRepo *self, UlRepoMode mode, GError **error)
{
  gboolean found = FALSE;
  if (mode == self->settings.mode)
    return TRUE;
  for (guint i = 0; i < 256 && !found; i++)
    if (!ul_objects_foreach_in (self, (guint8) i, found_one, &found, error))
      return FALSE;
  return !found
         || ul_throw (error, UL_ERROR_INVALID, "the repository has objects of mode '%s' already",
                      ul_repo_mode_to_string (self->settings.mode));
}

gboolean
ul_repo_write_config (UlRepo *self, GKeyFile *config, GError **error)
{
  g_auto (UlRepoSettings) settings = { 0 };
  gsize len;
  g_autofree char *data = g_key_file_to_data (config, &len, NULL);
  g_autoptr (GKeyFile) own = g_key_file_new ();
  g_autoptr (UlRepo) parent = NULL;
  if (!ul_repo_settings_parse (config, &settings, error)
      || !open_parent (self, settings.parent, 0, &parent, error)
      || !check_mode_change (self, settings.mode, error)
      || !g_key_file_load_from_data (own, data, len, G_KEY_FILE_KEEP_COMMENTS, error)
      || !ul_fd_replace_file_at (self->dfd, "config", data, len, 0644, TRUE, error))
    return ul_prefix (error, "writing config");
  if (fsync (self->dfd) != 0)
    return ul_throw_errno (error, "writing config: fsync");

  g_key_file_unref (self->config);
  self->config = g_steal_pointer (&own);
  g_set_object (&self->parent, parent);
  ul_repo_settings_clear (&self->settings);
  self->settings = settings;
  settings = (UlRepoSettings){ 0 };
  return TRUE;
}

gboolean
ul_repo_fsync_enabled (UlRepo *self)
{
  return !self->settings.no_fsync;
}

gboolean
ul_repo_per_object_fsync (UlRepo *self)
{
  return self->settings.per_object_fsync;
}

gint
ul_repo_lock_timeout_secs (UlRepo *self)
{
  const gint timeout = self->options.lock_timeout_secs;
  if (timeout == UL_REPO_LOCK_TRY)
    return 0;
  return timeout != 0 ? timeout : self->settings.lock_timeout_secs;
}

const UlRepoOptions *
ul_repo_options (UlRepo *self)
{
  return &self->options;
}

gboolean
ul_repo_locking_enabled (UlRepo *self)
{
  return !self->settings.no_locking;
}

gint
ul_repo_tmp_expiry_secs (UlRepo *self)
{
  return self->settings.tmp_expiry_secs;
}

gint
ul_repo_keep_unreferenced_secs (UlRepo *self)
{
  return self->settings.keep_unreferenced_secs;
}

gboolean
ul_repo_tombstone_commits (UlRepo *self)
{
  return self->settings.tombstone_commits;
}

gboolean
ul_repo_keep_blobs (UlRepo *self)
{
  return self->settings.keep_blobs;
}

gint
ul_repo_zlib_level (UlRepo *self)
{
  return self->settings.zlib_level;
}

guint64
ul_repo_min_free_space (UlRepo *self, guint64 total)
{
  if (self->settings.min_free_space_size > 0)
    return self->settings.min_free_space_size;
  return total / 100 * self->settings.min_free_space_percent;
}

char *
ul_repo_describe_min_free_space (UlRepo *self)
{
  if (self->settings.min_free_space_size > 0)
    {
      g_autofree char *size
          = g_key_file_get_string (self->config, "core", "min-free-space-size", NULL);
      return g_strdup_printf ("min-free-space-size %s", size);
    }
  return g_strdup_printf ("min-free-space-percent '%u%%'", self->settings.min_free_space_percent);
}

gboolean
ul_repo_disable_xattrs (UlRepo *self)
{
  return self->settings.disable_xattrs;
}

gboolean
ul_repo_check_writable (UlRepo *self, GError **error)
{
  if (self->tmp_dfd < 0)
    return ul_throw (error, UL_ERROR_UNSUPPORTED, "writing to repo %s: it is not writable",
                     self->path);
  if (self->settings.unwritable != NULL)
    return ul_throw (error, UL_ERROR_UNSUPPORTED,
                     "writing to repo %s: its setting %s is not supported", self->path,
                     self->settings.unwritable);
  return TRUE;
}

UlLinks
ul_repo_linkable (UlRepo *self, UlOwnership ownership)
{
  const UlModeOps *ops = ul_repo_mode_ops (self);
  return ownership == UL_OWNERSHIP_USER ? ops->links_user : ops->links_stored;
}

UlImportLinks
ul_repo_import_links (UlRepo *from, UlRepo *to)
{
  const guint mode = 1u << from->settings.mode;
  const UlModeOps *ops = ul_repo_mode_ops (to);
  if ((ops->adopts & mode) != 0)
    return UL_IMPORT_LINKS_ALL;
  return (ops->adopts_some & mode) != 0 ? UL_IMPORT_LINKS_SOME : UL_IMPORT_LINKS_NONE;
}

gboolean
ul_repo_is_compressed (UlRepo *self)
{
  return ul_repo_mode_ops (self)->compressed;
}

gboolean
ul_repo_wants_canonical (UlRepo *self)
{
  return ul_repo_mode_ops (self)->canonical;
}
