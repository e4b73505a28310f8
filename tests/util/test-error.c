// SPDX-License-Identifier: LGPL-2.1-or-later
#include "util/error.h"

#include <errno.h>
#include <string.h>

static void
test_no_space (void)
{
  static const int full[] = { ENOSPC, EDQUOT };
  for (guint i = 0; i < G_N_ELEMENTS (full); i++)
    {
      g_autoptr (GError) error = NULL;
      errno = full[i];
      g_assert_false (ul_throw_errno (&error, "write %s", "object"));
      g_assert_error (error, UL_ERROR, UL_ERROR_NO_SPACE);
      g_autofree char *expected = g_strdup_printf ("write object: %s", g_strerror (full[i]));
      g_assert_cmpstr (error->message, ==, expected);
    }
}

static void
test_errno_in_gio_domain (void)
{
  static const struct
  {
    int code;
    int expected;
  } cases[] = {
    { ENOENT, G_IO_ERROR_NOT_FOUND },
    { EACCES, G_IO_ERROR_PERMISSION_DENIED },
    { EEXIST, G_IO_ERROR_EXISTS },
    { EIO, G_IO_ERROR_FAILED },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      errno = cases[i].code;
      g_assert_false (ul_throw_errno (&error, "open %d%%", 5));
      g_assert_error (error, G_IO_ERROR, cases[i].expected);
      g_assert_true (g_str_has_prefix (error->message, "open 5%: "));
      g_assert_nonnull (strstr (error->message, g_strerror (cases[i].code)));
    }
}

static void
test_nobody_asks (void)
{
  errno = ENOSPC;
  g_assert_false (ul_throw_errno (NULL, "write"));
  g_assert_false (ul_throw (NULL, UL_ERROR_CORRUPT, "%s", "x"));
  g_assert_false (ul_prefix (NULL, "x"));
  g_autoptr (GError) none = NULL;
  g_assert_false (ul_prefix (&none, "x"));
  g_assert_no_error (none);
}

static void
test_message_is_data (void)
{
  g_autoptr (GError) error = NULL;
  g_assert_false (ul_throw (&error, UL_ERROR_INVALID, "name %s", "%s%n"));
  g_assert_error (error, UL_ERROR, UL_ERROR_INVALID);
  g_assert_cmpstr (error->message, ==, "name %s%n");
  g_assert_false (ul_prefix (&error, "in %s", "%d"));
  g_assert_cmpstr (error->message, ==, "in %d: name %s%n");
}

static void
test_prefixes_nest (void)
{
  g_autoptr (GError) error = NULL;
  ul_throw (&error, UL_ERROR_CORRUPT, "cause");
  ul_prefix (&error, "object");
  ul_prefix (&error, "operation");
  g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
  g_assert_cmpstr (error->message, ==, "operation: object: cause");
}

static void
test_domain (void)
{
  g_assert_cmpstr (g_quark_to_string (UL_ERROR), ==, "ul-error-quark");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/Error/name-of-the-domain", test_domain);
  g_test_add_func ("/Error/full-disk-and-quota-are-no-space", test_no_space);
  g_test_add_func ("/Error/other-errno-stay-in-gio-domain", test_errno_in_gio_domain);
  g_test_add_func ("/Error/works-when-nobody-asks", test_nobody_asks);
  g_test_add_func ("/Error/message-is-data-not-format", test_message_is_data);
  g_test_add_func ("/Error/prefixes-nest", test_prefixes_nest);
  return g_test_run ();
}
