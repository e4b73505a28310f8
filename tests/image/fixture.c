// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fixture.h"

#include <string.h>

#include "build/plain.h"
#include "core/image-name.h"
#include "repo/refs.h"

#define MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define CONFIG   "application/vnd.oci.image.config.v1+json"
#define LAYER    "application/vnd.oci.image.layer.v1.tar+gzip"

UlChecksum
fixture_diff_id (char letter)
{
  UlChecksum diff_id;
  ul_checksum_of_data (&letter, 1, &diff_id);
  return diff_id;
}

void
fixture_layer_id (const char *letters, char out[UL_CHECKSUM_HEX_LEN + 1])
{
  char below[UL_CHECKSUM_HEX_LEN + 1];
  for (const char *p = letters; *p != '\0'; p++)
    {
      const UlChecksum diff_id = fixture_diff_id (*p);
      memcpy (below, out, sizeof below);
      ul_image_layer_id (p == letters ? NULL : below, &diff_id, out);
    }
}

static void
commit (Fixture *f, const char *ref, const UlPlainFile *files, gsize n_files, GVariant *metadata)
{
  g_autoptr (GError) error = NULL;
  UlChecksum checksum;
  g_autoptr (UlTransaction) transaction = fixture_begin (f);
  g_autoptr (UlWriter) writer = ul_writer_new (transaction);
  ul_plain_commit (transaction, writer, files, n_files, metadata, 0, &checksum, &error);
  g_assert_no_error (error);
  ul_transaction_set_ref (transaction, ref, &checksum);
  fixture_end (transaction);
}

void
fixture_empty_commit (Fixture *f, const char *ref, GVariant *metadata)
{
  commit (f, ref, NULL, 0, metadata);
}

static void
put_layers (Fixture *f, const char *letters)
{
  char id[UL_CHECKSUM_HEX_LEN + 1];
  g_autofree char *parent = NULL;
  for (gsize i = 1; i <= strlen (letters); i++)
    {
      const UlChecksum diff_id = fixture_diff_id (letters[i - 1]);
      g_autofree char *chain = g_strndup (letters, i);
      fixture_layer_id (chain, id);
      g_autofree char *ref = ul_image_layer_ref (id);
      g_autofree char *split = ul_image_tar_split_ref (&diff_id);
      fixture_empty_commit (f, ref, ul_image_layer_metadata (parent, &diff_id, 100));
      fixture_empty_commit (f, split, NULL);
      g_free (parent);
      parent = g_strdup (id);
    }
}

static char *
config_text (const char *letters)
{
  g_autoptr (GString) text = g_string_new ("{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[");
  for (const char *p = letters; *p != '\0'; p++)
    {
      char digest[UL_OCI_DIGEST_SIZE];
      const UlChecksum diff_id = fixture_diff_id (*p);
      ul_oci_digest_format (&diff_id, digest);
      g_string_append_printf (text, "%s\"%s\"", p == letters ? "" : ",", digest);
    }
  g_string_append (text, "]}}");
  return g_strdup (text->str);
}

static char *
manifest_text (const char *config, const char *letters)
{
  char digest[UL_OCI_DIGEST_SIZE];
  UlChecksum checksum;
  ul_checksum_of_data (config, strlen (config), &checksum);
  ul_oci_digest_format (&checksum, digest);
  g_autoptr (GString) text = g_string_new (NULL);
  g_string_printf (text,
                   "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"" CONFIG
                   "\",\"digest\":\"%s\",\"size\":%zu},\"layers\":[",
                   digest, strlen (config));
  for (const char *p = letters; *p != '\0'; p++)
    g_string_append_printf (text, "%s{\"mediaType\":\"" LAYER "\",\"digest\":\"%s\",\"size\":1}",
                            p == letters ? "" : ",", digest);
  g_string_append (text, "]}");
  return g_strdup (text->str);
}

static UlSource
text_source (const char *text)
{
  return (UlSource){ .data = (const guint8 *) text, .fd = -1, .size = strlen (text) };
}

void
fixture_image_naming (Fixture *f, const char *name, const char *letters, const char *named,
                      const char *index)
{
  g_autofree char *config = config_text (letters);
  g_autofree char *manifest = manifest_text (config, letters);
  g_autofree char *ref = ul_image_name_to_ref (name);
  g_autoptr (GPtrArray) ids = g_ptr_array_new_with_free_func (g_free);
  put_layers (f, letters);
  for (gsize i = 1; i <= strlen (named); i++)
    {
      char id[UL_CHECKSUM_HEX_LEN + 1];
      g_autofree char *chain = g_strndup (named, i);
      fixture_layer_id (chain, id);
      g_ptr_array_add (ids, g_strdup (id));
    }
  g_ptr_array_add (ids, NULL);
  const UlPlainFile files[] = {
    { UL_IMAGE_MANIFEST_FILE, text_source (manifest) },
    { UL_IMAGE_CONFIG_FILE, text_source (config) },
    { UL_IMAGE_INDEX_FILE, text_source (index != NULL ? index : "") },
  };
  commit (f, ref, files, index != NULL ? 3 : 2,
          ul_image_metadata (name, MANIFEST, (const char *const *) ids->pdata));
}

void
fixture_image (Fixture *f, const char *name, const char *letters)
{
  fixture_image_naming (f, name, letters, letters, NULL);
}

/* What is called in @text by its digits is called by letters: "layer/ab", "tar-split/b". */
static void
use_letters (GString *text, const char *chain)
{
  char id[UL_CHECKSUM_HEX_LEN + 1];
  fixture_layer_id (chain, id);
  g_string_replace (text, id, chain, 0);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

char *
fixture_image_refs (Fixture *f)
{
  static const char *const chains[]
      = { "a", "b", "c", "ab", "ac", "bc", "abc", "abb", "ba", "aba" };
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) refs = NULL;
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  ul_refs_list (f->repo, NULL, UL_REFS_LIST_NAMES, &refs, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < refs->len; i++)
    {
      g_autoptr (GString) text = g_string_new (((const UlRef *) refs->pdata[i])->refspec);
      for (guint j = 0; j < G_N_ELEMENTS (chains); j++)
        use_letters (text, chains[j]);
      g_ptr_array_add (names, g_strdup (text->str));
    }
  g_ptr_array_sort (names, compare);
  g_ptr_array_add (names, NULL);
  return g_strjoinv (" ", (char **) names->pdata);
}

void
fixture_remove_ref (Fixture *f, const char *ref)
{
  g_autoptr (GError) error = NULL;
  ul_refs_write (f->repo, ref, NULL, &error);
  g_assert_no_error (error);
}
