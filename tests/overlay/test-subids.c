// SPDX-License-Identifier: LGPL-2.1-or-later

/* Subordinate ids: what podman 4.3.1 makes of the same files. */

#include <string.h>

#include "overlay/subids.h"
#include "util/error.h"

#define OWN 1500

static UlUser alice = { .name = (char *) "alice", .uid = OWN, .gid = OWN };

/* The map as the kernel takes it, on one line; or NULL, with the error. */
static char *
map_of (const char *file, GError **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new (file, strlen (file));
  g_autoptr (GArray) ranges = g_array_new (FALSE, FALSE, sizeof (UlIdRange));
  if (!ul_subids_parse (bytes, "FILE", &alice, ranges, error)
      || !ul_subids_arrange (ranges, OWN, "FILE", error))
    return NULL;
  return g_strdelimit (ul_id_ranges_format (ranges), "\n", ',');
}

static void
assert_map (const char *file, const char *want)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *map = map_of (file, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (map, ==, want);
}

static void
assert_refused (const char *file, const char *message)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (map_of (file, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_INVALID);
  g_assert_cmpstr (error->message, ==, message);
}

static void
test_own_first (void)
{
  assert_map ("alice:200000:65536\n", "0 1500 1,1 200000 65536,");
  assert_map ("alice:200000:65536", "0 1500 1,1 200000 65536,");
}

static void
test_by_name_and_uid (void)
{
  assert_map ("bob:1:1\n1500:400000:100\nalice:200000:1000\n1501:7:7\n",
              "0 1500 1,1 200000 1000,1001 400000 100,");
  assert_map (" alice:600000:100\n01500:1:1\nalice:500000:7\n", "0 1500 1,1 500000 7,");
}

static void
test_lowest_first (void)
{
  assert_map ("alice:400000:100\nalice:200000:1000\nalice:300000:5\n",
              "0 1500 1,1 200000 1000,1001 300000 5,1006 400000 100,");
}

static void
test_adjacent (void)
{
  assert_map ("alice:1501:10\nalice:1490:10\n", "0 1500 1,1 1490 10,11 1501 10,");
}

static void
test_none (void)
{
  assert_refused ("", "no ids in FILE");
  assert_refused ("bob:1:1\n#alice:1:1\n\n", "no ids in FILE");
}

static void
test_overlap (void)
{
  assert_refused ("alice:400000:100\nalice:400099:100\n", "FILE: id 400099 is in two ranges");
  assert_refused ("alice:400000:100\nalice:400000:100\n", "FILE: id 400000 is in two ranges");
}

static void
test_own_in_range (void)
{
  assert_refused ("alice:1400:101\n", "FILE: the range from 1400 has the user's own id");
  assert_refused ("alice:1500:1\n", "FILE: the range from 1500 has the user's own id");
}

static void
test_malformed (void)
{
  static const char *const lines[] = {
    "alice",       "alice:",       "alice:1",           "alice:x:1",          "alice:1:x",
    "alice:1:0",   "alice:-1:1",   "alice:1:1:1",       "alice:0x10:1",       "alice:1: 1",
    "alice: 1:1",  "alice:+1:1",   "alice::1",          "alice:4294967296:1", "alice:1:4294967295",
    "alice:1:1\r", "alice:1.5:10", "alice:4294967295:1"
  };
  for (gsize i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      g_autofree char *file = g_strdup_printf ("alice:400000:9\n%s\n", lines[i]);
      assert_refused (file, "FILE, line 2: not USER:FIRST:COUNT");
    }
  /* Others' lines are theirs. */
  assert_map ("bob:x\nalice:400000:9\n", "0 1500 1,1 400000 9,");
  assert_map ("alice:4294967290:5\n", "0 1500 1,1 4294967290 5,");
}

static void
test_covered (void)
{
  g_autoptr (GArray) ranges = g_array_new (FALSE, FALSE, sizeof (UlIdRange));
  const UlIdRange two[] = { { 0, 1500, 1 }, { 1, 200000, 10 } };
  guint32 out = 0;
  g_array_append_vals (ranges, two, 2);
  g_assert_true (ul_id_ranges_map (ranges, 0, &out));
  g_assert_cmpuint (out, ==, 1500);
  g_assert_true (ul_id_ranges_map (ranges, 10, &out));
  g_assert_cmpuint (out, ==, 200009);
  g_assert_false (ul_id_ranges_map (ranges, 11, &out));
  g_assert_cmpuint (out, ==, 200009);
}

static void
test_user (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (UlUser) root = ul_user_new ("root", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (root->uid, ==, 0);
  g_autoptr (UlUser) again = ul_user_new ("0", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (again->name, ==, "root");
  g_assert_null (ul_user_new ("no such one", &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_NOT_FOUND);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/Subids/own-id-is-root", test_own_first);
  g_test_add_func ("/Subids/by-name-and-uid", test_by_name_and_uid);
  g_test_add_func ("/Subids/lowest-range-first", test_lowest_first);
  g_test_add_func ("/Subids/around-own-id", test_adjacent);
  g_test_add_func ("/Subids/none", test_none);
  g_test_add_func ("/Subids/overlap", test_overlap);
  g_test_add_func ("/Subids/own-id-in-range", test_own_in_range);
  g_test_add_func ("/Subids/malformed", test_malformed);
  g_test_add_func ("/Subids/what-shows-an-id", test_covered);
  g_test_add_func ("/Subids/user-by-name-and-uid", test_user);
  return g_test_run ();
}
