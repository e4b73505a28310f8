// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "build/from-dir.h"
#include "build/links.h"
#include "util/pool.h"

/* What the walk (from-dir.c) hands to the workers (import-file.c). */

G_BEGIN_DECLS

/* A source directory, open as long as somebody needs it. */
typedef struct
{
  gint refs; /* atomic */
  int fd;
  char *path; /* in the tree: "" for the root, "/a/b" */
} UlSourceDir;

UlSourceDir *ul_source_dir_ref (UlSourceDir *dir);
void ul_source_dir_unref (UlSourceDir *dir);

typedef struct
{
  UlSourceDir *dir;  /* a reference */
  UlTreeFile *files; /* in the tree: names are there, checksums are wanted */
  guint n;
  UlTree *tree; /* held until they are done; NULL: dirtrees are written later */
} UlImportBatch;

/* Shared by the workers of one walk. */
typedef struct
{
  const UlIntake *options;
  UlLinkTable *links; /* hardlinks within the source, hashed once */
} UlImport;

void ul_import_batch_free (gpointer batch);
/* UlPoolFunc: the worker is a UlWriter, the data a UlImport. */
gboolean ul_import_batch_run (gpointer batch, gpointer writer, gpointer import, GError **error);

G_END_DECLS
