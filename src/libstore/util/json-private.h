// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <json-glib/json-glib.h>

/* json-glib's nodes, for json*.c alone. */

G_BEGIN_DECLS

/* @bytes judged and parsed; NULL with UL_ERROR_CORRUPT, which calls the document @name. What is to
 * be read from several threads is immutable. */
JsonNode *ul_json_node_parse (GBytes *bytes, gboolean immutable, const char *name, GError **error);
/* Without spaces. */
GBytes *ul_json_node_text (JsonNode *node);
/* @text, which is a value. */
JsonNode *ul_json_node_value (const char *text);

G_END_DECLS
