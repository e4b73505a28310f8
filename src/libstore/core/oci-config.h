// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/oci-manifest.h"

/* An image's config, as far as a tree of its layers needs it; the rest (how to run it) is for
 * others, and whoever keeps the config keeps its bytes. Source: the OCI image specification 1.1,
 * config.md. */

G_BEGIN_DECLS

#define UL_OCI_MAX_HISTORY 10000

typedef struct
{
  char *created_by; /* NULL where it isn't said; so is comment */
  char *comment;
  gint64 created; /* seconds since 1970, 0 where it isn't said */
  gboolean empty; /* changed the config only: has no layer */
} UlOciHistory;

typedef struct
{
  UlOciPlatform *platform; /* "" for what isn't said, as old images don't */
  gboolean has_created;
  gint64 created;   /* seconds since 1970; 0 if it isn't said */
  GArray *diff_ids; /* UlChecksum: of the layers' tars as they are unpacked, the lowest first */
  GArray *history;  /* UlOciHistory, the oldest first; may be empty */
} UlOciConfig;

UlOciConfig *ul_oci_config_parse (GBytes *bytes, const char *name, GError **error);
void ul_oci_config_free (UlOciConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlOciConfig, ul_oci_config_free)

/* Does it have one diff ID for each of the manifest's layers? UL_ERROR_CORRUPT if not. */
gboolean ul_oci_config_check (const UlOciConfig *config, const char *name,
                              const UlOciManifest *manifest, GError **error);

/* Does the history say of each layer where it's from? Some builders leave it out or don't keep it
 * up when they squash or rebase, and all tools take such images: so nothing but what's shown may
 * depend on it. */
gboolean ul_oci_config_history_fits (const UlOciConfig *config);

G_END_DECLS
