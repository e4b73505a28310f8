// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/checksum.h"
#include <gio/gio.h>

/* Commit objects, (a{sv}aya(say)sstayay): metadata, parent checksum (empty: none), related objects,
 * subject, body, timestamp (seconds since the epoch, UTC, big-endian), root dirtree, root dirmeta.
 * Source: ostree-core.h. */

G_BEGIN_DECLS

typedef struct
{
  GVariant *variant;  /* the whole, a reference */
  GVariant *metadata; /* a{sv}, a reference */
  GVariant *related;  /* a(say), a reference */
  gboolean has_parent;
  UlChecksum parent;   /* valid if has_parent */
  const char *subject; /* belongs to the variant, as does body */
  const char *body;
  guint64 timestamp; /* seconds since the epoch */
  UlChecksum tree;
  UlChecksum meta;
} UlCommit;

/* Validate and take apart. On success @out holds references; on failure it's untouched. */
gboolean ul_commit_parse (GVariant *variant, UlCommit *out, GError **error);
void ul_commit_clear (UlCommit *commit);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UlCommit, ul_commit_clear)

/* A commit object. @parent may be NULL; @metadata is an a{sv} (floating is consumed), NULL for
 * none; NULL subject or body mean empty. Floating. */
GVariant *ul_commit_new (GVariant *metadata, const UlChecksum *parent, const char *subject,
                         const char *body, guint64 timestamp, const UlChecksum *tree,
                         const UlChecksum *meta);

/* Well-known metadata keys. */
#define UL_COMMIT_KEY_REF_BINDING        "ostree.ref-binding"
#define UL_COMMIT_KEY_COLLECTION_BINDING "ostree.collection-binding"
#define UL_COMMIT_KEY_VERSION            "version"
#define UL_COMMIT_KEY_SIZES              "ostree.sizes"

G_END_DECLS
