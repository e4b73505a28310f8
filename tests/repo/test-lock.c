// SPDX-License-Identifier: LGPL-2.1-or-later
#include "repo/lock.h"

#include <fcntl.h>
#include <string.h>

#include "fixture.h"
#include "util/error.h"
#include "util/fd.h"

static int
lock (Fixture *f, UlLockKind kind)
{
  g_autoptr (GError) error = NULL;
  int fd = -7;
  ul_repo_lock (f->repo, kind, &fd, &error);
  g_assert_no_error (error);
  return fd;
}

static void
assert_locked (Fixture *f, UlLockKind kind)
{
  g_autoptr (GError) error = NULL;
  int fd = -7;
  g_assert_false (ul_repo_lock (f->repo, kind, &fd, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_LOCKED);
  g_assert_nonnull (strstr (error->message, kind == UL_LOCK_SHARED ? "shared" : "exclusive"));
  g_assert_cmpint (fd, ==, -7);
}

static void
test_exclusion (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  fixture_reopen (&f, "core", "lock-timeout-secs", "0");
  int first = lock (&f, UL_LOCK_SHARED);
  int second = lock (&f, UL_LOCK_SHARED);
  g_assert_cmpint (first, >=, 0);
  g_assert_cmpint (second, >=, 0);
  assert_locked (&f, UL_LOCK_EXCLUSIVE);
  ul_fd_cleanup (&first);
  assert_locked (&f, UL_LOCK_EXCLUSIVE);
  ul_fd_cleanup (&second);
  ul_autofd int exclusive = lock (&f, UL_LOCK_EXCLUSIVE);
  g_assert_cmpint (exclusive, >=, 0);
  assert_locked (&f, UL_LOCK_SHARED);
  assert_locked (&f, UL_LOCK_EXCLUSIVE);
}

static void
test_transaction_excludes (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  fixture_reopen (&f, "core", "lock-timeout-secs", "0");
  UlTransaction *transaction = fixture_begin (&f);
  assert_locked (&f, UL_LOCK_EXCLUSIVE);
  ul_transaction_free (transaction);
  ul_autofd int exclusive = lock (&f, UL_LOCK_EXCLUSIVE);
  g_assert_cmpint (exclusive, >=, 0);
  g_assert_null (ul_transaction_begin (f.repo, NULL, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_LOCKED);
}

static void
test_locking_off (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  fixture_reopen (&f, "core", "locking", "false");
  g_assert_cmpint (lock (&f, UL_LOCK_EXCLUSIVE), ==, -1);
  g_assert_cmpint (lock (&f, UL_LOCK_EXCLUSIVE), ==, -1);
}

static void
test_own_timeout (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  ul_autofd int held = lock (&f, UL_LOCK_EXCLUSIVE);
  g_assert_cmpint (held, >=, 0);
  /* The configuration says 30. */
  const UlRepoOptions options = { .lock_timeout_secs = 1 };
  g_autoptr (UlRepo) impatient = ul_repo_open_with (AT_FDCWD, f.path, &options, &error);
  g_assert_no_error (error);
  const gint64 start = g_get_monotonic_time ();
  int fd = -7;
  g_assert_false (ul_repo_lock (impatient, UL_LOCK_SHARED, &fd, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_LOCKED);
  g_assert_cmpint (g_get_monotonic_time () - start, <, 10 * G_USEC_PER_SEC);
  g_assert_nonnull (strstr (error->message, "1 second"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/Lock/shared-and-exclusive", test_exclusion);
  g_test_add_func ("/Lock/transaction-holds-it-shared", test_transaction_excludes);
  g_test_add_func ("/Lock/off-by-configuration", test_locking_off);
  g_test_add_func ("/Lock/timeout-of-the-caller", test_own_timeout);
  return g_test_run ();
}
