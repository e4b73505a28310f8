// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gio/gio.h>

/* File context specifications as text: checked line by line, and indexed by the literal beginning
 * of their expressions, so that the few that match a path are found without trying thousands. Which
 * of them wins is libselinux's to say (selinux.c).
 *
 * The format is that of file_contexts(5): lines of EXPRESSION [TYPE] CONTEXT, where an expression
 * is a PCRE that has to match the whole path. Read-only once parsed; any thread. Private to
 * selinux.c. */

G_BEGIN_DECLS

typedef struct _UlSelinuxSpecs UlSelinuxSpecs;

UlSelinuxSpecs *ul_selinux_specs_new (void);
void ul_selinux_specs_free (UlSelinuxSpecs *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlSelinuxSpecs, ul_selinux_specs_free)

/* Add the lines of a file that is called @name in messages. UL_ERROR_INVALID for a line that isn't
 * one. */
gboolean ul_selinux_specs_parse (UlSelinuxSpecs *self, const char *name, GBytes *text,
                                 GError **error);

/* Which specifications match @path, whatever their type: *out_n numbers, the same for two paths
 * only if libselinux finds just the same ones for both. *out_n is 0 if the index can't tell, or
 * there are more than @max. UL_ERROR_INVALID for an expression that takes too many steps;
 * libselinux would let it match nothing. */
gboolean ul_selinux_specs_match (const UlSelinuxSpecs *self, const char *path, guint32 *out,
                                 gsize max, gsize *out_n, GError **error);

G_END_DECLS
