// SPDX-License-Identifier: LGPL-2.1-or-later
#include "util/interrupt.h"

#include <poll.h>
#include <signal.h>

/* How long a signal may go unnoticed that came to another thread: interrupted calls go on. */
#define SLICE_MS 100

static const int signals[] = { SIGINT, SIGTERM, SIGHUP };

static gint holds;   /* atomic */
static gint pending; /* atomic; the signal, 0 if there was none */

/* Here the signal is blocked, so it comes when the handler returns. */
static void
act (int signum)
{
  (void) signal (signum, SIG_DFL);
  (void) raise (signum);
}

static void
handle (int signum)
{
  const gboolean again = __atomic_exchange_n (&pending, signum, __ATOMIC_RELAXED) != 0;
  if (again || __atomic_load_n (&holds, __ATOMIC_RELAXED) == 0)
    act (signum);
}

void
ul_interrupt_catch (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (signals); i++)
    {
      struct sigaction action;
      if (sigaction (signals[i], NULL, &action) != 0 || action.sa_handler == SIG_IGN)
        continue;
      action = (struct sigaction){ .sa_handler = handle, .sa_flags = SA_RESTART };
      (void) sigaction (signals[i], &action, NULL);
    }
}

void
ul_interrupt_resume (void)
{
  const int signum = __atomic_load_n (&pending, __ATOMIC_RELAXED);
  if (signum != 0)
    act (signum);
}

void
ul_interrupt_hold (void)
{
  __atomic_fetch_add (&holds, 1, __ATOMIC_RELAXED);
}

void
ul_interrupt_release (void)
{
  __atomic_fetch_sub (&holds, 1, __ATOMIC_RELAXED);
}

gboolean
ul_interrupt_check (GError **error)
{
  const int signum = __atomic_load_n (&pending, __ATOMIC_RELAXED);
  if (signum == 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "interrupted by %s", g_strsignal (signum));
  return FALSE;
}

gboolean
ul_interrupt_wait (int fd, GError **error)
{
  struct pollfd one = { .fd = fd, .events = POLLIN };
  do
    if (!ul_interrupt_check (error))
      return FALSE;
  while (poll (&one, 1, SLICE_MS) <= 0);
  return TRUE;
}
