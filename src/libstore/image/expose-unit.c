// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/store-expose.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "util/error.h"
#include "util/fd.h"

/* What systemctl makes of WantedBy=. */
#define WANTS     "multi-user.target"
#define WANTS_DIR WANTS ".wants"

/* systemd.unit(5), "String escaping for inclusion in unit names". */
static char *
escape_path (const char *path)
{
  GString *out = g_string_new (NULL);
  const char *start = path + strspn (path, "/");
  for (const char *c = start; *c != '\0'; c++)
    if (*c == '/')
      g_string_append_c (out, '-');
    else if (g_ascii_isalnum (*c) || *c == ':' || *c == '_' || (*c == '.' && c > start))
      g_string_append_c (out, *c);
    else
      g_string_append_printf (out, "\\x%02x", (guchar) *c);
  if (*start == '\0')
    g_string_append_c (out, '-');
  return g_string_free (out, FALSE);
}

char *
ul_expose_unit_name (const char *directory, GError **error)
{
  g_autofree char *path = g_canonicalize_filename (directory, NULL);
  g_autofree char *escaped = escape_path (path);
  g_autofree char *name = g_strdup_printf ("underlay-expose-%s.service", escaped);
  if (strlen (name) > NAME_MAX)
    {
      ul_throw (error, UL_ERROR_INVALID, "%s: too long a path for the name of a unit", path);
      return NULL;
    }
  return g_steal_pointer (&name);
}

/* A word of a line: systemd.syntax(7) and systemd.service(5). In a command line `$` is a
 * variable's. */
static void
append_word (GString *out, const char *text, gboolean in_command)
{
  g_string_append (out, out->str[out->len - 1] == '=' ? "\"" : " \"");
  for (const char *c = text; *c != '\0'; c++)
    {
      const guchar byte = (guchar) *c;
      if (byte == '%' || (byte == '$' && in_command))
        g_string_append_c (out, (char) byte);
      if (byte == '"' || byte == '\\')
        g_string_append_c (out, '\\');
      if (byte < 0x20 || byte == 0x7f)
        g_string_append_printf (out, "\\x%02x", byte);
      else
        g_string_append_c (out, (char) byte);
    }
  g_string_append_c (out, '"');
}

char *
ul_expose_unit_text (const UlStoreExposure *exposure, const char *program)
{
  g_autofree char *store = g_strdup_printf ("--store=%s", exposure->store);
  g_autofree char *user = g_strdup_printf ("--user=%s", exposure->user->name);
  g_autofree char *above = g_path_get_dirname (exposure->directory);
  GString *out = g_string_new ("# Made by 'underlay image store expose', which takes it away again "
                               "with --remove.\n[Unit]\n");
  g_string_append_printf (out, "Description=Container images for uid %u\n", exposure->user->uid);
  g_string_append (out, "Documentation=man:underlay-image-store-expose(1)\n"
                        "RequiresMountsFor=");
  append_word (out, exposure->store, FALSE);
  append_word (out, above, FALSE);
  g_string_append (out, "\n"
                        "After=nss-user-lookup.target\n"
                        "Before=systemd-user-sessions.service\n"
                        "\n"
                        "[Service]\n"
                        "Type=oneshot\n"
                        "RemainAfterExit=yes\n"
                        "ExecStart=");
  append_word (out, program, TRUE);
  g_string_append (out, " image store expose -q");
  append_word (out, store, TRUE);
  append_word (out, user, TRUE);
  g_string_append (out, " --");
  append_word (out, exposure->directory, TRUE);
  /* "-": somebody may have unmounted it by hand. */
  g_string_append (out, "\nExecStop=-umount --");
  append_word (out, exposure->directory, TRUE);
  g_string_append (out, "\n\n[Install]\nWantedBy=" WANTS "\n");
  return g_string_free (out, FALSE);
}

gboolean
ul_expose_unit_write (const char *units, const char *name, const char *text, GError **error)
{
  ul_autofd int dfd = -1;
  g_autofree char *link = g_strdup_printf (WANTS_DIR "/%s", name);
  g_autofree char *target = g_strdup_printf ("../%s", name);
  if (!ul_fd_open_dir_at (AT_FDCWD, units, TRUE, &dfd, error)
      || !ul_fd_replace_file_at (dfd, name, text, strlen (text), 0644, TRUE, error)
      || !ul_fd_make_dirs_at (dfd, WANTS_DIR, 0755, error))
    return ul_prefix (error, "write a unit to %s", units);
  if (symlinkat (target, dfd, link) != 0 && errno != EEXIST)
    return ul_throw_errno (error, "enable %s in %s", name, units);
  return ul_fd_sync_dir_at (dfd, WANTS_DIR, error) && ul_fd_sync_dir_at (dfd, ".", error);
}

/* *out_found stays TRUE if it is. */
static gboolean
remove_name (int dfd, const char *name, gboolean dry_run, gboolean *out_found, GError **error)
{
  struct stat st;
  if (fstatat (dfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
    return errno == ENOENT || errno == ENOTDIR || ul_throw_errno (error, "remove %s", name);
  if (!dry_run && unlinkat (dfd, name, 0) != 0)
    return ul_throw_errno (error, "remove %s", name);
  *out_found = TRUE;
  return TRUE;
}

gboolean
ul_expose_unit_remove (const char *units, const char *name, gboolean dry_run, gboolean *out_found,
                       GError **error)
{
  ul_autofd int dfd = open (units, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  g_autofree char *link = g_strdup_printf (WANTS_DIR "/%s", name);
  gboolean found = FALSE;
  if (dfd < 0 && errno != ENOENT)
    return ul_throw_errno (error, "open %s", units);
  if (dfd >= 0
      && (!remove_name (dfd, link, dry_run, &found, error)
          || !remove_name (dfd, name, dry_run, &found, error)))
    return ul_prefix (error, "%s", units);
  *out_found = found;
  return TRUE;
}
