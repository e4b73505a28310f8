// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/store-layers.h"

#include "oci.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

OCI_PARSER (GPtrArray, ul_store_layers_parse, "layers.json")

static const UlStoreLayer *
at (const GPtrArray *layers, guint i)
{
  return g_ptr_array_index (layers, i);
}

static void
assert_file (const GPtrArray *layers, const char *expected)
{
  g_autoptr (GBytes) bytes = ul_store_layers_format (layers);
  g_autofree char *text = oci_json (expected);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), text, strlen (text));
}

/* podman 4.3.1 wrote it, but for the ids; written anew it's the same. */
static const char podman[]
    = "[{'id':'" A "','created':'2026-11-28T15:30:33.708308819Z',"
      "'compressed-diff-digest':'" OCI_A "','compressed-size':1986560,'diff-digest':'" OCI_A
      "','diff-size':1986561,'compression':2,'uidset':[0,5],'gidset':[0,7]},"
      "{'id':'" B "','parent':'" A "','created':'2026-11-28T15:30:33.916532533Z',"
      "'diff-digest':'" OCI_B "','diff-size':2048,'uidset':[4294967295],'gidset':[0]}]";

static void
test_podman (void)
{
  g_autoptr (GPtrArray) layers = parse_ok (podman);
  g_assert_cmpuint (layers->len, ==, 2);
  g_assert_cmpstr (at (layers, 0)->id, ==, A);
  g_assert_null (at (layers, 0)->parent);
  g_assert_true (at (layers, 0)->has_compressed);
  g_assert_cmpint (at (layers, 0)->compressed_size, ==, 1986560);
  g_assert_cmpint (at (layers, 0)->diff_size, ==, 1986561);
  g_assert_cmpint (at (layers, 0)->compression, ==, UL_STORE_GZIP);
  g_assert_cmpuint (at (layers, 0)->uids->len, ==, 2);
  g_assert_cmpuint (g_array_index (at (layers, 0)->gids, guint32, 1), ==, 7);
  g_assert_cmpstr (at (layers, 1)->parent, ==, A);
  g_assert_true (at (layers, 1)->has_diff);
  g_assert_cmpuint (at (layers, 1)->diff_digest.bytes[0], ==, 0xbb);
  g_assert_false (at (layers, 1)->has_compressed);
  g_assert_cmpint (at (layers, 1)->compressed_size, ==, -1);
  g_assert_cmpuint (at (layers, 1)->forbidden, ==, 0);
  assert_file (layers, podman);
  for (guint i = 0; i < layers->len; i++)
    ul_store_layer_seal (g_ptr_array_index (layers, i));
  assert_file (layers, podman);
}

static void
test_little (void)
{
  g_autoptr (GPtrArray) none = parse_ok ("[ ]");
  g_autoptr (GPtrArray) layers = parse_ok ("[{'id':'" A "','parent':'','diff-digest':'',"
                                           "'diff-size':-7,'uidset':null}]");
  const UlStoreLayer *layer = at (layers, 0);
  assert_file (none, "[]");
  g_assert_null (layer->parent);
  g_assert_null (layer->created);
  g_assert_false (layer->has_diff);
  g_assert_cmpint (layer->diff_size, ==, -1);
  g_assert_cmpuint (layer->uids->len, ==, 0);
}

/* What we don't know stays as it is, to the byte. */
static void
test_unknown (void)
{
  g_autoptr (GPtrArray) layers = parse_ok (
      " [ {'id' : '" A "', 'x': [ {'y':']},{'}, 1.50 ]}\n,{'id':'" B "','z':'\\'' }]\n");
  g_assert_cmpuint (layers->len, ==, 2);
  assert_file (layers, "[{'id' : '" A "', 'x': [ {'y':']},{'}, 1.50 ]},{'id':'" B "','z':'\\'' }]");
}

static void
test_forbidden (void)
{
  static const struct
  {
    const char *member;
    guint flag;
  } cases[] = {
    { "'uidmap':[]", UL_STORE_LAYER_UIDMAP },
    { "'gidmap':[1]", UL_STORE_LAYER_GIDMAP },
    { "'mountlabel':'l'", UL_STORE_LAYER_MOUNTLABEL },
    { "'toc-digest':'d'", UL_STORE_LAYER_TOC_DIGEST },
    { "'flags':{'incomplete':true}", UL_STORE_LAYER_INCOMPLETE },
    { "'flags':{'incomplete':false}", 0 },
    { "'uidmap':null", 0 },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = g_strdup_printf ("[{'id':'" A "',%s}]", cases[i].member);
      g_autoptr (GPtrArray) layers = parse_ok (text);
      g_assert_cmpuint (at (layers, 0)->forbidden, ==, cases[i].flag);
    }
}

/* What can go without changing the layer; the rest of the entry stays as it is. */
static void
test_removable (void)
{
  static const struct
  {
    const char *member;
    guint forbidden;
    guint removable;
  } cases[] = {
    { "'uidmap':[]", UL_STORE_LAYER_UIDMAP, UL_STORE_LAYER_UIDMAP },
    { "'gidmap' : [ ]", UL_STORE_LAYER_GIDMAP, UL_STORE_LAYER_GIDMAP },
    { "'gidmap':[1]", UL_STORE_LAYER_GIDMAP, 0 },
    { "'uidmap':'x'", UL_STORE_LAYER_UIDMAP, 0 },
    { "'UidMap':[]", UL_STORE_LAYER_UIDMAP, 0 },
    { "'mountlabel':'l'", UL_STORE_LAYER_MOUNTLABEL, UL_STORE_LAYER_MOUNTLABEL },
    { "'mountlabel':[1]", UL_STORE_LAYER_MOUNTLABEL, 0 },
    { "'toc-digest':'d'", UL_STORE_LAYER_TOC_DIGEST, 0 },
    { "'toc-digest':'d','diff-digest':'sha256:" B "'", UL_STORE_LAYER_TOC_DIGEST, 0 },
    { "'flags':{'incomplete':true}", UL_STORE_LAYER_INCOMPLETE, 0 },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = g_strdup_printf ("[{'id':'" A "',%s,'x':{}}]", cases[i].member);
      g_autoptr (GPtrArray) layers = parse_ok (text);
      g_assert_cmpuint (at (layers, 0)->forbidden, ==, cases[i].forbidden);
      g_assert_cmpuint (at (layers, 0)->removable, ==, cases[i].removable);
    }
  g_autoptr (GPtrArray) layers
      = parse_ok ("[{'id':'" A "','toc-digest':'d','y':1,'diff-digest':'sha256:" A
                  "','uidmap':[],'mountlabel':'l','x':{'uidmap':2}}]");
  UlStoreLayer *layer = g_ptr_array_index (layers, 0);
  g_assert_true (ul_store_layer_has_right_id (layer));
  g_assert_cmpuint (layer->removable, ==, layer->forbidden);
  ul_store_layer_remove (layer, layer->removable);
  g_assert_cmpuint (layer->forbidden, ==, 0);
  assert_file (layers, "[{'id':'" A "','y':1,'diff-digest':'sha256:" A "','x':{'uidmap':2}}]");
}

static void
test_refused (void)
{
  static const OciRefusal cases[] = {
    { "{}", UL_ERROR_CORRUPT, "layers.json: not an array" },
    { "[1]", UL_ERROR_CORRUPT, "layers.json: [0]: not an object" },
    { "[{}]", UL_ERROR_CORRUPT, "layers.json: [0].id: missing" },
    { "[{'id':'../x'}]", UL_ERROR_CORRUPT, "layers.json: [0].id: not an id: ../x" },
    { "[{'id':'" A "'},{'id':'" B "','parent':'x'}]", UL_ERROR_CORRUPT,
      "layers.json: [1].parent: not an id: x" },
    { "[{'id':'" A "','diff-digest':'sha512:ab'}]", UL_ERROR_UNSUPPORTED,
      "layers.json: [0].diff-digest: digest is not sha256: sha512:ab" },
    { "[{'id':'" A "','uidset':[4294967296]}]", UL_ERROR_CORRUPT,
      "layers.json: [0].uidset[0]: not an owner" },
    { "[{'id':'" A "','created':'now'}]", UL_ERROR_CORRUPT,
      "layers.json: [0].created: not a time: now" },
    { "[{'id':'" A "','flags':{'incomplete':1}}]", UL_ERROR_CORRUPT,
      "layers.json: [0].flags.incomplete: not a boolean" },
    { "[{'id':'" A "','diff-size':1.5}]", UL_ERROR_CORRUPT,
      "layers.json: [0].diff-size: not an integer" },
  };
  assert_refused (cases, G_N_ELEMENTS (cases));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/store-layers/podman", test_podman);
  g_test_add_func ("/store-layers/little", test_little);
  g_test_add_func ("/store-layers/unknown-members", test_unknown);
  g_test_add_func ("/store-layers/forbidden", test_forbidden);
  g_test_add_func ("/store-layers/removable", test_removable);
  g_test_add_func ("/store-layers/refused", test_refused);
  return g_test_run ();
}
