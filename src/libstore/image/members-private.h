// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "image/members.h"

/* What members.c and members-tar.c share. */

G_BEGIN_DECLS

/* A file of a tar, or a link. */
typedef struct
{
  char *target; /* of a link, from the top of the tar; else NULL */
  guint64 offset;
  guint64 size;
} UlMember;

struct _UlMembers
{
  int fd;
  char *path;
  GTree *files; /* of a tar: name from its top -> UlMember; NULL: fd is a directory */
};

/* *out is NULL where there's none. */
gboolean ul_members_find_in_tar (const UlMembers *self, const char *name, const UlMember **out,
                                 GError **error);

G_END_DECLS
