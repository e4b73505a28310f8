// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "cli/command.h"

/* The verb among the words of the command line. A verb may have several words, the name of its
 * UlCommand with spaces ("image import"): then each beginning of it ("image") is a group, the verbs
 * that begin so. A group is never a verb itself. */

G_BEGIN_DECLS

typedef struct
{
  const UlCommand *command; /* NULL: the words don't make a verb */
  char *group;              /* the words that verbs begin with, with spaces between; "": none */
  char *unknown;            /* the word behind them that no verb goes on with, or NULL */
} UlVerb;

void ul_verb_clear (UlVerb *verb);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UlVerb, ul_verb_clear)

/* Take the verb's words out of @words (NULL-terminated), as far as there are any. They are the
 * first that are no options; where they stand is free, as in ostree. Options with a value that
 * every verb has may have it in the next word, which then is not the verb's. */
void ul_verb_take (const UlProgram *program, GPtrArray *words, UlVerb *out);

/* What follows @group in @name: "import" for "image import" in "image", all of it in "". NULL if it
 * isn't in the group. */
const char *ul_verb_in_group (const char *name, const char *group);

/* An error for what @verb is if it is no command. Always FALSE. */
gboolean ul_verb_throw_unknown (const UlProgram *program, const UlVerb *verb, GError **error);
gboolean ul_verb_throw_missing (const UlProgram *program, const UlVerb *verb, const char *called_by,
                                GError **error);

G_END_DECLS
