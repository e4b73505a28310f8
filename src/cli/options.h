// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "cli/command.h"

/* Option tables against words of the command line. */

G_BEGIN_DECLS

/* A table and the struct that its offsets are in. */
typedef struct
{
  const UlOption *table;
  gpointer target;
} UlOptionSet;

/* The options that every verb has, those it shares with others, and those of the program alone; the
 * offsets are in UlInvocation. */
extern const UlOption ul_options_common[];
extern const UlOption ul_options_repo[];
extern const UlOption ul_options_jobs[];
extern const UlOption ul_options_quiet[];
extern const UlOption ul_options_json[];
extern const UlOption ul_options_lock[];

/* The tables of @command (NULL: of the program before any verb), at most 7, ended by a NULL table.
 */
#define UL_OPTION_SETS_MAX 8
void ul_options_sets_for (const UlCommand *command, UlInvocation *inv, gpointer options,
                          UlOptionSet sets[UL_OPTION_SETS_MAX]);

/* Parse @words (NULL-terminated, without the program's name and the verb). What is no option goes
 * to
 * @positional in order. */
gboolean ul_options_parse (const UlOptionSet *sets, char **words, GPtrArray *positional,
                           GError **error);

/* Free the strings that parsing put into @target. */
void ul_options_clear (const UlOption *table, gpointer target);

/* The option in @sets that @word (with its dashes) names and takes its value from the next word;
 * NULL for any other. Lets the search for the verb step over `--repo PATH`. */
const UlOption *ul_options_takes_next (const UlOptionSet *sets, const char *word);

static inline gboolean
ul_option_is_real (const UlOption *option)
{
  return option->type != UL_OPTION_HEADING;
}

static inline gboolean
ul_option_is_shown (const UlOption *option)
{
  return option->type != UL_OPTION_HEADING && option->type != UL_OPTION_UNSUPPORTED;
}

G_END_DECLS
