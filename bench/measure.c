// SPDX-License-Identifier: LGPL-2.1-or-later
/* measure OUT CMD...: runs CMD with its output thrown away and appends "SECONDS MAXRSS-KIB" to OUT.
 * In C, because the peak that the kernel counts for a child includes what its parent had before
 * exec. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double
now (void)
{
  struct timespec t;
  clock_gettime (CLOCK_MONOTONIC, &t);
  return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

int
main (int argc, char **argv)
{
  if (argc < 3)
    {
      fprintf (stderr, "usage: measure OUT CMD...\n");
      return 2;
    }
  const double start = now ();
  const pid_t pid = fork ();
  if (pid == 0)
    {
      if (freopen ("/dev/null", "w", stdout) == NULL)
        _exit (126);
      execvp (argv[2], argv + 2);
      perror (argv[2]);
      _exit (127);
    }
  int status;
  struct rusage usage;
  if (pid < 0 || wait4 (pid, &status, 0, &usage) < 0)
    {
      perror ("measure");
      return 2;
    }
  const double seconds = now () - start;
  if (!WIFEXITED (status) || WEXITSTATUS (status) != 0)
    {
      fprintf (stderr, "measure: %s failed\n", argv[2]);
      return 1;
    }
  FILE *out = fopen (argv[1], "a");
  if (out == NULL || fprintf (out, "%.4f %ld\n", seconds, usage.ru_maxrss) < 0 || fclose (out) != 0)
    {
      perror (argv[1]);
      return 2;
    }
  return 0;
}
