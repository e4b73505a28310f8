// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/command.h"

#include "cli/escape.h"
#include "cli/help.h"
#include "cli/options.h"
#include "cli/verb.h"
#include "util/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void
ul_verbose (const UlInvocation *inv, const char *format, ...)
{
  if (!inv->verbose)
    return;
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  fprintf (stderr, "%s: %s\n", inv->program, text);
}

/* Before any verb, or all of one: what the program answers itself. TRUE with the answer printed. */
static gboolean
run_without_verb (const UlProgram *program, UlInvocation *inv, const UlVerb *verb, char **words,
                  GError **error)
{
  if (*verb->group == '\0' && words[0] != NULL && strcmp (words[0], "--dump-commands") == 0)
    {
      ul_help_dump (program, stdout);
      return TRUE;
    }

  UlOptionSet sets[UL_OPTION_SETS_MAX];
  ul_options_sets_for (NULL, inv, NULL, sets);
  g_autoptr (GPtrArray) positional = g_ptr_array_new ();
  if (!ul_options_parse (sets, words, positional, error))
    return FALSE;
  if (inv->help)
    ul_help_program (program, verb->group, inv->program, stdout);
  else if (inv->version)
    ul_help_version (program, stdout);
  else
    return ul_verb_throw_missing (program, verb, inv->program, error);
  return TRUE;
}

static gboolean
run_parsed (const UlProgram *program, UlInvocation *inv, gpointer options, char **words,
            GError **error)
{
  UlOptionSet sets[UL_OPTION_SETS_MAX];
  ul_options_sets_for (inv->command, inv, options, sets);
  g_autoptr (GPtrArray) positional = g_ptr_array_new ();
  if (!ul_options_parse (sets, words, positional, error))
    return FALSE;
  if (inv->help || inv->version)
    {
      if (inv->help)
        ul_help_command (inv->command, inv->program, stdout);
      else
        ul_help_version (program, stdout);
      return TRUE;
    }

  inv->argc = (int) positional->len;
  g_ptr_array_add (positional, NULL);
  inv->argv = (char **) positional->pdata;
  return inv->command->run (inv, options, error);
}

static gboolean
run_verb (const UlProgram *program, UlInvocation *inv, char **words, GError **error)
{
  const gsize size = inv->command->options_size;
  g_autofree gpointer options = g_malloc0 (MAX (size, 1));
  if (inv->command->defaults != NULL)
    memcpy (options, inv->command->defaults, size);
  const gboolean ok = run_parsed (program, inv, options, words, error);
  if (inv->command->options != NULL)
    ul_options_clear (inv->command->options, options);
  return ok;
}

/* Takes the verb out of @words. */
static gboolean
run (const UlProgram *program, UlInvocation *inv, GPtrArray *words, GError **error)
{
  g_auto (UlVerb) verb = { 0 };
  ul_verb_take (program, words, &verb);
  inv->command = verb.command;
  if (verb.unknown != NULL)
    return ul_verb_throw_unknown (program, &verb, error);
  char **rest = (char **) words->pdata;
  return verb.command != NULL ? run_verb (program, inv, rest, error)
                              : run_without_verb (program, inv, &verb, rest, error);
}

/* Output that could not be written is a failure: a script must not take half a listing for all. */
static gboolean
close_stdout (GError **error)
{
  if (fflush (stdout) == 0 && !ferror (stdout))
    return TRUE;
  return ul_throw_errno (error, "Writing to standard output");
}

static void
print_error (const GError *error)
{
  g_autofree char *line = ul_escape (error->message);
  fprintf (stderr, "error: %s\n", line);
}

int
ul_command_main (const UlProgram *program, int argc, char **argv)
{
  g_autofree char *called_by = g_path_get_basename (argc > 0 ? argv[0] : "underlay");
  g_set_prgname (called_by);
  UlInvocation inv = { .program = called_by };

  g_autoptr (GPtrArray) words = g_ptr_array_new ();
  for (int i = 1; i < argc; i++)
    g_ptr_array_add (words, argv[i]);
  g_ptr_array_add (words, NULL);

  g_autoptr (GError) error = NULL;
  gboolean ok = run (program, &inv, words, &error);
  ok = close_stdout (ok ? &error : NULL) && ok;
  /* Whoever interrupts knows. */
  if (!ok && error != NULL && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    print_error (error);
  ul_options_clear (ul_options_repo, &inv);
  if (ok)
    return 0;
  return inv.failure != 0 ? inv.failure : 1;
}
