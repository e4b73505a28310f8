// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/help.h"

#include "cli/options.h"
#include "cli/verb.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define MAX_LEFT 30

static int
terminal_width (FILE *out)
{
  struct winsize size;
  if (ioctl (fileno (out), TIOCGWINSZ, &size) == 0 && size.ws_col >= 40)
    return MIN (size.ws_col, 120);
  return 100;
}

/* @text in lines that fit, all but the first indented; the cursor stands at @indent. */
static void
print_wrapped (const char *text, int indent, FILE *out)
{
  const int width = terminal_width (out);
  g_auto (GStrv) words = g_strsplit (text, " ", -1);
  int column = indent;
  for (char **word = words; *word != NULL; word++)
    {
      const int len = (int) g_utf8_strlen (*word, -1);
      if (word != words && column + 1 + len > width)
        {
          fprintf (out, "\n%*s", indent, "");
          column = indent;
        }
      else if (word != words)
        {
          fputc (' ', out);
          column++;
        }
      fputs (*word, out);
      column += len;
    }
  fputc ('\n', out);
}

static void
print_pair (const char *left, int left_width, const char *right, FILE *out)
{
  const int indent = 2 + left_width + 2;
  fprintf (out, "  %-*s", left_width, left);
  if ((int) strlen (left) > left_width)
    fprintf (out, "\n%*s", indent, "");
  else
    fputs ("  ", out);
  print_wrapped (right, indent, out);
}

static char *
option_left (const UlOption *option)
{
  GString *s = g_string_new (NULL);
  if (option->short_name != 0)
    g_string_append_printf (s, "-%c, ", option->short_name);
  g_string_append_printf (s, "--%s", option->name);
  if (option->arg != NULL)
    g_string_append_printf (s, option->type == UL_OPTION_OPTIONAL ? "[=%s]" : "=%s", option->arg);
  return g_string_free (s, FALSE);
}

static int
left_width_of (const UlOptionSet *sets)
{
  int width = 0;
  for (; sets->table != NULL; sets++)
    for (const UlOption *o = sets->table; o->type != UL_OPTION_END; o++)
      if (ul_option_is_shown (o))
        {
          g_autofree char *left = option_left (o);
          const int len = (int) strlen (left);
          if (len <= MAX_LEFT)
            width = MAX (width, len);
        }
  return width;
}

static void
print_option_table (const UlOption *table, int left_width, FILE *out)
{
  for (const UlOption *o = table; o->type != UL_OPTION_END; o++)
    if (o->type == UL_OPTION_HEADING)
      fprintf (out, "\n%s:\n", o->help);
    else if (ul_option_is_shown (o))
      {
        g_autofree char *left = option_left (o);
        print_pair (left, left_width, o->help, out);
      }
}

void
ul_help_command (const UlCommand *command, const char *called_by, FILE *out)
{
  fprintf (out, "Usage:\n  %s %s [OPTION…]%s%s\n\n%s\n", called_by, command->name,
           command->args[0] != '\0' ? " " : "", command->args, command->summary);
  if (command->details != NULL)
    {
      fputc ('\n', out);
      print_wrapped (command->details, 0, out);
    }

  UlInvocation unused = { 0 };
  UlOptionSet sets[UL_OPTION_SETS_MAX];
  ul_options_sets_for (command, &unused, NULL, sets);
  const int left_width = left_width_of (sets);
  const UlOptionSet *set = sets;
  if (set->table == command->options)
    {
      if (set->table->type != UL_OPTION_HEADING && set->table->type != UL_OPTION_END)
        fputs ("\nOptions:\n", out);
      print_option_table (set->table, left_width, out);
      set++;
    }
  fputs ("\nCommon options:\n", out);
  for (; set->table != NULL; set++)
    print_option_table (set->table, left_width, out);
}

static int
width_of_group (const UlProgram *program, const char *group)
{
  int width = 0;
  for (const UlCommandGroup *g = program->groups; g->title != NULL; g++)
    for (const UlCommand *const *c = g->commands; *c != NULL; c++)
      {
        const char *rest = ul_verb_in_group ((*c)->name, group);
        if (rest != NULL)
          width = MAX (width, (int) strlen (rest));
      }
  return width;
}

static void
print_group (const UlProgram *program, const char *group, FILE *out)
{
  const int width = width_of_group (program, group);
  for (const UlCommandGroup *g = program->groups; g->title != NULL; g++)
    {
      gboolean begun = FALSE;
      for (const UlCommand *const *c = g->commands; *c != NULL; c++)
        {
          const char *rest = ul_verb_in_group ((*c)->name, group);
          if (rest == NULL)
            continue;
          if (!begun)
            fprintf (out, "\n%s:\n", g->title);
          begun = TRUE;
          print_pair (rest, width, (*c)->summary, out);
        }
    }
}

void
ul_help_program (const UlProgram *program, const char *group, const char *called_by, FILE *out)
{
  const char *space = *group != '\0' ? " " : "";
  fprintf (out, "Usage:\n  %s%s%s [OPTION…] COMMAND\n", called_by, space, group);
  if (*group == '\0')
    fprintf (out, "\n%s\n", program->summary);
  print_group (program, group, out);

  const UlOptionSet sets[] = { { ul_options_common, NULL }, { NULL, NULL } };
  fputs ("\nOptions:\n", out);
  print_option_table (ul_options_common, left_width_of (sets), out);
  fprintf (out, "\n'%s%s%s COMMAND --help' explains a command.\n", called_by, space, group);
}

void
ul_help_version (const UlProgram *program, FILE *out)
{
  fprintf (out, "underlay:\n Version: '%s'\n Features:\n", program->version);
  for (const char *const *f = program->features; *f != NULL; f++)
    fprintf (out, "  - %s\n", *f);
}

static const char *
or_dash (const char *text)
{
  return text != NULL && *text != '\0' ? text : "-";
}

static void
dump_options (const char *verb, const UlOption *table, FILE *out)
{
  for (const UlOption *o = table; o->type != UL_OPTION_END; o++)
    if (ul_option_is_shown (o))
      {
        const char letter[] = { '-', o->short_name, '\0' };
        g_autofree char *arg = o->type == UL_OPTION_OPTIONAL ? g_strdup_printf ("[=%s]", o->arg)
                                                             : g_strdup (or_dash (o->arg));
        fprintf (out, "option\t%s\t--%s\t%s\t%s\t%s\t%s\n", verb, o->name, letter, arg,
                 or_dash (o->values), o->help);
      }
}

void
ul_help_dump (const UlProgram *program, FILE *out)
{
  dump_options ("-", ul_options_common, out);
  for (const UlCommandGroup *g = program->groups; g->title != NULL; g++)
    for (const UlCommand *const *c = g->commands; *c != NULL; c++)
      {
        fprintf (out, "verb\t%s\t%s\t%s\t%s\n", (*c)->name, or_dash ((*c)->args),
                 or_dash ((*c)->completes), (*c)->summary);
        UlInvocation unused = { 0 };
        UlOptionSet sets[UL_OPTION_SETS_MAX];
        ul_options_sets_for (*c, &unused, NULL, sets);
        for (const UlOptionSet *set = sets; set->table != NULL; set++)
          dump_options ((*c)->name, set->table, out);
      }
}
