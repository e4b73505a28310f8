// SPDX-License-Identifier: LGPL-2.1-or-later
/* For tests/root/store-power-cut.sh:
 *   crash-store make STORE     a small store
 *   crash-store cut STORE N    changes it, and cuts the power of its file system at step N (from
 * 0): what isn't durable is lost. Exit status 3, or 0 if it came to its end before crash-store
 * check STORE    prints what is wrong with it, and "old" or "new" if nothing is */
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "image/store-verify.h"
#include "stores.h"

#ifndef FS_IOC_SHUTDOWN
#define FS_IOC_SHUTDOWN _IOR ('X', 125, guint32)
#endif
#define NO_LOG_FLUSH 2

typedef struct
{
  int dfd;
  guint left;
} Cut;

static void
count_down (const char *step, gpointer data)
{
  Cut *cut = data;
  const guint32 how = NO_LOG_FLUSH;
  (void) step;
  if (cut->left-- > 0)
    return;
  if (ioctl (cut->dfd, FS_IOC_SHUTDOWN, &how) != 0)
    perror ("shutdown");
  _exit (3);
}

static void
cut_power (const char *path, guint step)
{
  g_autoptr (UlStore) store = stores_open (path, 0);
  Cut cut = { .dfd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), .left = step };
  stores_change_all (store, count_down, &cut);
}

static void
check (const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (UlStore) store = stores_open (path, 0);
  g_autoptr (GPtrArray) faults = ul_store_verify (store, UL_STORE_VERIFY_FULL, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < faults->len; i++)
    {
      const UlStoreFault *fault = g_ptr_array_index (faults, i);
      printf ("%s: %s\n", fault->object, fault->text);
    }
  g_autofree char *two = stores_image_id ("two");
  const UlStoreImage *image = ul_store_find_image (store, "example.org/one:1");
  if (faults->len == 0 && image != NULL)
    puts (g_str_equal (image->id, two) ? "new" : "old");
}

int
main (int argc, char **argv)
{
  if (argc == 3 && g_str_equal (argv[1], "make"))
    ul_store_free (stores_make (argv[2], 0));
  else if (argc == 4 && g_str_equal (argv[1], "cut"))
    cut_power (argv[2], (guint) atoi (argv[3]));
  else if (argc == 3 && g_str_equal (argv[1], "check"))
    check (argv[2]);
  else
    return 2;
  return 0;
}
