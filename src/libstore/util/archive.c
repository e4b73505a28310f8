// SPDX-License-Identifier: LGPL-2.1-or-later
#include "util/archive.h"

#include <dlfcn.h>

#include "util/error.h"

/* The ABI of the headers above; it has been the same since libarchive 3.0. */
#define SONAME "libarchive.so.13"

typedef struct
{
  UlArchive functions;
  char *problem; /* why there are none, or NULL */
} Library;

static Library library;

static void
load (void)
{
  /* Never closed: others may have taken function pointers. */
  void *handle = dlopen (SONAME, RTLD_LAZY | RTLD_LOCAL);
  if (handle == NULL)
    {
      library.problem = g_strdup (dlerror ());
      return;
    }
#define LOOK_UP(name)                                                                              \
  if (library.problem == NULL                                                                      \
      && (library.functions.name = (__typeof__ (&name)) dlsym (handle, #name)) == NULL)            \
    library.problem = g_strdup (dlerror ());
  UL_ARCHIVE_FUNCTIONS (LOOK_UP)
#undef LOOK_UP
}

gboolean
ul_archive_load (const UlArchive **out_lib, GError **error)
{
  static gsize once;
  if (g_once_init_enter (&once))
    {
      load ();
      g_once_init_leave (&once, 1);
    }
  if (library.problem != NULL)
    return ul_throw (error, UL_ERROR_UNSUPPORTED, "tar archives: %s", library.problem);
  *out_lib = &library.functions;
  return TRUE;
}
