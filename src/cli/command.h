// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <glib.h>

/* The command line as data. Every verb is one constant UlCommand with a table of UlOption, in its
 * own cmd-<verb>.c; main.c lists the verbs. That one table drives parsing, --help, "did you mean",
 * the bash completion and the check that the manual pages are complete (`underlay
 * --dump-commands`).
 *
 * Options behave as GLib's GOption does, because scripts written for ostree rely on it: they may
 * stand before or after the verb and among the arguments; `--opt=val`, `--opt val`, `-o val`,
 * bundled flags
 * (`-RC`), the last one in a bundle may take a value (`-Ib main`); `--` ends them; the word after
 * an option with a value is its value even if it begins with `-`. Beyond GOption: `-oval`, and a
 * flag given a value
 * (`--delete=no`), which GOption takes as "yes", is an error. */

G_BEGIN_DECLS

typedef enum
{
  UL_OPTION_END,         /* closes a table */
  UL_OPTION_HEADING,     /* only a title for what follows it in --help */
  UL_OPTION_FLAG,        /* gboolean */
  UL_OPTION_HELP,        /* gboolean; what follows on the command line is not looked at */
  UL_OPTION_STRING,      /* char *, UTF-8; the last one given counts */
  UL_OPTION_PATH,        /* char *, any bytes; the last one given counts */
  UL_OPTION_OPTIONAL,    /* char *, any bytes: what stands behind `=`, "" without one */
  UL_OPTION_STRING_LIST, /* char **, NULL-terminated, or NULL if never given */
  UL_OPTION_CALLBACK,    /* parse (), with a value if .arg is set */
  UL_OPTION_UNSUPPORTED, /* ostree has it, we don't: refused by name, not shown in --help */
} UlOptionType;

/* @value is NULL for an option without one. */
typedef gboolean (*UlOptionParse) (const char *value, gpointer options, GError **error);

typedef struct
{
  const char *name; /* without dashes */
  char short_name;  /* or 0 */
  UlOptionType type;
  gsize offset; /* of the field in the verb's options struct */
  const char *arg;
  const char *help;
  const char *values; /* for completion, see UlCommand.completes */
  UlOptionParse parse;
} UlOption;

#define UL_OPTIONS_HEADING(title)                                                                  \
  {                                                                                                \
    .type = UL_OPTION_HEADING, .help = (title)                                                     \
  }
#define UL_OPTION_REFUSE(long_name, letter)                                                        \
  {                                                                                                \
    .name = (long_name), .short_name = (letter), .type = UL_OPTION_UNSUPPORTED                     \
  }
#define UL_OPTIONS_END                                                                             \
  {                                                                                                \
    .type = UL_OPTION_END                                                                          \
  }

/* The options that several verbs share. */
typedef enum
{
  UL_USES_REPO = 1 << 0,  /* --repo */
  UL_USES_JOBS = 1 << 1,  /* -j, --jobs */
  UL_USES_QUIET = 1 << 2, /* -q, --quiet */
  UL_USES_JSON = 1 << 3,  /* --json */
  UL_USES_LOCK = 1 << 4,  /* --lock-timeout; takes the repository's lock */
} UlCommandUses;

typedef struct _UlInvocation UlInvocation;

typedef struct
{
  const char *name; /* one word, or several with spaces between, see verb.h */
  const char *args; /* for the usage line, "" if none */
  const char *summary;
  const char *others_say; /* what its last word is in other programs, with spaces between: only for
                             "did you mean"; or NULL */
  const char *details;    /* a paragraph for --help, or NULL */
  const char *completes;  /* what the arguments are: words, @file, @dir, @rev, @image, @user,
                             word=@class, word:@class; "@class," are several with commas
                             between; the last one repeats */
  UlCommandUses uses;
  gsize options_size;
  const void *defaults; /* options_size bytes to begin with; NULL: zeros */
  const UlOption *options;
  /* Arguments are in inv->argv. The options and their strings are freed after it. */
  gboolean (*run) (UlInvocation *inv, gpointer options, GError **error);
} UlCommand;

/* What one run of the program was asked; the framework owns it all. */
struct _UlInvocation
{
  const char *program; /* the name it was called by */
  const UlCommand *command;
  char *repo;       /* --repo, or NULL */
  int jobs;         /* 0: as many as there are CPUs */
  int lock_timeout; /* of UlRepoOptions */
  gboolean verbose;
  gboolean quiet;
  gboolean json;
  gboolean help;
  gboolean version;
  int failure; /* exit status if the run fails; 0: the usual 1 */
  int argc;
  char **argv; /* the arguments after the verb, NULL-terminated */
};

typedef struct
{
  const char *title;
  const UlCommand *const *commands; /* NULL-terminated */
} UlCommandGroup;

typedef struct
{
  const char *summary;
  const char *version;
  const char *const *features;
  const UlCommandGroup *groups; /* ends with a NULL title */
  const char *const *refused;   /* ostree's verbs that are not there */
} UlProgram;

/* Run the program. Returns the exit status: 0, or 1 (or what the verb has for it) after one line
 * `error: ...` on stderr. */
int ul_command_main (const UlProgram *program, int argc, char **argv);

/* The values that ostree takes for a boolean: yes, true, 1; no, false, none, 0; in any case. */
gboolean ul_parse_boolean (const char *value, gboolean *out, GError **error);

/* With --verbose, one line on stderr. */
void ul_verbose (const UlInvocation *inv, const char *format, ...) G_GNUC_PRINTF (2, 3);

G_END_DECLS
