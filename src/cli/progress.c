// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/progress.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define REDRAW_INTERVAL (G_TIME_SPAN_SECOND / 10)
#define BAR_MIN         10
#define BAR_MAX         40

struct _UlProgressBar
{
  char *title;
  const UlProgress *progress;
  gint64 started;
  double fraction;
  GThread *thread;
  GMutex lock;
  GCond wake;
  gboolean stop; /* under lock */
};

static UlProgress
snapshot (const UlProgress *progress)
{
  /* The done counters first: workers raise the totals before them, so done <= total holds. */
  UlProgress now;
  now.done = ul_progress_get (progress, done);
  now.bytes = ul_progress_get (progress, bytes);
  now.total = ul_progress_get (progress, total);
  now.bytes_total = ul_progress_get (progress, bytes_total);
  return now;
}

static double
fraction_of (const UlProgress *now)
{
  /* Bytes are the better measure of time when there are any; files without content still count. */
  if (now->bytes_total > 0)
    return CLAMP ((double) now->bytes / (double) now->bytes_total, 0, 1);
  if (now->total > 0)
    return CLAMP ((double) now->done / (double) now->total, 0, 1);
  return 0;
}

char *
ul_progress_bar_line (const char *title, const UlProgress *now, double seconds, int width,
                      double *io_fraction)
{
  const gboolean known = now->total > 0 || now->bytes_total > 0;
  *io_fraction = MAX (*io_fraction, fraction_of (now));

  g_autoptr (GString) tail = g_string_new (NULL);
  if (known)
    g_string_append_printf (tail, " %3d%%", (int) (*io_fraction * 100));
  g_string_append_printf (tail, "  %" G_GINT64_FORMAT, now->done);
  if (now->total > 0)
    g_string_append_printf (tail, "/%" G_GINT64_FORMAT, MAX (now->total, now->done));
  g_autofree char *size = g_format_size ((guint64) MAX (now->bytes, 0));
  g_string_append_printf (tail, "  %s", size);
  if (seconds > 0)
    {
      g_autofree char *rate = g_format_size ((guint64) ((double) MAX (now->bytes, 0) / seconds));
      g_string_append_printf (tail, "  %s/s", rate);
    }

  GString *line = g_string_new (title);
  const int room
      = width - (int) g_utf8_strlen (title, -1) - (int) g_utf8_strlen (tail->str, -1) - 4;
  if (known && room >= BAR_MIN)
    {
      const int columns = MIN (room, BAR_MAX);
      const int filled = (int) (*io_fraction * columns);
      g_string_append (line, " [");
      for (int i = 0; i < columns; i++)
        g_string_append_c (line, i < filled ? '#' : '.');
      g_string_append_c (line, ']');
    }
  g_string_append (line, tail->str);
  /* A line that wraps could not be drawn over. */
  if (g_utf8_strlen (line->str, -1) >= width && width > 1)
    g_string_truncate (line, g_utf8_offset_to_pointer (line->str, width - 1) - line->str);
  return g_string_free (line, FALSE);
}

static void
draw (UlProgressBar *bar)
{
  struct winsize size;
  const int width
      = ioctl (STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
  const UlProgress now = snapshot (bar->progress);
  const double seconds
      = (double) (g_get_monotonic_time () - bar->started) / (double) G_TIME_SPAN_SECOND;
  g_autofree char *line = ul_progress_bar_line (bar->title, &now, seconds, width, &bar->fraction);
  fprintf (stderr, "\r%s\033[K", line);
  fflush (stderr);
}

static gpointer
drawing_thread (gpointer data)
{
  UlProgressBar *bar = data;
  g_mutex_lock (&bar->lock);
  while (!bar->stop)
    {
      g_mutex_unlock (&bar->lock);
      draw (bar);
      g_mutex_lock (&bar->lock);
      const gint64 until = g_get_monotonic_time () + REDRAW_INTERVAL;
      while (!bar->stop && g_cond_wait_until (&bar->wake, &bar->lock, until))
        ;
    }
  g_mutex_unlock (&bar->lock);
  return NULL;
}

UlProgressBar *
ul_progress_bar_start (const UlInvocation *inv, const char *title, const UlProgress *progress)
{
  if (inv->quiet || inv->json || !isatty (STDERR_FILENO))
    return NULL;
  const char *term = g_getenv ("TERM");
  if (term == NULL || strcmp (term, "dumb") == 0)
    return NULL;

  UlProgressBar *bar = g_new0 (UlProgressBar, 1);
  bar->title = g_strdup (title);
  bar->progress = progress;
  bar->started = g_get_monotonic_time ();
  g_mutex_init (&bar->lock);
  g_cond_init (&bar->wake);
  bar->thread = g_thread_new ("progress", drawing_thread, bar);
  return bar;
}

void
ul_progress_bar_stop (UlProgressBar *bar)
{
  if (bar == NULL)
    return;
  g_mutex_lock (&bar->lock);
  bar->stop = TRUE;
  g_cond_signal (&bar->wake);
  g_mutex_unlock (&bar->lock);
  g_thread_join (bar->thread);

  draw (bar);
  fputc ('\n', stderr);
  g_mutex_clear (&bar->lock);
  g_cond_clear (&bar->wake);
  g_free (bar->title);
  g_free (bar);
}
