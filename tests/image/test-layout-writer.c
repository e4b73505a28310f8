// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/layout-writer.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "image/layout.h"
#include "util/error.h"
#include "util/fd.h"

#define MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define CONFIG   "application/vnd.oci.image.config.v1+json"
#define DIR      "parent/layout"

/* Each test has a current directory of its own, without a layout. */
static void
begin_test (void)
{
  g_autoptr (GError) error = NULL;
  umask (022);
  ul_fd_remove_tree_at (AT_FDCWD, "parent", &error);
  g_assert_no_error (error);
}

static void
put (const char *path, const char *text)
{
  g_autoptr (GError) error = NULL;
  ul_fd_replace_file_at (AT_FDCWD, path, text, strlen (text), 0644, FALSE, &error);
  g_assert_no_error (error);
}

static char *
get (const char *path)
{
  g_autoptr (GError) error = NULL;
  char *text = NULL;
  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return text;
}

static void
make_dir (const char *path)
{
  g_assert_cmpint (g_mkdir_with_parents (path, 0755), ==, 0);
}

static UlLayoutWriter *
open_writer (void)
{
  g_autoptr (GError) error = NULL;
  UlLayoutWriter *writer = ul_layout_writer_open (AT_FDCWD, DIR, &error);
  g_assert_no_error (error);
  return writer;
}

static void
refuse_to_open (UlError code, const char *message)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (ul_layout_writer_open (AT_FDCWD, DIR, &error));
  g_assert_error (error, UL_ERROR, (int) code);
  g_assert_cmpstr (error->message, ==, message);
}

static UlChecksum
add (UlLayoutWriter *writer, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  UlChecksum digest;
  ul_layout_writer_add_blob (writer, bytes, &digest, &error);
  g_assert_no_error (error);
  return digest;
}

static char *
blob_path (const UlChecksum *digest)
{
  char hex[UL_CHECKSUM_HEX_LEN + 1];
  ul_checksum_to_hex (digest, hex);
  return g_strconcat (DIR "/blobs/sha256/", hex, NULL);
}

/* An image without layers, which @comment makes one of its own. */
static void
publish (UlLayoutWriter *writer, const char *tag, const char *comment)
{
  g_autoptr (GError) error = NULL;
  char digest[UL_OCI_DIGEST_SIZE];
  g_autofree char *config
      = g_strdup_printf ("{\"rootfs\":{\"type\":\"layers\"},\"comment\":\"%s\"}", comment);
  const UlChecksum config_digest = add (writer, config);
  ul_oci_digest_format (&config_digest, digest);
  g_autofree char *manifest
      = g_strdup_printf ("{\"schemaVersion\":2,\"config\":{\"mediaType\":\"" CONFIG
                         "\",\"digest\":\"%s\",\"size\":%zu},\"layers\":[]}",
                         digest, strlen (config));
  const UlChecksum manifest_digest = add (writer, manifest);
  ul_layout_writer_publish (writer, tag, MANIFEST, &manifest_digest, strlen (manifest), &error);
  g_assert_no_error (error);
}

static void
assert_image (const char *tag, const char *comment)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (UlOciPlatform) platform = ul_oci_platform_new ("linux", "amd64", NULL);
  g_autofree char *name = NULL;
  UlMembers *members = ul_members_open_dir (AT_FDCWD, DIR, &error);
  g_assert_no_error (error);
  g_autoptr (UlLayout) layout = ul_layout_open (members, &error);
  g_assert_no_error (error);
  g_autoptr (UlImageDocuments) image = ul_layout_load (layout, tag, platform, &name, &error);
  g_assert_no_error (error);
  g_autofree char *quoted = g_strdup_printf ("\"%s\"", comment);
  gsize len;
  const char *config = g_bytes_get_data (image->config_bytes, &len);
  g_assert_nonnull (g_strstr_len (config, (gssize) len, quoted));
}

static gint
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* "blobs index.json oci-layout": the names in a directory. */
static char *
names_in (const char *path)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  g_assert_nonnull (dir);
  for (const char *name; (name = g_dir_read_name (dir)) != NULL;)
    g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare_names);
  g_ptr_array_add (names, NULL);
  return g_strjoinv (" ", (char **) names->pdata);
}

static void
test_new (void)
{
  begin_test ();
  g_autoptr (UlLayoutWriter) writer = open_writer ();
  publish (writer, "a", "A");
  g_autofree char *version = get (DIR "/oci-layout");
  g_autofree char *names = names_in (DIR);
  g_assert_cmpstr (version, ==, "{\"imageLayoutVersion\":\"1.0.0\"}");
  g_assert_cmpstr (names, ==, "blobs index.json oci-layout");
  assert_image ("a", "A");
  assert_image (NULL, "A");
}

static void
test_add (void)
{
  begin_test ();
  make_dir (DIR);
  g_autoptr (UlLayoutWriter) first = open_writer ();
  publish (first, "a", "A");
  publish (first, NULL, "N");
  g_autoptr (UlLayoutWriter) second = open_writer ();
  publish (second, "example.org/b:1", "B");
  assert_image ("a", "A");
  publish (second, "a", "A2");
  publish (first, "c", "C");
  assert_image ("a", "A2");
  assert_image ("example.org/b:1", "B");
  assert_image ("c", "C");
}

/* Of a killed writer, and of another tool that wrote more than we know. */
static void
test_others (void)
{
  begin_test ();
  make_dir (DIR);
  put (DIR "/oci-layout", "{\"imageLayoutVersion\": \"1.0.1\", \"x\": 1}");
  put (DIR "/more", "");
  g_autoptr (UlLayoutWriter) writer = open_writer ();
  publish (writer, "a", "A");
  assert_image ("a", "A");
  g_autofree char *version = get (DIR "/oci-layout");
  g_assert_cmpstr (version, ==, "{\"imageLayoutVersion\": \"1.0.1\", \"x\": 1}");
}

static void
test_refused (void)
{
  begin_test ();
  make_dir (DIR);
  put (DIR "/file", "");
  refuse_to_open (UL_ERROR_INVALID, DIR ": neither an OCI layout nor empty");
  put (DIR "/oci-layout", "{\"imageLayoutVersion\":\"2.0.0\"}");
  refuse_to_open (UL_ERROR_UNSUPPORTED, DIR ": oci-layout: imageLayoutVersion: not 1.0, but 2.0.0");
  put (DIR "/oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}");
  put (DIR "/index.json", "{\"schemaVersion\":2}");
  refuse_to_open (UL_ERROR_CORRUPT, DIR ": index.json: manifests: missing");
  g_autofree char *names = names_in (DIR);
  g_assert_cmpstr (names, ==, "file index.json oci-layout");
}

/* An index that somebody breaks meanwhile stays, and so does one to which an image with a bad name
 * is to be added. */
static void
test_index_stays (void)
{
  begin_test ();
  g_autoptr (GError) bad_name = NULL;
  g_autoptr (GError) broken = NULL;
  g_autoptr (UlLayoutWriter) writer = open_writer ();
  publish (writer, "a", "A");
  g_autofree char *before = get (DIR "/index.json");
  const UlChecksum digest = add (writer, "manifest");
  g_assert_false (ul_layout_writer_publish (writer, "a b", MANIFEST, &digest, 8, &bad_name));
  g_assert_error (bad_name, UL_ERROR, UL_ERROR_INVALID);
  g_assert_cmpstr (bad_name->message, ==, DIR ": not a name for an image in a layout: a b");
  g_autofree char *after = get (DIR "/index.json");
  g_assert_cmpstr (after, ==, before);
  put (DIR "/index.json", "{");
  g_assert_false (ul_layout_writer_publish (writer, "b", MANIFEST, &digest, 8, &broken));
  g_assert_error (broken, UL_ERROR, UL_ERROR_CORRUPT);
  g_autofree char *left = get (DIR "/index.json");
  g_assert_cmpstr (left, ==, "{");
}

/* In pieces; one that isn't finished leaves nothing. */
static void
test_stream (void)
{
  begin_test ();
  g_autoptr (GError) error = NULL;
  UlChecksum digest;
  UlChecksum expected;
  guint64 size;
  UlLayoutWriter *writer = open_writer ();
  g_assert_true (ul_layout_writer_begin_blob (writer, &error));
  g_assert_true (ul_layout_writer_write (writer, "dropped", 7, &error));
  g_assert_true (ul_layout_writer_begin_blob (writer, &error));
  g_assert_true (ul_layout_writer_write (writer, "12345", 5, &error));
  g_assert_true (ul_layout_writer_write (writer, "", 0, &error));
  g_assert_true (ul_layout_writer_write (writer, "6789", 4, &error));
  g_assert_true (ul_layout_writer_finish_blob (writer, &digest, &size, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (size, ==, 9);
  ul_checksum_of_data ("123456789", 9, &expected);
  g_assert_true (ul_checksum_equal (&digest, &expected));
  g_autofree char *path = blob_path (&digest);
  g_autofree char *text = get (path);
  g_assert_cmpstr (text, ==, "123456789");
  struct stat st;
  g_assert_cmpint (stat (path, &st), ==, 0);
  g_assert_cmpuint (st.st_mode & 07777, ==, 0644);
  g_assert_true (ul_layout_writer_begin_blob (writer, &error));
  g_assert_true (ul_layout_writer_write (writer, "dropped", 7, &error));
  ul_layout_writer_free (writer);
  g_autofree char *names = names_in (DIR "/blobs/sha256");
  g_assert_cmpstr (names, ==, path + strlen (DIR "/blobs/sha256/"));
}

/* A blob that is there stays the same file; one of another size is replaced, and so is a symlink,
 * wherever it leads. */
static void
test_existing_blob (void)
{
  begin_test ();
  struct stat before;
  struct stat after;
  g_autoptr (UlLayoutWriter) writer = open_writer ();
  const UlChecksum digest = add (writer, "blob");
  g_autofree char *path = blob_path (&digest);
  g_assert_cmpint (stat (path, &before), ==, 0);
  add (writer, "blob");
  g_assert_cmpint (stat (path, &after), ==, 0);
  g_assert_cmpuint (before.st_ino, ==, after.st_ino);
  put (path, "blo");
  add (writer, "blob");
  g_autofree char *text = get (path);
  g_assert_cmpstr (text, ==, "blob");
  g_assert_cmpint (unlink (path), ==, 0);
  put ("parent/outside", "four");
  g_assert_cmpint (symlink ("../../../outside", path), ==, 0);
  add (writer, "blob");
  g_assert_cmpint (lstat (path, &after), ==, 0);
  g_assert_true (S_ISREG (after.st_mode));
  g_autofree char *outside = get ("parent/outside");
  g_assert_cmpstr (outside, ==, "four");
}

/* Nothing is written where a symlink leads out of the layout. */
static void
test_symlinks (void)
{
  begin_test ();
  g_autoptr (GError) error = NULL;
  make_dir ("parent/elsewhere");
  make_dir (DIR);
  put (DIR "/oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}");
  g_assert_cmpint (symlink ("../elsewhere", DIR "/blobs"), ==, 0);
  g_assert_null (ul_layout_writer_open (AT_FDCWD, DIR, &error));
  g_autofree char *names = names_in ("parent/elsewhere");
  g_assert_cmpstr (names, ==, "");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/LayoutWriter/new", test_new);
  g_test_add_func ("/LayoutWriter/add", test_add);
  g_test_add_func ("/LayoutWriter/others", test_others);
  g_test_add_func ("/LayoutWriter/refused", test_refused);
  g_test_add_func ("/LayoutWriter/index-stays", test_index_stays);
  g_test_add_func ("/LayoutWriter/stream", test_stream);
  g_test_add_func ("/LayoutWriter/existing-blob", test_existing_blob);
  g_test_add_func ("/LayoutWriter/symlinks", test_symlinks);
  return g_test_run ();
}
