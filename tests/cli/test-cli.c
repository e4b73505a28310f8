// SPDX-License-Identifier: LGPL-2.1-or-later

/* The parts of the program that are pure: parsing options, suggestions, the commit message, times,
 * the line of the progress bar. */

#include "cli/editor.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/suggest.h"
#include "cli/timestamp.h"

#include <string.h>

typedef struct
{
  gboolean flag;
  gboolean other;
  char *string;
  char **list;
} Options;

static const UlOption table[] = {
  UL_OPTIONS_HEADING ("Heading"),
  { "flag", 'f', UL_OPTION_FLAG, offsetof (Options, flag), NULL, "" },
  { "other", 'o', UL_OPTION_FLAG, offsetof (Options, other), NULL, "" },
  { "string", 's', UL_OPTION_STRING, offsetof (Options, string), "S", "" },
  { "maybe", 0, UL_OPTION_OPTIONAL, offsetof (Options, string), "M", "" },
  { "list", 'l', UL_OPTION_STRING_LIST, offsetof (Options, list), "L", "" },
  UL_OPTION_REFUSE ("refused", 'r'),
  UL_OPTIONS_END,
};

/* Parse words split at spaces; the error's message, or NULL. */
static char *
parse (const char *line, Options *options, char **out_positional)
{
  g_auto (GStrv) words = g_strsplit (line, " ", -1);
  const UlOptionSet sets[] = { { table, options }, { NULL, NULL } };
  g_autoptr (GPtrArray) positional = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  const gboolean ok = ul_options_parse (sets, words, positional, &error);
  g_ptr_array_add (positional, NULL);
  *out_positional = g_strjoinv (" ", (char **) positional->pdata);
  g_assert_cmpint (ok, ==, error == NULL);
  return error != NULL ? g_strdup (error->message) : NULL;
}

static void
check_parse (const char *line, const char *want)
{
  Options options = { 0 };
  g_autofree char *positional = NULL;
  g_autofree char *message = parse (line, &options, &positional);
  g_autofree char *list = options.list != NULL ? g_strjoinv ("+", options.list) : g_strdup ("-");
  g_autofree char *got
      = message != NULL
            ? g_strdup (message)
            : g_strdup_printf ("%d %d %s %s|%s", options.flag, options.other,
                               options.string != NULL ? options.string : "-", list, positional);
  g_assert_cmpstr (got, ==, want);
  ul_options_clear (table, &options);
  g_assert_null (options.string);
  g_assert_null (options.list);
}

static void
test_options_forms (void)
{
  check_parse ("a b", "0 0 - -|a b");
  check_parse ("--flag a --other", "1 1 - -|a");
  check_parse ("-f", "1 0 - -|");
  check_parse ("-fo", "1 1 - -|");
  check_parse ("--string=x", "0 0 x -|");
  check_parse ("--string=", "0 0  -|");
  check_parse ("--string=a=b", "0 0 a=b -|");
  check_parse ("--string x y", "0 0 x -|y");
  check_parse ("-s x", "0 0 x -|");
  check_parse ("-sx", "0 0 x -|");
  check_parse ("-fs x", "1 0 x -|");
  check_parse ("-fsx", "1 0 x -|");
  check_parse ("-s a -s b", "0 0 b -|");
  check_parse ("-l a --list=b -lc", "0 0 - a+b+c|");
  check_parse ("-s -5", "0 0 -5 -|");
  check_parse ("-s-5", "0 0 -5 -|");
  check_parse ("-s --flag", "0 0 --flag -|");
  check_parse ("--maybe x", "0 0  -|x");
  check_parse ("--maybe=x y", "0 0 x -|y");
  check_parse ("--maybe= y", "0 0  -|y");
  check_parse ("- -- --flag -- -x", "0 0 - -|- --flag -- -x");
}

static void
test_options_mistakes (void)
{
  check_parse ("--bogus", "Unknown option --bogus");
  check_parse ("--bogus=x", "Unknown option --bogus=x");
  check_parse ("--fla", "Unknown option --fla, did you mean --flag?");
  check_parse ("-x", "Unknown option -x");
  check_parse ("-fx", "Unknown option -fx");
  check_parse ("--flag=yes", "--flag takes no value");
  check_parse ("--string", "Missing argument for --string");
  check_parse ("-s", "Missing argument for -s");
  check_parse ("--refused", "--refused is not supported");
  check_parse ("--refused=x", "--refused is not supported");
  check_parse ("-r", "--refused is not supported");
}

static void
test_suggest_distance (void)
{
  g_assert_cmpuint (ul_suggest_distance ("", ""), ==, 0);
  g_assert_cmpuint (ul_suggest_distance ("", "abc"), ==, 3);
  g_assert_cmpuint (ul_suggest_distance ("abc", "abc"), ==, 0);
  g_assert_cmpuint (ul_suggest_distance ("abc", "axc"), ==, 1);
  g_assert_cmpuint (ul_suggest_distance ("abc", "ac"), ==, 1);
  g_assert_cmpuint (ul_suggest_distance ("fcsk", "fsck"), ==, 1);
  g_assert_cmpuint (ul_suggest_distance ("kitten", "sitting"), ==, 3);
}

static void
test_suggest_nearest (void)
{
  static const char *const words[] = { "cat", "checkout", "checksum", "commit", "ls", NULL };
  g_assert_cmpstr (ul_suggest_nearest ("chekout", words), ==, "checkout");
  g_assert_cmpstr (ul_suggest_nearest ("comit", words), ==, "commit");
  g_assert_cmpstr (ul_suggest_nearest ("checks", words), ==, "checksum");
  g_assert_cmpstr (ul_suggest_nearest ("com", words), ==, "commit");
  g_assert_null (ul_suggest_nearest ("bogus", words));
  g_assert_null (ul_suggest_nearest ("", words));
  g_autofree char *endless = g_strnfill (100000, 'c');
  g_assert_null (ul_suggest_nearest (endless, words));
}

static void
check_message (const char *text, const char *want_subject, const char *want_body)
{
  g_autofree char *subject = NULL, *body = NULL;
  g_autoptr (GError) error = NULL;
  const gboolean ok = ul_editor_parse_message (text, &subject, &body, &error);
  g_assert_cmpint (ok, ==, want_subject != NULL);
  g_assert_cmpstr (subject, ==, want_subject);
  g_assert_cmpstr (body, ==, want_body);
}

static void
test_editor_message (void)
{
  check_message ("subject", "subject", "");
  check_message ("subject\n\nbody\nmore\n", "subject", "body\nmore");
  check_message ("\n\n  subject  \n\n\n\n  body  \n\n\n", "  subject", "  body");
  check_message ("subject\nbody\n\n\nmore", "subject", "body\n\n\nmore");
  check_message ("# no\nsubject\n# no\n\nbody\n#no\n", "subject", "body");
  check_message ("subject\n\nbody\n\n# between\n\nmore\n", "subject", "body\n\n\nmore");
  check_message ("", NULL, NULL);
  check_message ("\n \n# only\n", NULL, NULL);
}

static void
check_time (const char *text, gint64 want)
{
  gint64 got;
  g_autoptr (GError) error = NULL;
  g_assert_true (ul_timestamp_parse (text, &got, &error));
  g_assert_no_error (error);
  g_assert_cmpint (got, ==, want);
}

static void
test_timestamp (void)
{
  check_time ("@0", 0);
  check_time ("@1600000000", 1600000000);
  check_time ("@-1", -1);
  check_time ("@+7", 7);
  check_time ("@1.999", 1);
  check_time ("@-1.5", -2);
  check_time ("@-1.0", -1);
  check_time ("1970-01-02T00:00:00Z", 86400);
  check_time ("1970-01-02T00:00:00+01:00", 82800);
  static const char *const bad[]
      = { "@", "@-", "@x", "@1x", "@1.x", "@ 1", "@9223372036854775808" };
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      gint64 unused;
      g_autoptr (GError) error = NULL;
      g_assert_false (ul_timestamp_parse (bad[i], &unused, &error));
      g_assert_nonnull (error);
    }
}

static void
check_line (const UlProgress *now, int width, double *fraction, const char *want)
{
  g_autofree char *line = ul_progress_bar_line ("Work", now, 2, width, fraction);
  /* g_format_size () puts a no-break space before the unit. */
  g_auto (GStrv) parts = g_strsplit (line, "\302\240", -1);
  g_autofree char *got = g_strjoinv (" ", parts);
  g_assert_cmpstr (got, ==, want);
}

static void
test_progress_line (void)
{
  double fraction = 0;
  const UlProgress half = { .done = 5, .total = 10, .bytes = 4000000, .bytes_total = 8000000 };
  check_line (&half, 60, &fraction, "Work [###########............]  50%  5/10  4.0 MB  2.0 MB/s");
  fraction = 0;
  check_line (&half, 40, &fraction, "Work  50%  5/10  4.0 MB  2.0 MB/s");
  check_line (&half, 12, &fraction, "Work  50%  ");

  const UlProgress unknown = { .done = 7, .bytes = 2000 };
  fraction = 0;
  check_line (&unknown, 60, &fraction, "Work  7  2.0 kB  1.0 kB/s");
}

static void
test_progress_never_back (void)
{
  double fraction = 0;
  const UlProgress early = { .done = 9, .total = 10 };
  g_autofree char *first = ul_progress_bar_line ("Work", &early, 1, 80, &fraction);
  g_assert_cmpfloat (fraction, ==, 0.9);
  const UlProgress grown = { .done = 10, .total = 100 };
  g_autofree char *second = ul_progress_bar_line ("Work", &grown, 2, 80, &fraction);
  g_assert_cmpfloat (fraction, ==, 0.9);
  g_assert_nonnull (strstr (second, " 90%"));
  const UlProgress more_than_all = { .done = 101, .total = 100 };
  g_autofree char *third = ul_progress_bar_line ("Work", &more_than_all, 3, 80, &fraction);
  g_assert_cmpfloat (fraction, ==, 1);
  g_assert_nonnull (strstr (third, "100%"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/options/forms", test_options_forms);
  g_test_add_func ("/options/mistakes", test_options_mistakes);
  g_test_add_func ("/suggest/distance", test_suggest_distance);
  g_test_add_func ("/suggest/nearest", test_suggest_nearest);
  g_test_add_func ("/editor/message", test_editor_message);
  g_test_add_func ("/timestamp/forms", test_timestamp);
  g_test_add_func ("/progress/line", test_progress_line);
  g_test_add_func ("/progress/never-back", test_progress_never_back);
  return g_test_run ();
}
