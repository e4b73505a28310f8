// SPDX-License-Identifier: LGPL-2.1-or-later
#include "util/json-draft.h"

#include <string.h>

#include "util/error.h"

#define PATH(...) ((const char *const[]){ __VA_ARGS__, NULL })

static UlJsonDraft *
draft_of (const char *text)
{
  g_autoptr (GBytes) bytes = text != NULL ? g_bytes_new_static (text, strlen (text)) : NULL;
  g_autoptr (GError) error = NULL;
  UlJsonDraft *draft = ul_json_draft_new (bytes, "draft", &error);
  g_assert_no_error (error);
  return draft;
}

static void
assert_text (const UlJsonDraft *draft, const char *wanted)
{
  g_autoptr (GBytes) bytes = ul_json_draft_finish (draft);
  g_autofree char *text = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  g_assert_cmpstr (text, ==, wanted);
}

static void
test_set (void)
{
  g_autoptr (UlJsonDraft) draft = draft_of (NULL);
  g_auto (GStrv) words = g_strsplit ("a b\"", " ", -1);
  assert_text (draft, "{}");
  g_assert_true (ul_json_draft_set_string (draft, PATH ("z"), "1", NULL));
  g_assert_true (ul_json_draft_set (draft, PATH ("c", "L", "x.y"), "{}", NULL));
  g_assert_true (ul_json_draft_set_strings (draft, PATH ("c", "A"), words, NULL));
  g_assert_true (ul_json_draft_set (draft, PATH ("z"), "2", NULL));
  assert_text (draft, "{\"z\":2,\"c\":{\"L\":{\"x.y\":{}},\"A\":[\"a\",\"b\\\"\"]}}");
  g_assert_true (ul_json_draft_has (draft, "z"));
  g_assert_true (ul_json_draft_remove (draft, PATH ("z"), NULL));
  g_assert_true (ul_json_draft_remove (draft, PATH ("z"), NULL));
  g_assert_false (ul_json_draft_has (draft, "z"));
  g_assert_true (ul_json_draft_remove (draft, PATH ("c", "L"), NULL));
  assert_text (draft, "{\"c\":{\"A\":[\"a\",\"b\\\"\"]}}");
}

static void
test_null_is_nothing (void)
{
  g_autoptr (UlJsonDraft) draft = draft_of ("{\"a\":null,\"b\":null,\"c\":null}");
  g_assert_false (ul_json_draft_has (draft, "a"));
  g_assert_true (ul_json_draft_set_string (draft, PATH ("a", "b"), "c", NULL));
  g_assert_true (ul_json_draft_append (draft, PATH ("b"), "1", NULL));
  assert_text (draft, "{\"a\":{\"b\":\"c\"},\"b\":[1],\"c\":null}");
}

static void
test_arrays (void)
{
  g_autoptr (UlJsonDraft) draft = draft_of ("{\"e\":[\"A=1\",\"AB=2\",3,\"AB=4\"]}");
  g_assert_true (ul_json_draft_put_string (draft, PATH ("e"), "AB=x", 3, NULL));
  g_assert_true (ul_json_draft_put_string (draft, PATH ("e"), "B=y", 2, NULL));
  g_assert_true (ul_json_draft_append (draft, PATH ("e"), "{\"k\":[]}", NULL));
  g_assert_true (ul_json_draft_put_string (draft, PATH ("n", "m"), "B=y", 2, NULL));
  assert_text (draft, "{\"e\":[\"A=1\",\"AB=x\",3,\"B=y\",{\"k\":[]}],\"n\":{\"m\":[\"B=y\"]}}");
}

static void
test_merge (void)
{
  g_autoptr (UlJsonDraft) draft = draft_of ("{\"a\":1,\"c\":{\"x\":1,\"y\":2},\"o\":{\"p\":1}}");
  g_autoptr (UlJsonDraft) other = draft_of ("{\"b\":2,\"c\":{\"y\":3,\"z\":4},\"o\":{\"q\":2}}");
  g_assert_true (ul_json_draft_merge (draft, other, "c", NULL));
  assert_text (draft, "{\"a\":1,\"c\":{\"x\":1,\"y\":3,\"z\":4},\"o\":{\"q\":2},\"b\":2}");
  assert_text (other, "{\"b\":2,\"c\":{\"y\":3,\"z\":4},\"o\":{\"q\":2}}");
}

static void
assert_corrupt (gboolean ok, GError **error, const char *message)
{
  g_assert_false (ok);
  g_assert_error (*error, UL_ERROR, UL_ERROR_CORRUPT);
  g_assert_cmpstr ((*error)->message, ==, message);
  g_clear_error (error);
}

static void
test_wrong_types (void)
{
  g_autoptr (UlJsonDraft) draft = draft_of ("{\"a\":1,\"b\":{\"c\":[]}}");
  g_autoptr (UlJsonDraft) other = draft_of ("{\"a\":{\"x\":1}}");
  g_autoptr (GError) error = NULL;
  assert_corrupt (ul_json_draft_set (draft, PATH ("a", "b"), "1", &error), &error,
                  "draft: a: not an object");
  assert_corrupt (ul_json_draft_set (draft, PATH ("b", "c", "d\n"), "1", &error), &error,
                  "draft: b.c: not an object");
  assert_corrupt (ul_json_draft_append (draft, PATH ("b"), "1", &error), &error,
                  "draft: b: not an array");
  assert_corrupt (ul_json_draft_merge (draft, other, "a", &error), &error,
                  "draft: a: not an object");
  assert_text (draft, "{\"a\":1,\"b\":{\"c\":[]}}");
}

static void
test_no_object (void)
{
  const char *const texts[] = { "", "[]", "1", "null", "{", "{} x", "// c\n{}" };
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) bytes = g_bytes_new_static (texts[i], strlen (texts[i]));
      g_assert_null (ul_json_draft_new (bytes, "draft", &error));
      g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/json-draft/set", test_set);
  g_test_add_func ("/json-draft/null-is-nothing", test_null_is_nothing);
  g_test_add_func ("/json-draft/arrays", test_arrays);
  g_test_add_func ("/json-draft/merge", test_merge);
  g_test_add_func ("/json-draft/wrong-types", test_wrong_types);
  g_test_add_func ("/json-draft/no-object", test_no_object);
  return g_test_run ();
}
