// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "checkout/to-tar.h"
#include "core/commit.h"

/* Which files of an archive are written as hardlinks of earlier ones: those that the commit records
 * as such (core/hardlinks.h), or with UlToTarOptions.hardlinks all that are the same object.
 * Belongs to the walk. */

G_BEGIN_DECLS

typedef struct _UlTarLinks UlTarLinks;

/* For the commit's directory that the options name. *out_links is NULL if there are none. */
gboolean ul_tar_links_new (UlRepo *repo, const UlCommit *commit, const UlToTarOptions *options,
                           UlTarLinks **out_links, GError **error);
void ul_tar_links_free (UlTarLinks *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlTarLinks, ul_tar_links_free)

/* Are they those of the record? Then empty files and symlinks are among them. */
gboolean ul_tar_links_are_recorded (const UlTarLinks *self);

/* The next directory in walk order has so many files: *out_number is that of the first. */
gboolean ul_tar_links_enter (UlTarLinks *self, gsize n_files, guint32 *out_number, GError **error);

/* *out_first: where the file was written first, NULL if that is @path, which is remembered then.
 * Lives as long as @self. @number: of the file in walk order. UL_ERROR_CORRUPT for a record of a
 * hardlink between different files. */
gboolean ul_tar_links_find (UlTarLinks *self, guint32 number, const UlChecksum *checksum,
                            const char *path, const char **out_first, GError **error);

G_END_DECLS
