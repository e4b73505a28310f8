// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/commit.h"

/* Which files of a commit's tree are hardlinks of each other: a key of ours in the commit's
 * metadata, which OSTree passes over. A file is known by its number in walk order: in each
 * directory first its files, then what is in its subdirectories, both as the dirtree has them.
 *
 * The value is (ayay): the root dirtree's checksum, so that it says nothing about another tree that
 * it's copied to; and the groups of two or more, by their first file. Each is its count less two,
 * its first file as a distance from the first file of the group before, and the distances of the
 * others from one to the next, all less one (the first group is counted from -1); each number in 7
 * bits a byte, low ones first, with the top bit set in all bytes but the last, as few as it takes.
 */

G_BEGIN_DECLS

#define UL_COMMIT_KEY_HARDLINKS "underlay.hardlinks"

/* A value with longer groups is refused. Two bytes a file are usual. */
#define UL_HARDLINKS_MAX_BYTES (16 * 1024 * 1024)

typedef struct
{
  guint32 file;
  guint32 group; /* numbered from 0 by first file */
} UlHardlink;

/* @links: of UlHardlink, by file, with any group numbers; groups of one are left out. NULL if it
 * would be longer than allowed. Floating. */
GVariant *ul_hardlinks_new (const UlChecksum *tree, GArray *links);

/* *out_links is an array of UlHardlink by file, or NULL if the value is for another tree. A value
 * that ul_hardlinks_new () doesn't make is UL_ERROR_CORRUPT. */
gboolean ul_hardlinks_parse (GVariant *value, const UlChecksum *tree, GArray **out_links,
                             GError **error);

/* What the commit records. *out_links is NULL if it has no such key, or one for another tree. */
gboolean ul_hardlinks_load (const UlCommit *commit, GArray **out_links, GError **error);

/* Where the file is in the array from ul_hardlinks_parse (); NULL: it is no hardlink. */
const UlHardlink *ul_hardlinks_find (GArray *links, guint32 file);

G_END_DECLS
