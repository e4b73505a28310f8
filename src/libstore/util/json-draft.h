// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gio/gio.h>

/* An object of JSON that is being put together, of one that was read or of nothing. Values are
 * given as their texts. Members keep the order in which they came, new ones go behind: the same
 * steps give the same bytes.
 *
 * A @path is the names on the way to a member, NULL-terminated: {"config", "Labels", "a.b", NULL}.
 * Objects on it that aren't there are made; what is there and no object is UL_ERROR_CORRUPT, which
 * names the document and the place. One thread. */

G_BEGIN_DECLS

typedef struct _UlJsonDraft UlJsonDraft;

/* @bytes: judged as by ul_json_parse (); NULL: {}. @name is what errors call the document. */
UlJsonDraft *ul_json_draft_new (GBytes *bytes, const char *name, GError **error);
void ul_json_draft_free (UlJsonDraft *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlJsonDraft, ul_json_draft_free)

/* Is there a member @name, other than null? */
gboolean ul_json_draft_has (const UlJsonDraft *self, const char *name);

/* The member's value. */
gboolean ul_json_draft_set (UlJsonDraft *self, const char *const *path, const char *value,
                            GError **error);
/* It goes, if it's there. */
gboolean ul_json_draft_remove (UlJsonDraft *self, const char *const *path, GError **error);

/* The same with a string, and with an array of strings. */
gboolean ul_json_draft_set_string (UlJsonDraft *self, const char *const *path, const char *text,
                                   GError **error);
gboolean ul_json_draft_set_strings (UlJsonDraft *self, const char *const *path, char **texts,
                                    GError **error);

/* One more element of the array that the member is, which is made if it isn't there. */
gboolean ul_json_draft_append (UlJsonDraft *self, const char *const *path, const char *value,
                               GError **error);
/* A string in that array, in place of all that begin with the same @prefix_len bytes: where the
 * first of them is, or else behind the others. */
gboolean ul_json_draft_put_string (UlJsonDraft *self, const char *const *path, const char *text,
                                   gsize prefix_len, GError **error);

/* The members of @other as set () does, those of its objects called @inner one by one. */
gboolean ul_json_draft_merge (UlJsonDraft *self, const UlJsonDraft *other, const char *inner,
                              GError **error);

GBytes *ul_json_draft_finish (const UlJsonDraft *self);

G_END_DECLS
