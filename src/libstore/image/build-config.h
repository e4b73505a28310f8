// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/checksum.h"
#include "core/oci-platform.h"

/* The config of an image that is built: what it's to run and how, of the image that it stands on, a
 * user's document and single settings, each over those before. Its rootfs and history are the
 * builder's. The same input gives the same bytes. Source: the OCI image specification 1.1,
 * config.md. */

G_BEGIN_DECLS

/* NULL for what isn't said. Lists are NULL-terminated; their elements replace those of the same
 * name, and stand beside others. */
typedef struct
{
  GBytes *document; /* a config as a whole; created, rootfs and history in it don't count */
  const UlOciPlatform *default_platform; /* where nothing else says one; has to be there */
  const UlOciPlatform *platform;
  const char *author;
  const char *user;
  const char *workdir;
  const char *stop_signal;
  char **entrypoint; /* as a whole; empty: none, which also drops the Cmd of what it stands on */
  char **cmd;        /* as a whole; empty: none */
  char **env;        /* NAME=VALUE */
  char **labels;     /* NAME=VALUE */
  char **ports;      /* PORT[/PROTOCOL] */
  char **volumes;    /* paths */
} UlImageSettings;

/* A layer on top of those that are there. */
typedef struct
{
  UlChecksum diff_id;
  gint64 created; /* seconds since 1970 */
  char *comment;  /* for the history; NULL: none */
} UlBuiltLayer;

/* UL_ERROR_INVALID for settings that can't be, UL_ERROR_CORRUPT for a document that can't. @base:
 * the config of what it stands on, or NULL. @layers: of UlBuiltLayer, the lowest first. @created:
 * of the whole image. */
GBytes *ul_build_config_make (GBytes *base, const UlImageSettings *settings, const GArray *layers,
                              gint64 created, GError **error);

G_END_DECLS
