// SPDX-License-Identifier: LGPL-2.1-or-later

/* What fsck makes of an object that can't be loaded or has another checksum. */

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "repo/fsck-private.h"
#include "repo/mode.h"
#include "repo/objects.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/sight.h"

static void
finding_free (gpointer data)
{
  UlFsckFinding *finding = data;
  g_free (finding->ref);
  g_free (finding->message);
  g_free (finding->source);
  g_free (finding->repair_error);
  g_array_unref (finding->commits);
  g_array_unref (finding->marked);
  g_free (finding);
}

GPtrArray *
ul_fsck_findings_new (void)
{
  return g_ptr_array_new_with_free_func (finding_free);
}

void
ul_fsck_result_clear (UlFsckResult *result)
{
  g_clear_pointer (&result->findings, g_ptr_array_unref);
  g_clear_pointer (&result->partial, g_ptr_array_unref);
  g_clear_pointer (&result->partial_by_fsck, g_ptr_array_unref);
  g_clear_pointer (&result->completed, g_ptr_array_unref);
  g_clear_pointer (&result->quarantine, g_free);
  g_clear_error (&result->mend_error);
}

static int
compare_findings (gconstpointer a, gconstpointer b)
{
  const UlFsckFinding *x = *(UlFsckFinding *const *) a;
  const UlFsckFinding *y = *(UlFsckFinding *const *) b;
  if (x->kind != y->kind)
    return (int) x->kind - (int) y->kind;
  if (x->type != y->type)
    return (int) x->type - (int) y->type;
  const int order = memcmp (&x->checksum, &y->checksum, sizeof x->checksum);
  return order != 0 ? order : g_strcmp0 (x->ref, y->ref);
}

void
ul_fsck_sort (GPtrArray *findings)
{
  g_ptr_array_sort (findings, compare_findings);
}

UlFsckFinding *
ul_fsck_find (UlFsckCheck *check, UlFsckKind kind, UlObjectType type, const UlChecksum *checksum,
              const char *ref, char *message)
{
  UlFsckFinding *finding = g_new0 (UlFsckFinding, 1);
  finding->kind = kind;
  finding->type = type;
  finding->checksum = *checksum;
  finding->ref = g_strdup (ref);
  finding->message = message;
  finding->commits = g_array_new (FALSE, FALSE, sizeof (UlChecksum));
  finding->marked = g_array_new (FALSE, FALSE, sizeof (UlChecksum));
  if (kind == UL_FSCK_BAD_BINDING
      || (type == UL_OBJECT_COMMIT
          && (kind == UL_FSCK_CORRUPT_OBJECT || kind == UL_FSCK_UNREADABLE_OBJECT)))
    g_array_append_vals (finding->commits, checksum, 1);
  g_mutex_lock (&check->lock);
  g_ptr_array_add (check->result->findings, finding);
  g_mutex_unlock (&check->lock);
  return finding;
}

/* ostree's words: "fsck content object X: cause", "fsck X.dirtree: cause". @cause may begin with
 * what was done to the object, which says no more. */
static char *
phrase (UlObjectType type, const UlChecksum *checksum, const char *cause)
{
  g_autofree char *name = ul_object_to_string (checksum, type);
  const char *end = strstr (cause, name);
  if (end != NULL && g_str_has_prefix (end + strlen (name), ": "))
    cause = end + strlen (name) + 2;
  if (type != UL_OBJECT_FILE)
    return g_strdup_printf ("fsck %s: %s", name, cause);
  g_autofree char *hex = ul_checksum_dup_hex (checksum);
  return g_strdup_printf ("fsck content object %s: %s", hex, cause);
}

/* Mode bare keeps attributes as they are: may an object have some that we don't see? */
static gboolean
may_hide_attributes (UlRepo *repo, UlObjectType type, const UlChecksum *checksum)
{
  UlRepo *home = NULL;
  if (type != UL_OBJECT_FILE || !ul_objects_find (repo, type, checksum, &home, NULL) || home == NULL
      || ul_repo_mode_ops (home)->mode != UL_REPO_MODE_BARE)
    return FALSE;
  char path[UL_OBJECT_LOOSE_PATH_MAX];
  struct stat st;
  ul_object_loose_path (checksum, type, FALSE, path);
  if (fstatat (ul_repo_objects_dfd (home), path, &st, AT_SYMLINK_NOFOLLOW) != 0)
    return FALSE;
  return ul_sight_may_hide (ul_sight_find (), st.st_uid);
}

void
ul_fsck_compare (UlFsckCheck *check, UlObjectType type, const UlChecksum *expected,
                 const UlChecksum *actual)
{
  if (ul_checksum_equal (expected, actual))
    return;
  char want[UL_CHECKSUM_HEX_LEN + 1];
  char got[UL_CHECKSUM_HEX_LEN + 1];
  ul_checksum_to_hex (expected, want);
  ul_checksum_to_hex (actual, got);
  const gboolean hidden = may_hide_attributes (check->repo, type, expected);
  g_autofree char *cause
      = hidden ? g_strdup ("the checksum differs, but may count trusted.* attributes that only "
                           "root with CAP_SYS_ADMIN can see")
               : g_strdup_printf ("Corrupted %s object; checksum expected='%s' actual='%s'",
                                  ul_object_type_name (type), want, got);
  ul_fsck_find (check, hidden ? UL_FSCK_UNREADABLE_OBJECT : UL_FSCK_CORRUPT_OBJECT, type, expected,
                NULL, phrase (type, expected, cause));
}

gboolean
ul_fsck_is_our_own (const GError *error)
{
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES)
         || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED)
         || g_error_matches (error, UL_ERROR, UL_ERROR_NO_SPACE);
}

/* The checksum of a metadata object that is broken in form: that it differs tells more than how. */
static gboolean
hash_raw (UlRepo *repo, UlObjectType type, const UlChecksum *checksum, UlChecksum *out_actual)
{
  char path[UL_OBJECT_LOOSE_PATH_MAX];
  g_autoptr (GBytes) bytes = NULL;
  UlRepo *home = NULL;
  if (type == UL_OBJECT_FILE || !ul_objects_find (repo, type, checksum, &home, NULL)
      || home == NULL)
    return FALSE;
  ul_object_loose_path (checksum, type, FALSE, path);
  if (!ul_fd_read_file_at (ul_repo_objects_dfd (home), path, UL_OBJECT_MAX_METADATA_SIZE, TRUE,
                           &bytes, NULL)
      || bytes == NULL)
    return FALSE;
  g_autoptr (UlHasher) hasher = ul_hasher_new ();
  ul_hasher_start (hasher);
  ul_hasher_update (hasher, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  ul_hasher_finish (hasher, out_actual);
  return TRUE;
}

gboolean
ul_fsck_judge (UlFsckCheck *check, UlObjectType type, const UlChecksum *checksum, GError *cause,
               GError **error)
{
  g_autoptr (GError) owned = cause;
  UlChecksum actual;
  if (ul_fsck_is_our_own (owned))
    {
      g_propagate_error (error, g_steal_pointer (&owned));
      return FALSE;
    }
  if (g_error_matches (owned, UL_ERROR, UL_ERROR_NOT_FOUND))
    {
      g_autofree char *name = ul_object_to_string (checksum, type);
      ul_fsck_find (check, UL_FSCK_MISSING_OBJECT, type, checksum, NULL,
                    g_strdup_printf ("Object missing: %s", name));
    }
  else if (owned->domain != UL_ERROR)
    ul_fsck_find (check, UL_FSCK_UNREADABLE_OBJECT, type, checksum, NULL,
                  phrase (type, checksum, owned->message));
  else if (hash_raw (check->repo, type, checksum, &actual)
           && !ul_checksum_equal (checksum, &actual))
    ul_fsck_compare (check, type, checksum, &actual);
  else
    ul_fsck_find (check, UL_FSCK_CORRUPT_OBJECT, type, checksum, NULL,
                  phrase (type, checksum, owned->message));
  return TRUE;
}
