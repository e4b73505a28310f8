// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fixture.h"

#include "image/users.h"

#define X "localhost/x:1"
#define Y "localhost/y:1"

static void
test_users (void)
{
  char id[UL_CHECKSUM_HEX_LEN + 1];
  g_autoptr (GError) error = NULL;
  g_autoptr (GHashTable) users = NULL;
  g_auto (Fixture) f;
  fixture_init (&f, UL_REPO_MODE_BARE_USER);
  fixture_image (&f, X, "abb");
  fixture_image (&f, Y, "ac");
  fixture_empty_commit (&f, "image/localhost/damaged_3A_1", NULL);
  ul_image_users (f.repo, &users, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_hash_table_size (users), ==, 4);
  fixture_layer_id ("a", id);
  const GPtrArray *names = g_hash_table_lookup (users, id);
  g_assert_cmpuint (names->len, ==, 2);
  g_assert_cmpstr (names->pdata[0], ==, X);
  g_assert_cmpstr (names->pdata[1], ==, Y);
  fixture_layer_id ("ac", id);
  names = g_hash_table_lookup (users, id);
  g_assert_cmpuint (names->len, ==, 1);
  g_assert_cmpstr (names->pdata[0], ==, Y);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/users/users", test_users);
  return g_test_run ();
}
