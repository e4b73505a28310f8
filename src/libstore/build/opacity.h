// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "build/commit.h"
#include "util/sight.h"

/* What a source directory's xattrs say about the whiteouts in it and below. Private to build/. */

G_BEGIN_DECLS

typedef struct
{
  gboolean opaque;          /* hides all that lower directories have */
  gboolean xattr_whiteouts; /* whiteouts in it may be files with an xattr */
} UlOpacity;

/* @xattrs: a(ayay) as read from the directory. */
void ul_opacity_read (GVariant *xattrs, UlOpacity *out);

/* An opaque directory that comes out as a plain one lets deleted files reappear, so with
 * retarget_whiteouts it's an error where it can't be stored, or where a directory of @uid could be
 * opaque unseen. */
gboolean ul_opacity_check (const UlOpacity *self, const UlModifier *modifier, UlSight sight,
                           uid_t uid, GError **error);

/* The error for a directory whose opaque xattr can't be stored. Always FALSE. */
gboolean ul_opacity_refuse (GError **error);

G_END_DECLS
