// SPDX-License-Identifier: LGPL-2.1-or-later
#include "overlay/subids.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <string.h>

#include "util/error.h"
#include "util/fd.h"

#define MAX_FILE (64 * 1024 * 1024)

UlUser *
ul_user_new (const char *text, GError **error)
{
  guint64 uid;
  errno = 0;
  const struct passwd *entry = getpwnam (text);
  if (entry == NULL && g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT32 - 1, &uid, NULL))
    {
      errno = 0;
      entry = getpwuid ((uid_t) uid);
    }
  if (entry == NULL)
    {
      /* What getpwnam (3) has for "not there". */
      if (errno == 0 || errno == ENOENT || errno == ESRCH || errno == EBADF || errno == EPERM)
        ul_throw (error, UL_ERROR_NOT_FOUND, "no such user: %s", text);
      else
        ul_throw_errno (error, "look up user %s", text);
      return NULL;
    }
  UlUser *user = g_new (UlUser, 1);
  *user = (UlUser){
    .name = g_strdup (entry->pw_name),
    .home = g_strdup (entry->pw_dir),
    .uid = entry->pw_uid,
    .gid = entry->pw_gid,
  };
  return user;
}

void
ul_user_free (UlUser *user)
{
  g_free (user->name);
  g_free (user->home);
  g_free (user);
}

/* No bytes have no data. */
static char *
text_of (GBytes *bytes)
{
  const gsize size = g_bytes_get_size (bytes);
  return size > 0 ? g_strndup (g_bytes_get_data (bytes, NULL), size) : g_strdup ("");
}

static gboolean
is_of (const char *owner, const UlUser *user)
{
  g_autofree char *uid = g_strdup_printf ("%u", user->uid);
  return strcmp (owner, user->name) == 0 || strcmp (owner, uid) == 0;
}

/* -1 as an id means none. */
static gboolean
parse_range (const char *start, const char *count, UlIdRange *out)
{
  guint64 first;
  guint64 n;
  if (!g_ascii_string_to_unsigned (start, 10, 0, G_MAXUINT32 - 1, &first, NULL)
      || !g_ascii_string_to_unsigned (count, 10, 1, G_MAXUINT32 - first, &n, NULL))
    return FALSE;
  *out = (UlIdRange){ .outside = (guint32) first, .count = (guint32) n };
  return TRUE;
}

gboolean
ul_subids_parse (GBytes *bytes, const char *file, const UlUser *user, GArray *ranges,
                 GError **error)
{
  g_autofree char *text = text_of (bytes);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      UlIdRange range;
      g_auto (GStrv) fields = g_strsplit (lines[i], ":", -1);
      if (fields[0] == NULL || !is_of (fields[0], user))
        continue;
      if (g_strv_length (fields) != 3 || !parse_range (fields[1], fields[2], &range))
        return ul_throw (error, UL_ERROR_INVALID, "%s, line %u: not USER:FIRST:COUNT", file, i + 1);
      g_array_append_val (ranges, range);
    }
  return TRUE;
}

static gint
compare_outside (gconstpointer a, gconstpointer b)
{
  const UlIdRange *x = a;
  const UlIdRange *y = b;
  return x->outside < y->outside ? -1 : x->outside > y->outside;
}

gboolean
ul_subids_arrange (GArray *ranges, guint32 own, const char *file, GError **error)
{
  const UlIdRange first = { .outside = own, .count = 1 };
  guint64 inside = 1;
  guint64 end = 0;
  if (ranges->len == 0)
    return ul_throw (error, UL_ERROR_INVALID, "no ids in %s", file);
  g_array_sort (ranges, compare_outside);
  for (guint i = 0; i < ranges->len; i++)
    {
      UlIdRange *range = &g_array_index (ranges, UlIdRange, i);
      if (range->outside < end)
        return ul_throw (error, UL_ERROR_INVALID, "%s: id %u is in two ranges", file,
                         range->outside);
      end = (guint64) range->outside + range->count;
      if (own >= range->outside && own < end)
        return ul_throw (error, UL_ERROR_INVALID, "%s: the range from %u has the user's own id",
                         file, range->outside);
      range->inside = (guint32) inside;
      inside += range->count;
    }
  g_array_prepend_val (ranges, first);
  return TRUE;
}

/* Does the line `subid:` of nsswitch.conf name another source than files? */
static gboolean
is_elsewhere (void)
{
  g_autoptr (GBytes) bytes = NULL;
  if (!ul_fd_read_file_at (AT_FDCWD, "/etc/nsswitch.conf", MAX_FILE, TRUE, &bytes, NULL)
      || bytes == NULL)
    return FALSE;
  g_autofree char *text = text_of (bytes);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    {
      const char *key = g_strstrip (*line);
      if (!g_str_has_prefix (key, "subid:"))
        continue;
      const char *source = key + strlen ("subid:");
      source += strspn (source, " \t");
      return *source != '\0' && *source != '#' && strcmp (source, "files") != 0;
    }
  return FALSE;
}

/* Lines "0: alice 100000 65536"; none and failure if there is none. */
static gboolean
ask_getsubids (const UlUser *user, gboolean groups, const char *file, GArray *ranges,
               GError **error)
{
  g_autofree char *text = NULL;
  const char *argv[]
      = { "getsubids", groups ? "-g" : user->name, groups ? user->name : NULL, NULL };
  if (!g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL,
                     NULL, NULL, &text, NULL, NULL, error))
    return ul_prefix (error, "/etc/nsswitch.conf has another source than %s", file);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    {
      UlIdRange range;
      g_auto (GStrv) fields = g_strsplit (*line, " ", -1);
      if (**line == '\0')
        continue;
      if (g_strv_length (fields) != 4 || !parse_range (fields[2], fields[3], &range))
        return ul_throw (error, UL_ERROR_INVALID, "getsubids: not understood: %s", *line);
      g_array_append_val (ranges, range);
    }
  return TRUE;
}

static gboolean
load (const UlUser *user, gboolean groups, GArray *ranges, GError **error)
{
  const char *file = groups ? "/etc/subgid" : "/etc/subuid";
  const guint32 own = groups ? user->gid : user->uid;
  g_autoptr (GBytes) bytes = NULL;
  if (is_elsewhere ())
    return ask_getsubids (user, groups, file, ranges, error)
           && ul_subids_arrange (ranges, own, "what getsubids says", error);
  return ul_fd_read_file_at (AT_FDCWD, file, MAX_FILE, TRUE, &bytes, error)
         && (bytes == NULL || ul_subids_parse (bytes, file, user, ranges, error))
         && ul_subids_arrange (ranges, own, file, error);
}

UlIdMap *
ul_subids_map (const UlUser *user, GError **error)
{
  g_autoptr (UlIdMap) map = ul_id_map_new ();
  if (load (user, FALSE, map->uids, error) && load (user, TRUE, map->gids, error))
    return g_steal_pointer (&map);
  ul_prefix (error, "user %s", user->name);
  return NULL;
}
