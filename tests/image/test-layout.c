// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/layout.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "util/error.h"
#include "util/fd.h"

#define MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define INDEX    "application/vnd.oci.image.index.v1+json"
#define CONFIG   "application/vnd.oci.image.config.v1+json"

/* A layout in a directory of its own. */
typedef struct
{
  char *path;
  int dfd;
  UlOciPlatform *platform; /* linux/amd64 */
} Fixture;

static void
put (const Fixture *f, const char *path, const char *text)
{
  g_autoptr (GError) error = NULL;
  ul_fd_replace_file_at (f->dfd, path, text, strlen (text), 0644, FALSE, &error);
  g_assert_no_error (error);
}

static void
fixture_init (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  f->path = g_strdup ("layout-XXXXXX");
  g_assert_nonnull (g_mkdtemp (f->path));
  f->dfd = open (f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  f->platform = ul_oci_platform_new ("linux", "amd64", NULL);
  g_assert_true (ul_fd_make_dirs_at (f->dfd, "blobs/sha256", 0755, &error));
  put (f, "oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}");
}

static void
fixture_clear (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  close (f->dfd);
  ul_fd_remove_tree_at (AT_FDCWD, f->path, &error);
  g_assert_no_error (error);
  g_free (f->path);
  ul_oci_platform_free (f->platform);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Fixture, fixture_clear)

static char *
digest_of (const char *text)
{
  char digest[UL_OCI_DIGEST_SIZE];
  UlChecksum checksum;
  ul_checksum_of_data (text, strlen (text), &checksum);
  ul_oci_digest_format (&checksum, digest);
  return g_strdup (digest);
}

static char *
blob_path (const char *text)
{
  g_autofree char *digest = digest_of (text);
  return g_strconcat ("blobs/sha256/", digest + strlen (UL_OCI_DIGEST_PREFIX), NULL);
}

/* A descriptor of @text; @more are members of it. */
static char *
describe (const char *type, const char *text, const char *more)
{
  g_autofree char *digest = digest_of (text);
  return g_strdup_printf ("{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%zu%s}", type, digest,
                          strlen (text), more);
}

/* The same, and its blob is there. */
static char *
add (const Fixture *f, const char *type, const char *text, const char *more)
{
  g_autofree char *path = blob_path (text);
  put (f, path, text);
  return describe (type, text, more);
}

static char *
manifest_text (const Fixture *f, const char *comment)
{
  g_autofree char *config_text
      = g_strdup_printf ("{\"rootfs\":{\"type\":\"layers\"},\"comment\":\"%s\"}", comment);
  g_autofree char *config = add (f, CONFIG, config_text, "");
  return g_strdup_printf ("{\"schemaVersion\":2,\"config\":%s,\"layers\":[]}", config);
}

/* An image without layers, which @comment makes one of its own. */
static char *
add_image (const Fixture *f, const char *comment, const char *more)
{
  g_autofree char *text = manifest_text (f, comment);
  return add (f, MANIFEST, text, more);
}

static char *
index_text (const char *first, const char *second)
{
  return g_strdup_printf ("{\"schemaVersion\":2,\"manifests\":[%s%s%s]}", first,
                          second != NULL ? "," : "", second != NULL ? second : "");
}

static void
put_index (const Fixture *f, const char *first, const char *second)
{
  g_autofree char *text = index_text (first, second);
  put (f, "index.json", text);
}

static UlLayout *
open_ok (const Fixture *f)
{
  g_autoptr (GError) error = NULL;
  UlMembers *members = ul_members_open_dir (AT_FDCWD, f->path, &error);
  g_assert_no_error (error);
  UlLayout *layout = ul_layout_open (members, &error);
  g_assert_no_error (error);
  return layout;
}

static UlImageDocuments *
load_named (const Fixture *f, const char *tag, char **out_name, GError **error)
{
  g_autoptr (UlLayout) layout = open_ok (f);
  return ul_layout_load (layout, tag, f->platform, out_name, error);
}

static UlImageDocuments *
load (const Fixture *f, const char *tag, GError **error)
{
  g_autofree char *name = NULL;
  return load_named (f, tag, &name, error);
}

static void
assert_comment (const UlImageDocuments *image, const char *comment)
{
  g_autofree char *quoted = g_strdup_printf ("\"%s\"", comment);
  gsize len;
  const char *config = g_bytes_get_data (image->config_bytes, &len);
  g_assert_nonnull (g_strstr_len (config, (gssize) len, quoted));
}

/* "<path>: <message>". */
static void
assert_error (const Fixture *f, const GError *error, UlError code, const char *message)
{
  g_autofree char *expected = g_strconcat (f->path, ": ", message, NULL);
  g_assert_error (error, UL_ERROR, (int) code);
  g_assert_cmpstr (error->message, ==, expected);
}

static void
refuse_to_load (const Fixture *f, UlError code, const char *message)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (load (f, NULL, &error));
  assert_error (f, error, code, message);
}

static void
refuse_to_open (const Fixture *f, UlError code, const char *message)
{
  g_autoptr (GError) error = NULL;
  UlMembers *members = ul_members_open_dir (AT_FDCWD, f->path, &error);
  g_assert_no_error (error);
  g_assert_null (ul_layout_open (members, &error));
  assert_error (f, error, code, message);
}

/* umoci 0.4.7 wrote it. */
static void
test_real (void)
{
  g_auto (Fixture) f;
  g_autoptr (GError) error = NULL;
  fixture_init (&f);
  put (&f, "blobs/sha256/d9079253270201a9054dc1705a886731d4ed8f188b1e17cc0877f7db4760e00b",
       "{\"created\":\"2026-11-28T12:45:50.537520996Z\",\"architecture\":\"amd64\",\"os\":"
       "\"linux\",\"config\":{},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:"
       "d967420f234155b9d8f97bfbb02870cfb4fe84e40f4bef957a17bd90352ebd01\"]},\"history\":[{"
       "\"created\":\"2026-11-28T12:45:50.59661441Z\",\"created_by\":\"umoci repack\"}]}\n");
  put (&f, "blobs/sha256/e03b4344e5b8fab2b9ed095a754475357694fa6e4ab92e9e7b4d783d9ec458c6",
       "{\"schemaVersion\":2,\"config\":{\"mediaType\":"
       "\"application/vnd.oci.image.config.v1+json\",\"digest\":\"sha256:"
       "d9079253270201a9054dc1705a886731d4ed8f188b1e17cc0877f7db4760e00b\",\"size\":291},"
       "\"layers\":[{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar+gzip\",\"digest\":"
       "\"sha256:97179d669501404fc6a01e36c6e5e3a34d2d254e658b99a496ee22073f21818b\",\"size\":151}"
       "]}\n");
  put (&f, "index.json",
       "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":"
       "\"application/vnd.oci.image.manifest.v1+json\",\"digest\":\"sha256:"
       "e03b4344e5b8fab2b9ed095a754475357694fa6e4ab92e9e7b4d783d9ec458c6\",\"size\":345,"
       "\"annotations\":{\"org.opencontainers.image.ref.name\":\"v1\"}}]}");
  g_autofree char *tag = NULL;
  g_autoptr (UlImageDocuments) image = load_named (&f, "v1", &tag, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (tag, ==, "v1");
  g_assert_cmpstr (image->media_type, ==, MANIFEST);
  g_assert_cmpuint (image->manifest_digest.bytes[0], ==, 0xe0);
  g_assert_cmpuint (g_bytes_get_size (image->manifest_bytes), ==, 345);
  g_assert_cmpuint (g_bytes_get_size (image->config_bytes), ==, 291);
  g_assert_cmpuint (image->manifest->layers->len, ==, 1);
  g_assert_cmpuint (image->config->diff_ids->len, ==, 1);
}

static void
test_tags (void)
{
  g_auto (Fixture) f;
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) none = NULL;
  fixture_init (&f);
  g_autofree char *a
      = add_image (&f, "A", ",\"annotations\":{\"" UL_OCI_REF_NAME "\":\"example.org/a:1\"}");
  g_autofree char *b = add_image (&f, "B", ",\"annotations\":{\"" UL_OCI_REF_NAME "\":\"b\"}");
  put_index (&f, a, b);
  g_autoptr (UlImageDocuments) first = load (&f, "example.org/a:1", &error);
  g_assert_no_error (error);
  g_autoptr (UlImageDocuments) second = load (&f, "b", &error);
  g_assert_no_error (error);
  assert_comment (first, "A");
  assert_comment (second, "B");
  g_assert_null (load (&f, "c", &none));
  assert_error (&f, none, UL_ERROR_NOT_FOUND, "No image c, there are: example.org/a:1, b");
  refuse_to_load (&f, UL_ERROR_INVALID, "Which image? There are: example.org/a:1, b");
}

static void
test_only_one (void)
{
  g_auto (Fixture) f;
  g_autoptr (GError) error = NULL;
  fixture_init (&f);
  g_autofree char *a = add_image (&f, "A", "");
  put_index (&f, a, NULL);
  g_autofree char *tag = NULL;
  g_autoptr (UlImageDocuments) image = load_named (&f, NULL, &tag, &error);
  g_assert_no_error (error);
  assert_comment (image, "A");
  g_assert_null (tag);
}

/* An index in an index in index.json, and images for two platforms. */
static void
test_platform (void)
{
  g_auto (Fixture) f;
  g_autoptr (GError) error = NULL;
  fixture_init (&f);
  g_autofree char *arm
      = add_image (&f, "A", ",\"platform\":{\"os\":\"linux\",\"architecture\":\"arm64\"}");
  g_autofree char *amd
      = add_image (&f, "B", ",\"platform\":{\"os\":\"linux\",\"architecture\":\"amd64\"}");
  g_autofree char *inner_text = index_text (arm, amd);
  g_autofree char *inner = add (&f, INDEX, inner_text, "");
  g_autofree char *outer_text = index_text (inner, NULL);
  g_autofree char *outer = add (&f, INDEX, outer_text, "");
  put_index (&f, outer, NULL);
  g_autoptr (UlImageDocuments) image = load (&f, NULL, &error);
  g_assert_no_error (error);
  assert_comment (image, "B");

  ul_oci_platform_free (f.platform);
  f.platform = ul_oci_platform_new ("linux", "s390x", NULL);
  refuse_to_load (&f, UL_ERROR_NOT_FOUND,
                  "No image for linux/s390x, there are: linux/arm64, linux/amd64");
}

/* @depth indexes around an image, in index.json. */
static void
nest (const Fixture *f, guint depth)
{
  char *inside = add_image (f, "A", "");
  for (guint i = 0; i < depth; i++)
    {
      g_autofree char *text = index_text (inside, NULL);
      g_free (inside);
      inside = add (f, INDEX, text, "");
    }
  put_index (f, inside, NULL);
  g_free (inside);
}

static void
test_depth (void)
{
  g_auto (Fixture) f;
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) deep = NULL;
  fixture_init (&f);
  nest (&f, UL_LAYOUT_MAX_NESTING);
  g_autoptr (UlImageDocuments) image = load (&f, NULL, &error);
  g_assert_no_error (error);
  nest (&f, UL_LAYOUT_MAX_NESTING + 1);
  g_assert_null (load (&f, NULL, &deep));
  g_assert_error (deep, UL_ERROR, UL_ERROR_CORRUPT);
  g_assert_true (g_str_has_suffix (deep->message, ": nested too deeply"));
}

/* The blob of the only image's manifest is something else than its descriptor says. */
static void
test_altered (void)
{
  g_auto (Fixture) f;
  fixture_init (&f);
  g_autofree char *text = manifest_text (&f, "A");
  g_autofree char *descriptor = add (&f, MANIFEST, text, "");
  g_autofree char *path = blob_path (text);
  g_autofree char *other = g_strdup (text);
  other[strlen (other) - 1] = ' ';
  g_autofree char *digest = digest_of (text);
  g_autofree char *other_digest = digest_of (other);
  g_autofree char *wrong = g_strdup_printf ("manifest %s: its digest is %s", digest, other_digest);
  g_autofree char *shorter
      = g_strdup_printf ("%s: %zu bytes, expected %zu", path, strlen (text) - 1, strlen (text));
  g_autofree char *absent = g_strdup_printf ("open %s: not there", path);
  put_index (&f, descriptor, NULL);
  put (&f, path, other);
  refuse_to_load (&f, UL_ERROR_CORRUPT, wrong);
  other[strlen (other) - 1] = '\0';
  put (&f, path, other);
  refuse_to_load (&f, UL_ERROR_CORRUPT, shorter);
  g_assert_cmpint (unlinkat (f.dfd, path, 0), ==, 0);
  refuse_to_load (&f, UL_ERROR_CORRUPT, absent);
}

static void
test_altered_config (void)
{
  g_auto (Fixture) f;
  const char *text = "{\"rootfs\":{\"type\":\"layers\"},\"comment\":\"A\"}";
  const char *other = "{\"rootfs\":{\"type\":\"layers\"},\"comment\":\"B\"}";
  fixture_init (&f);
  g_autofree char *descriptor = add_image (&f, "A", "");
  g_autofree char *path = blob_path (text);
  g_autofree char *digest = digest_of (text);
  g_autofree char *other_digest = digest_of (other);
  g_autofree char *wrong = g_strdup_printf ("config %s: its digest is %s", digest, other_digest);
  put_index (&f, descriptor, NULL);
  put (&f, path, other);
  refuse_to_load (&f, UL_ERROR_CORRUPT, wrong);
}

static void
test_documents (void)
{
  g_auto (Fixture) f;
  fixture_init (&f);
  g_autofree char *config = add (&f, CONFIG, "{\"rootfs\":{\"type\":\"layers\"}}", "");
  g_autofree char *docker = g_strdup_printf (
      "{\"schemaVersion\":2,\"mediaType\":"
      "\"application/vnd.docker.distribution.manifest.v2+json\",\"config\":%s,\"layers\":[]}",
      config);
  g_autofree char *layers = g_strdup_printf (
      "{\"schemaVersion\":2,\"config\":%s,\"layers\":[{\"mediaType\":"
      "\"application/vnd.oci.image.layer.v1.tar\",\"size\":1,\"digest\":\"sha256:"
      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}]}",
      config);
  g_autofree char *docker_digest = digest_of (docker);
  g_autofree char *config_digest = digest_of ("{\"rootfs\":{\"type\":\"layers\"}}");

  g_autofree char *other_type = add (&f, MANIFEST, docker, "");
  g_autofree char *other_type_error = g_strdup_printf (
      "manifest %s: mediaType: application/vnd.docker.distribution.manifest.v2+json, expected %s",
      docker_digest, MANIFEST);
  put_index (&f, other_type, NULL);
  refuse_to_load (&f, UL_ERROR_CORRUPT, other_type_error);

  g_autofree char *no_diff_ids = add (&f, MANIFEST, layers, "");
  g_autofree char *no_diff_ids_error = g_strdup_printf (
      "config %s: rootfs.diff_ids: 0 for the manifest's 1 layers", config_digest);
  put_index (&f, no_diff_ids, NULL);
  refuse_to_load (&f, UL_ERROR_CORRUPT, no_diff_ids_error);

  g_autofree char *index_as_manifest = add (&f, INDEX, docker, "");
  g_autofree char *index_error
      = g_strdup_printf ("index %s: mediaType: not an image index: "
                         "application/vnd.docker.distribution.manifest.v2+json",
                         docker_digest);
  put_index (&f, index_as_manifest, NULL);
  refuse_to_load (&f, UL_ERROR_CORRUPT, index_error);
}

/* Refused before it's opened. */
static void
test_large_document (void)
{
  g_auto (Fixture) f;
  g_autofree char *digest = digest_of ("");
  g_autofree char *descriptor = g_strdup_printf (
      "{\"mediaType\":\"" MANIFEST "\",\"digest\":\"%s\",\"size\":4194305}", digest);
  g_autofree char *message
      = g_strdup_printf ("manifest %s: 4194305 bytes, more than the allowed 4194304", digest);
  fixture_init (&f);
  put_index (&f, descriptor, NULL);
  refuse_to_load (&f, UL_ERROR_CORRUPT, message);
}

static void
test_schema1 (void)
{
  g_auto (Fixture) f;
  const char *text = "{\"schemaVersion\":1,\"fsLayers\":[]}";
  g_autofree char *digest = digest_of (text);
  g_autofree char *message = g_strdup_printf (
      "manifest %s: Docker's schema 1 is not supported, convert the image to OCI", digest);
  fixture_init (&f);
  g_autofree char *descriptor
      = add (&f, "application/vnd.docker.distribution.manifest.v1+prettyjws", text, "");
  put_index (&f, descriptor, NULL);
  refuse_to_load (&f, UL_ERROR_UNSUPPORTED, message);
}

static void
test_blob (void)
{
  g_auto (Fixture) f;
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) wrong = NULL;
  UlOciDescriptor descriptor = { .size = 5 };
  char content[6] = { 0 };
  gsize n;
  fixture_init (&f);
  g_autofree char *only = add_image (&f, "A", "");
  g_autofree char *layer = add (&f, "any", "layer", "");
  put_index (&f, only, NULL);
  g_autoptr (UlLayout) layout = open_ok (&f);
  ul_checksum_of_data ("layer", 5, &descriptor.digest);
  g_auto (UlExtent) extent = UL_EXTENT_INIT;
  g_assert_true (ul_layout_open_blob (layout, &descriptor, &extent, &error));
  g_assert_cmpuint (extent.offset, ==, 0);
  g_assert_cmpuint (extent.size, ==, 5);
  g_assert_true (ul_fd_read_full (extent.fd, content, sizeof content, "blob", &n, &error));
  g_assert_cmpuint (n, ==, 5);
  g_assert_cmpstr (content, ==, "layer");

  g_auto (UlExtent) none = UL_EXTENT_INIT;
  descriptor.size = 6;
  g_assert_false (ul_layout_open_blob (layout, &descriptor, &none, &wrong));
  g_assert_error (wrong, UL_ERROR, UL_ERROR_CORRUPT);
  g_assert_true (g_str_has_suffix (wrong->message, ": 5 bytes, expected 6"));
  g_assert_cmpint (none.fd, ==, -1);
}

/* The image's manifest is what @make puts at its path, of which errors say @before and @after. */
static void
refuse_blob (void (*make) (const Fixture *f, const char *path), const char *before,
             const char *after)
{
  g_auto (Fixture) f;
  fixture_init (&f);
  g_autofree char *text = manifest_text (&f, "A");
  g_autofree char *descriptor = describe (MANIFEST, text, "");
  g_autofree char *path = blob_path (text);
  g_autofree char *expected = g_strconcat (before, path, after, NULL);
  put_index (&f, descriptor, NULL);
  make (&f, path);
  refuse_to_load (&f, UL_ERROR_CORRUPT, expected);
}

static void
make_link_out (const Fixture *f, const char *path)
{
  g_assert_cmpint (symlinkat ("../../../x", f->dfd, path), ==, 0);
}

static void
make_absolute_link (const Fixture *f, const char *path)
{
  g_assert_cmpint (symlinkat ("/etc/passwd", f->dfd, path), ==, 0);
}

static void
make_fifo (const Fixture *f, const char *path)
{
  g_assert_cmpint (mkfifoat (f->dfd, path, 0644), ==, 0);
}

static void
make_dir (const Fixture *f, const char *path)
{
  g_assert_cmpint (mkdirat (f->dfd, path, 0755), ==, 0);
}

/* blobs/ itself is somewhere else. */
static void
make_blobs_link (const Fixture *f, const char *path)
{
  (void) path;
  g_assert_cmpint (renameat (f->dfd, "blobs", f->dfd, "b"), ==, 0);
  g_assert_cmpint (symlinkat ("/", f->dfd, "blobs"), ==, 0);
}

static void
test_not_a_file (void)
{
  refuse_blob (make_link_out, "open ", ": leads out of the directory");
  refuse_blob (make_absolute_link, "open ", ": leads out of the directory");
  refuse_blob (make_blobs_link, "open ", ": leads out of the directory");
  refuse_blob (make_fifo, "", ": not a regular file");
  refuse_blob (make_dir, "", ": not a regular file");
}

static void
test_link_inside (void)
{
  g_auto (Fixture) f;
  g_autoptr (GError) error = NULL;
  fixture_init (&f);
  g_autofree char *only = add_image (&f, "A", "");
  put_index (&f, only, NULL);
  g_assert_cmpint (renameat (f.dfd, "blobs", f.dfd, "b"), ==, 0);
  g_assert_cmpint (symlinkat ("b", f.dfd, "blobs"), ==, 0);
  g_autoptr (UlImageDocuments) image = load (&f, NULL, &error);
  g_assert_no_error (error);
}

static void
test_version (void)
{
  static const struct
  {
    const char *text;
    UlError code;
    const char *message;
  } cases[] = {
    { "{\"imageLayoutVersion\":\"1.1.0\"}", UL_ERROR_UNSUPPORTED,
      "oci-layout: imageLayoutVersion: not 1.0, but 1.1.0" },
    { "{\"imageLayoutVersion\":\"1.0.\"}", UL_ERROR_UNSUPPORTED,
      "oci-layout: imageLayoutVersion: not 1.0, but 1.0." },
    { "{\"imageLayoutVersion\":\"1.0.0-rc1\"}", UL_ERROR_UNSUPPORTED,
      "oci-layout: imageLayoutVersion: not 1.0, but 1.0.0-rc1" },
    { "{\"imageLayoutVersion\":1}", UL_ERROR_CORRUPT,
      "oci-layout: imageLayoutVersion: not a string" },
    { "{}", UL_ERROR_CORRUPT, "oci-layout: imageLayoutVersion: missing" },
    { "[]", UL_ERROR_CORRUPT, "oci-layout: not an object" },
    { "", UL_ERROR_CORRUPT, "oci-layout: byte 0: not a value" },
  };
  g_auto (Fixture) f;
  fixture_init (&f);
  put_index (&f, "", NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      put (&f, "oci-layout", cases[i].text);
      refuse_to_open (&f, cases[i].code, cases[i].message);
    }
  g_assert_cmpint (unlinkat (f.dfd, "oci-layout", 0), ==, 0);
  refuse_to_open (&f, UL_ERROR_INVALID, "not an OCI layout: it has no oci-layout");
  g_assert_cmpint (symlinkat ("/etc/passwd", f.dfd, "oci-layout"), ==, 0);
  refuse_to_open (&f, UL_ERROR_CORRUPT, "open oci-layout: leads out of the directory");
  g_assert_cmpint (unlinkat (f.dfd, "oci-layout", 0), ==, 0);
  put (&f, "oci-layout", "{\"imageLayoutVersion\":\"1.0.10\"}");
  g_autoptr (UlLayout) layout = open_ok (&f);
}

static void
test_index_file (void)
{
  g_auto (Fixture) f;
  fixture_init (&f);
  refuse_to_open (&f, UL_ERROR_CORRUPT, "open index.json: not there");
  put (&f, "index.json", "{\"schemaVersion\":2,\"manifests\":7}");
  refuse_to_open (&f, UL_ERROR_CORRUPT, "index.json: manifests: not an array");
  put_index (&f, "", NULL);
  refuse_to_load (&f, UL_ERROR_NOT_FOUND, "No image");
  g_assert_cmpint (unlinkat (f.dfd, "index.json", 0), ==, 0);
  g_assert_cmpint (symlinkat ("../index.json", f.dfd, "index.json"), ==, 0);
  refuse_to_open (&f, UL_ERROR_CORRUPT, "open index.json: leads out of the directory");
}

/* As skopeo 1.9.3 has it. */
static void
test_split (void)
{
  static const char *const cases[][3] = {
    { "dir", "dir", NULL },
    { "dir:", "dir", NULL },
    { "/a/b:v1", "/a/b", "v1" },
    { "dir:example.org/a:1.0", "dir", "example.org/a:1.0" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *dir = NULL;
      g_autofree char *tag = NULL;
      ul_layout_split (cases[i][0], &dir, &tag);
      g_assert_cmpstr (dir, ==, cases[i][1]);
      g_assert_cmpstr (tag, ==, cases[i][2]);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/layout/real", test_real);
  g_test_add_func ("/layout/tags", test_tags);
  g_test_add_func ("/layout/the-only-image", test_only_one);
  g_test_add_func ("/layout/platform", test_platform);
  g_test_add_func ("/layout/depth", test_depth);
  g_test_add_func ("/layout/altered-manifest", test_altered);
  g_test_add_func ("/layout/altered-config", test_altered_config);
  g_test_add_func ("/layout/documents-that-do-not-fit", test_documents);
  g_test_add_func ("/layout/large-document", test_large_document);
  g_test_add_func ("/layout/schema-1", test_schema1);
  g_test_add_func ("/layout/blob", test_blob);
  g_test_add_func ("/layout/not-a-file", test_not_a_file);
  g_test_add_func ("/layout/symlink-inside", test_link_inside);
  g_test_add_func ("/layout/version", test_version);
  g_test_add_func ("/layout/index-file", test_index_file);
  g_test_add_func ("/layout/split", test_split);
  return g_test_run ();
}
