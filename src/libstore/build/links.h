// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/checksum.h"
#include <sys/stat.h>

/* Inodes with several names in a source: who comes first hashes it, the others wait for the
 * checksum. Any thread. Private to build/. */

G_BEGIN_DECLS

typedef struct _UlLinkTable UlLinkTable;

UlLinkTable *ul_link_table_new (void);
void ul_link_table_free (UlLinkTable *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlLinkTable, ul_link_table_free)

/* TRUE: another has it, *out is its checksum. FALSE: it's the caller's, who has to call finish ().
 */
gboolean ul_link_table_enter (UlLinkTable *self, const struct stat *st, UlChecksum *out);

/* @checksum NULL: it failed; whoever waits tries in turn. */
void ul_link_table_finish (UlLinkTable *self, const struct stat *st, const UlChecksum *checksum);

G_END_DECLS
