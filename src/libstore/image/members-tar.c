// SPDX-License-Identifier: LGPL-2.1-or-later

/* Where the files of a tar are. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "core/tar-frame.h"
#include "image/members-private.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/interrupt.h"
#include "util/tar.h"
#include "util/tmpfile.h"
#include "util/unpack.h"

#define BUFFER       (256 * 1024)
#define MAX_SYMLINKS 8

static void
member_free (gpointer data)
{
  UlMember *member = data;
  g_free (member->target);
  g_free (member);
}

static int
compare_names (gconstpointer a, gconstpointer b, G_GNUC_UNUSED gpointer data)
{
  return strcmp (a, b);
}

/* From the top of the tar, without `.` and `..`; NULL for one that leads out of it. */
static char *
normalize (const char *dir, const char *path)
{
  g_autofree char *whole
      = *path == '/' || dir == NULL ? g_strdup (path) : g_build_filename (dir, path, NULL);
  g_auto (GStrv) names = g_strsplit (whole, "/", -1);
  g_autoptr (GPtrArray) kept = g_ptr_array_new ();
  for (char **name = names; *name != NULL; name++)
    if (g_str_equal (*name, ".."))
      {
        if (kept->len == 0)
          return NULL;
        g_ptr_array_set_size (kept, (int) kept->len - 1);
      }
    else if (**name != '\0' && !g_str_equal (*name, "."))
      g_ptr_array_add (kept, *name);
  g_ptr_array_add (kept, NULL);
  return g_strjoinv ("/", (char **) kept->pdata);
}

typedef struct
{
  UlMembers *members;
  guint64 position; /* of what is pushed next */
  UlMember *last;   /* waits for its offset, or NULL */
  gboolean is_link; /* the entry that comes is one */
} Scan;

/* Takes @member; *out_kept (may be NULL): the table has it. */
static gboolean
add (Scan *scan, const char *name, UlMember *member, gboolean *out_kept, GError **error)
{
  GTree *files = scan->members->files;
  char *normal = normalize (NULL, name);
  const gboolean kept = normal != NULL;
  if (kept)
    g_tree_replace (files, normal, member);
  else
    member_free (member); /* nobody can ask for it */
  if (out_kept != NULL)
    *out_kept = kept;
  return g_tree_nnodes (files) <= UL_MEMBERS_MAX
         || ul_throw (error, UL_ERROR_UNSUPPORTED, "more than %d files", UL_MEMBERS_MAX);
}

static gboolean
see_link (const char *name, const char *target, gboolean is_hard, gpointer data, GError **error)
{
  Scan *scan = data;
  /* A symlink goes on from where it is, a hardlink from the top. */
  g_autofree char *dir = is_hard ? g_strdup (".") : g_path_get_dirname (name);
  UlMember *member = g_new0 (UlMember, 1);
  scan->is_link = TRUE;
  if (target != NULL)
    member->target = normalize (g_str_equal (dir, ".") ? NULL : dir, target);
  /* One that leads out is found, and refused then. */
  if (member->target == NULL)
    member->target = g_strdup ("..");
  return add (scan, name, member, NULL, error);
}

static gboolean
see_entry (const char *name, guint64 size, gpointer data, GError **error)
{
  Scan *scan = data;
  const gboolean is_link = scan->is_link;
  scan->is_link = FALSE;
  scan->last = NULL;
  if (is_link || g_str_has_suffix (name, "/"))
    return TRUE;
  UlMember *member = g_new0 (UlMember, 1);
  gboolean kept;
  member->size = size;
  if (!add (scan, name, member, &kept, error))
    return FALSE;
  scan->last = kept && size > 0 ? member : NULL;
  return TRUE;
}

/* Read headers, and step over what is between them. Content begins where a block does: nothing may
 * be pushed beyond such a place before it's known whether it comes. */
static gboolean
scan_all (Scan *scan, UlTarFrame *frame, GError **error)
{
  g_autofree guint8 *buffer = g_malloc (BUFFER);
  for (;;)
    {
      gsize n;
      if (!ul_interrupt_check (error)
          || !ul_fd_read_at (scan->members->fd, buffer, BUFFER, scan->position, NULL, &n, error))
        return FALSE;
      if (n == 0)
        return ul_tar_frame_finish (frame, error);
      guint64 skip = 0;
      for (gsize at = 0; at < n && skip == 0;)
        {
          const gsize block = MIN (UL_TAR_BLOCK - scan->position % UL_TAR_BLOCK, n - at);
          if (!ul_tar_frame_push (frame, buffer + at, block, error))
            return FALSE;
          at += block;
          scan->position += block;
          skip = ul_tar_frame_skip (frame);
          if (skip > 0 && scan->last != NULL)
            scan->last->offset = scan->position;
        }
      scan->position += skip;
    }
}

static gboolean
scan_tar (UlMembers *self, GError **error)
{
  static const UlTarFrameSink sink = {
    .entry = see_entry,
    .link = see_link,
  };
  Scan scan = { .members = self };
  g_autoptr (UlTarFrame) frame = ul_tar_frame_new (&sink, &scan);
  /* Not a hash table: names may be chosen to have the same hash. */
  self->files = g_tree_new_full (compare_names, NULL, g_free, member_free);
  return scan_all (&scan, frame, error);
}

static gboolean
unpack_to (int from, int to, GError **error)
{
  g_autoptr (UlFdStream) packed = ul_fd_stream_new (from);
  const UlStream stream = ul_fd_stream (packed);
  g_autoptr (UlUnpack) unpack = ul_unpack_new (&stream, error);
  const guint8 *bytes = NULL;
  gsize n = 0;
  if (unpack == NULL)
    return FALSE;
  do
    if (!ul_unpack_read (unpack, &bytes, &n, error)
        || (n > 0 && !ul_fd_write_all (to, bytes, n, "temporary file", error)))
      return FALSE;
  while (n > 0);
  return TRUE;
}

/* What can't be read at any place as it is, is put where it can. */
static gboolean
make_seekable (int *fd, int tmp_dfd, GError **error)
{
  g_auto (UlTmpFile) tmp = UL_TMP_FILE_INIT;
  ul_autofd int place
      = tmp_dfd < 0 ? open (g_get_tmp_dir (), O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
  if (tmp_dfd < 0 && place < 0)
    return ul_throw_errno (error, "open %s", g_get_tmp_dir ());
  if (!ul_tmp_file_open (&tmp, tmp_dfd < 0 ? place : tmp_dfd, TRUE, 0600, error)
      || !unpack_to (*fd, tmp.fd, error))
    return FALSE;
  ul_fd_clear (fd);
  *fd = fcntl (tmp.fd, F_DUPFD_CLOEXEC, 3);
  return *fd >= 0 || ul_throw_errno (error, "dup");
}

/* Is it a regular file that begins as a tar does? */
static gboolean
is_plain_tar (int fd, gboolean *out, GError **error)
{
  struct stat st;
  guint8 block[512];
  gsize n = 0;
  if (fstat (fd, &st) != 0)
    return ul_throw_errno (error, "stat");
  if (S_ISDIR (st.st_mode))
    {
      errno = EISDIR;
      return ul_throw_errno (error, "open");
    }
  *out = S_ISREG (st.st_mode) && lseek (fd, 0, SEEK_CUR) == 0;
  if (!*out)
    return TRUE;
  if (!ul_fd_read_at (fd, block, sizeof block, 0, NULL, &n, error))
    return FALSE;
  *out = n == sizeof block && memcmp (block + 257, "ustar", 5) == 0;
  return TRUE;
}

static int
open_input (const char *path)
{
  return g_str_equal (path, "-") ? fcntl (STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                                 : open (path, O_RDONLY | O_CLOEXEC);
}

static gboolean
open_tar (UlMembers *self, int tmp_dfd, GError **error)
{
  gboolean plain;
  self->fd = open_input (self->path);
  if (self->fd < 0)
    return ul_throw_errno (error, "open");
  return is_plain_tar (self->fd, &plain, error)
         && (plain || make_seekable (&self->fd, tmp_dfd, error)) && scan_tar (self, error);
}

UlMembers *
ul_members_open_tar (const char *path, int tmp_dfd, GError **error)
{
  g_autoptr (UlMembers) self = g_new0 (UlMembers, 1);
  self->fd = -1;
  self->path = g_strdup (path);
  if (!open_tar (self, tmp_dfd, error))
    {
      ul_prefix (error, "%s", g_str_equal (path, "-") ? "standard input" : path);
      return NULL;
    }
  return g_steal_pointer (&self);
}

gboolean
ul_members_find_in_tar (const UlMembers *self, const char *name, const UlMember **out,
                        GError **error)
{
  g_autofree char *normal = normalize (NULL, name);
  const UlMember *member = normal != NULL ? g_tree_lookup (self->files, normal) : NULL;
  for (int hops = 0; member != NULL && member->target != NULL; hops++)
    {
      if (hops == MAX_SYMLINKS || g_str_equal (member->target, ".."))
        return ul_throw (error, UL_ERROR_CORRUPT, "%s: its link leads nowhere", name);
      member = g_tree_lookup (self->files, member->target);
    }
  *out = member;
  return TRUE;
}
