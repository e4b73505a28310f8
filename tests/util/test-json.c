// SPDX-License-Identifier: LGPL-2.1-or-later
#include "util/json.h"

#include <string.h>

#include "util/error.h"

static UlJson *
parse (const char *text, GError **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  return ul_json_parse (bytes, "doc", 1000, error);
}

static UlJson *
parse_object (const char *text, UlJsonValue *root)
{
  g_autoptr (GError) error = NULL;
  UlJson *json = parse (text, &error);
  g_assert_no_error (error);
  g_assert_true (ul_json_root (json, UL_JSON_OBJECT, root, &error));
  return json;
}

static void
assert_corrupt (const GError *error, const char *message)
{
  g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
  g_assert_cmpstr (error->message, ==, message);
}

static void
test_taken (void)
{
  static const char *const texts[] = {
    "{}",
    " [ ] \n",
    "null",
    "true",
    "\"\"",
    "0",
    "-0",
    "-1.5e+10",
    "1E5",
    "0e1",
    "0.0",
    "1e-400",
    "1e999",
    "9223372036854775807",
    "-9223372036854775807",
    "{\"a\":[1,{\"b\":[]},null,false],\"\":\"\"}",
    "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\\ud83d\\ude00\x7f\"",
    "\"gr\xc3\xbc\xc3\x9f\x65\"",
  };
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (UlJson) json = parse (texts[i], &error);
      g_assert_no_error (error);
    }
}

static void
test_refused (void)
{
  static const struct
  {
    const char *text;
    const char *message;
  } cases[] = {
    { "", "doc: byte 0: not a value" },
    { "  ", "doc: byte 2: not a value" },
    { "{} {}", "doc: byte 3: more after the end" },
    { "\xef\xbb\xbf{}", "doc: byte 0: not a value" },
    { "[1,]", "doc: byte 3: not a value" },
    { "[,1]", "doc: byte 1: not a value" },
    { "[1 2]", "doc: byte 3: a comma is missing" },
    { "[1}", "doc: byte 2: a comma is missing" },
    { "[", "doc: byte 1: not a value" },
    { "{", "doc: byte 1: a name is missing" },
    { "{\"a\":1,}", "doc: byte 7: a name is missing" },
    { "{a:1}", "doc: byte 1: a name is missing" },
    { "{'a':1}", "doc: byte 1: a name is missing" },
    { "{\"a\" 1}", "doc: byte 5: a colon is missing" },
    { "{\"a\":}", "doc: byte 5: not a value" },
    { "var x = {}", "doc: byte 0: not a value" },
    { "/* c */ {}", "doc: byte 0: not a value" },
    { "[1] // c", "doc: byte 4: more after the end" },
    { "# c\n1", "doc: byte 0: not a value" },
    { "nul", "doc: byte 0: not a value" },
    { "nullx", "doc: byte 4: more after the end" },
    { "NaN", "doc: byte 0: not a value" },
    { "+1", "doc: byte 0: not a value" },
    { "-", "doc: byte 1: invalid number" },
    { "- 1", "doc: byte 1: invalid number" },
    { "01", "doc: byte 2: invalid number" },
    { "0x10", "doc: byte 1: more after the end" },
    { "1.", "doc: byte 2: invalid number" },
    { ".5", "doc: byte 0: not a value" },
    { "1e", "doc: byte 2: invalid number" },
    { "9223372036854775808", "doc: byte 19: integer out of range" },
    { "-9223372036854775809", "doc: byte 20: integer out of range" },
    { "18446744073709551617", "doc: byte 20: integer out of range" },
    { "\"a", "doc: byte 2: a string without an end" },
    { "\"a\\", "doc: byte 3: invalid escape" },
    { "\"\\x\"", "doc: byte 2: invalid escape" },
    { "\"\\u12g4\"", "doc: byte 5: invalid \\u escape" },
    { "\"a\nb\"", "doc: byte 2: control character in a string" },
    { "\"a\\u0000b\"", "doc: byte 8: \\u0000 in a string" },
    { "\"\\ud800\"", "doc: byte 7: half a pair of surrogates" },
    { "\"\\ud800\\u0041\"", "doc: byte 13: half a pair of surrogates" },
    { "\"\\udc00\\ud800\"", "doc: byte 7: half a pair of surrogates" },
    { "\"\xff\"", "doc: byte 1: not UTF-8" },
    { "\"\xed\xa0\x80\"", "doc: byte 1: not UTF-8" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_null (parse (cases[i].text, &error));
      assert_corrupt (error, cases[i].message);
    }
}

static void
test_nul (void)
{
  g_autoptr (GError) error = NULL;
  g_assert_false (ul_json_check ("[1]\0", 4, "doc", &error));
  assert_corrupt (error, "doc: byte 3: not UTF-8");
}

/* N times @repeated between @begin and @end. */
static gboolean
check_many (const char *begin, const char *repeated, guint n, const char *end, GError **error)
{
  g_autoptr (GString) text = g_string_new (begin);
  for (guint i = 0; i < n; i++)
    g_string_append (text, repeated);
  g_string_append (text, end);
  return ul_json_check (text->str, text->len, "doc", error);
}

static void
test_bounds (void)
{
  g_autoptr (GError) size = NULL;
  g_autoptr (GError) depth = NULL;
  g_autoptr (GError) members = NULL;
  g_autoptr (GError) values = NULL;
  g_autofree char *spaces = g_strnfill (1000, ' ');
  g_autofree char *long_text = g_strconcat (spaces, "1", NULL);
  g_assert_null (parse (long_text, &size));
  assert_corrupt (size, "doc: 1001 bytes, more than the allowed 1000");

  g_assert_false (check_many ("", "[", UL_JSON_MAX_DEPTH + 1, "", &depth));
  assert_corrupt (depth, "doc: byte 65: nested too deeply");

  g_assert_true (check_many ("{", "\"a\":1,", UL_JSON_MAX_MEMBERS - 1, "\"b\":1}", NULL));
  g_assert_false (check_many ("{", "\"a\":1,", UL_JSON_MAX_MEMBERS, "\"b\":1}", &members));
  assert_corrupt (members, "doc: byte 6146: too many members");

  g_assert_true (check_many ("[", "1,", UL_JSON_MAX_VALUES - 2, "1]", NULL));
  g_assert_false (check_many ("[", "1,", UL_JSON_MAX_VALUES - 1, "1]", &values));
  assert_corrupt (values, "doc: byte 399999: too many values");
}

static void
test_depth (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; i < UL_JSON_MAX_DEPTH; i++)
    g_string_append_c (text, '[');
  for (guint i = 0; i < UL_JSON_MAX_DEPTH; i++)
    g_string_append_c (text, ']');
  g_autoptr (UlJson) json = parse (text->str, &error);
  g_assert_no_error (error);
}

static void
test_getters (void)
{
  g_autoptr (GError) error = NULL;
  UlJsonValue root;
  g_autoptr (UlJson) json = parse_object (
      "{\"s\":\"x\",\"n\":9223372036854775807,\"b\":true,\"a\":[\"p\",\"q\"],\"o\":{\"k\":\"v\"},"
      "\"null\":null}",
      &root);
  const char *s;
  guint64 n;
  gboolean b;
  guint len;
  UlJsonValue array;
  UlJsonValue element;
  g_autoptr (GHashTable) strings = NULL;
  g_assert_true (ul_json_get_string (&root, "s", UL_JSON_REQUIRED, &s, &error));
  g_assert_cmpstr (s, ==, "x");
  g_assert_true (ul_json_get_size (&root, "n", UL_JSON_REQUIRED, &n, &error));
  g_assert_cmpuint (n, ==, G_MAXINT64);
  g_assert_true (ul_json_get_boolean (&root, "b", UL_JSON_REQUIRED, &b, &error));
  g_assert_true (b);
  g_assert_true (ul_json_get_array (&root, "a", UL_JSON_REQUIRED, 2, &array, &len, &error));
  g_assert_cmpuint (len, ==, 2);
  g_assert_true (ul_json_element (&array, 1, UL_JSON_STRING, &element, &error));
  g_assert_cmpstr (ul_json_string (&element), ==, "q");
  g_assert_true (ul_json_get_strings (&root, "o", &strings, &error));
  g_assert_cmpuint (g_hash_table_size (strings), ==, 1);
  g_assert_cmpstr (g_hash_table_lookup (strings, "k"), ==, "v");
  g_assert_true (ul_json_has (&root, "s"));
  g_assert_false (ul_json_has (&root, "null"));
  g_assert_true (ul_json_has (&root, "S"));
  g_assert_false (ul_json_has (&root, "x"));
}

/* null, too, is nothing. */
static void
test_optional (void)
{
  g_autoptr (GError) error = NULL;
  UlJsonValue root;
  g_autoptr (UlJson) json = parse_object ("{\"null\":null}", &root);
  static const char *const names[] = { "null", "absent" };
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      const char *s = "";
      guint64 n = 1;
      gboolean b = TRUE;
      guint len = 1;
      UlJsonValue value = root;
      GHashTable *strings = (GHashTable *) &root;
      g_assert_true (ul_json_get_string (&root, names[i], UL_JSON_OPTIONAL, &s, &error));
      g_assert_null (s);
      g_assert_true (ul_json_get_size (&root, names[i], UL_JSON_OPTIONAL, &n, &error));
      g_assert_cmpuint (n, ==, 0);
      g_assert_true (ul_json_get_boolean (&root, names[i], UL_JSON_OPTIONAL, &b, &error));
      g_assert_false (b);
      g_assert_true (
          ul_json_get_array (&root, names[i], UL_JSON_OPTIONAL, 2, &value, &len, &error));
      g_assert_cmpuint (len, ==, 0);
      g_assert_null (value.node);
      g_assert_true (ul_json_get_strings (&root, names[i], &strings, &error));
      g_assert_null (strings);
    }
}

static void
test_places (void)
{
  UlJsonValue root;
  UlJsonValue layers;
  UlJsonValue layer;
  UlJsonValue value;
  guint n;
  guint64 size;
  const char *s;
  gboolean b;
  GHashTable *strings;
  g_autoptr (UlJson) json = parse_object (
      "{\"l\":[{},{\"size\":\"1\",\"neg\":-1,\"real\":1.0,\"m\":{\"a\\nb\":2}}]}", &root);
  g_assert_true (ul_json_get_array (&root, "l", UL_JSON_REQUIRED, 2, &layers, &n, NULL));
  g_assert_true (ul_json_element (&layers, 1, UL_JSON_OBJECT, &layer, NULL));
#define REFUSED(call, message)                                                                     \
  {                                                                                                \
    g_autoptr (GError) error = NULL;                                                               \
    g_assert_false (call);                                                                         \
    assert_corrupt (error, message);                                                               \
  }
  REFUSED (ul_json_get_size (&layer, "size", UL_JSON_OPTIONAL, &size, &error),
           "doc: l[1].size: not an integer");
  REFUSED (ul_json_get_size (&layer, "real", UL_JSON_OPTIONAL, &size, &error),
           "doc: l[1].real: not an integer");
  REFUSED (ul_json_get_size (&layer, "neg", UL_JSON_OPTIONAL, &size, &error),
           "doc: l[1].neg: negative");
  REFUSED (ul_json_get_string (&layer, "neg", UL_JSON_OPTIONAL, &s, &error),
           "doc: l[1].neg: not a string");
  REFUSED (ul_json_get_boolean (&layer, "neg", UL_JSON_OPTIONAL, &b, &error),
           "doc: l[1].neg: not a boolean");
  REFUSED (ul_json_get_string (&layer, "digest", UL_JSON_REQUIRED, &s, &error),
           "doc: l[1].digest: missing");
  REFUSED (ul_json_get_strings (&layer, "size", &strings, &error), "doc: l[1].size: not an object");
  REFUSED (ul_json_get_strings (&layer, "m", &strings, &error), "doc: l[1].m.a\\nb: not a string");
  REFUSED (ul_json_element (&layers, 0, UL_JSON_STRING, &value, &error), "doc: l[0]: not a string");
  REFUSED (ul_json_get_array (&root, "l", UL_JSON_REQUIRED, 1, &value, &n, &error),
           "doc: l: 2 elements, more than the allowed 1");
  REFUSED (ul_json_root (json, UL_JSON_ARRAY, &value, &error), "doc: not an array");
#undef REFUSED
}

static void
test_last_counts (void)
{
  g_autoptr (GError) error = NULL;
  UlJsonValue root;
  const char *s;
  g_autoptr (UlJson) json
      = parse_object ("{\"a\":1,\"a\":{},\"a\":\"first\",\"b\":0,\"\\u0061\":\"last\"}", &root);
  g_assert_true (ul_json_get_string (&root, "a", UL_JSON_REQUIRED, &s, &error));
  g_assert_cmpstr (s, ==, "last");
}

/* What Go would take for the member that is asked for: the long s, too. */
static void
test_case (void)
{
  static const char *const cases[][2] = {
    { "{\"size\":1,\"Size\":2}", "doc: Size: differs from size only in case" },
    { "{\"SIZE\":2}", "doc: SIZE: differs from size only in case" },
    { "{\"\u017fize\":2,\"size\":1}", "doc: \\305\\277ize: differs from size only in case" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      UlJsonValue root;
      guint64 size;
      g_autoptr (UlJson) json = parse_object (cases[i][0], &root);
      g_assert_false (ul_json_get_size (&root, "size", UL_JSON_OPTIONAL, &size, &error));
      assert_corrupt (error, cases[i][1]);
      g_assert_true (ul_json_has (&root, "size"));
    }
}

/* In a table of strings names are data. */
static void
test_case_of_data (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GHashTable) strings = NULL;
  UlJsonValue root;
  g_autoptr (UlJson) json = parse_object ("{\"o\":{\"a\":\"1\",\"A\":\"2\"}}", &root);
  g_assert_true (ul_json_get_strings (&root, "o", &strings, &error));
  g_assert_cmpstr (g_hash_table_lookup (strings, "a"), ==, "1");
  g_assert_cmpstr (g_hash_table_lookup (strings, "A"), ==, "2");
}

static void
test_shown (void)
{
  g_autofree char *line = ul_json_shown ("a\n\xff");
  g_assert_cmpstr (line, ==, "a\\n\\377");
  g_autofree char *fill = g_strnfill (101, 'x');
  g_autofree char *cut = ul_json_shown (fill);
  g_assert_cmpuint (strlen (cut), ==, 103);
}

/* Without elements @without ("02": the first and the third), and with one more. */
static char *
with_element (const char *text, const char *without, GError **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (text, strlen (text));
  g_autoptr (GArray) indexes = g_array_new (FALSE, FALSE, sizeof (guint));
  for (; *without != '\0'; without++)
    {
      const guint index = (guint) (*without - '0');
      g_array_append_val (indexes, index);
    }
  g_autoptr (GBytes) changed
      = ul_json_with_element (bytes, "doc", "a", indexes, "{\"new\":1}", error);
  return changed == NULL ? NULL
                         : g_strndup (g_bytes_get_data (changed, NULL), g_bytes_get_size (changed));
}

static void
test_with_element (void)
{
  static const char *const cases[][3] = {
    { "{\"a\":[]}", "", "{\"a\":[{\"new\":1}]}" },
    { "{\"a\":[1,2,3]}", "02", "{\"a\":[2,{\"new\":1}]}" },
    { "{\"a\":[1,2]}", "01", "{\"a\":[{\"new\":1}]}" },
    { "{\"z\":[1],\"a\":[1],\"b\":{\"a\":[1]}}", "0",
      "{\"z\":[1],\"a\":[{\"new\":1}],\"b\":{\"a\":[1]}}" },
    { " { \"a\" : [ { \"\\u00e4\" : \"\\/\\n\" , \"n\" : null , \"b\" : true } ] } ", "",
      "{\"a\":[{\"\u00e4\":\"/\\n\",\"n\":null,\"b\":true},{\"new\":1}]}" },
    { "{\"a\":[9223372036854775807,-1,1.5,0.1]}", "",
      "{\"a\":[9223372036854775807,-1,1.5,0.10000000000000001,{\"new\":1}]}" },
    { "{\"a\":[1],\"a\":[2]}", "", "{\"a\":[2,{\"new\":1}]}" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *got = with_element (cases[i][0], cases[i][1], &error);
      g_assert_no_error (error);
      g_assert_cmpstr (got, ==, cases[i][2]);
    }
}

static void
test_with_element_refused (void)
{
  static const char *const cases[][2] = {
    { "[]", "doc: a: not an array" },         { "{}", "doc: a: not an array" },
    { "{\"a\":{}}", "doc: a: not an array" }, { "{\"a\":[],}", "doc: byte 8: a name is missing" },
    { "", "doc: byte 0: not a value" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_null (with_element (cases[i][0], "", &error));
      assert_corrupt (error, cases[i][1]);
    }
}

static char *
with_values (const char *text, const UlJsonEdit *edits, gsize n, GError **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (text, strlen (text));
  g_autoptr (GBytes) changed = ul_json_with_values (bytes, "doc", edits, n, error);
  return changed == NULL ? NULL
                         : g_strndup (g_bytes_get_data (changed, NULL), g_bytes_get_size (changed));
}

static void
test_with_values (void)
{
  static const UlJsonEdit edits[] = {
    { "a", 1, "d", "\"new\"" },
    { "a", 1, "s", "7" },
    { NULL, 0, "z", "[]" },
    { "c", 0, "x", "null" },
  };
  static const char text[] = "{\"z\":1,\"a\":[{\"d\":\"old\"},{\"m\":1,\"s\":2,\"d\":\"old\"}],"
                             "\"c\":{\"x\":1,\"y\":2},\"b\":4}";
  g_autoptr (GError) error = NULL;
  g_autofree char *got = with_values (text, edits, G_N_ELEMENTS (edits), &error);
  g_assert_no_error (error);
  g_assert_cmpstr (got, ==,
                   "{\"z\":[],\"a\":[{\"d\":\"old\"},{\"m\":1,\"s\":7,\"d\":\"new\"}],"
                   "\"c\":{\"x\":null,\"y\":2},\"b\":4}");
}

static void
test_with_values_refused (void)
{
  static const struct
  {
    UlJsonEdit edit;
    const char *message;
  } cases[] = {
    { { "a", 1, "d", "1" }, "doc: a: d: not there" },
    { { "a", 0, "x", "1" }, "doc: a: x: not there" },
    { { "b", 0, "x", "1" }, "doc: b: x: not there" },
    { { "c", 0, "x", "1" }, "doc: c: x: not there" },
    { { NULL, 0, "x", "1" }, "doc: x: not there" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_null (with_values ("{\"a\":[{\"d\":1}],\"b\":4}", &cases[i].edit, 1, &error));
      assert_corrupt (error, cases[i].message);
    }
}

static void
test_quote (void)
{
  g_autofree char *quoted = ul_json_quote ("a\"\\/\n\1\u00e4");
  g_assert_cmpstr (quoted, ==, "\"a\\\"\\\\/\\n\\u0001\u00e4\"");
}

static void
note_leaf (const char *const *path, guint n, const char *text, gpointer data)
{
  for (guint i = 0; i < n; i++)
    g_string_append_printf (data, "%s/", path[i]);
  g_string_append_printf (data, "=%s ", text);
}

static void
test_leaves (void)
{
  g_autoptr (UlJson) json
      = parse ("{\"a\": 1, \"b\": {\"c\": [ {\"d\": null} ], \"e\": null, \"f\": {}, "
               "\"g\": {\"h\": \"i\"}}}",
               NULL);
  g_autoptr (UlJson) scalar = parse ("true", NULL);
  g_autoptr (UlJson) large = parse ("[1e999]", NULL);
  g_autoptr (GString) text = g_string_new (NULL);
  ul_json_foreach_leaf (json, note_leaf, text);
  ul_json_foreach_leaf (scalar, note_leaf, text);
  ul_json_foreach_leaf (large, note_leaf, text);
  g_assert_true (
      g_str_has_prefix (text->str, "a/=1 b/c/=[{\"d\":null}] b/f/={} b/g/h/=\"i\" =true =\"[inf"));
  g_assert_true (g_str_has_suffix (text->str, "]\" "));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/json/taken", test_taken);
  g_test_add_func ("/json/refused", test_refused);
  g_test_add_func ("/json/nul-inside", test_nul);
  g_test_add_func ("/json/bounds", test_bounds);
  g_test_add_func ("/json/deepest", test_depth);
  g_test_add_func ("/json/getters", test_getters);
  g_test_add_func ("/json/optional-members", test_optional);
  g_test_add_func ("/json/errors-name-the-place", test_places);
  g_test_add_func ("/json/last-of-the-same-name-counts", test_last_counts);
  g_test_add_func ("/json/case-counts", test_case);
  g_test_add_func ("/json/case-in-data", test_case_of_data);
  g_test_add_func ("/json/shown-on-one-line", test_shown);
  g_test_add_func ("/json/with-element", test_with_element);
  g_test_add_func ("/json/with-element-refused", test_with_element_refused);
  g_test_add_func ("/json/with-values", test_with_values);
  g_test_add_func ("/json/with-values-refused", test_with_values_refused);
  g_test_add_func ("/json/quote", test_quote);
  g_test_add_func ("/json/leaves", test_leaves);
  return g_test_run ();
}
