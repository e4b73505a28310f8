// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/store-verify-private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "core/whiteout.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/xattr.h"

/* Deeper trees aren't looked at: each level has a descriptor open. */
#define MAX_DEPTH 256

typedef struct
{
  UlStoreVerify *verify;
  const char *object;
  GString *path; /* of the directory that is being read */
} Walk;

static void
add (const Walk *walk, UlStoreFaultCode code, const char *name, const char *text)
{
  g_autofree char *path = g_strdup_printf ("%s%s%s", walk->path->str, name != NULL ? "/" : "",
                                           name != NULL ? name : "");
  g_autofree char *shown = ul_json_shown (path);
  ul_store_verify_add (walk->verify, code, walk->object, "%s: %s", shown, text);
}

/* Rootless containers read only the one xattr, root's only the other. Which of them a store needs
 * that isn't shared, depends on whose it is. */
static gboolean
verify_opacity (const Walk *walk, int fd, GError **error)
{
  gboolean trusted = FALSE;
  gboolean user;
  if (!walk->verify->sees_trusted || !ul_store_is_shared (walk->verify->store))
    return TRUE;
  if (!ul_xattr_has_fd (fd, UL_WHITEOUT_OPAQUE_TRUSTED, &trusted, error)
      || !ul_xattr_has_fd (fd, UL_WHITEOUT_OPAQUE_USER, &user, error))
    return FALSE;
  if (trusted != user)
    add (walk, UL_STORE_FAULT_OPAQUE, NULL,
         trusted ? "opaque only to root's containers, without " UL_WHITEOUT_OPAQUE_USER
                 : "opaque only to users' containers, without " UL_WHITEOUT_OPAQUE_TRUSTED);
  return TRUE;
}

UlWhiteoutKind
ul_store_marker_of (const char *name, const struct stat *st, const char **out_name)
{
  UlWhiteoutKind kind;
  if (!ul_whiteout_decode (UL_WHITEOUT_LAYER, name, S_ISREG (st->st_mode) && st->st_size == 0,
                           &kind, out_name, NULL)
      || (kind == UL_WHITEOUT_DELETED && ul_whiteout_may_be_marker (UL_WHITEOUT_LAYER, *out_name)))
    return UL_WHITEOUT_NONE;
  return kind;
}

/* overlayfs knows the form with xattrs, the library's diff doesn't. */
static gboolean
verify_file (const Walk *walk, int dfd, const char *name, const struct stat *st, GError **error)
{
  gboolean trusted;
  gboolean user;
  const char *deleted;
  if (ul_whiteout_may_be_marker (UL_WHITEOUT_LAYER, name))
    {
      add (walk, UL_STORE_FAULT_WHITEOUT_FILE, name, "a layer's whiteout as a file");
      ul_store_verify_set_repairable (walk->verify,
                                      ul_store_marker_of (name, st, &deleted) != UL_WHITEOUT_NONE);
    }
  if (!S_ISREG (st->st_mode) || st->st_size > 0)
    return TRUE;
  if (ul_whiteout_may_be_marker (UL_WHITEOUT_COMMIT, name))
    add (walk, UL_STORE_FAULT_WHITEOUT_FILE, name,
         "a commit's whiteout as a file, for want of checkout --process-passthrough-whiteouts");
  if (!ul_xattr_has_at (dfd, name, UL_WHITEOUT_XATTR_TRUSTED, &trusted, error)
      || !ul_xattr_has_at (dfd, name, UL_WHITEOUT_XATTR_USER, &user, error))
    return FALSE;
  if (trusted || user)
    add (walk, UL_STORE_FAULT_WHITEOUT_XATTR, name, "a whiteout by xattr");
  return TRUE;
}

static gboolean walk_dir (Walk *walk, int dfd, const char *name, guint depth, GError **error);

static gboolean
verify_name (Walk *walk, int dfd, const char *name, guint depth, GError **error)
{
  struct stat st;
  if (fstatat (dfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
    return ul_throw_errno (error, "stat %s/%s", walk->path->str, name);
  return S_ISDIR (st.st_mode) ? walk_dir (walk, dfd, name, depth + 1, error)
                              : verify_file (walk, dfd, name, &st, error);
}

static gboolean
read_names (Walk *walk, DIR *dir, guint depth, GError **error)
{
  struct dirent *entry;
  while ((errno = 0, entry = readdir (dir)) != NULL)
    if (!g_str_equal (entry->d_name, ".") && !g_str_equal (entry->d_name, "..")
        && !verify_name (walk, dirfd (dir), entry->d_name, depth, error))
      return FALSE;
  return errno == 0 || ul_throw_errno (error, "read %s", walk->path->str);
}

static gboolean
walk_dir (Walk *walk, int dfd, const char *name, guint depth, GError **error)
{
  int fd = -1;
  const gsize len = walk->path->len;
  if (depth > MAX_DEPTH)
    return ul_throw (error, UL_ERROR_UNSUPPORTED, "%s: too deep", walk->path->str);
  if (!ul_fd_open_dir_at (dfd, name, FALSE, &fd, error))
    return FALSE;
  if (depth > 0)
    g_string_append_printf (walk->path, "/%s", name);
  DIR *dir = fdopendir (fd);
  if (dir == NULL)
    {
      ul_throw_errno (error, "read %s", walk->path->str);
      close (fd);
      return FALSE;
    }
  const gboolean ok = verify_opacity (walk, fd, error) && read_names (walk, dir, depth, error);
  closedir (dir);
  g_string_truncate (walk->path, len);
  return ok;
}

gboolean
ul_store_verify_diff (UlStoreVerify *self, int dfd, const char *object, GError **error)
{
  g_autoptr (GString) path = g_string_new ("diff");
  Walk walk = { .verify = self, .object = object, .path = path };
  return walk_dir (&walk, dfd, "diff", 0, error);
}
