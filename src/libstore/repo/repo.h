// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gio/gio.h>

/* A repository: its directory descriptors, its configuration and its mode. Everything else
 * (objects, refs, transactions, fsck) takes a UlRepo. Immutable after opening except for
 * ul_repo_write_config (), so it may be shared between threads. */

G_BEGIN_DECLS

#define UL_TYPE_REPO (ul_repo_get_type ())
G_DECLARE_FINAL_TYPE (UlRepo, ul_repo, UL, REPO, GObject)

typedef enum
{
  UL_REPO_MODE_BARE,
  UL_REPO_MODE_BARE_USER,
  UL_REPO_MODE_BARE_USER_ONLY,
  UL_REPO_MODE_ARCHIVE,
  UL_REPO_MODE_BARE_SPLIT_XATTRS,
} UlRepoMode;

/* "bare", "bare-user", "bare-user-only", "archive" (also "archive-z2"), "bare-split-xattrs". */
gboolean ul_repo_mode_from_string (const char *name, UlRepoMode *out_mode, GError **error);
/* The name a configuration file holds: "archive-z2" for archive. */
const char *ul_repo_mode_to_string (UlRepoMode mode);

/* Open @path below @dfd (AT_FDCWD allowed). UL_ERROR_UNSUPPORTED for unknown versions and modes. */
UlRepo *ul_repo_open_at (int dfd, const char *path, GError **error);

/* How whoever opens a repository wants its lock to be waited for. */
typedef struct
{
  gint lock_timeout_secs; /* 0: as configured, -1: for ever, UL_REPO_LOCK_TRY: not at all */
  /* NULL: nobody is told. Called once a lock, when it has not been free for a second, on the thread
   * that waits. @holders: "process 4711 (ostree prune --repo=r)", or "another process". */
  void (*lock_waiting) (const char *holders, gpointer data);
  gpointer lock_data; /* lives as long as the repository */
} UlRepoOptions;

#define UL_REPO_LOCK_TRY -2

/* ul_repo_open_at () with options; NULL: the default. */
UlRepo *ul_repo_open_with (int dfd, const char *path, const UlRepoOptions *options, GError **error);

/* Make a repository at @path, with missing parents. An existing one of the same mode is opened as
 * it is; of another mode is an error. @collection_id may be NULL. Durable on return. */
UlRepo *ul_repo_create_at (int dfd, const char *path, UlRepoMode mode, const char *collection_id,
                           GError **error);

/* Is there a repository at @path? (A directory with objects/ and config.) */
gboolean ul_repo_is_repo_at (int dfd, const char *path);

/* Borrowed; live as long as the repository. */
int ul_repo_dfd (UlRepo *self);
int ul_repo_objects_dfd (UlRepo *self);
int ul_repo_tmp_dfd (UlRepo *self);      /* -1 where the repository can't be written */
const char *ul_repo_path (UlRepo *self); /* as opened, for messages */
GKeyFile *ul_repo_config (UlRepo *self); /* don't change it: copy, then ul_repo_write_config () */
const char *ul_repo_collection_id (UlRepo *self); /* NULL if none */

/* The name for output alone; no code may branch on it (see the capabilities below). */
const char *ul_repo_mode_name (UlRepo *self);

/* The repository of core.parent, or NULL: objects and refs that aren't here are looked for there.
 * It may have another mode, and a parent of its own; following it ends. Borrowed. */
UlRepo *ul_repo_parent (UlRepo *self);

/* The device of objects/: is a file on the repository's file system, may links be made? */
guint64 ul_repo_device (UlRepo *self);

/* Replace the configuration atomically, durable on return, and use it from now on. Invalid values
 * are refused. Not to be called while other threads use the repository. */
gboolean ul_repo_write_config (UlRepo *self, GKeyFile *config, GError **error);

/* Configuration values with their defaults. */
gboolean ul_repo_fsync_enabled (UlRepo *self);      /* core.fsync, true */
gboolean ul_repo_per_object_fsync (UlRepo *self);   /* core.per-object-fsync, false */
gboolean ul_repo_locking_enabled (UlRepo *self);    /* core.locking, true */
gint ul_repo_tmp_expiry_secs (UlRepo *self);        /* core.tmp-expiry-secs, a day */
gint ul_repo_keep_unreferenced_secs (UlRepo *self); /* core.keep-unreferenced-secs, 0 */
gboolean ul_repo_tombstone_commits (UlRepo *self);  /* core.tombstone-commits, false */
gint ul_repo_zlib_level (UlRepo *self);             /* archive.zlib-level, 6 */
gboolean ul_repo_keep_blobs (UlRepo *self);         /* image.keep-blobs, true */
/* Bytes that must stay free on a file system of @total bytes: core.min-free-space-size, else
 * core.min-free-space-percent (3). */
guint64 ul_repo_min_free_space (UlRepo *self, guint64 total);
/* That setting for a message: "min-free-space-size 2GB", "min-free-space-percent '3%'". */
char *ul_repo_describe_min_free_space (UlRepo *self);
gboolean ul_repo_disable_xattrs (UlRepo *self); /* core.disable-xattrs, false: commits drop them */

/* UL_ERROR_UNSUPPORTED where the repository can't be written to, or must not because of a setting
 * that we don't do. */
gboolean ul_repo_check_writable (UlRepo *self, GError **error);

/* As the options say, else core.lock-timeout-secs (30): seconds, 0 to try once, -1 for ever. */
gint ul_repo_lock_timeout_secs (UlRepo *self);
const UlRepoOptions *ul_repo_options (UlRepo *self); /* as opened */

/* Capabilities of the mode. */

/* How a checkout wants files to be owned. */
typedef enum
{
  UL_OWNERSHIP_STORED, /* uid, gid, mode and xattrs as committed */
  UL_OWNERSHIP_USER,   /* the caller's; xattrs dropped; mode bits without set-id */
} UlOwnership;

typedef enum
{
  UL_LINKS_NONE = 0,
  UL_LINKS_REGULAR = 1 << 0,
  UL_LINKS_SYMLINKS = 1 << 1,
} UlLinks;

/* Which objects are, as they lie in objects/, what such a checkout shows: what may be hardlinked.
 */
UlLinks ul_repo_linkable (UlRepo *self, UlOwnership ownership);

/* Which file objects of @from may be hardlinked into @to as they lie there. (Metadata objects are
 * the same in every mode.) */
typedef enum
{
  UL_IMPORT_LINKS_NONE,
  UL_IMPORT_LINKS_SOME, /* regular files whose inode has all that @to's mode keeps of them */
  UL_IMPORT_LINKS_ALL,
} UlImportLinks;
UlImportLinks ul_repo_import_links (UlRepo *from, UlRepo *to);

/* Are files compressed (so a user checkout may keep an uncompressed cache)? */
gboolean ul_repo_is_compressed (UlRepo *self);

/* Does a commit keep only what every unprivileged checkout has: no xattrs, uid and gid 0, modes
 * within 0775? */
gboolean ul_repo_wants_canonical (UlRepo *self);

G_END_DECLS
