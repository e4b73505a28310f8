// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/checksum.h"
#include "image/members.h"

/* The program skopeo as the way to a registry, and to podman's storage, so that credentials,
 * certificates, mirrors and policies about signatures are those that users have configured
 * (containers-auth.json(5), containers-registries.conf(5), containers-policy.json(5)). Documents
 * come from `skopeo inspect
 * --raw`, byte for byte; blobs through pipes from `skopeo experimental-image-proxy`. Any thread.
 * Learnt from skopeo 1.9.3, protocol 0.2.3. */

G_BEGIN_DECLS

typedef struct
{
  const char *authfile;  /* NULL: skopeo's default */
  const char *cert_dir;  /* NULL: skopeo's default */
  gboolean insecure_tls; /* over HTTP, or with certificates that nobody knows */
  const char *policy;    /* the file with the policy about signatures; NULL: there's none */
} UlSkopeoOptions;

/* The manifest or index that @location ("docker://...", "containers-storage:...") stands for.
 * UL_ERROR_UNSUPPORTED where skopeo isn't installed; its own words where it fails. */
gboolean ul_skopeo_read_manifest (const char *location, const UlSkopeoOptions *options,
                                  GBytes **out, GError **error);

#define UL_SKOPEO_ANY_SIZE G_MAXUINT64

/* A blob of the image at @location: a pipe, of which @size bytes come if all goes well, as done ()
 * then says; with UL_SKOPEO_ANY_SIZE as many as skopeo says before. A storage has layers unpacked,
 * by their diff IDs. Each has a process of its own, as one that waits for a blob hears nothing
 * else; what that leaves behind is below @tmp_dfd (-1: where skopeo has it), and goes with the
 * extent. */
gboolean ul_skopeo_open_blob (const char *location, const UlSkopeoOptions *options,
                              const UlChecksum *digest, guint64 size, int tmp_dfd, UlExtent *out,
                              GError **error);

/* One that is a document of at most @max bytes. */
gboolean ul_skopeo_read_blob (const char *location, const UlSkopeoOptions *options,
                              const UlChecksum *digest, guint64 size, int tmp_dfd, gsize max,
                              GBytes **out, GError **error);

/* Copy the image at @location, by its manifest and not by an index, to the directory @dir, in the
 * form of skopeo's transport dir:, byte for byte, if the policy allows it. */
gboolean ul_skopeo_pull (const char *location, int dir, const UlSkopeoOptions *options,
                         GError **error);

/* Copy the image in the directory @dir, which is as skopeo's transport dir: has it, to @location,
 * byte for byte. The policy isn't asked: it's about what is taken from others. */
gboolean ul_skopeo_push (int dir, const char *location, const UlSkopeoOptions *options,
                         GError **error);

G_END_DECLS
