// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gio/gio.h>

/* Names of container images, and the refs that stand for them.
 *
 * A full name is DOMAIN/PATH:TAG or DOMAIN/PATH@sha256:HEX, as containers' tools store it; what a
 * user types may leave out most of it. The grammar is the one of container references. Learnt from
 * podman 4.3.1 (`podman tag`) and skopeo 1.9.3.
 *
 * The ref of an image is image/ and its full name, in which every byte but letters, digits, `.`,
 * `-` and `/` is written _HH_, two uppercase hex digits: image/localhost/app_3A_latest. Below
 * image/ there are other refs (image/layer/...), none of which is a name: the first part of a name
 * has a `.` or `:` or is localhost. */

G_BEGIN_DECLS

#define UL_IMAGE_REF_PREFIX "image/"

/* The full name that a user means by @text. Without a domain (a first part that has a `.` or `:`,
 * or is localhost) it is in localhost/; without tag and digest it is :latest; with both, the tag is
 * dropped; docker.io/NAME is docker.io/library/NAME. UL_ERROR_INVALID for what is no name, or has
 * no ref because a part of that would be longer than the name of a file. */
gboolean ul_image_name_normalize (const char *text, char **out, GError **error);

/* The same as Docker means it, and what speaks to registries: without a domain it's docker.io's. */
gboolean ul_image_name_normalize_docker (const char *text, char **out, GError **error);

/* DOMAIN/PATH of a full name. */
char *ul_image_name_get_repository (const char *full);

/* The ref of a full name. */
char *ul_image_name_to_ref (const char *full);

/* The full name that @ref stands for; FALSE for a ref that ul_image_name_to_ref () makes of none.
 */
gboolean ul_image_name_from_ref (const char *ref, char **out);

/* A full name for an image that was given none: @tag if it is a whole reference, as `oci:DIR:TAG`
 * may have it (it has a `/` or `:`); else localhost/ and @dir_basename in lowercase, with `-` for
 * what a name can't have, and @tag (NULL: latest). UL_ERROR_INVALID if nothing can be made of them.
 */
gboolean ul_image_name_suggest (const char *dir_basename, const char *tag, char **out,
                                GError **error);

G_END_DECLS
