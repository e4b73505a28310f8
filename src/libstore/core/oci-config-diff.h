// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gio/gio.h>

/* What differs between the configs of two images, key by key. Whatever the document says is
 * compared, known or not, but for its layers and history, and what Docker leaves in it of the
 * container that it was built in. */

G_BEGIN_DECLS

/* One key. */
typedef struct
{
  char **path; /* names of members, the outermost first: {"config", "Labels", "a.b"}; variables of
                  the environment are as if they were members of config.Env */
  char *old;   /* the value as it would stand in a document, on one line; NULL: there is none */
  char *new;
} UlOciConfigChange;

/* Does the key stand for itself, as ports and volumes do: a member whose value says nothing? */
gboolean ul_oci_config_is_mark (const char *value);

/* *out: of UlOciConfigChange, sorted by path, owned. UL_ERROR_CORRUPT for what isn't JSON. */
gboolean ul_oci_config_diff (GBytes *a, GBytes *b, GPtrArray **out, GError **error);

G_END_DECLS
