// SPDX-License-Identifier: LGPL-2.1-or-later
#include "repo/config.h"

#include "core/refspec.h"
#include "util/error.h"

#define DEFAULT_MIN_FREE_PERCENT 3

void
ul_repo_settings_clear (UlRepoSettings *settings)
{
  g_clear_pointer (&settings->collection_id, g_free);
  g_clear_pointer (&settings->parent, g_free);
}

static gboolean
get_string (GKeyFile *config, const char *group, const char *key, char **out, GError **error)
{
  g_autoptr (GError) cause = NULL;
  char *value = g_key_file_get_string (config, group, key, &cause);
  if (value == NULL && !g_error_matches (cause, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_KEY_NOT_FOUND)
      && !g_error_matches (cause, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_GROUP_NOT_FOUND))
    {
      g_propagate_error (error, g_steal_pointer (&cause));
      return FALSE;
    }
  *out = value;
  return TRUE;
}

static gboolean
get_bool (GKeyFile *config, const char *group, const char *key, gboolean fallback, gboolean *out,
          GError **error)
{
  g_autoptr (GError) cause = NULL;
  const gboolean value = g_key_file_get_boolean (config, group, key, &cause);
  if (g_error_matches (cause, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_KEY_NOT_FOUND)
      || g_error_matches (cause, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_GROUP_NOT_FOUND))
    {
      *out = fallback;
      return TRUE;
    }
  if (cause != NULL)
    return ul_throw (error, UL_ERROR_INVALID, "%s.%s: not true or false", group, key);
  *out = value;
  return TRUE;
}

static gboolean
get_int (GKeyFile *config, const char *group, const char *key, gint64 min, gint64 max,
         gint64 fallback, gint64 *out, GError **error)
{
  g_autofree char *text = NULL;
  if (!get_string (config, group, key, &text, error))
    return FALSE;
  if (text == NULL)
    {
      *out = fallback;
      return TRUE;
    }
  if (!g_ascii_string_to_signed (g_strstrip (text), 10, min, max, out, NULL))
    return ul_throw (error, UL_ERROR_INVALID,
                     "Invalid %s.%s '%s' (%" G_GINT64_FORMAT " to %" G_GINT64_FORMAT ")", group,
                     key, text, min, max);
  return TRUE;
}

/* "500MB", "1GB", "2TB": powers of 1024. */
static gboolean
parse_size (const char *text, guint64 *out, GError **error)
{
  char *unit = NULL;
  const guint64 n = g_ascii_strtoull (text, &unit, 10);
  const guint shift = g_str_equal (unit, "MB")   ? 20
                      : g_str_equal (unit, "GB") ? 30
                      : g_str_equal (unit, "TB") ? 40
                                                 : 0;
  if (g_ascii_isdigit (*text) && shift != 0 && n > G_MAXUINT64 >> shift)
    return ul_throw (error, UL_ERROR_INVALID, "Value was too high");
  if (unit == text || !g_ascii_isdigit (*text) || shift == 0)
    return ul_throw (error, UL_ERROR_INVALID,
                     "It should be of the form '123MB', 'GB', or 'TB', not '%s'", text);
  *out = n << shift;
  return TRUE;
}

static gboolean
parse_min_free_space (GKeyFile *config, UlRepoSettings *s, GError **error)
{
  g_autofree char *size = NULL;
  if (!get_string (config, "core", "min-free-space-size", &size, error))
    return FALSE;
  if (size != NULL && !parse_size (size, &s->min_free_space_size, error))
    return ul_prefix (error, "Invalid min-free-space-size '%s'", size);

  gint64 percent;
  const gint64 fallback = size != NULL ? 0 : DEFAULT_MIN_FREE_PERCENT;
  if (!get_int (config, "core", "min-free-space-percent", 0, 99, fallback, &percent, error))
    return FALSE;
  s->min_free_space_percent = (guint) percent;
  return TRUE;
}

/* What others rely on and only ostree does: who ignored it would leave a summary that's out of
 * date, or objects that the kernel doesn't guard. Reading is no harm. */
static gboolean
parse_unwritable (GKeyFile *config, UlRepoSettings *s, GError **error)
{
  gboolean summary;
  gboolean old_summary;
  gboolean verity;
  if (!get_bool (config, "core", "auto-update-summary", FALSE, &summary, error)
      || !get_bool (config, "core", "commit-update-summary", FALSE, &old_summary, error)
      || !get_bool (config, "ex-fsverity", "required", FALSE, &verity, error))
    return FALSE;
  s->unwritable = summary       ? "core.auto-update-summary"
                  : old_summary ? "core.commit-update-summary"
                  : verity      ? "ex-fsverity.required"
                                : NULL;
  return TRUE;
}

static gboolean
parse_identity (GKeyFile *config, UlRepoSettings *s, GError **error)
{
  g_autofree char *version = NULL;
  g_autofree char *mode = NULL;
  if (!get_string (config, "core", "repo_version", &version, error)
      || !get_string (config, "core", "mode", &mode, error)
      || !get_string (config, "core", "parent", &s->parent, error)
      || !get_string (config, "core", "collection-id", &s->collection_id, error))
    return FALSE;
  if (version == NULL || !g_str_equal (g_strstrip (version), "1"))
    return ul_throw (error, UL_ERROR_UNSUPPORTED, "Invalid repository version '%s'",
                     version ? version : "");
  if (!ul_repo_mode_from_string (mode ? g_strstrip (mode) : "bare", &s->mode, NULL))
    return ul_throw (error, UL_ERROR_UNSUPPORTED, "Invalid mode '%s' in repository configuration",
                     mode);
  if (s->parent != NULL && *s->parent == '\0')
    g_clear_pointer (&s->parent, g_free);
  return s->collection_id == NULL || ul_collection_id_validate (s->collection_id, error);
}

gboolean
ul_repo_settings_parse (GKeyFile *config, UlRepoSettings *out, GError **error)
{
  g_auto (UlRepoSettings) s = { 0 };
  gboolean fsync;
  gboolean locking;
  gint64 timeout;
  gint64 level;
  gint64 expiry;
  gint64 keep;
  if (!parse_identity (config, &s, error)
      || !get_bool (config, "core", "fsync", TRUE, &fsync, error)
      || !get_bool (config, "core", "per-object-fsync", FALSE, &s.per_object_fsync, error)
      || !get_bool (config, "core", "locking", TRUE, &locking, error)
      || !get_bool (config, "core", "tombstone-commits", FALSE, &s.tombstone_commits, error)
      || !get_bool (config, "core", "disable-xattrs", FALSE, &s.disable_xattrs, error)
      || !get_bool (config, "image", "keep-blobs", TRUE, &s.keep_blobs, error)
      || !get_int (config, "core", "lock-timeout-secs", -1, G_MAXINT, 30, &timeout, error)
      || !get_int (config, "core", "tmp-expiry-secs", 0, G_MAXINT, 24 * 60 * 60, &expiry, error)
      || !get_int (config, "core", "keep-unreferenced-secs", 0, G_MAXINT, 0, &keep, error)
      || !get_int (config, "archive", "zlib-level", 0, 9, 6, &level, error)
      || !parse_min_free_space (config, &s, error) || !parse_unwritable (config, &s, error))
    return FALSE;
  s.no_fsync = !fsync;
  s.no_locking = !locking;
  s.lock_timeout_secs = (gint) timeout;
  s.tmp_expiry_secs = (gint) expiry;
  s.keep_unreferenced_secs = (gint) keep;
  s.zlib_level = (gint) level;
  *out = s;
  s = (UlRepoSettings){ 0 };
  return TRUE;
}
