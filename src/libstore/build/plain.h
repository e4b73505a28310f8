// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "repo/transaction.h"

/* A commit that keeps a few files: 0:0, 0644, in a directory 0755, without xattrs and without a
 * parent. The same files and metadata give the same commit. */

G_BEGIN_DECLS

typedef struct
{
  const char *name;
  UlSource source;
} UlPlainFile;

/* @metadata: a{sv}, a floating reference is consumed; NULL: none. Staged on return. */
gboolean ul_plain_commit (UlTransaction *transaction, UlWriter *writer, const UlPlainFile *files,
                          gsize n_files, GVariant *metadata, gint64 timestamp, UlChecksum *out,
                          GError **error);

G_END_DECLS
