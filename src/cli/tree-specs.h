// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "build/commit.h"
#include "cli/command.h"

G_BEGIN_DECLS

/* What `commit` is to make a commit of: its --tree options (NULL: none), else its one argument,
 * else the current directory. An array of UlTreeSource, whose strings are borrowed. */
gboolean ul_tree_specs_parse (const UlInvocation *inv, char **specs, GArray **out_sources,
                              GError **error);

/* --tar-pathname-filter=REGEX,REPLACEMENT, for UlTarOptions. */
typedef struct _UlTreeRenamer UlTreeRenamer;

UlTreeRenamer *ul_tree_renamer_new (const char *filter, GError **error);
void ul_tree_renamer_free (UlTreeRenamer *self);
gboolean ul_tree_renamer_run (const char *path, gpointer renamer, char **out, GError **error);

G_END_DECLS
