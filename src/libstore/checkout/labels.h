// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "util/selinux.h"

/* The SELinux labels of a checkout: which path the policy is asked about. Read-only once it's set
 * up; any thread. */

G_BEGIN_DECLS

typedef struct
{
  UlSelinux *policy; /* borrowed; NULL: everything has the label that is committed */
  char *root;        /* what the policy calls the root of the checkout, without slash at its end */
  gboolean is_file;  /* that is a file: there is no other path */
} UlCheckoutLabels;

/* @policy may be NULL. @prefix: the path of what is checked out, to the policy; NULL: @subpath
 * (NULL: "/"). Without a prefix a file's name counts, so that a whiteout has that of the device. */
void ul_checkout_labels_init (UlCheckoutLabels *self, UlSelinux *policy, const char *prefix,
                              const char *subpath, gboolean is_file);
void ul_checkout_labels_clear (UlCheckoutLabels *self);

/* @stored with the label of @name in directory @dir (from the root of the checkout: "/", "/a/b"),
 * or of @dir itself if that is NULL, as a file of type @mode. What the policy has no label for
 * keeps its own. *out_xattrs is a new reference. */
gboolean ul_checkout_labels_apply (const UlCheckoutLabels *self, const char *dir, const char *name,
                                   mode_t mode, GVariant *stored, GVariant **out_xattrs,
                                   GError **error);

G_END_DECLS
