// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "build/graft.h"
#include "build/intake.h"

/* A graft into a tree. Private to build/. */

G_BEGIN_DECLS

typedef enum
{
  UL_GRAFT_DIR,
  UL_GRAFT_DATA,
  UL_GRAFT_SYMLINK,
  UL_GRAFT_FILE,
  UL_GRAFT_TREE,
} UlGraftKind;

typedef struct
{
  UlGraftKind kind;
  char *path;
  GBytes *data;      /* UL_GRAFT_DATA */
  char *target;      /* UL_GRAFT_SYMLINK */
  UlChecksum object; /* UL_GRAFT_FILE; contents of UL_GRAFT_TREE */
  UlChecksum meta;   /* UL_GRAFT_TREE */
  UlGraftForm form;
} UlGraftEntry;

struct _UlGraft
{
  GArray *entries;  /* of UlGraftEntry */
  GPtrArray *empty; /* char *: paths */
  char **unless;    /* NULL: none */
};

/* The modifier changes what is laid, but its skip list isn't asked: a part of it would be of no
 * use. An opaque directory that can't be stored as one is UL_ERROR_UNSUPPORTED. */
gboolean ul_from_graft (const UlIntake *self, const UlGraft *graft, UlTree *root, GError **error);

G_END_DECLS
