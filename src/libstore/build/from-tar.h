// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "build/intake.h"

/* Archives into a tree: tar in all its forms, and what else libarchive reads that holds a Unix
 * tree. Nothing of it touches the file system but as objects. One thread reads and decompresses;
 * workers hash and store. Private to build/. */

G_BEGIN_DECLS

/* Overlay the archive at @path ("-": standard input) onto @root. All of it is stored, staged, on
 * return, and its directories are complete. UL_ERROR_UNSUPPORTED for a format that can't be read,
 * UL_ERROR_CORRUPT for an archive that is damaged or ends early. */
gboolean ul_from_tar (const UlIntake *self, const UlTarOptions *options, const char *path,
                      UlTree *root, GError **error);

G_END_DECLS
