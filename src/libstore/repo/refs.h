// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/checksum.h"
#include "repo/repo.h"

/* Refs: files with a commit checksum under refs/heads/REF, refs/remotes/REMOTE/REF and
 * refs/mirrors/COLLECTION/REF. An alias is a symlink in refs/heads to another ref. A change is a
 * rename, so a reader sees the old or the new. Reading needs no lock. */

G_BEGIN_DECLS

/* *out_found FALSE: no such ref. UL_ERROR_CORRUPT if the file doesn't hold a checksum. */
gboolean ul_refs_read (UlRepo *repo, const char *refspec, gboolean *out_found, UlChecksum *out,
                       GError **error);

/* The same, in the parent repository if there is no such ref here, and so on. */
gboolean ul_refs_find (UlRepo *repo, const char *refspec, gboolean *out_found, UlChecksum *out,
                       GError **error);

/* Resolve REV: a checksum, a unique prefix of a commit's checksum, a refspec (local, else the one
 * remote that has it; each also of a parent repository), with any number of `^` behind it for the
 * parent. UL_ERROR_NOT_FOUND if there is none; with
 * @out_found not NULL that is no error. */
gboolean ul_refs_resolve (UlRepo *repo, const char *rev, gboolean *out_found, UlChecksum *out,
                          GError **error);

typedef enum
{
  UL_REFS_LIST_ALL = 0,
  UL_REFS_LIST_NO_REMOTES = 1 << 0,
  UL_REFS_LIST_ALIASES = 1 << 1, /* only aliases; checksum is not filled, target is */
  UL_REFS_LIST_NAMES
  = 1 << 2, /* also those that hold no checksum or lead nowhere; none is filled */
} UlRefsListFlags;

typedef struct
{
  char *refspec;
  char *target; /* of an alias, else NULL */
  UlChecksum checksum;
} UlRef;

/* All refs that are @prefix or below it (NULL: all), sorted by refspec. A UlRef array, owned. */
gboolean ul_refs_list (UlRepo *repo, const char *prefix, UlRefsListFlags flags,
                       GPtrArray **out_refs, GError **error);

/* Every name that keeps commits, but aliases: of UlRef, whose refspec is "(COLLECTION, REF)" for a
 * ref of another collection. */
gboolean ul_refs_list_roots (UlRepo *repo, GPtrArray **out_refs, GError **error);

/* Set or, with @checksum NULL, remove a ref at once. Durable on return (unless core.fsync is off).
 */
gboolean ul_refs_write (UlRepo *repo, const char *refspec, const UlChecksum *checksum,
                        GError **error);

/* Remove them, of char *, in this order. Durable on return, as far as it came, with each of their
 * directories synced once. */
gboolean ul_refs_remove (UlRepo *repo, const GPtrArray *refspecs, GError **error);

/* Make local ref @alias a symlink to local ref @target, replacing what was there. */
gboolean ul_refs_write_alias (UlRepo *repo, const char *alias, const char *target, GError **error);

/* Collection refs. read: own collection under refs/heads, others under refs/mirrors. */
typedef struct
{
  char *collection_id;
  char *ref;
  UlChecksum checksum;
} UlCollectionRef;

/* Refs of @match_collection (NULL: all), sorted. A UlCollectionRef array, owned. */
gboolean ul_refs_list_collections (UlRepo *repo, const char *match_collection, GPtrArray **out_refs,
                                   GError **error);
gboolean ul_refs_write_collection (UlRepo *repo, const char *collection_id, const char *ref,
                                   const UlChecksum *checksum, GError **error);

G_END_DECLS
