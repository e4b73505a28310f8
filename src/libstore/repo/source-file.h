// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/file-meta.h"
#include <sys/stat.h>

/* A file or symlink of some directory tree as the content object it would be. Nothing is believed
 * of what is opened: it may be changed, or be something else, at any time. */

G_BEGIN_DECLS

typedef struct
{
  int fd; /* -1 for a symlink */
  struct stat st;
  UlFileMeta meta;
} UlSourceFile;

/* @name is one component below @dfd, not followed. UL_ERROR_UNSUPPORTED if it's neither file nor
 * symlink. */
gboolean ul_source_file_open (int dfd, const char *name, UlSourceFile *out, GError **error);
void ul_source_file_clear (UlSourceFile *file);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UlSourceFile, ul_source_file_clear)

G_END_DECLS
