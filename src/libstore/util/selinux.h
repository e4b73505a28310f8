// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gio/gio.h>
#include <sys/types.h>

/* SELinux file contexts: which label the policy in a tree gives to a path. The only user of
 * libselinux. Nothing of the host's policy is read, and it makes no difference whether the kernel
 * has SELinux: contexts aren't validated.
 *
 * The policy's text files are read into memory, and libselinux gets them from there. So it never
 * sees the compiled file_contexts.bin beside them: that is a dump of PCRE's memory, which a hostile
 * tree could make up as it likes.
 *
 * libselinux takes a quarter of a millisecond for a path, trying thousands of expressions. Which of
 * them match at all is told by an index of ours, and it is asked once for each set of them: a few
 * hundred times for a root filesystem of any size. */

G_BEGIN_DECLS

typedef struct _UlSelinux UlSelinux;

/* Where a policy is read from. @path is relative to the tree's root; a missing file is *out_bytes
 * NULL, and one of more than @max bytes an error. */
typedef gboolean (*UlSelinuxReadFunc) (gpointer data, const char *path, gsize max,
                                       GBytes **out_bytes, GError **error);

/* @places: directories that may have the policy, tried in order for a file "config"; the type that
 * it names is a directory beside. *out_policy is NULL if none of them has one; one whose config
 * says neither enforcing nor permissive has no labels, as for OSTree. UL_ERROR_INVALID says what is
 * wrong with a policy. */
gboolean ul_selinux_load (UlSelinuxReadFunc read, gpointer data, const char *const *places,
                          UlSelinux **out_policy, GError **error);

/* The same from directory @root, in etc/selinux or else usr/etc/selinux; symlinks are followed
 * below it only. */
gboolean ul_selinux_open (const char *root, UlSelinux **out_policy, GError **error);

/* The same where there has to be one: UL_ERROR_NOT_FOUND if there is none. */
gboolean ul_selinux_require (const char *root, UlSelinux **out_policy, GError **error);

void ul_selinux_free (UlSelinux *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlSelinux, ul_selinux_free)

/* Label @from and what is below it as if it stood at @to; both are absolute. The longest @from
 * counts. For the thread that has the policy alone; UL_ERROR_INVALID. */
gboolean ul_selinux_add_equivalence (UlSelinux *self, const char *from, const char *to,
                                     GError **error);

/* @pairs: FROM, TO, FROM, TO, ..., NULL; or NULL. */
gboolean ul_selinux_add_equivalences (UlSelinux *self, const char *const *pairs, GError **error);

/* What config calls the policy ("targeted"), and SHA-256 in hex over what labels depend on. */
const char *ul_selinux_name (const UlSelinux *self);
const char *ul_selinux_checksum (const UlSelinux *self);

/* The label of the absolute @path if it is of type @mode; NULL if the policy has none for it. /proc
 * itself has that of /mnt. The string is the policy's, as long as that lives. Any thread. */
gboolean ul_selinux_lookup (UlSelinux *self, const char *path, mode_t mode, const char **out_label,
                            GError **error);

G_END_DECLS
