// SPDX-License-Identifier: LGPL-2.1-or-later

/* The program around its verbs, with a table of its own: verbs of one and of several words. */

#include "cli/command.h"
#include "cli/verb.h"

#include <stdio.h>
#include <string.h>

typedef struct
{
  char *name;
} Options;

static const UlOption table[] = {
  { "name", 'n', UL_OPTION_STRING, offsetof (Options, name), "NAME", "A name" },
  UL_OPTIONS_END,
};

static gboolean
run (UlInvocation *inv, gpointer options, GError **error)
{
  const Options *o = options;
  g_autofree char *args = g_strjoinv (" ", inv->argv);
  printf ("ran %s|repo %s|name %s|%s\n", inv->command->name, inv->repo != NULL ? inv->repo : "-",
          o->name != NULL ? o->name : "-", args);
  (void) error;
  return TRUE;
}

#define VERB(words, does, ...)                                                                     \
  {                                                                                                \
    .name = (words), .args = "[ARG…]", .summary = (does), .uses = UL_USES_REPO,                    \
    .options_size = sizeof (Options), .options = table, .run = run, __VA_ARGS__                    \
  }

static const UlCommand refs = VERB ("refs", "List refs");
static const UlCommand box_open = VERB ("box open", "Open a box");
static const UlCommand box_close = VERB ("box close", "Close a box");
static const UlCommand lid_create = VERB ("box lid create", "Make a lid");
static const UlCommand lid_remove = VERB ("box lid remove", "Take it off", .others_say = "rm off");
static const UlCommand boxes = VERB ("boxes", "List boxes");

static const UlCommand *const plain[] = { &refs, &boxes, NULL };
static const UlCommand *const in_box[] = { &box_open, &box_close, NULL };
static const UlCommand *const on_lid[] = { &lid_create, &lid_remove, NULL };
static const UlCommandGroup groups[] = {
  { "Plain things", plain },
  { "Boxes", in_box },
  { "Lids", on_lid },
  { NULL, NULL },
};
static const char *const none[] = { NULL };
static const char *const refused[] = { "admin", NULL };
static const UlProgram program = {
  .summary = "Test.", .version = "1", .features = none, .groups = groups, .refused = refused
};

/* The program in a process of its own, as it writes to standard output and has one run to do. */
static void
run_line (void)
{
  char **argv = g_strsplit (g_getenv ("LINE"), " ", -1);
  const int status = ul_command_main (&program, (int) g_strv_length (argv), argv);
  g_strfreev (argv);
  exit (status);
}

/* @line without the program's name. It fails, with @err, if that isn't "". */
static void
check (const char *line, const char *out, const char *err)
{
  g_autofree char *whole = g_strconcat ("prog ", line, NULL);
  if (*line == '\0')
    whole[strlen ("prog")] = '\0';
  g_setenv ("LINE", whole, TRUE);
  g_test_trap_subprocess ("/command/run-line/subprocess", 0, 0);
  if (*err == '\0')
    g_test_trap_assert_passed ();
  else
    g_test_trap_assert_failed ();
  g_test_trap_assert_stdout (out);
  g_test_trap_assert_stderr (err);
}

static void
test_one_word (void)
{
  check ("refs", "ran refs|repo -|name -|\n", "");
  check ("refs a b", "ran refs|repo -|name -|a b\n", "");
  check ("--repo r refs", "ran refs|repo r|name -|\n", "");
  check ("refs --repo r box open", "ran refs|repo r|name -|box open\n", "");
  check ("boxes open", "ran boxes|repo -|name -|open\n", "");
}

static void
test_several_words (void)
{
  check ("box open", "ran box open|repo -|name -|\n", "");
  check ("box open box close", "ran box open|repo -|name -|box close\n", "");
  check ("box lid create x", "ran box lid create|repo -|name -|x\n", "");
  check ("--repo r box lid create --name n x", "ran box lid create|repo r|name n|x\n", "");
  check ("box --repo r lid --repo=s create", "ran box lid create|repo s|name -|\n", "");
  check ("box --name=n open x -- --repo", "ran box open|repo -|name n|x --repo\n", "");
  check ("--repo box box open", "ran box open|repo box|name -|\n", "");
}

static void
test_mistakes (void)
{
  check ("", "", "error: No command specified, see 'prog --help'\n");
  check ("box", "",
         "error: No box command specified (open, close, lid create, lid remove), see 'prog box "
         "--help'\n");
  check ("box lid", "",
         "error: No box lid command specified (create, remove), see 'prog box lid --help'\n");
  check ("bogus", "", "error: Unknown command 'bogus'\n");
  check ("bxo open", "", "error: Unknown command 'bxo', did you mean 'box'?\n");
  check ("open", "", "error: Unknown command 'open'\n");
  check ("box bogus", "", "error: Unknown command 'box bogus'\n");
  check ("box refs", "", "error: Unknown command 'box refs'\n");
  check ("box opne", "", "error: Unknown command 'box opne', did you mean 'box open'?\n");
  check ("box ldi create", "", "error: Unknown command 'box ldi', did you mean 'box lid'?\n");
  check ("box lid craete", "",
         "error: Unknown command 'box lid craete', did you mean 'box lid create'?\n");
  check ("box lid cre", "",
         "error: Unknown command 'box lid cre', did you mean 'box lid create'?\n");
  check ("box lid off x", "",
         "error: Unknown command 'box lid off', did you mean 'box lid remove'?\n");
  check ("box lid of", "", "error: Unknown command 'box lid of'\n");
  check ("box rm", "", "error: Unknown command 'box rm'\n");
  check ("box lid open", "", "error: Unknown command 'box lid open'\n");
  check ("admin", "", "error: admin is not supported\n");
  check ("box admin", "", "error: Unknown command 'box admin'\n");
  check ("box --bogus", "", "error: Unknown option --bogus\n");
  check ("box --dump-commands", "", "error: Unknown option --dump-commands\n");
}

/* A word of the command line is a word of the verb, whatever is in it. */
static void
test_words_with_spaces (void)
{
  g_autoptr (GPtrArray) words = g_ptr_array_new ();
  g_ptr_array_add (words, (gpointer) "box open");
  g_ptr_array_add (words, NULL);
  g_auto (UlVerb) verb = { 0 };
  ul_verb_take (&program, words, &verb);
  g_assert_null (verb.command);
  g_assert_cmpstr (verb.group, ==, "");
  g_assert_cmpstr (verb.unknown, ==, "box open");
}

static void
test_help (void)
{
  check (
      "--help",
      "Usage:\n  prog [OPTION…] COMMAND\n\nTest.\n\nPlain things:\n  refs            List refs\n  "
      "boxes           List boxes\n\nBoxes:\n  box open        Open a box\n  box close       "
      "Close a box\n\nLids:\n  box lid create  Make a lid\n  box lid remove  Take it off\n\n"
      "Options:\n*\n'prog COMMAND --help' explains a command.\n",
      "");
  check ("box --help",
         "Usage:\n  prog box [OPTION…] COMMAND\n\nBoxes:\n  open        Open a box\n  close       "
         "Close a box\n\nLids:\n  lid create  Make a lid\n  lid remove  Take it off\n\n"
         "Options:\n*\n'prog box COMMAND --help' explains a command.\n",
         "");
  check (
      "box lid --help",
      "Usage:\n  prog box lid [OPTION…] COMMAND\n\nLids:\n  create  Make a lid\n  remove  Take it "
      "off\n\nOptions:\n*\n'prog box lid COMMAND --help' explains a command.\n",
      "");
  check ("box lid create --help",
         "Usage:\n  prog box lid create [OPTION…] [ARG…]\n\nMake a lid\n\n*--name=NAME*", "");
  check ("--help box open", "Usage:\n  prog box open [OPTION…]*", "");
  check ("box --version", "*Version: '1'*", "");
}

static void
test_dump (void)
{
  check ("--dump-commands",
         "*\nverb\tbox lid create\t[ARG…]\t-\tMake a lid\noption\tbox lid create\t--name\t-n\t"
         "NAME\t-\tA name\n*",
         "");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/command/run-line/subprocess", run_line);
  g_test_add_func ("/command/one-word", test_one_word);
  g_test_add_func ("/command/several-words", test_several_words);
  g_test_add_func ("/command/mistakes", test_mistakes);
  g_test_add_func ("/command/words-with-spaces", test_words_with_spaces);
  g_test_add_func ("/command/help", test_help);
  g_test_add_func ("/command/dump", test_dump);
  return g_test_run ();
}
