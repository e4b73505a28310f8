// SPDX-License-Identifier: LGPL-2.1-or-later
#include "repo/refs.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"
#include "util/error.h"

#define HEX_1 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define HEX_2 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void
write_ref (Fixture *f, const char *ref, const char *hex)
{
  g_autoptr (GError) error = NULL;
  const UlChecksum checksum = hex ? fixture_checksum (hex) : (UlChecksum){ 0 };
  ul_refs_write (f->repo, ref, hex ? &checksum : NULL, &error);
  g_assert_no_error (error);
}

/* NULL: there is none. */
static void
assert_ref (Fixture *f, const char *ref, const char *hex)
{
  g_autoptr (GError) error = NULL;
  gboolean found = 42;
  UlChecksum checksum;
  ul_refs_read (f->repo, ref, &found, &checksum, &error);
  g_assert_no_error (error);
  g_assert_cmpint (found, ==, hex != NULL);
  if (hex != NULL)
    {
      g_autofree char *got = ul_checksum_dup_hex (&checksum);
      g_assert_cmpstr (got, ==, hex);
    }
}

/* "name=target" of an alias, "name" of a ref. */
static void
assert_list (Fixture *f, const char *prefix, UlRefsListFlags flags, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) refs = NULL;
  ul_refs_list (f->repo, prefix, flags, &refs, &error);
  g_assert_no_error (error);
  g_autoptr (GString) got = g_string_new (NULL);
  for (guint i = 0; i < refs->len; i++)
    {
      const UlRef *ref = refs->pdata[i];
      g_string_append_printf (got, "%s%s%s%s", i > 0 ? " " : "", ref->refspec,
                              ref->target ? "=" : "", ref->target ? ref->target : "");
    }
  g_assert_cmpstr (got->str, ==, expected);
}

static char *
path_of (Fixture *f, const char *below)
{
  return g_build_filename (f->path, below, NULL);
}

static void
put (Fixture *f, const char *below, const char *data)
{
  g_autofree char *path = path_of (f, below);
  fixture_put (path, data, strlen (data));
}

static void
test_write_and_read (void)
{
  static const char *const refs[] = { "a", "x/y/z", "x/y/w", "origin:x/y", "\xc3\xa9" };
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  for (guint i = 0; i < G_N_ELEMENTS (refs); i++)
    {
      assert_ref (&f, refs[i], NULL);
      write_ref (&f, refs[i], HEX_1);
      assert_ref (&f, refs[i], HEX_1);
      write_ref (&f, refs[i], HEX_2);
      assert_ref (&f, refs[i], HEX_2);
    }
  g_autofree char *file = path_of (&f, "refs/heads/x/y/z");
  g_autofree char *text = fixture_get (file, NULL);
  g_assert_cmpstr (text, ==, HEX_2 "\n");
  for (guint i = 0; i < G_N_ELEMENTS (refs); i++)
    for (guint twice = 0; twice < 2; twice++)
      {
        write_ref (&f, refs[i], NULL);
        assert_ref (&f, refs[i], NULL);
      }
  fixture_assert_no_staging (&f);
}

static void
test_bad_names (void)
{
  static const char *const bad[] = { "",   "..", "../x", "a/../../../x", "/abs", "a//b", "a/",
                                     "r:", ":a", "a\n",  ".lock",        "a b",  "-x" };
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  const UlChecksum checksum = fixture_checksum (HEX_1);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;
      gboolean found;
      UlChecksum got;
      g_assert_false (ul_refs_write (f.repo, bad[i], &checksum, &error));
      g_assert_error (error, UL_ERROR, UL_ERROR_INVALID);
      g_clear_error (&error);
      g_assert_false (ul_refs_read (f.repo, bad[i], &found, &got, &error));
      g_assert_error (error, UL_ERROR, UL_ERROR_INVALID);
      g_clear_error (&error);
      g_assert_false (ul_refs_write_alias (f.repo, bad[i], "a", &error));
      g_assert_error (error, UL_ERROR, UL_ERROR_INVALID);
      g_clear_error (&error);
      g_assert_false (ul_refs_write_alias (f.repo, "a", bad[i], &error));
      g_assert_error (error, UL_ERROR, UL_ERROR_INVALID);
    }
  assert_list (&f, NULL, UL_REFS_LIST_ALL, "");
}

static void
test_conflicts (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  const UlChecksum checksum = fixture_checksum (HEX_2);
  write_ref (&f, "a/b", HEX_1);
  g_assert_false (ul_refs_write (f.repo, "a", &checksum, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_EXISTS);
  g_assert_nonnull (strstr (error->message, "refs/heads/a"));
  g_clear_error (&error);
  g_assert_false (ul_refs_write (f.repo, "a/b/c", &checksum, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_EXISTS);
  assert_ref (&f, "a/b", HEX_1);
  assert_ref (&f, "a", NULL);
  assert_ref (&f, "a/b/c", NULL);
  write_ref (&f, "a/b/c", NULL); /* not there: nothing to remove */
  assert_ref (&f, "a/b", HEX_1);
  fixture_assert_no_staging (&f);
  /* A directory that removed refs have left empty makes way. */
  write_ref (&f, "a/b", NULL);
  write_ref (&f, "a", HEX_2);
  assert_ref (&f, "a", HEX_2);
  fixture_assert_no_staging (&f);
}

static void
test_file_contents (void)
{
  static const char *const fine[] = { HEX_1, HEX_1 "\n", " " HEX_1 " \n", HEX_1 "\r\n\n" };
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  for (guint i = 0; i < G_N_ELEMENTS (fine); i++)
    {
      put (&f, "refs/heads/a", fine[i]);
      assert_ref (&f, "a", HEX_1);
    }
  g_autofree char *big = g_strnfill (100000, 'a');
  const char *const bad[]
      = { "", "\n", "x", "E3" HEX_1, HEX_1 HEX_2, HEX_1 " x", "../../config", big };
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;
      gboolean found = 42;
      UlChecksum checksum;
      put (&f, "refs/heads/a", bad[i]);
      g_assert_false (ul_refs_read (f.repo, "a", &found, &checksum, &error));
      g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
      g_assert_nonnull (strstr (error->message, "refs/heads/a"));
      g_assert_cmpint (found, ==, 42);
    }
}

static void
test_special_files (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  g_autofree char *dir = path_of (&f, "refs/heads/dir");
  g_autofree char *fifo = path_of (&f, "refs/heads/fifo");
  g_assert_cmpint (mkdir (dir, 0755), ==, 0);
  g_assert_cmpint (mkfifo (fifo, 0644), ==, 0);
  assert_ref (&f, "dir", NULL);
  gboolean found;
  UlChecksum checksum;
  g_assert_false (ul_refs_read (f.repo, "fifo", &found, &checksum, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
  assert_list (&f, NULL, UL_REFS_LIST_ALL, "");
}

static void
test_aliases (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  write_ref (&f, "a/b", HEX_1);
  g_assert_true (ul_refs_write_alias (f.repo, "top", "a/b", &error));
  g_assert_true (ul_refs_write_alias (f.repo, "d/e/deep", "a/b", &error));
  g_assert_true (ul_refs_write_alias (f.repo, "chain", "top", &error));
  g_assert_no_error (error);
  assert_ref (&f, "top", HEX_1);
  assert_ref (&f, "d/e/deep", HEX_1);
  assert_ref (&f, "chain", HEX_1);
  write_ref (&f, "a/b", HEX_2);
  assert_ref (&f, "d/e/deep", HEX_2);
  assert_list (&f, NULL, UL_REFS_LIST_ALIASES, "chain=top d/e/deep=a/b top=a/b");
  assert_list (&f, NULL, UL_REFS_LIST_ALL, "a/b chain=top d/e/deep=a/b top=a/b");

  /* The ref goes: its aliases lead nowhere. */
  write_ref (&f, "a/b", NULL);
  assert_ref (&f, "top", NULL);
  assert_list (&f, NULL, UL_REFS_LIST_ALL, "");
  /* An alias takes the place of a ref, and the reverse. */
  write_ref (&f, "x", HEX_1);
  write_ref (&f, "y", HEX_2);
  g_assert_true (ul_refs_write_alias (f.repo, "x", "y", &error));
  assert_ref (&f, "x", HEX_2);
  write_ref (&f, "x", HEX_1);
  assert_ref (&f, "x", HEX_1);
  assert_ref (&f, "y", HEX_2);
  fixture_assert_no_staging (&f);
}

static void
test_alias_loop (void)
{
  static const char *const loops[][2]
      = { { "self", "self" }, { "three", "one" }, { "two", "one" }, { "d/self", "d/self" } };
  g_autoptr (GError) error = NULL;
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  g_assert_true (ul_refs_write_alias (f.repo, "one", "two", &error));
  g_assert_true (ul_refs_write_alias (f.repo, "two", "three", &error));
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (loops); i++)
    {
      g_assert_false (ul_refs_write_alias (f.repo, loops[i][0], loops[i][1], &error));
      g_assert_error (error, UL_ERROR, UL_ERROR_INVALID);
      g_clear_error (&error);
    }
  assert_list (&f, NULL, UL_REFS_LIST_ALIASES, "one=two two=three");

  /* One that is there all the same: an error, no hang. */
  g_autofree char *planted = path_of (&f, "refs/heads/three");
  g_assert_cmpint (symlink ("one", planted), ==, 0);
  gboolean found;
  UlChecksum checksum;
  g_assert_false (ul_refs_read (f.repo, "one", &found, &checksum, &error));
  g_assert_nonnull (error);
  g_clear_error (&error);
  g_assert_true (ul_refs_write_alias (f.repo, "other", "one", &error));
  g_assert_no_error (error);
}

static void
test_escape_by_reading (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  g_autofree char *outside = g_build_filename (f.dir, "outside", NULL);
  g_autofree char *absolute = g_canonicalize_filename (outside, NULL);
  g_assert_cmpint (mkdir (outside, 0755), ==, 0);
  g_autofree char *secret = g_build_filename (outside, "secret", NULL);
  fixture_put (secret, HEX_1, 64);
  g_autofree char *absolute_secret = g_canonicalize_filename (secret, NULL);
  const struct
  {
    const char *target;
    const char *link;
    const char *ref;
  } cases[] = {
    { "../../../outside/secret", "refs/heads/relative", "relative" },
    { absolute_secret, "refs/heads/absolute", "absolute" },
    { "../../../outside", "refs/heads/dir", "dir/secret" },
    { absolute, "refs/remotes/origin", "origin:secret" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *link = path_of (&f, cases[i].link);
      gboolean found = FALSE;
      UlChecksum checksum;
      g_assert_cmpint (symlink (cases[i].target, link), ==, 0);
      g_assert_false (ul_refs_read (f.repo, cases[i].ref, &found, &checksum, &error));
      g_assert_nonnull (error);
      g_assert_cmpint (unlink (link), ==, 0);
    }
}

/* A symlink that was planted as a directory of refs: nothing is written or removed behind it. */
static void
test_escape_by_writing (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  g_autofree char *outside = g_build_filename (f.dir, "outside", NULL);
  g_assert_cmpint (mkdir (outside, 0755), ==, 0);
  g_autofree char *precious = g_build_filename (outside, "precious", NULL);
  fixture_put (precious, HEX_1, 64);
  g_autofree char *empty = g_build_filename (outside, "empty", NULL);
  g_assert_cmpint (mkdir (empty, 0755), ==, 0);
  g_autofree char *link = path_of (&f, "refs/heads/dir");
  g_assert_cmpint (symlink ("../../../outside", link), ==, 0);
  const UlChecksum checksum = fixture_checksum (HEX_2);
  static const char *const refs[] = { "dir/precious", "dir/empty", "dir/new", "dir/new/deeper" };
  for (guint i = 0; i < G_N_ELEMENTS (refs); i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_false (ul_refs_write (f.repo, refs[i], &checksum, &error));
      g_assert_nonnull (error);
      g_clear_error (&error);
      g_assert_false (ul_refs_write (f.repo, refs[i], NULL, &error));
      g_assert_nonnull (error);
      g_clear_error (&error);
      g_assert_false (ul_refs_write_alias (f.repo, refs[i], "x", &error));
      g_assert_nonnull (error);
    }
  g_autofree char *names = fixture_names (outside);
  g_assert_cmpstr (names, ==, "empty precious");
  g_autofree char *text = fixture_get (precious, NULL);
  g_assert_cmpstr (text, ==, HEX_1);
  fixture_assert_no_staging (&f);
}

static void
test_list (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  static const char *const refs[]
      = { "b", "a", "a-b", "ab", "x/y", "x/z/1", "origin:a", "origin:x/y" };
  for (guint i = 0; i < G_N_ELEMENTS (refs); i++)
    write_ref (&f, refs[i], HEX_1);
  assert_list (&f, NULL, UL_REFS_LIST_ALL, "a a-b ab b origin:a origin:x/y x/y x/z/1");
  assert_list (&f, NULL, UL_REFS_LIST_NO_REMOTES, "a a-b ab b x/y x/z/1");
  assert_list (&f, "a", UL_REFS_LIST_ALL, "a");
  assert_list (&f, "x", UL_REFS_LIST_ALL, "x/y x/z/1");
  assert_list (&f, "x/z", UL_REFS_LIST_ALL, "x/z/1");
  assert_list (&f, "x/y", UL_REFS_LIST_ALL, "x/y");
  assert_list (&f, "nope", UL_REFS_LIST_ALL, "");
  assert_list (&f, NULL, UL_REFS_LIST_ALIASES, "");
}

static void
test_list_passes_over_strangers (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  write_ref (&f, "a", HEX_1);
  put (&f, "refs/heads/.hidden", "not a ref");
  put (&f, "refs/heads/a~", "not a ref");
  put (&f, "refs/heads/.lock/x", "not a ref");
  put (&f, "refs/remotes/.cache/x", "not a ref");
  put (&f, "refs/remotes/file", "not a directory");
  assert_list (&f, NULL, UL_REFS_LIST_ALL, "a");
}

static void
assert_collections (Fixture *f, const char *match, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) refs = NULL;
  ul_refs_list_collections (f->repo, match, &refs, &error);
  g_assert_no_error (error);
  g_autoptr (GString) got = g_string_new (NULL);
  for (guint i = 0; i < refs->len; i++)
    {
      const UlCollectionRef *ref = refs->pdata[i];
      g_string_append_printf (got, "%s%s|%s", i > 0 ? " " : "", ref->collection_id, ref->ref);
    }
  g_assert_cmpstr (got->str, ==, expected);
}

static void
test_collections (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  fixture_reopen (&f, "core", "collection-id", "org.example.Own");
  const UlChecksum checksum = fixture_checksum (HEX_1);
  write_ref (&f, "mine", HEX_1);
  g_assert_true (ul_refs_write_collection (f.repo, "org.example.Other", "x/y", &checksum, &error));
  g_assert_true (ul_refs_write_collection (f.repo, "org.example.Own", "also", &checksum, &error));
  g_assert_no_error (error);
  assert_ref (&f, "also", HEX_1);
  assert_collections (&f, NULL, "org.example.Other|x/y org.example.Own|also org.example.Own|mine");
  assert_collections (&f, "org.example.Other", "org.example.Other|x/y");
  assert_collections (&f, "org.example.None", "");
  assert_list (&f, NULL, UL_REFS_LIST_ALL, "also mine");
  g_assert_true (ul_refs_write_collection (f.repo, "org.example.Other", "x/y", NULL, &error));
  assert_collections (&f, "org.example.Other", "");

  g_autoptr (GPtrArray) refs = NULL;
  g_assert_false (ul_refs_write_collection (f.repo, "../x.y", "a", &checksum, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_INVALID);
  g_clear_error (&error);
  g_assert_false (ul_refs_list_collections (f.repo, "bad", &refs, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_INVALID);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/Refs/write-read-and-remove", test_write_and_read);
  g_test_add_func ("/Refs/bad-names", test_bad_names);
  g_test_add_func ("/Refs/a-ref-where-refs-are-below", test_conflicts);
  g_test_add_func ("/Refs/file-that-holds-no-checksum", test_file_contents);
  g_test_add_func ("/Refs/directory-and-fifo", test_special_files);
  g_test_add_func ("/Refs/aliases", test_aliases);
  g_test_add_func ("/Refs/aliases-in-a-circle", test_alias_loop);
  g_test_add_func ("/Refs/reading-does-not-leave-the-repository", test_escape_by_reading);
  g_test_add_func ("/Refs/writing-does-not-leave-the-repository", test_escape_by_writing);
  g_test_add_func ("/Refs/list", test_list);
  g_test_add_func ("/Refs/list-passes-over-strangers", test_list_passes_over_strangers);
  g_test_add_func ("/Refs/collections", test_collections);
  return g_test_run ();
}
