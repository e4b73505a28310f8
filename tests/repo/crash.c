// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "crash.h"

/* The number that ext4, xfs and f2fs share; no header of the kernel's exports it. */
#define FS_IOC_SHUTDOWN            _IOR ('X', 125, guint32)
#define SHUTDOWN_WITHOUT_LOG_FLUSH 2

typedef enum
{
  LIST,
  KILL,
  SHUTDOWN,
  EIO_AFTER
} Action;

typedef struct
{
  Action action;
  const char *repo;
  const char *step;
  guint64 n;
  GMutex lock; /* guards what follows */
  GPtrArray *order;
  GHashTable *counts; /* step -> GUINT_TO_POINTER (times) */
} Crash;

static void
cut_power (const char *path)
{
  guint32 flags = SHUTDOWN_WITHOUT_LOG_FLUSH;
  const int fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0 || ioctl (fd, FS_IOC_SHUTDOWN, &flags) != 0)
    g_error ("FS_IOC_SHUTDOWN %s: %s", path, g_strerror (errno));
  close (fd);
}

static void
act (const Crash *crash)
{
  if (crash->action == SHUTDOWN || crash->action == EIO_AFTER)
    cut_power (crash->repo);
  if (crash->action == KILL || crash->action == SHUTDOWN)
    {
      kill (getpid (), SIGKILL);
      pause ();
    }
}

static void
on_step (const char *step, gpointer data)
{
  Crash *crash = data;
  g_mutex_lock (&crash->lock);
  const guint count = GPOINTER_TO_UINT (g_hash_table_lookup (crash->counts, step)) + 1;
  if (count == 1)
    g_ptr_array_add (crash->order, (gpointer) step);
  g_hash_table_insert (crash->counts, (gpointer) step, GUINT_TO_POINTER (count));
  const gboolean now
      = crash->action != LIST && count == crash->n && strcmp (step, crash->step) == 0;
  g_mutex_unlock (&crash->lock);
  if (now)
    act (crash);
}

static gboolean
parse_action (const char *name, Action *out)
{
  static const char *const names[] = { "list", "kill", "shutdown", "eio" };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (strcmp (name, names[i]) == 0)
      {
        *out = (Action) i;
        return TRUE;
      }
  return FALSE;
}

int
crash_main (int argc, char **argv, CrashFunc func)
{
  Crash crash = { 0 };
  if (argc < 5 || !parse_action (argv[1], &crash.action) || argc != (crash.action == LIST ? 5 : 7))
    {
      g_printerr ("usage: %s list|kill|shutdown|eio REPO FROM REF [STEP N]\n", argv[0]);
      return 2;
    }
  crash.repo = argv[2];
  crash.step = argv[5];
  crash.n = crash.action == LIST ? 0 : g_ascii_strtoull (argv[6], NULL, 10);
  crash.order = g_ptr_array_new ();
  crash.counts = g_hash_table_new (g_str_hash, g_str_equal);

  g_autoptr (GError) error = NULL;
  const UlTransactionOptions options = { .hook = on_step, .hook_data = &crash };
  g_autoptr (UlRepo) repo = ul_repo_open_at (AT_FDCWD, crash.repo, &error);
  const gboolean done = repo != NULL && func (repo, argv[3], argv[4], &options, &error);
  const gboolean came
      = crash.action == LIST
        || GPOINTER_TO_UINT (g_hash_table_lookup (crash.counts, crash.step)) >= crash.n;
  if (crash.action == LIST)
    for (guint i = 0; i < crash.order->len; i++)
      g_print ("%s %u\n", (const char *) crash.order->pdata[i],
               GPOINTER_TO_UINT (g_hash_table_lookup (crash.counts, crash.order->pdata[i])));
  g_ptr_array_unref (crash.order);
  g_hash_table_unref (crash.counts);
  if (!done)
    g_printerr ("error: %s\n", error->message);
  return !done ? 1 : came ? 0 : 3;
}
