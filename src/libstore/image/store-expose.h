// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "image/store.h"
#include "overlay/subids.h"

/* A store for one user's rootless containers: mounted a second time, read-only, with what is root's
 * shown as the user's, and all other owners as the user's subordinate ids. That way they are what
 * they should be in the user's containers, and nothing is copied. The store itself may be closed to
 * the user. One thread at a time. */

G_BEGIN_DECLS

typedef struct
{
  char *store;     /* absolute, without symlinks */
  char *directory; /* the same: where it is mounted */
  UlUser *user;
  UlIdMap *map;
  gboolean mounted;    /* it is there already */
  GArray *hidden_uids; /* guint32, ascending: owners in layers that the user has no ids for */
  GArray *hidden_gids;
  int store_dfd;
  int dfd; /* of the directory */
} UlStoreExposure;

/* Look whether @store can be shown at @directory to @user (a name, or uid), which is an empty
 * directory that the user can get to, or has the same there already. No symlinks lead there, as
 * somebody else may change these. UL_ERROR_INVALID, UL_ERROR_EXISTS. */
UlStoreExposure *ul_store_exposure_new (const UlStore *store, const char *user,
                                        const char *directory, GError **error);
void ul_store_exposure_free (UlStoreExposure *exposure);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlStoreExposure, ul_store_exposure_free)

/* Mount it, unless it is there. UL_ERROR_UNSUPPORTED. */
gboolean ul_store_expose (const UlStoreExposure *exposure, GError **error);

/* Unmount what was mounted so at @directory, or only look with @dry_run. *out_found: it was there.
 * A mount of another kind stays, UL_ERROR_INVALID. */
gboolean ul_store_unexpose (const char *directory, gboolean dry_run, gboolean *out_found,
                            GError **error);

/* The unit of systemd that does it at each start, before users can log in: a service, as mount(8)
 * knows such mounts only since util-linux 2.39. Its ids are looked up each time. */

/* "underlay-expose-DIRECTORY.service", escaped as systemd has it. UL_ERROR_INVALID if it's too
 * long.
 */
char *ul_expose_unit_name (const char *directory, GError **error);
/* @program: the absolute path of ours. */
char *ul_expose_unit_text (const UlStoreExposure *exposure, const char *program);

/* Write it to directory @units, and have it started at boot, as `systemctl enable` does. Durable on
 * return. */
gboolean ul_expose_unit_write (const char *units, const char *name, const char *text,
                               GError **error);
/* Take both away, or only look with @dry_run. *out_found: there was something. */
gboolean ul_expose_unit_remove (const char *units, const char *name, gboolean dry_run,
                                gboolean *out_found, GError **error);

G_END_DECLS
