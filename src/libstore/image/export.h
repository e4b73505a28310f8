// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/checksum.h"
#include "image/skopeo.h"
#include "repo/repo.h"
#include "util/progress.h"

/* An image of a repository as other tools read it: manifest and config byte for byte as they came,
 * and the layers' blobs, where they can be made again (image/layer-pack.h). A layer that can't is
 * packed anew, and then its digest and size change in the manifest; a manifest of Docker's gets
 * OCI's media types where it goes into a layout. Nothing else changes. A registry is offered the
 * image as it was first: layers that it has needn't be made at all. */

G_BEGIN_DECLS

typedef struct
{
  gboolean exact;  /* fail rather than change the manifest */
  gboolean repack; /* pack layers the first way, be it the one that gives the digest or not */
  UlSkopeoOptions skopeo; /* for a registry; its policy isn't asked */
  guint jobs;             /* 0: all CPUs */
  UlProgress *progress;
} UlImageExportOptions;

typedef struct
{
  UlChecksum manifest;   /* digest of what was written */
  UlChecksum original;   /* of the image; the same but for what follows */
  gboolean converted;    /* the manifest from Docker's words to OCI's */
  guint layers;          /* that it has */
  guint layers_changed;  /* of these, packed anew */
  guint64 bytes_written; /* of blobs of layers that weren't there */
} UlImageExportResult;

/* Export image @name (in full) to @location: oci:DIR[:TAG], a layout, which is made or gets one
 * more image (image/layout-writer.h), oci-archive:FILE[:TAG], a new tar of one, or
 * docker://NAME[:TAG], a registry, through skopeo. Durable on return, in a layout or archive.
 * Nobody sees anything of an image that fails, though blobs of it may stay. UL_ERROR_UNSUPPORTED
 * with @exact for an image that can't be the same; else the errors of ul_image_load (),
 * ul_layer_tar_write () and the layout's. */
gboolean ul_image_export (UlRepo *repo, const char *name, const char *location,
                          const UlImageExportOptions *options, UlImageExportResult *out_result,
                          GError **error);

G_END_DECLS
