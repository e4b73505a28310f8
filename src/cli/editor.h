// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Let the user write a commit message in $OSTREE_EDITOR, $VISUAL, $EDITOR or vi. @subject and @body
 * (NULL: none) are what the editor opens with. Lines that begin with `#` are dropped, trailing
 * spaces of lines and empty lines around the parts too; the first line is the subject, the rest the
 * body (never NULL). A message without a subject is an error: that is how the user cancels. */
gboolean ul_editor_commit_message (const char *branch, const char *subject, const char *body,
                                   char **out_subject, char **out_body, GError **error);

/* The parsing alone, for @text as the editor left it. */
gboolean ul_editor_parse_message (const char *text, char **out_subject, char **out_body,
                                  GError **error);

G_END_DECLS
