// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/commit.h"
#include "core/file-meta.h"
#include "core/object.h"
#include "repo/repo.h"

/* Loose objects: is it there, read it, list all. Safe from any thread. Content read here is not
 * compared with its checksum (fsck does that); structure is always checked. A missing object is
 * UL_ERROR_NOT_FOUND, a broken one UL_ERROR_CORRUPT; both messages name it.
 *
 * What reads an object takes the first that the repository, its parent, the parent's parent, ...
 * has. What lists, writes and deletes knows the repository alone: a commit made here has all of its
 * new objects here, so that a parent's prune doesn't take them. */

G_BEGIN_DECLS

gboolean ul_objects_has (UlRepo *repo, UlObjectType type, const UlChecksum *checksum,
                         gboolean *out_has, GError **error);

/* The same without the parents. */
gboolean ul_objects_has_own (UlRepo *repo, UlObjectType type, const UlChecksum *checksum,
                             gboolean *out_has, GError **error);

/* The repository or the parent that has the object, NULL if none does. How it lies there is a
 * matter of that one's mode. Borrowed. */
gboolean ul_objects_find (UlRepo *repo, UlObjectType type, const UlChecksum *checksum,
                          UlRepo **out_home, GError **error);

/* Bytes that the object takes where it lies: of a file in an archive, compressed. */
gboolean ul_objects_stored_size (UlRepo *repo, UlObjectType type, const UlChecksum *checksum,
                                 guint64 *out_size, GError **error);

/* Load a metadata object (dirtree, dirmeta, commit, ...), validated. A new reference. */
gboolean ul_objects_load (UlRepo *repo, UlObjectType type, const UlChecksum *checksum,
                          GVariant **out_variant, GError **error);

/* The same, *out_variant NULL if there is none. */
gboolean ul_objects_load_if_exists (UlRepo *repo, UlObjectType type, const UlChecksum *checksum,
                                    GVariant **out_variant, GError **error);

/* ul_objects_load () of an object that is what its name says: UL_ERROR_CORRUPT otherwise. For
 * whoever follows names to where they lead: a damaged dirtree may be well formed and hold itself.
 * Who goes down first may leave out what isn't deep, and comes to an end all the same: the start of
 * libcrypto is a twentieth of a usual checkout. @hasher is scratch. */
#define UL_OBJECTS_DEEP_PATH 512 /* bytes of a path that is */
gboolean ul_objects_load_verified (UlRepo *repo, UlObjectType type, const UlChecksum *checksum,
                                   UlHasher *hasher, GVariant **out_variant, GError **error);

/* Load a commit and take it apart. */
gboolean ul_objects_load_commit (UlRepo *repo, const UlChecksum *checksum, UlCommit *out_commit,
                                 GError **error);

/* Metadata of a content object, and the size of its content in bytes (0 for symlinks). */
gboolean ul_objects_load_file_meta (UlRepo *repo, const UlChecksum *checksum, UlFileMeta *out_meta,
                                    guint64 *out_size, GError **error);

/* An open content object: metadata, and content to be read once from the start. For one thread. */
typedef struct _UlContent UlContent;

gboolean ul_objects_open_file (UlRepo *repo, const UlChecksum *checksum, UlContent **out_content,
                               GError **error);
const UlFileMeta *ul_content_meta (UlContent *content);
guint64 ul_content_size (UlContent *content); /* of the content, uncompressed; 0 for symlinks */
/* The descriptor that holds exactly the content, at offset 0, or -1 (compressed, symlink).
 * Borrowed. */
int ul_content_fd (UlContent *content);
/* Up to @len bytes; *out_n is 0 at the end. Less or more than size () in all is UL_ERROR_CORRUPT.
 */
gboolean ul_content_read (UlContent *content, void *buffer, gsize len, gsize *out_n,
                          GError **error);
/* All of it, of which nothing was read before, to @out, which has room for exactly size () bytes.
 * Compressed content of a few MiB is unpacked at once, in less time than as a stream. */
typedef struct _UlContentBuffers UlContentBuffers; /* a thread's own */
gboolean ul_content_read_all (UlContent *content, UlContentBuffers *buffers, void *out,
                              GError **error);
UlContentBuffers *ul_content_buffers_new (void);
void ul_content_buffers_free (UlContentBuffers *buffers);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlContentBuffers, ul_content_buffers_free)
/* Everything to @to at its offset: reflink or in-kernel copy where the object lies uncompressed. */
gboolean ul_content_copy_to (UlContent *content, int to, GError **error);
void ul_content_free (UlContent *content);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlContent, ul_content_free)

/* Call @func for every loose object, in no order. FALSE from @func ends it with its error. */
typedef gboolean (*UlObjectFunc) (UlObjectType type, const UlChecksum *checksum, gpointer data,
                                  GError **error);
gboolean ul_objects_foreach (UlRepo *repo, UlObjectFunc func, gpointer data, GError **error);
/* The same for the objects whose checksum begins with byte @first. */
gboolean ul_objects_foreach_in (UlRepo *repo, guint8 first, UlObjectFunc func, gpointer data,
                                GError **error);

/* Remove a loose object (and, where the mode has it, its xattrs link). A missing one is fine. Needs
 * the exclusive lock. */
gboolean ul_objects_delete (UlRepo *repo, UlObjectType type, const UlChecksum *checksum,
                            GError **error);

/* Recompute the checksum of an object as it lies there: *out_actual, which is @checksum for a sound
 * one. *out_bytes: what was hashed of its content. Structural faults are errors (UL_ERROR_CORRUPT).
 * @hasher is scratch. */
gboolean ul_objects_verify (UlRepo *repo, UlObjectType type, const UlChecksum *checksum,
                            UlHasher *hasher, UlChecksum *out_actual, guint64 *out_bytes,
                            GError **error);

/* The checksum that a file of this metadata with what is in @fd, from its offset on, would have as
 * an object; @fd is -1 for a symlink or no content. @hasher is scratch. */
gboolean ul_objects_hash_file (const UlFileMeta *meta, int fd, UlHasher *hasher, UlChecksum *out,
                               GError **error);

/* Is the commit marked partial (state/<checksum>.commitpartial), here or where it is? */
gboolean ul_objects_commit_is_partial (UlRepo *repo, const UlChecksum *commit,
                                       gboolean *out_partial, GError **error);

/* Mark a commit partial because not all of it is here yet; a mark that is there stays as it is.
 * Durable with the next sync of the file system, or with @sync on return. */
gboolean ul_objects_mark_commit_incomplete (UlRepo *repo, const UlChecksum *commit, gboolean sync,
                                            GError **error);

/* Mark a commit partial because fsck found objects of it broken or missing; and was it marked so?
 * The mark then holds an "f", which makes every later fsck fail, of ostree too. */
gboolean ul_objects_mark_commit_partial (UlRepo *repo, const UlChecksum *commit, GError **error);
/* No longer partial. Durable with the next sync of the file system. */
gboolean ul_objects_unmark_commit (UlRepo *repo, const UlChecksum *commit, GError **error);
gboolean ul_objects_commit_marked_by_fsck (UlRepo *repo, const UlChecksum *commit,
                                           gboolean *out_marked, GError **error);

/* Resolve @path ("/", "a/b", "/a/b") from the root of a commit. */
typedef enum
{
  UL_ENTRY_FILE,
  UL_ENTRY_DIR,
} UlEntryKind;

typedef struct
{
  UlEntryKind kind;
  UlChecksum checksum; /* of the file, or of the dirtree */
  UlChecksum meta;     /* of the dirmeta, for a directory */
} UlEntry;

/* What is called @name in directory @dir, one step of a path: *out_found is FALSE when nothing is,
 * or @dir is a file. @out_entry may be @dir. */
gboolean ul_objects_lookup_name (UlRepo *repo, const UlEntry *dir, const char *name,
                                 gboolean *out_found, UlEntry *out_entry, GError **error);

/* *out_found is FALSE when nothing is at @path. Symlinks are not followed. */
gboolean ul_objects_lookup_path (UlRepo *repo, const UlChecksum *root_tree,
                                 const UlChecksum *root_meta, const char *path, gboolean *out_found,
                                 UlEntry *out_entry, GError **error);

G_END_DECLS
