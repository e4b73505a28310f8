// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Names from disk may hold anything: control characters, and bytes that are no UTF-8, come out as
 * \n or \xNN, so that the text stays one line and changes nothing on a terminal. */
char *ul_escape (const char *text);

G_END_DECLS
