// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "build/from-tar.h"
#include "core/dirtree.h"
#include "util/error.h"
#include "util/fd.h"

/* An archive is slow to read: replay.c is to change only some of its bytes. */
unsigned fuzz_stride = 13;

static char *top;

static void
remove_top (void)
{
  g_assert_true (ul_fd_remove_tree_at (AT_FDCWD, top, NULL));
}

/* One for all inputs, in memory where there is such a file system: what an input may leave behind
 * is objects. */
static UlRepo *
open_repo (void)
{
  static UlRepo *repo;
  if (repo != NULL)
    return repo;
  g_autoptr (GError) error = NULL;
  g_autofree char *dir = g_strdup (access ("/dev/shm", W_OK) == 0 ? "/dev/shm/underlay-fuzz.XXXXXX"
                                                                  : "/tmp/underlay-fuzz.XXXXXX");
  top = g_steal_pointer (&dir);
  g_assert_nonnull (g_mkdtemp (top));
  atexit (remove_top);
  g_autofree char *path = g_build_filename (top, "repo", NULL);
  repo = ul_repo_create_at (AT_FDCWD, path, UL_REPO_MODE_ARCHIVE, NULL, &error);
  g_assert_no_error (error);
  return repo;
}

/* For many inputs, never committed: a new one when it has asked for more room than there is. */
static UlTransaction *transaction;

static UlTransaction *
open_transaction (void)
{
  if (transaction == NULL)
    transaction
        = ul_transaction_begin (open_repo (), &(UlTransactionOptions){ .no_fsync = TRUE }, NULL);
  g_assert_nonnull (transaction);
  return transaction;
}

static gboolean
import (const char *path, gboolean retarget, guint jobs, UlChecksum *out, GError **error)
{
  const UlModifier modifier = {
    .retarget_whiteouts = retarget,
    .devices = UL_DEVICES_SKIP,
  };
  const UlIntake intake = {
    .transaction = open_transaction (),
    .modifier = &modifier,
    .jobs = jobs,
  };
  g_autoptr (UlWriter) writer = ul_writer_new (intake.transaction);
  g_autoptr (UlTree) root = ul_tree_new ();
  UlChecksum meta;
  return ul_from_tar (&intake, &(UlTarOptions){ .autocreate_parents = TRUE }, path, root, error)
         && ul_tree_write (root, writer, out, &meta, error);
}

/* Whatever an archive says, it gives a tree whose dirtrees are valid (the writer checks each), or
 * one line that says why not; and with several threads the same. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const int fd = memfd_create ("archive", MFD_CLOEXEC);
  g_assert_cmpint (fd, >=, 0);
  g_assert_true (ul_fd_write_all (fd, data, size, "archive", NULL));
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", fd);
  for (guint retarget = 0; retarget < 2; retarget++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GError) error_again = NULL;
      UlChecksum one, again;
      const gboolean taken = import (path, retarget, 1, &one, &error);
      const gboolean taken_again = import (path, retarget, 2, &again, &error_again);
      fuzz_assert_outcome (taken, error);
      if (g_error_matches (error, UL_ERROR, UL_ERROR_NO_SPACE)
          || g_error_matches (error_again, UL_ERROR, UL_ERROR_NO_SPACE))
        {
          g_clear_pointer (&transaction, ul_transaction_free);
          break;
        }
      g_assert_true (taken == taken_again);
      if (taken)
        g_assert_true (ul_checksum_equal (&one, &again));
      else
        g_assert_cmpstr (error->message, ==, error_again->message);
    }
  close (fd);
  return 0;
}
