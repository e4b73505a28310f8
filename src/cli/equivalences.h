// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <glib.h>

/* --selinux-equivalence=FROM=TO, which commit and checkout take. */

G_BEGIN_DECLS

/* @words: what the options say, or NULL. *out_pairs: FROM, TO, ..., NULL, which are the caller's;
 * or NULL. Whether they are paths is the policy's to say. */
gboolean ul_cli_parse_equivalences (char **words, char ***out_pairs, GError **error);

G_END_DECLS
