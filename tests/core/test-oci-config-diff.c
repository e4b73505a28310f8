// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/oci-config-diff.h"

#include "oci.h"

/* "path|path: old > new" for each, a line; texts have ' for ". */
static void
check (const char *a, const char *b, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes_a = oci_json_bytes (a);
  g_autoptr (GBytes) bytes_b = oci_json_bytes (b);
  g_autoptr (GPtrArray) changes = NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  ul_oci_config_diff (bytes_a, bytes_b, &changes, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < changes->len; i++)
    {
      const UlOciConfigChange *change = changes->pdata[i];
      g_autofree char *path = g_strjoinv ("|", change->path);
      g_string_append_printf (text, "%s: %s > %s\n", path, change->old != NULL ? change->old : "-",
                              change->new != NULL ? change->new : "-");
    }
  g_autofree char *wanted = oci_json (expected);
  g_assert_cmpstr (text->str, ==, wanted);
}

static void
test_keys (void)
{
  check ("{}", "{}", "");
  check ("{'a':1,'b':'x','c':true}", "{'c':true,'b':'y','d':1.5}",
         "a: 1 > -\nb: 'x' > 'y'\nd: - > 1.5\n");
  check ("{'config':{'Labels':{'a.b':'1','c':'2'}}}", "{'config':{'Labels':{'c':'3'}}}",
         "config|Labels|a.b: '1' > -\nconfig|Labels|c: '2' > '3'\n");
  check ("{'config':{'Cmd':['a','b']}}", "{'config':{'Cmd':['a', 'c']}}",
         "config|Cmd: ['a','b'] > ['a','c']\n");
}

/* null is the same as no member; an object without members says that it's there. */
static void
test_nothing (void)
{
  check ("{'config':{'Cmd':null,'Volumes':null}}", "{'config':null}", "");
  check ("{'config':{}}", "{}", "config: {} > -\n");
  check ("{'config':{'Volumes':{'/a':{}}}}", "{'config':{'Volumes':{'/b':{}}}}",
         "config|Volumes|/a: {} > -\nconfig|Volumes|/b: - > {}\n");
  g_assert_true (ul_oci_config_is_mark ("{}"));
  g_assert_false (ul_oci_config_is_mark ("\"{}\""));
}

static void
test_env (void)
{
  check ("{'config':{'Env':['A=1','B=2']}}", "{'config':{'Env':['B=2','A=1']}}", "");
  check ("{'config':{'Env':['A=1','A=x=y','N']}}", "{'config':{'Env':['A=2','E=']}}",
         "config|Env|A: 'x=y' > '2'\nconfig|Env|E: - > ''\nconfig|Env|N: {} > -\n");
  /* As a whole, where it isn't what it should be. */
  check ("{'config':{'Env':['A=1',2]}}", "{'config':{'Env':{'A':'1'}}}",
         "config|Env: ['A=1',2] > -\nconfig|Env|A: - > '1'\n");
  check ("{'config':['A=1']}", "{}", "config: ['A=1'] > -\n");
}

static void
test_left_out (void)
{
  check ("{'rootfs':{'type':'layers'},'history':[{}],'container':'1','container_config':{'Cmd':1}}",
         "{'history':[],'config':{'container':'2'}}", "config|container: - > '2'\n");
}

static void
test_broken (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) good = oci_json_bytes ("{}");
  g_autoptr (GBytes) bad = oci_json_bytes ("{");
  GPtrArray *changes;
  g_assert_false (ul_oci_config_diff (good, bad, &changes, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/oci-config-diff/keys", test_keys);
  g_test_add_func ("/oci-config-diff/nothing", test_nothing);
  g_test_add_func ("/oci-config-diff/env", test_env);
  g_test_add_func ("/oci-config-diff/left-out", test_left_out);
  g_test_add_func ("/oci-config-diff/broken", test_broken);
  return g_test_run ();
}
