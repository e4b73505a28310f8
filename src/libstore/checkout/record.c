// SPDX-License-Identifier: LGPL-2.1-or-later
#include "checkout/record.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "repo/objects.h"
#include "util/error.h"
#include "util/fd.h"

#define RECORDS_DIR "state/checkouts"
#define GROUP       "checkout"
#define RECORD_MAX  (64 * 1024)
#define PATH_SIZE   128

#define LEFT_OVER_SECS (24 * 60 * 60)

void
ul_checkout_record_clear (UlCheckoutRecord *record)
{
  g_clear_pointer (&record->how, g_free);
}

/* What the directory is known by. */
typedef struct
{
  char path[PATH_SIZE]; /* of its record */
  char changed[64];     /* its ctime */
} Identity;

/* FALSE if it has none of its own. */
static gboolean
identify (int fd, Identity *out)
{
  struct statx stx;
  struct statfs fs;
  const unsigned mask = STATX_INO | STATX_BTIME | STATX_CTIME;
  if (statx (fd, "", AT_EMPTY_PATH | AT_STATX_SYNC_AS_STAT, mask, &stx) != 0
      || (stx.stx_mask & mask) != mask || fstatfs (fd, &fs) != 0)
    return FALSE;
  /* The identifier of the file system, not its device, which may be another after a restart. */
  snprintf (out->path, sizeof out->path,
            RECORDS_DIR "/%08x%08x-%" G_GUINT64_FORMAT "-%" G_GINT64_FORMAT ".%u",
            (guint) fs.f_fsid.__val[0], (guint) fs.f_fsid.__val[1], (guint64) stx.stx_ino,
            (gint64) stx.stx_btime.tv_sec, stx.stx_btime.tv_nsec);
  snprintf (out->changed, sizeof out->changed, "%" G_GINT64_FORMAT ".%09u",
            (gint64) stx.stx_ctime.tv_sec, stx.stx_ctime.tv_nsec);
  return TRUE;
}

static gboolean
get_checksum (GKeyFile *file, const char *key, UlChecksum *out)
{
  g_autofree char *hex = g_key_file_get_string (file, GROUP, key, NULL);
  return hex != NULL && ul_checksum_from_hex (hex, out);
}

/* The file at @path in the repository. @out_changed: NULL if there is none of it. */
static gboolean
load_at (UlRepo *repo, const char *path, gboolean *out_found, UlCheckoutRecord *out_record,
         char **out_changed, GError **error)
{
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GKeyFile) file = g_key_file_new ();
  *out_found = FALSE;
  if (!ul_fd_read_file_at (ul_repo_dfd (repo), path, RECORD_MAX, TRUE, &bytes, error))
    return FALSE;
  if (bytes == NULL || !g_key_file_load_from_bytes (file, bytes, G_KEY_FILE_NONE, NULL)
      || !get_checksum (file, "commit", &out_record->commit))
    return TRUE;
  out_record->is_pending = g_key_file_has_key (file, GROUP, "update", NULL);
  if (out_record->is_pending && !get_checksum (file, "update", &out_record->next))
    return TRUE;
  out_record->how = g_key_file_get_string (file, GROUP, "options", NULL);
  *out_changed = g_key_file_get_string (file, GROUP, "changed", NULL);
  *out_found = out_record->how != NULL;
  return TRUE;
}

gboolean
ul_checkout_record_load (UlRepo *repo, int fd, gboolean *out_found, UlCheckoutRecord *out_record,
                         GError **error)
{
  Identity identity;
  *out_found = FALSE;
  if (!identify (fd, &identity))
    return TRUE;
  g_auto (UlCheckoutRecord) record = { 0 };
  g_autofree char *changed = NULL;
  if (!load_at (repo, identity.path, out_found, &record, &changed, error))
    return FALSE;
  if (!*out_found)
    return TRUE;
  record.is_untouched = g_strcmp0 (changed, identity.changed) == 0;
  *out_record = record;
  record.how = NULL;
  return TRUE;
}

static void
set_checksum (GKeyFile *file, const char *key, const UlChecksum *checksum)
{
  char hex[UL_CHECKSUM_HEX_LEN + 1];
  ul_checksum_to_hex (checksum, hex);
  g_key_file_set_string (file, GROUP, key, hex);
}

gboolean
ul_checkout_record_store (UlRepo *repo, int fd, const UlCheckoutRecord *record, const char *shown,
                          gboolean sync, gboolean *out_kept, GError **error)
{
  Identity identity;
  *out_kept = FALSE;
  if (ul_repo_tmp_dfd (repo) < 0 || !identify (fd, &identity))
    return TRUE;
  g_autoptr (GKeyFile) file = g_key_file_new ();
  set_checksum (file, "commit", &record->commit);
  if (record->is_pending)
    set_checksum (file, "update", &record->next);
  else
    g_key_file_set_string (file, GROUP, "changed", identity.changed);
  g_key_file_set_string (file, GROUP, "options", record->how);
  g_autofree char *valid = g_utf8_make_valid (shown, -1);
  g_key_file_set_string (file, GROUP, "path", valid);
  gsize len;
  g_autofree char *text = g_key_file_to_data (file, &len, NULL);
  const int dfd = ul_repo_dfd (repo);
  if (!ul_fd_make_dirs_at (dfd, RECORDS_DIR, 0775, error)
      || !ul_fd_replace_file_at (dfd, identity.path, text, len, 0644, sync, error)
      || (sync && !ul_fd_sync_dir_at (dfd, RECORDS_DIR, error)))
    return ul_prefix (error, "note the checkout in the repository");
  *out_kept = TRUE;
  return TRUE;
}

void
ul_checkout_record_renew (int fd)
{
  struct stat st;
  /* Any change of metadata will do. Who doesn't own the directory can't, and nobody sees. */
  if (fstat (fd, &st) == 0)
    (void) fchmod (fd, st.st_mode & 07777);
}

void
ul_checkout_record_drop (UlRepo *repo, int fd)
{
  Identity identity;
  if (identify (fd, &identity))
    (void) unlinkat (ul_repo_dfd (repo), identity.path, 0);
  /* Other repositories may have one. fchmod takes no O_PATH descriptor. */
  ul_autofd int readable = openat (fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (readable >= 0)
    ul_checkout_record_renew (readable);
}

/* What isn't a record may be one that is being written, but not for that long. */
static gboolean
is_left_over (UlRepo *repo, const char *path)
{
  struct stat st;
  return fstatat (ul_repo_dfd (repo), path, &st, AT_SYMLINK_NOFOLLOW) == 0
         && g_get_real_time () / G_USEC_PER_SEC - st.st_mtim.tv_sec > LEFT_OVER_SECS;
}

static void
clean_one (UlRepo *repo, const char *name)
{
  g_autofree char *path = g_strconcat (RECORDS_DIR "/", name, NULL);
  g_autofree char *changed = NULL;
  g_auto (UlCheckoutRecord) record = { 0 };
  gboolean found;
  gboolean has = TRUE;
  if (!load_at (repo, path, &found, &record, &changed, NULL))
    return;
  if (found ? ul_objects_has (repo, UL_OBJECT_COMMIT, &record.commit, &has, NULL) && !has
            : is_left_over (repo, path))
    (void) unlinkat (ul_repo_dfd (repo), path, 0);
}

void
ul_checkout_record_clean (UlRepo *repo)
{
  const int fd = openat (ul_repo_dfd (repo), RECORDS_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *stream = fd >= 0 ? fdopendir (fd) : NULL;
  if (stream == NULL)
    return;
  struct dirent *found;
  while ((found = readdir (stream)) != NULL)
    if (*found->d_name != '.')
      clean_one (repo, found->d_name);
  closedir (stream);
}
