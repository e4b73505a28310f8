// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "build/commit.h"
#include "repo/guess.h"
#include "util/stream.h"

/* A layer of an image, which is a tar with OCI's whiteouts, into a tree of its own: what an
 * overlay's directory would be, with markers for deleted names. First read (), which any thread may
 * do for any layer, as it comes; then finish (), in order from the lowest, because what lies below
 * decides a little: whether a whiteout hides anything, and what a directory is that the layer has
 * no entry for. The rules are in docs/design/images.md, "A layer as a tree".
 *
 * About 150 bytes an entry until free. A layer belongs to one thread at a time. */

G_BEGIN_DECLS

typedef struct
{
  UlTransaction *transaction;
  /* Devices, FIFOs and sockets: all of them are listed in an error, or left out. */
  UlDevicePolicy devices;
  guint jobs;           /* threads that hash and store beside the one that reads; 1: none */
  UlProgress *progress; /* may be NULL */
  UlGuess *guess;       /* what its large files probably are; NULL: no idea */
} UlLayerOptions;

typedef struct _UlLayer UlLayer;

/* Read a layer up to the end of its archive, behind which the stream may go on. All its files are
 * stored, staged, on return. UL_ERROR_CORRUPT, UL_ERROR_UNSUPPORTED, UL_ERROR_INVALID for what
 * can't be a layer or can't be stored, or the stream's own errors. @options: copied; its
 * transaction lives until free, its guess until return. */
UlLayer *ul_layer_read (const UlLayerOptions *options, const UlStream *stream, GError **error);

/* One that was stored before: the tree of @commit. */
UlLayer *ul_layer_load (UlRepo *repo, const UlChecksum *commit, GError **error);
/* What it lies on, as for finish (): to be said before a layer above is finished. */
void ul_layer_set_below (UlLayer *self, UlLayer *below);

void ul_layer_free (UlLayer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlLayer, ul_layer_free)

/* Complete a layer that was read. @below: the one right below, complete, which stays until nothing
 * above it has to be finished; NULL for a base. All of the tree is stored, staged, on return. */
gboolean ul_layer_finish (UlLayer *self, UlLayer *below, UlWriter *writer, UlChecksum *out_contents,
                          UlChecksum *out_meta, GError **error);

/* Has the archive content that may be in no file of the tree, as a later entry of the same name
 * replaced it, or it was left out? */
gboolean ul_layer_has_lost_content (const UlLayer *self);

/* Is the content of the last entry called @path (normal: "a/b"), of a layer that was read here,
 * what the tree has there, or will have? FALSE: it's to be kept elsewhere. */
gboolean ul_layer_holds_content (const UlLayer *self, const char *path);

G_END_DECLS
