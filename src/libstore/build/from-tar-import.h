// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "build/from-tar-names.h"
#include "build/from-tar-reader.h"
#include "build/from-tar-store.h"

/* One archive on its way in: entry by entry from the reader to the names and the store. What a
 * commit and a layer of an image share. Private to build/. */

G_BEGIN_DECLS

typedef struct
{
  const UlIntake *intake;
  const UlTarOptions *options;
  UlTarReader *reader;
  UlTarNames *names;
  UlTarStore *store;
  gboolean is_layer;    /* whiteouts are OCI's, of names in the layers below */
  gboolean lost;        /* content was met that was left out */
  GPtrArray *offenders; /* paths of what can't be stored, with a note; of g_free */
} UlTarImport;

/* Read all entries. All files are stored on return; ul_tar_names_finish () is left to do. */
gboolean ul_tar_import_run (UlTarImport *self, GError **error);

G_END_DECLS
