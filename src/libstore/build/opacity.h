// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "build/commit.h"

/* What a source directory's xattrs say about the whiteouts in it and below, and what of them this
 * process can see at all. Private to build/. */

G_BEGIN_DECLS

/* How much of trusted.* this process sees: that's for CAP_SYS_ADMIN in the initial user namespace,
 * whose map is the identity over all ids. */
typedef enum
{
  UL_SIGHT_ALL,
  UL_SIGHT_NONE,         /* and root's directories may have some */
  UL_SIGHT_IN_NAMESPACE, /* as root of a user namespace: what root made is not among its ids */
} UlSight;

typedef struct
{
  gboolean opaque;          /* hides all that lower directories have */
  gboolean xattr_whiteouts; /* whiteouts in it may be files with an xattr */
} UlOpacity;

UlSight ul_sight_find (void);

/* @xattrs: a(ayay) as read from the directory. */
void ul_opacity_read (GVariant *xattrs, UlOpacity *out);

/* An opaque directory that comes out as a plain one lets deleted files reappear, so with
 * retarget_whiteouts it's an error where it can't be stored, or where a directory of @uid could be
 * opaque unseen. */
gboolean ul_opacity_check (const UlOpacity *self, const UlModifier *modifier, UlSight sight,
                           uid_t uid, GError **error);

G_END_DECLS
