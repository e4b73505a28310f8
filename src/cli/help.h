// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "cli/command.h"

#include <stdio.h>

/* What the command table says about itself. */

G_BEGIN_DECLS

/* --help of the program: the verbs, grouped by what people do; of those that begin with some words
 * (see verb.h) if @group isn't "". */
void ul_help_program (const UlProgram *program, const char *group, const char *called_by,
                      FILE *out);

/* --help of a verb: its options under their headings. */
void ul_help_command (const UlCommand *command, const char *called_by, FILE *out);

/* --version: lines that scripts for `ostree --version` can read. */
void ul_help_version (const UlProgram *program, FILE *out);

/* The table for machines, what --dump-commands prints. Lines of fields between tabs, `-` for an
 * empty one: verb    NAME  ARGS  COMPLETES  SUMMARY option  VERB  --NAME  -S  ARG  VALUES  HELP The
 * program's own options have VERB `-`. Options that we only refuse are not in it. */
void ul_help_dump (const UlProgram *program, FILE *out);

G_END_DECLS
