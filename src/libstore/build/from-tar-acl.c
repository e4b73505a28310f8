// SPDX-License-Identifier: LGPL-2.1-or-later

/* POSIX ACLs: pax has them as text, the kernel as system.posix_acl_access and _default: a version
 * (u32 2), then for each entry its tag and permissions (u16) and id (u32), all little-endian,
 * ordered by tag and id. Source: linux/posix_acl_xattr.h. */

#include "build/from-tar-entry.h"

#include <string.h>

#include "util/error.h"

#define ACL_VERSION 2
#define NO_ID       G_MAXUINT32

typedef enum
{
  TAG_USER_OBJ = 0x01,
  TAG_USER = 0x02,
  TAG_GROUP_OBJ = 0x04,
  TAG_GROUP = 0x08,
  TAG_MASK = 0x10,
  TAG_OTHER = 0x20,
} Tag;

typedef struct
{
  Tag tag;
  guint16 perm;
  guint32 id;
} AclEntry;

static int
compare_entries (gconstpointer a, gconstpointer b)
{
  const AclEntry *x = a;
  const AclEntry *y = b;
  if (x->tag != y->tag)
    return x->tag < y->tag ? -1 : 1;
  return x->id < y->id ? -1 : x->id > y->id;
}

static gboolean
tag_of (int tag, Tag *out)
{
  static const struct
  {
    int theirs;
    Tag ours;
  } tags[] = {
    { ARCHIVE_ENTRY_ACL_USER_OBJ, TAG_USER_OBJ },   { ARCHIVE_ENTRY_ACL_USER, TAG_USER },
    { ARCHIVE_ENTRY_ACL_GROUP_OBJ, TAG_GROUP_OBJ }, { ARCHIVE_ENTRY_ACL_GROUP, TAG_GROUP },
    { ARCHIVE_ENTRY_ACL_MASK, TAG_MASK },           { ARCHIVE_ENTRY_ACL_OTHER, TAG_OTHER },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (tags); i++)
    if (tags[i].theirs == tag)
      {
        *out = tags[i].ours;
        return TRUE;
      }
  return FALSE;
}

static gboolean
add_entry (GArray *entries, int permset, int tag, int id, const char *name, GError **error)
{
  AclEntry entry = {
    .perm = (guint16) (((permset & ARCHIVE_ENTRY_ACL_READ) != 0 ? 4 : 0)
                       | ((permset & ARCHIVE_ENTRY_ACL_WRITE) != 0 ? 2 : 0)
                       | ((permset & ARCHIVE_ENTRY_ACL_EXECUTE) != 0 ? 1 : 0)),
    .id = NO_ID,
  };
  if (!tag_of (tag, &entry.tag))
    return ul_throw (error, UL_ERROR_UNSUPPORTED, "an ACL that is none of POSIX");
  if (entry.tag == TAG_USER || entry.tag == TAG_GROUP)
    {
      /* Whom a name means is another question on each host. */
      if (id < 0)
        return ul_throw (error, UL_ERROR_UNSUPPORTED,
                         "the ACL names %s without a number; archive it with --numeric-owner or "
                         "--xattrs",
                         name != NULL && *name != '\0' ? name : "somebody");
      entry.id = (guint32) id;
    }
  g_array_append_val (entries, entry);
  return TRUE;
}

static void
append_le (GByteArray *bytes, guint32 value, guint len)
{
  for (guint i = 0; i < len; i++)
    {
      const guint8 byte = (guint8) (value >> (8 * i));
      g_byte_array_append (bytes, &byte, 1);
    }
}

static GByteArray *
to_kernel (GArray *entries)
{
  GByteArray *bytes = g_byte_array_new ();
  append_le (bytes, ACL_VERSION, 4);
  for (guint i = 0; i < entries->len; i++)
    {
      const AclEntry *entry = &g_array_index (entries, AclEntry, i);
      append_le (bytes, entry->tag, 2);
      append_le (bytes, entry->perm, 2);
      append_le (bytes, entry->id, 4);
    }
  return bytes;
}

static void
apply_mask (GArray *entries, guint32 *mode)
{
  for (guint i = 0; i < entries->len; i++)
    {
      const AclEntry *entry = &g_array_index (entries, AclEntry, i);
      if (entry->tag == TAG_MASK)
        *mode = (*mode & ~(guint32) 0070) | (guint32) entry->perm << 3;
    }
}

gboolean
ul_tar_acl_read (const UlArchive *lib, struct archive_entry *entry, int type, GByteArray **out,
                 guint32 *mode, GError **error)
{
  *out = NULL;
  if ((lib->archive_entry_acl_types (entry) & ARCHIVE_ENTRY_ACL_TYPE_NFS4) != 0)
    return ul_throw (error, UL_ERROR_UNSUPPORTED, "an NFSv4 ACL");
  if (lib->archive_entry_acl_reset (entry, type) == 0)
    return TRUE;
  g_autoptr (GArray) entries = g_array_new (FALSE, FALSE, sizeof (AclEntry));
  int got_type, permset, tag, id;
  const char *name;
  while (lib->archive_entry_acl_next (entry, type, &got_type, &permset, &tag, &id, &name)
         == ARCHIVE_OK)
    if (!add_entry (entries, permset, tag, id, name, error))
      return FALSE;
  const gboolean is_access = type == ARCHIVE_ENTRY_ACL_TYPE_ACCESS;
  /* User, group and others of an access ACL are the mode. */
  if (entries->len == 0 || (is_access && entries->len <= 3))
    return TRUE;
  g_array_sort (entries, compare_entries);
  if (is_access)
    apply_mask (entries, mode);
  *out = to_kernel (entries);
  return TRUE;
}
