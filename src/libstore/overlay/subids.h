// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "overlay/id-map.h"

/* The ids that a user's rootless containers have: the user's own as root, then those that
 * /etc/subuid and /etc/subgid (subuid(5), subgid(5)) have for the user by name or uid. podman 4.3.1
 * takes all ranges, the lowest first. One thread at a time. */

G_BEGIN_DECLS

typedef struct
{
  char *name;
  char *home;
  uid_t uid;
  gid_t gid;
} UlUser;

/* By name, or uid. UL_ERROR_NOT_FOUND. */
UlUser *ul_user_new (const char *text, GError **error);
void ul_user_free (UlUser *user);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlUser, ul_user_free)

/* Add the ranges that @bytes, the content of @file, has for @user to @ranges: `inside` is 0.
 * UL_ERROR_INVALID for a line of the user's that is none. */
gboolean ul_subids_parse (GBytes *bytes, const char *file, const UlUser *user, GArray *ranges,
                          GError **error);

/* Sort @ranges by the ids outside and count the ids inside, behind @own as 0. UL_ERROR_INVALID if
 * an id would be twice outside, or @file has none. */
gboolean ul_subids_arrange (GArray *ranges, guint32 own, const char *file, GError **error);

/* Where /etc/nsswitch.conf has another source than files, the program getsubids(1) is asked. */
UlIdMap *ul_subids_map (const UlUser *user, GError **error);

G_END_DECLS
