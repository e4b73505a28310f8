// SPDX-License-Identifier: LGPL-2.1-or-later
#include "util/pages.h"

#include <errno.h>
#include <sys/mman.h>

#define MAPPED_SIZE (64 * 1024)

gpointer
ul_pages_alloc (gsize size)
{
  if (size < MAPPED_SIZE)
    return g_malloc0 (size);
  gpointer pages = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED)
    g_error ("failed to allocate %" G_GSIZE_FORMAT " bytes: %s", size, g_strerror (errno));
  return pages;
}

void
ul_pages_free (gpointer pages, gsize size)
{
  if (size < MAPPED_SIZE)
    g_free (pages);
  else if (pages != NULL)
    (void) munmap (pages, size);
}
