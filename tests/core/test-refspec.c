// SPDX-License-Identifier: LGPL-2.1-or-later

/* The tables are what ostree 2022.7 says to `ostree refs --create=NAME REF` and to
 * `ostree init --collection-id=ID`. Two names are ours alone to refuse: one with a newline at the
 * end, which slips through its regular expression, and one that is not UTF-8, on which it fails
 * with another message. */

#include "core/refspec.h"

#include <string.h>

#include "util/error.h"

static const char *const good_refs[] = {
  "a",
  "a/b",
  "a-b",
  "a.b",
  "a_b",
  "_a",
  "1",
  "\xc3\xa9",
  "a\xc3\xa9",
  "x/\xc3\xa9/y",
  "\xc2\xb2",
  "\xe2\x85\xa7",
  "\xe6\xbc\xa2\xe5\xad\x97",
  "_",
  "__",
  "a..b",
  "a--",
  "a.",
  "a-",
  "a/b.",
  "\xd9\xa3",
  "exampleos/x86_64/standard",
};

static const char *const bad_refs[] = {
  "",
  "-a",
  ".a",
  "a/-b",
  "a/.b",
  "a//b",
  "/a",
  "a/",
  ".",
  "..",
  "a/..",
  "a/.",
  "a b",
  "\na",
  "a\n",
  "a\nb",
  "a+b",
  "a@b",
  "a~",
  "a^",
  "a,b",
  "a\\b",
  "a'b",
  "e\xcc\x81",
  "\xcc\x81",
  "a\xe2\x80\xbf"
  "b",
  "\xff",
  "a\xff",
  "\xc3",
  "a:b",
  "a/../b",
  "../a",
};

static void
test_refs (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (good_refs); i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_true (ul_ref_validate (good_refs[i], &error));
      g_assert_no_error (error);
    }
  for (guint i = 0; i < G_N_ELEMENTS (bad_refs); i++)
    {
      g_autofree char *ref = g_strdup (bad_refs[i]);
      g_autoptr (GError) error = NULL;
      g_assert_false (ul_ref_validate (ref, &error));
      g_assert_error (error, UL_ERROR, UL_ERROR_INVALID);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
    }
}

static void
assert_parsed (const char *refspec, const char *remote, const char *ref)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *got_remote = NULL;
  g_autofree char *got_ref = NULL;
  g_assert_true (ul_refspec_parse (refspec, &got_remote, &got_ref, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (got_remote, ==, remote);
  g_assert_cmpstr (got_ref, ==, ref);
}

static void
test_refspecs (void)
{
  assert_parsed ("a", NULL, "a");
  assert_parsed ("a/b", NULL, "a/b");
  assert_parsed ("r:x", "r", "x");
  assert_parsed ("r-1:x", "r-1", "x");
  assert_parsed ("r.1:x/y", "r.1", "x/y");
  assert_parsed ("\xc3\xa9:x", "\xc3\xa9", "x");
  g_assert_true (ul_refspec_parse ("r:x", NULL, NULL, NULL));
}

static void
test_refspecs_refused (void)
{
  static const char *const bad[] = { "",      ":",    ":x",   "r:",   "a:b:c", ".r:x",   "-r:x",
                                     "r/1:x", "r:/x", "r: x", " r:x", "r:x\n", "\xff:x", "r:\xff" };
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;
      char *remote = (char *) "untouched";
      char *ref = (char *) "untouched";
      g_assert_false (ul_refspec_parse (bad[i], &remote, &ref, &error));
      g_assert_error (error, UL_ERROR, UL_ERROR_INVALID);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      g_assert_cmpstr (remote, ==, "untouched");
      g_assert_cmpstr (ref, ==, "untouched");
    }
}

static void
test_remotes (void)
{
  static const char *const good[] = { "r", "origin", "r-1", "r.1", "r_", "1", "\xc3\xa9" };
  static const char *const bad[] = { "", "r/s", ".r", "-r", "r s", "r:", "r\n", "\xff", "..", "." };
  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    g_assert_true (ul_remote_name_validate (good[i], NULL));
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_false (ul_remote_name_validate (bad[i], &error));
      g_assert_error (error, UL_ERROR, UL_ERROR_INVALID);
    }
}

static void
test_collection_ids (void)
{
  static const char *const good[]
      = { "a.b", "a.b.c", "A.B", "a.b1", "a_b.c", "_a._b", "org.example.Os" };
  static const char *const bad[]
      = { "",      "a",     "a.1",    "1.a", "a-b.c", ".a.b", "a.b.", "a..b",       "a.b ",
          "a.b\n", "a.b/c", "../a.b", ".",   "..",    "a.",   ".a",   "\xc3\xa9.b", "a.\xff" };
  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    g_assert_true (ul_collection_id_validate (good[i], NULL));
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *id = g_strdup (bad[i]);
      g_autoptr (GError) error = NULL;
      g_assert_false (ul_collection_id_validate (id, &error));
      g_assert_error (error, UL_ERROR, UL_ERROR_INVALID);
    }
}

static void
test_collection_id_length (void)
{
  g_autofree char *element = g_strnfill (253, 'a');
  g_autofree char *longest = g_strconcat (element, ".b", NULL);
  g_autofree char *longer = g_strconcat (element, ".bc", NULL);
  g_assert_true (ul_collection_id_validate (longest, NULL));
  g_assert_false (ul_collection_id_validate (longer, NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/Refspec/refs-that-the-peer-takes", test_refs);
  g_test_add_func ("/Refspec/split-into-remote-and-ref", test_refspecs);
  g_test_add_func ("/Refspec/refspecs-that-the-peer-refuses", test_refspecs_refused);
  g_test_add_func ("/Refspec/remote-names", test_remotes);
  g_test_add_func ("/Refspec/collection-ids-that-the-peer-takes", test_collection_ids);
  g_test_add_func ("/Refspec/longest-collection-id", test_collection_id_length);
  return g_test_run ();
}
