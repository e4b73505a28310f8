// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/editor.h"

#include "util/error.h"
#include "util/fd.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static const char *
find_editor (void)
{
  static const char *const names[] = { "OSTREE_EDITOR", "VISUAL", "EDITOR" };
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      const char *value = g_getenv (names[i]);
      if (value != NULL && *value != '\0')
        return value;
    }
  return "vi";
}

/* The shell splits and expands what the variable holds ("code --wait"), as git and ostree have it.
 */
static gboolean
run_editor (const char *path, GError **error)
{
  const char *editor = find_editor ();
  g_autofree char *script = g_strdup_printf ("%s \"$1\"", editor);
  const char *argv[] = { "/bin/sh", "-c", script, "editor", path, NULL };
  int status;
  if (!g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_CHILD_INHERITS_STDIN, NULL, NULL, NULL,
                     NULL, &status, error))
    return FALSE;
  g_autoptr (GError) local = NULL;
  if (!g_spawn_check_wait_status (status, &local))
    return ul_throw (error, UL_ERROR_FAILED, "There was a problem with the editor '%s': %s", editor,
                     local->message);
  return TRUE;
}

static void
append_line (GString *text, const char *line)
{
  if (text->len > 0)
    g_string_append_c (text, '\n');
  g_string_append (text, line);
}

gboolean
ul_editor_parse_message (const char *text, char **out_subject, char **out_body, GError **error)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  g_autofree char *subject = NULL;
  g_autoptr (GString) body = g_string_new (NULL);
  guint blank = 0;

  for (char **line = lines; *line != NULL; line++)
    {
      if (**line == '#')
        continue;
      g_strchomp (*line);
      if (**line == '\0')
        {
          blank++;
          continue;
        }
      if (subject == NULL)
        subject = g_strdup (*line);
      else
        {
          for (; body->len > 0 && blank > 0; blank--)
            g_string_append_c (body, '\n');
          append_line (body, *line);
        }
      blank = 0;
    }

  if (subject == NULL)
    return ul_throw (error, UL_ERROR_INVALID, "Aborting commit due to empty commit subject.");
  *out_subject = g_steal_pointer (&subject);
  *out_body = g_strdup (body->str);
  return TRUE;
}

static char *
template_for (const char *branch, const char *subject, const char *body)
{
  GString *text = g_string_new (NULL);
  if (subject != NULL)
    g_string_append (text, subject);
  g_string_append_c (text, '\n');
  if (body != NULL && *body != '\0')
    g_string_append_printf (text, "\n%s\n", body);
  g_string_append (text,
                   "\n# Please enter the commit message for your changes. The first line will\n"
                   "# become the subject, and the remainder the body. Lines starting\n"
                   "# with '#' will be ignored, and an empty message aborts the commit.\n");
  if (branch != NULL)
    g_string_append_printf (text, "#\n# Branch: %s\n", branch);
  return g_string_free (text, FALSE);
}

gboolean
ul_editor_commit_message (const char *branch, const char *subject, const char *body,
                          char **out_subject, char **out_body, GError **error)
{
  g_autofree char *path = NULL;
  ul_autofd int fd = g_file_open_tmp ("underlay-message-XXXXXX", &path, error);
  if (fd < 0)
    return FALSE;
  g_autofree char *template = template_for (branch, subject, body);
  g_autofree char *edited = NULL;
  const gboolean ok = ul_fd_write_all (fd, template, strlen (template), path, error)
                      && run_editor (path, error)
                      && g_file_get_contents (path, &edited, NULL, error);
  (void) g_unlink (path);
  if (!ok)
    return FALSE;
  if (!g_utf8_validate (edited, -1, NULL))
    return ul_throw (error, UL_ERROR_INVALID, "The commit message is not valid UTF-8");
  return ul_editor_parse_message (edited, out_subject, out_body, error);
}
