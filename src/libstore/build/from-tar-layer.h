// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "build/from-tar-names.h"

/* What makes an image's layer of an archive: OCI's names for whiteouts, which speak of the layers
 * below, and what is decided by these. Private to build/. */

G_BEGIN_DECLS

typedef enum
{
  UL_TAR_LAYER_CONTENT,
  UL_TAR_LAYER_WHITEOUT, /* whatever it is: by its name it deletes another, or makes opaque */
  UL_TAR_LAYER_IGNORED,  /* AUFS's own bookkeeping */
} UlTarLayerUse;

/* UL_ERROR_UNSUPPORTED for names that would mean something else in a commit or in a layer. */
gboolean ul_tar_layer_judge (const UlTarEntry *entry, UlTarLayerUse *out, GError **error);

/* Of a whiteout, all but the path and the owner is without a meaning. */
void ul_tar_layer_make_marker (UlTarEntry *entry);

/* What the layers below have at a path. */
typedef struct
{
  /* *out_found: a directory that can be seen in the merged tree. @out_meta needs clear () then; its
   * xattrs don't say that it's opaque. "" is the root. */
  gboolean (*find_dir) (gpointer data, const char *path, gboolean *out_found, UlFileMeta *out_meta,
                        GError **error);
  gpointer data;
} UlTarBelow;

/* ul_tar_names_finish () of a layer; with NULL of a base. */
gboolean ul_tar_names_finish_layer (UlTarNames *self, const UlTarBelow *below, UlWriter *writer,
                                    GError **error);

/* For the layers above: what of a layer that is complete is at a path. */
typedef enum
{
  UL_TAR_LAYER_ABSENT, /* nothing: it's up to those below */
  UL_TAR_LAYER_DIR,
  UL_TAR_LAYER_OTHER, /* a file, or nothing and those below don't count */
} UlTarLayerFind;

/* @out_meta, for a directory, belongs to the names. */
UlTarLayerFind ul_tar_names_find_in_layer (UlTarNames *self, const char *path,
                                           const UlFileMeta **out_meta);

/* See ul_layer_has_lost_content () and ul_layer_holds_content (). */
gboolean ul_tar_names_has_replaced (const UlTarNames *self);
gboolean ul_tar_names_holds_content (UlTarNames *self, const char *path);

G_END_DECLS
