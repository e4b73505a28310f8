// SPDX-License-Identifier: LGPL-2.1-or-later

/* Policies are made in the current directory. What libselinux itself says, reading the files in
 * place, is the oracle. */

#include "util/selinux.h"

#include <errno.h>
#include <selinux/label.h>
#include <string.h>
#include <sys/stat.h>

#include "util/error.h"

#define FILES "/etc/selinux/p/contexts/files/"

static void
write_file (const char *root, const char *path, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *full = g_strconcat (root, path, NULL);
  g_autofree char *dir = g_path_get_dirname (full);
  g_assert_cmpint (g_mkdir_with_parents (dir, 0755), ==, 0);
  g_file_set_contents (full, text, -1, &error);
  g_assert_no_error (error);
}

static void
write_policy (const char *root, const char *contexts)
{
  write_file (root, "/etc/selinux/config", "SELINUX=enforcing\nSELINUXTYPE=p\n");
  write_file (root, FILES "file_contexts", contexts);
}

static UlSelinux *
open_policy (const char *root)
{
  g_autoptr (GError) error = NULL;
  UlSelinux *policy = NULL;
  ul_selinux_open (root, &policy, &error);
  g_assert_no_error (error);
  g_assert_nonnull (policy);
  return policy;
}

static const char *
look_up (UlSelinux *policy, const char *path, mode_t mode)
{
  g_autoptr (GError) error = NULL;
  const char *label = NULL;
  ul_selinux_lookup (policy, path, mode, &label, &error);
  g_assert_no_error (error);
  return label;
}

static void
assert_refused (const char *root, const char *message)
{
  g_autoptr (GError) error = NULL;
  UlSelinux *policy = NULL;
  g_assert_false (ul_selinux_open (root, &policy, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_INVALID);
  g_assert_cmpstr (error->message, ==, message);
  g_assert_null (policy);
}

/* The paths differ where the expressions below do: optional parts, types, escapes, several in one
 * directory, what the literal beginning of an expression could be mistaken about. */
static const char *const paths[] = { "/",
                                     "/a",
                                     "/a/b",
                                     "/a/b/c",
                                     "/ab",
                                     "/abc",
                                     "/a.b",
                                     "/axb",
                                     "/usr",
                                     "/usrx",
                                     "/usr/x",
                                     "/usr/lib",
                                     "/usr/lib64",
                                     "/usr/lib/libx.so",
                                     "/usr/lib/libx.so.1",
                                     "/usr/lib/lib.so.d/x",
                                     "/usr/lib64/libx.so",
                                     "/usr/share/lib/x",
                                     "/usr/bin/prog",
                                     "/usr/bin/prog2",
                                     "/usr/bin/\303\244",
                                     "/etc",
                                     "/etc/x",
                                     "/etc/shadow",
                                     "/etc/shadow-",
                                     "/etc/passwd",
                                     "/etc/x{2}",
                                     "/etc/xx",
                                     "/etc/[x]",
                                     "/etc/new\nline",
                                     "/etc/shadow\n",
                                     "/bin/prog",
                                     "/bin",
                                     "/sbin/x",
                                     "/alias/x",
                                     "/alias/deep/x",
                                     "/chain/x",
                                     "/top/x",
                                     "/top",
                                     "/d0",
                                     "/d5",
                                     "/d55",
                                     "/q.*",
                                     "/q.x",
                                     "/none",
                                     "/none/x" };

static const mode_t modes[] = { S_IFREG, S_IFDIR, S_IFLNK, S_IFCHR, S_IFBLK, S_IFIFO, S_IFSOCK };

static const char *const expressions[] = { "/.*",
                                           "/",
                                           "/a",
                                           "/a(/.*)?",
                                           "/a/b",
                                           "/ab?c?",
                                           "/a.b",
                                           "/a\\.b",
                                           "/ab+c",
                                           "/a{1}b",
                                           "/(a|ab)/b",
                                           "/usr",
                                           "/usr(/.*)?",
                                           "/usr/?x",
                                           "/usr/.*",
                                           "/usr/(.*/)?lib(/.*)?",
                                           "/usr/lib(64)?/.*\\.so(\\.[^/]*)*",
                                           "/usr/lib(64)?(/.*)?",
                                           "/usr/lib.*",
                                           "/usr/bin/.+",
                                           "/usr/bin/prog.?",
                                           "/usr/bin/prog[0-9]",
                                           "/usr/bin/prog",
                                           "/usr/bin/[]p]rog",
                                           "/usr/bin/[^]x]rog.",
                                           "/etc/(sh([)]a|a)dow)?-?",
                                           "/etc/shadow.*",
                                           "/etc/shadow",
                                           "/etc/x{2}",
                                           "/etc/x\\{2\\}",
                                           "/etc/[[:alpha:]]+",
                                           "/etc/\\[x\\]",
                                           "/etc/(?i)PASSWD",
                                           "/etc/pass(?=wd).*",
                                           "/etc/x|/bin/prog",
                                           "/d\\d",
                                           "/d\\d+",
                                           "/\\Qq.*\\E",
                                           "/x\\x2f|/a",
                                           "/none(/.*)?",
                                           "/bin(/.*)?",
                                           "/sbin(/.*)?" };

static struct selabel_handle *
open_oracle (const char *root)
{
  g_autofree char *path = g_strconcat (root, FILES "file_contexts", NULL);
  const struct selinux_opt options[]
      = { { SELABEL_OPT_PATH, path }, { SELABEL_OPT_VALIDATE, NULL } };
  struct selabel_handle *handle = selabel_open (SELABEL_CTX_FILE, options, G_N_ELEMENTS (options));
  g_assert_nonnull (handle);
  return handle;
}

static void
assert_as_oracle (const char *root)
{
  g_autoptr (UlSelinux) policy = open_policy (root);
  struct selabel_handle *oracle = open_oracle (root);
  /* The second time answers are remembered. */
  for (gsize i = 0; i < 2 * G_N_ELEMENTS (paths); i++)
    for (gsize m = 0; m < G_N_ELEMENTS (modes); m++)
      {
        const char *path = paths[i % G_N_ELEMENTS (paths)];
        char *wanted = NULL;
        if (selabel_lookup_raw (oracle, &wanted, path, (int) modes[m]) != 0)
          g_assert_cmpint (errno, ==, ENOENT);
        const char *label = look_up (policy, path, modes[m]);
        if (g_strcmp0 (label, wanted) != 0)
          g_test_message ("path %s type %o", path, modes[m]);
        g_assert_cmpstr (label, ==, wanted);
        freecon (wanted);
      }
  selabel_close (oracle);
}

static void
test_oracle (void)
{
  GString *all = g_string_new ("# comment\n\n");
  for (gsize i = 0; i < G_N_ELEMENTS (expressions); i++)
    g_string_append_printf (all, "%s u:r:t%" G_GSIZE_FORMAT ":s0\n", expressions[i], i);
  write_policy ("all", all->str);
  assert_as_oracle ("all");
  g_string_free (all, TRUE);
}

static void
test_oracle_random (void)
{
  static const char *const types[] = { "", "--", "-d", "-l", "-c", "-b", "-p", "-s" };
  for (int round = 0; round < 150; round++)
    {
      g_autoptr (GString) text = g_string_new (NULL);
      const int n = g_test_rand_int_range (1, 25);
      for (int i = 0; i < n; i++)
        {
          const int e = g_test_rand_int_range (0, G_N_ELEMENTS (expressions));
          const int t = g_test_rand_int_range (-12, G_N_ELEMENTS (types));
          g_string_append_printf (text, "%s\t%s\t", expressions[e], types[MAX (t, 0)]);
          if (g_test_rand_int_range (0, 8) == 0)
            g_string_append (text, "<<none>>\n");
          else
            g_string_append_printf (text, "u:r:t%d:s0\n", i);
        }
      write_policy ("random", text->str);
      assert_as_oracle ("random");
    }
}

static void
test_all_files (void)
{
  write_policy ("files", "/.* u:r:base\n/usr(/.*)? u:r:usr\n/etc(/.*)? u:r:etc\n");
  write_file ("files", FILES "file_contexts.homedirs", "/a(/.*)? u:r:home\n");
  write_file ("files", FILES "file_contexts.local", "/a/b u:r:local");
  write_file ("files", FILES "file_contexts.subs",
              "# comment\n/alias /etc\n/chain /bin\n/top /\n/odd\n/bin\n");
  write_file ("files", FILES "file_contexts.subs_dist",
              "/alias/deep /usr\n/bin /usr/bin\n/sbin /x\n/sbin /etc/\n");
  assert_as_oracle ("files");
  g_autoptr (UlSelinux) policy = open_policy ("files");
  g_assert_cmpstr (look_up (policy, "/a/c", S_IFREG), ==, "u:r:home");
  g_assert_cmpstr (look_up (policy, "/a/b", S_IFREG), ==, "u:r:local");
  g_assert_cmpstr (look_up (policy, "/chain/x", S_IFREG), ==, "u:r:usr");
}

static void
test_equivalence (void)
{
  g_autoptr (GError) error = NULL;
  write_policy ("equal", "/.* u:r:base\n/var/lib/c(/.*)? u:r:store\n/var/lib/c/x(/.*)? u:r:x\n"
                         "/usr/etc(/.*)? u:r:usretc\n/etc(/.*)? u:r:etc\n");
  write_file ("equal", FILES "file_contexts.subs_dist", "/conf /etc\n");
  g_autoptr (UlSelinux) policy = open_policy ("equal");
  g_assert_true (ul_selinux_add_equivalence (policy, "/usr", "/nothing", &error));
  g_assert_true (ul_selinux_add_equivalence (policy, "/usr/etc", "/conf/", &error));
  g_assert_true (ul_selinux_add_equivalence (policy, "/usr/lib/c", "/var/lib/c", &error));
  g_assert_cmpstr (look_up (policy, "/usr/lib/c/x/y", S_IFREG), ==, "u:r:x");
  g_assert_cmpstr (look_up (policy, "/usr/lib/c", S_IFDIR), ==, "u:r:store");
  g_assert_cmpstr (look_up (policy, "/usr/lib/cx", S_IFDIR), ==, "u:r:base");
  g_assert_cmpstr (look_up (policy, "/usr/etc/f", S_IFREG), ==, "u:r:etc");
  g_assert_false (ul_selinux_add_equivalence (policy, "usr", "/x", &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_INVALID);
  g_clear_error (&error);
  g_assert_false (ul_selinux_add_equivalence (policy, "/usr/", "/x", &error));
  g_clear_error (&error);
  g_assert_false (ul_selinux_add_equivalence (policy, "/", "/x", &error));
}

static void
test_equivalences (void)
{
  static const char *const pairs[] = { "/x", "/etc", "/y", "/usr", NULL };
  static const char *const bad[] = { "/x", "/etc", "y", "/usr", NULL };
  g_autoptr (GError) error = NULL;
  write_policy ("equal", "/usr(/.*)? u:r:usr\n/etc(/.*)? u:r:etc\n");
  g_autoptr (UlSelinux) policy = open_policy ("equal");
  g_assert_true (ul_selinux_add_equivalences (policy, NULL, &error));
  g_assert_true (ul_selinux_add_equivalences (policy, pairs, &error));
  g_assert_cmpstr (look_up (policy, "/x/f", S_IFREG), ==, "u:r:etc");
  g_assert_cmpstr (look_up (policy, "/y/f", S_IFREG), ==, "u:r:usr");
  g_assert_false (ul_selinux_add_equivalences (policy, bad, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_INVALID);
}

static void
test_places (void)
{
  g_autoptr (GError) error = NULL;
  UlSelinux *none = (UlSelinux *) 1;
  g_assert_cmpint (g_mkdir_with_parents ("nothing/etc/selinux", 0755), ==, 0);
  g_assert_true (ul_selinux_open ("nothing", &none, &error));
  g_assert_null (none);
  none = (UlSelinux *) 1;
  g_assert_false (ul_selinux_require ("nothing", &none, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_NOT_FOUND);
  g_assert_true (none == (UlSelinux *) 1);
  g_clear_error (&error);

  write_file ("usretc", "/usr/etc/selinux/config",
              "  SELINUXTYPE = q  \r\n# SELINUXTYPE=x\nSELINUX=Permissive\n");
  write_file ("usretc", "/usr/etc/selinux/q/contexts/files/file_contexts", "/.* u:r:usretc\n");
  g_autoptr (UlSelinux) policy = open_policy ("usretc");
  g_assert_cmpstr (ul_selinux_name (policy), ==, "q");
  g_assert_cmpstr (look_up (policy, "/x", S_IFREG), ==, "u:r:usretc");

  /* /etc goes first. */
  write_policy ("usretc", "/.* u:r:etc\n");
  g_autoptr (UlSelinux) other = open_policy ("usretc");
  g_assert_cmpstr (look_up (other, "/x", S_IFREG), ==, "u:r:etc");
  g_assert_cmpstr (ul_selinux_checksum (policy), !=, ul_selinux_checksum (other));
  g_assert_cmpuint (strlen (ul_selinux_checksum (other)), ==, 64);

  g_assert_false (ul_selinux_open ("missing", &none, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

static void
test_hostile (void)
{
  static const struct
  {
    const char *line;
    const char *message;
  } lines[] = {
    { "/foo", "no context" },
    { "/foo -x u:r:t", "no file type: -x" },
    { "/foo -- u:r:t\n/fo\303\266 u:r:t", "not ASCII text" },
  };
  write_policy ("bad", "/.* u:r:t\n");
  for (gsize i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      g_autofree char *text = g_strconcat ("/.* u:r:t\n", lines[i].line, NULL);
      g_autofree char *message = g_strdup_printf (
          "SELinux policy in bad: file_contexts, line %d: %s", i == 2 ? 3 : 2, lines[i].message);
      write_file ("bad", FILES "file_contexts", text);
      assert_refused ("bad", message);
    }

  write_file ("bad", FILES "file_contexts", "/.* u:r:t\n");
  write_file ("bad", FILES "file_contexts.local", "\n/never/visited/(/.* u:r:t\n");
  g_autoptr (GError) error = NULL;
  UlSelinux *policy = NULL;
  g_assert_false (ul_selinux_open ("bad", &policy, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_INVALID);
  g_assert_true (g_str_has_prefix (error->message, "SELinux policy in bad: file_contexts.local, "
                                                   "line 2: "));
  g_assert_null (strchr (error->message, '\n'));

  static const char *const types[] = { "../x", "a/b", ".", "" };
  for (gsize i = 0; i < G_N_ELEMENTS (types); i++)
    {
      g_autofree char *config
          = g_strconcat ("SELINUX=enforcing\nSELINUXTYPE=", types[i], "\n", NULL);
      write_file ("bad", "/etc/selinux/config", config);
      assert_refused ("bad",
                      "SELinux policy in bad: etc/selinux/config: SELINUXTYPE: invalid name");
    }
  write_file ("bad", "/etc/selinux/config", "SELINUX=enforcing\n");
  assert_refused ("bad", "SELinux policy in bad: etc/selinux/config: no SELINUXTYPE");
  write_file ("bad", "/etc/selinux/config", "SELINUX=enforcing\nSELINUXTYPE=gone\n");
  assert_refused ("bad", "SELinux policy in bad: no etc/selinux/gone/contexts/files/file_contexts");
}

/* Neither out of the tree, nor without an end. */
static void
test_bounds (void)
{
  g_autoptr (GError) error = NULL;
  UlSelinux *policy = NULL;
  write_policy ("outside", "/.* u:r:outside\n");
  write_file ("link", "/etc/selinux/config", "SELINUX=enforcing\nSELINUXTYPE=p\n");
  g_assert_cmpint (g_mkdir_with_parents ("link" FILES, 0755), ==, 0);
  g_assert_cmpint (
      symlink ("../../../../../../outside" FILES "file_contexts", "link" FILES "file_contexts"), ==,
      0);
  g_assert_false (ul_selinux_open ("link", &policy, &error));
  g_assert_nonnull (error);
  g_clear_error (&error);

  write_policy ("huge", "/.* u:r:t\n");
  g_assert_cmpint (truncate ("huge" FILES "file_contexts", G_GINT64_CONSTANT (1) << 40), ==, 0);
  assert_refused ("huge", "SELinux policy in huge: etc/selinux/p/contexts/files/file_contexts: "
                          "more than 16777216 bytes");
  g_assert_cmpint (unlink ("huge" FILES "file_contexts"), ==, 0);
  g_assert_cmpint (mkfifo ("huge" FILES "file_contexts", 0644), ==, 0);
  assert_refused ("huge", "SELinux policy in huge: etc/selinux/p/contexts/files/file_contexts: "
                          "not a regular file");
}

/* An expression that takes exponential time ends in an error, not in a commit that hangs. */
static void
test_endless (void)
{
  g_autoptr (GError) error = NULL;
  const char *label;
  write_policy ("endless", "/(x+x+)+y u:r:t\n");
  g_autoptr (UlSelinux) policy = open_policy ("endless");
  g_assert_false (ul_selinux_lookup (policy, "/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxyz", S_IFREG,
                                     &label, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_INVALID);
}

static gpointer
look_up_all (gpointer policy)
{
  for (int round = 0; round < 200; round++)
    for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
      (void) look_up (policy, paths[i], modes[(i + (gsize) round) % G_N_ELEMENTS (modes)]);
  return NULL;
}

static void
test_threads (void)
{
  g_autoptr (GString) text = g_string_new (NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (expressions); i++)
    g_string_append_printf (text, "%s u:r:t%" G_GSIZE_FORMAT "\n", expressions[i], i);
  write_policy ("threads", text->str);
  g_autoptr (UlSelinux) policy = open_policy ("threads");
  GThread *threads[4];
  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("lookup", look_up_all, policy);
  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/selinux/oracle", test_oracle);
  g_test_add_func ("/selinux/oracle-random", test_oracle_random);
  g_test_add_func ("/selinux/all-files", test_all_files);
  g_test_add_func ("/selinux/equivalence", test_equivalence);
  g_test_add_func ("/selinux/equivalences", test_equivalences);
  g_test_add_func ("/selinux/places", test_places);
  g_test_add_func ("/selinux/hostile", test_hostile);
  g_test_add_func ("/selinux/bounds", test_bounds);
  g_test_add_func ("/selinux/endless", test_endless);
  g_test_add_func ("/selinux/threads", test_threads);
  return g_test_run ();
}
