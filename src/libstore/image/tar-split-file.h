// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/tar-split-reader.h"

/* Read a gzipped tar-split from @fd, which is borrowed, from its offset on. Errors of the lines are
 * UL_ERROR_CORRUPT and begin with "tar-split". */

G_BEGIN_DECLS

gboolean ul_tar_split_file_read (int fd, const UlTarSplitReaderSink *sink, gpointer data,
                                 GError **error);

G_END_DECLS
