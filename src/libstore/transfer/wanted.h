// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/commit.h"
#include "repo/repo.h"

/* What a pull is asked for: commits, most of them under the name of a ref. */

G_BEGIN_DECLS

typedef struct
{
  char *ref; /* in the source; NULL for a plain checksum */
  UlChecksum commit;
} UlWanted;

/* @refs: REF, REF@CHECKSUM or CHECKSUM; NULL or empty: all that @from has. An array of UlWanted,
 * owned. UL_ERROR_NOT_FOUND, UL_ERROR_INVALID. */
gboolean ul_wanted_list (UlRepo *from, const char *const *refs, GPtrArray **out_wanted,
                         GError **error);

/* May the commit come as @ref? One that names refs in its metadata only as one of these. */
gboolean ul_wanted_check_binding (const UlCommit *commit, const UlChecksum *checksum,
                                  const char *ref, GError **error);

G_END_DECLS
