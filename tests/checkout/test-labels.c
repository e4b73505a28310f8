// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fixture.h"

#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "checkout/labels.h"
#include "core/file-meta.h"
#include "util/error.h"
#include "util/xattr.h"

static UlSelinux *
make_policy (const char *contexts)
{
  g_autoptr (GError) error = NULL;
  UlSelinux *policy = NULL;
  g_assert_cmpint (g_mkdir_with_parents ("policy/etc/selinux/p/contexts/files", 0755), ==, 0);
  g_assert_true (g_file_set_contents ("policy/etc/selinux/config",
                                      "SELINUX=enforcing\nSELINUXTYPE=p\n", -1, &error));
  g_assert_true (g_file_set_contents ("policy/etc/selinux/p/contexts/files/file_contexts", contexts,
                                      -1, &error));
  ul_selinux_require ("policy", &policy, &error);
  g_assert_no_error (error);
  return policy;
}

/* A policy whose labels say which path was asked for. */
static const char echo[] = "/ root\n/a a\n/a/b a/b\n/a/b/f a/b/f\n/d d\n/d/f d/f\n/d/f -c device\n"
                           "/p p\n/p/a p/a\n/p/a/b p/a/b\n/p/a/b/f p/a/b/f\n/none <<none>>\n";

typedef struct
{
  const char *prefix;
  const char *subpath;
  gboolean is_file;
  const char *dir;
  const char *name;
  mode_t mode;
  const char *label; /* NULL: none */
} Case;

static const Case cases[] = {
  { NULL, NULL, FALSE, "/", NULL, S_IFDIR, "root" },
  { NULL, "/", FALSE, "/", NULL, S_IFDIR, "root" },
  { NULL, NULL, FALSE, "/", "a", S_IFDIR, "a" },
  { NULL, NULL, FALSE, "/a/b", NULL, S_IFDIR, "a/b" },
  { NULL, NULL, FALSE, "/a/b", "f", S_IFLNK, "a/b/f" },
  { NULL, NULL, FALSE, "/", "none", S_IFREG, NULL },
  { NULL, NULL, FALSE, "/", "unknown", S_IFREG, NULL },
  { NULL, "/d", FALSE, "/", NULL, S_IFDIR, "d" },
  { NULL, "/d", FALSE, "/", "f", S_IFREG, "d/f" },
  { NULL, "d//", FALSE, "/", "f", S_IFCHR, "device" },
  { NULL, "/d/f", TRUE, "/", "f", S_IFREG, "d/f" },
  { NULL, "//d/f", TRUE, "/", "f", S_IFREG, "d/f" },
  { NULL, "/d/.ostree-wh.f", TRUE, "/", "f", S_IFCHR, "device" },
  { NULL, "/a", TRUE, "/", "a", S_IFREG, "a" },
  { "/", NULL, FALSE, "/", NULL, S_IFDIR, "root" },
  { "/", "/d", FALSE, "/", "a", S_IFREG, "a" },
  { "/p", NULL, FALSE, "/", NULL, S_IFDIR, "p" },
  { "/p", NULL, FALSE, "/a/b", "f", S_IFREG, "p/a/b/f" },
  { "//p/.//", NULL, FALSE, "/a/b", NULL, S_IFDIR, "p/a/b" },
  { "/p", "/d", FALSE, "/", "a", S_IFREG, "p/a" },
  { "/p/a", "/d/f", TRUE, "/", "f", S_IFREG, "p/a" },
};

static void
test_paths (void)
{
  g_autoptr (UlSelinux) policy = make_policy (echo);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const Case *c = &cases[i];
      g_autoptr (GError) error = NULL;
      UlCheckoutLabels labels;
      g_autoptr (GVariant) xattrs = NULL;
      ul_checkout_labels_init (&labels, policy, c->prefix, c->subpath, c->is_file);
      ul_checkout_labels_apply (&labels, c->dir, c->name, c->mode, ul_xattr_empty (), &xattrs,
                                &error);
      ul_checkout_labels_clear (&labels);
      g_assert_no_error (error);
      g_autoptr (GVariant) label = ul_file_meta_find_xattr (xattrs, UL_XATTR_SELINUX);
      g_test_message ("case %" G_GSIZE_FORMAT, i);
      g_assert_cmpstr (label != NULL ? g_variant_get_bytestring (label) : NULL, ==, c->label);
    }
}

static void
test_none (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (UlSelinux) policy = make_policy (echo);
  g_autoptr (GVariant) stored = ul_file_meta_set_label (ul_xattr_empty (), "old");
  UlSelinux *const policies[] = { NULL, policy };
  for (gsize i = 0; i < G_N_ELEMENTS (policies); i++)
    {
      UlCheckoutLabels labels;
      g_autoptr (GVariant) xattrs = NULL;
      ul_checkout_labels_init (&labels, policies[i], NULL, NULL, FALSE);
      g_assert_true (
          ul_checkout_labels_apply (&labels, "/", "none", S_IFREG, stored, &xattrs, &error));
      g_assert_true (g_variant_equal (xattrs, stored));
      ul_checkout_labels_clear (&labels);
    }
}

static void
assert_refused (UlRepo *repo, const UlCheckoutOptions *options, UlError code, const char *message)
{
  g_autoptr (GError) error = NULL;
  const UlChecksum commit = { 0 };
  g_assert_false (ul_checkout_at (repo, &commit, options, -1, "out", NULL, &error));
  g_assert_error (error, UL_ERROR, (int) code);
  g_assert_cmpstr (error->message, ==, message);
}

static void
test_conflicts (void)
{
  g_autoptr (UlSelinux) policy = make_policy (echo);
  g_auto (Fixture) f;
  fixture_init (&f, UL_REPO_MODE_BARE);
  const UlCheckoutOptions links = { .selinux = policy };
  assert_refused (f.repo, &links, UL_ERROR_INVALID,
                  "checkout: --selinux-policy requires --force-copy");
  const UlCheckoutOptions user
      = { .selinux = policy, .link = UL_CHECKOUT_LINK_NEVER, .ownership = UL_OWNERSHIP_USER };
  assert_refused (f.repo, &user, UL_ERROR_INVALID,
                  "checkout: --selinux-policy: user mode sets no labels");
  const UlCheckoutOptions relative
      = { .selinux = policy, .link = UL_CHECKOUT_LINK_NEVER, .selinux_prefix = "p" };
  assert_refused (f.repo, &relative, UL_ERROR_INVALID,
                  "checkout: --selinux-prefix=p: not an absolute path");

  g_auto (Fixture) only;
  fixture_init (&only, UL_REPO_MODE_BARE_USER_ONLY);
  const UlCheckoutOptions copies = { .selinux = policy, .link = UL_CHECKOUT_LINK_NEVER };
  assert_refused (only.repo, &copies, UL_ERROR_UNSUPPORTED,
                  "checkout: --selinux-policy: a repository of mode bare-user-only is always "
                  "checked out in user mode, which sets no labels");
}

static char *
label_of (Fixture *f, const char *path)
{
  char value[64] = "";
  g_autofree char *full = g_build_filename (f->dir, path, NULL);
  return lgetxattr (full, UL_XATTR_SELINUX, value, sizeof value) > 0 ? g_strdup (value) : NULL;
}

/* The policy is shared by all workers. */
static void
test_any_jobs (void)
{
  static const char *const types[] = { "d", "d/f", "d/l", "d/new", NULL };
  static const char *const tree[]
      = { "d d 755", "f d/f 644 content", "l d/l f", "f d/.ostree-wh.new 644", NULL };
  if (geteuid () != 0)
    {
      g_test_skip ("needs root");
      return;
    }
  g_autoptr (UlSelinux) policy
      = make_policy ("/.* t:regular\n/d t:d\n/d/l -l t:l\n/d/new -c t:c\n");
  g_auto (Fixture) f;
  fixture_init (&f, UL_REPO_MODE_ARCHIVE);
  const UlChecksum commit = fixture_commit (&f, tree);
  for (guint jobs = 1; jobs <= 8; jobs *= 8)
    {
      const UlCheckoutOptions options = {
        .selinux = policy,
        .link = UL_CHECKOUT_LINK_NEVER,
        .whiteouts = UL_CHECKOUT_WHITEOUTS_PASSTHROUGH,
        .jobs = jobs,
      };
      g_autofree char *target = g_strdup_printf ("out%u", jobs);
      g_autoptr (GString) got = g_string_new (NULL);
      fixture_checkout (&f, &commit, &options, target, NULL);
      for (const char *const *name = types; *name != NULL; name++)
        {
          g_autofree char *path = g_build_filename (target, *name, NULL);
          g_autofree char *label = label_of (&f, path);
          g_string_append_printf (got, "%s ", label);
        }
      g_assert_cmpstr (got->str, ==, "t:d t:regular t:l t:c ");
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/CheckoutLabels/paths", test_paths);
  g_test_add_func ("/CheckoutLabels/none", test_none);
  g_test_add_func ("/CheckoutLabels/conflicts", test_conflicts);
  g_test_add_func ("/CheckoutLabels/any-jobs", test_any_jobs);
  return g_test_run ();
}
