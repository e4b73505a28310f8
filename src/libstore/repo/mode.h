// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <sys/stat.h>

#include "core/file-meta.h"
#include "core/object.h"
#include "repo/repo.h"
#include "repo/source.h"

/* What differs between repository modes: one UlModeOps a file (mode-bare.c, ...). Private to repo/;
 * everyone else asks a capability in repo.h. */

G_BEGIN_DECLS

/* Where a new content object is written: file @name, which doesn't exist, below @dfd. */
typedef struct
{
  int dfd;
  const char *name;
  UlScratch *scratch;
  UlHasher *tee; /* gets the content while it's written; NULL: nobody asks */
  uid_t uid;     /* what new files there belong to */
  gid_t gid;
  gint zlib_level;
  guint jobs;    /* threads that one large file may use */
  gboolean sync; /* fsync the file before it's closed */
} UlStore;

/* An object taken apart, still on disk. Starts as UL_STORED_INIT. */
typedef struct
{
  UlFileMeta meta;
  guint64 size;        /* of the content, uncompressed; 0 for symlinks */
  int fd;              /* at the start of the stored content; of no use for symlinks */
  gboolean compressed; /* what stands at fd is a raw deflate stream */
  guint64 packed_size; /* of that, as the file's length says */
} UlStored;

#define UL_STORED_INIT                                                                             \
  {                                                                                                \
    .fd = -1                                                                                       \
  }
void ul_stored_clear (UlStored *stored);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UlStored, ul_stored_clear)

typedef struct
{
  UlRepoMode mode;
  const char *name; /* in the configuration file */
  gboolean compressed;
  gboolean canonical;
  gboolean split_xattrs;
  UlLinks links_stored; /* linkable when ownership is as stored */
  UlLinks links_user;   /* linkable for a user's checkout */
  /* Whose file objects are, as they lie there, objects of this mode: bits 1 << UlRepoMode. All of
   * them; regular files that check () passes and whose inode has the object's mode. */
  guint adopts;
  guint adopts_some;

  /* NULL: any metadata can be held. */
  gboolean (*check) (const UlFileMeta *meta, GError **error);
  /* Leaves a complete file, owner, mode, xattrs and times as the mode wants them. */
  gboolean (*store) (const UlStore *store, const UlFileMeta *meta, const UlSource *source,
                     GError **error);
  /* @stored comes as ul_mode_open_object () left it. Make it what the object is: what the inode
   * doesn't say, or says otherwise. The caller clears it, also after a failure. @path: the loose
   * path. */
  gboolean (*load) (UlRepo *repo, const UlChecksum *checksum, const char *path, UlStored *stored,
                    GError **error);
} UlModeOps;

extern const UlModeOps ul_mode_bare;
extern const UlModeOps ul_mode_bare_user;
extern const UlModeOps ul_mode_bare_user_only;
extern const UlModeOps ul_mode_archive;
extern const UlModeOps ul_mode_bare_split_xattrs;

const UlModeOps *ul_repo_mode_ops (UlRepo *repo);

/* Open the loose object @path below @dfd, a regular file or a symlink (O_PATH): type, owner, mode,
 * size and target as the inode has them, no xattrs. The caller clears @stored, also after a
 * failure. */
gboolean ul_mode_open_object (int dfd, const char *path, gboolean *out_found, UlStored *stored,
                              GError **error);

/* For modes in which every object is a regular file: a symlink is UL_ERROR_CORRUPT. */
gboolean ul_mode_refuse_symlink (const UlStored *stored, GError **error);

/* Shared by the modes that keep files as they are. */

/* Create the regular file of @store with @source's content, and @mode as far as the umask lets it;
 * a draft keeps its own. The content can be read by whom that allows, so it's 0600 where the owner
 * is yet to be set. */
gboolean ul_mode_create_file (const UlStore *store, mode_t mode, const UlSource *source,
                              int *out_fd, GError **error);
/* The mode, unless the file has it already: a look is cheaper than what the file system has to note
 * of a change. */
gboolean ul_mode_ensure_mode (int fd, mode_t mode, GError **error);
/* Set times to OSTree's timestamp (0) and fsync if wanted. */
gboolean ul_mode_finish_file (const UlStore *store, int fd, GError **error);

G_END_DECLS
