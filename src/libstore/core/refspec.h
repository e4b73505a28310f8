// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gio/gio.h>

/* Names of refs. A ref is fragments joined by `/`; a fragment begins with a letter, digit or `_`
 * and goes on with these, `-` and `.`. A refspec is REF or REMOTE:REF. The rules are what ostree
 * 2022.7 accepts. */

G_BEGIN_DECLS

gboolean ul_ref_validate (const char *ref, GError **error);
gboolean ul_remote_name_validate (const char *remote, GError **error);

/* Split and validate. *out_remote is NULL for a local ref. Caller frees both; either may be NULL.
 */
gboolean ul_refspec_parse (const char *refspec, char **out_remote, char **out_ref, GError **error);

/* Reverse DNS, as D-Bus interface names: at least two elements of [A-Za-z_][A-Za-z0-9_]*. */
gboolean ul_collection_id_validate (const char *id, GError **error);

G_END_DECLS
