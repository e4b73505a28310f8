// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/build-config.h"

#include <signal.h>
#include <string.h>

#include "core/oci-config.h"
#include "core/oci-digest.h"
#include "util/error.h"
#include "util/json-draft.h"

#define DOCUMENT "config"

/* In the history. Nothing of the commit: the same tree is to be the same image. */
#define CREATED_BY "underlay image build"

#define PATH(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* What has a NAME before its first `=`; the bytes of that, with the `=`. */
static gboolean
split_name (const char *kind, const char *text, gsize *out_len, GError **error)
{
  const char *equals = strchr (text, '=');
  if (equals == NULL || equals == text)
    return ul_throw (error, UL_ERROR_INVALID, "%s '%s': not NAME=VALUE", kind, text);
  *out_len = (gsize) (equals - text) + 1;
  return TRUE;
}

static gboolean
put_env (UlJsonDraft *draft, char **env, GError **error)
{
  gsize len = 0;
  for (char **one = env; one != NULL && *one != NULL; one++)
    if (!split_name ("env", *one, &len, error)
        || !ul_json_draft_put_string (draft, PATH ("config", "Env"), *one, len, error))
      return FALSE;
  return TRUE;
}

static gboolean
put_labels (UlJsonDraft *draft, char **labels, GError **error)
{
  gsize len = 0;
  for (char **one = labels; one != NULL && *one != NULL; one++)
    {
      if (!split_name ("label", *one, &len, error))
        return FALSE;
      g_autofree char *name = g_strndup (*one, len - 1);
      if (!ul_json_draft_set_string (draft, PATH ("config", "Labels", name), *one + len, error))
        return FALSE;
    }
  return TRUE;
}

/* PORT[/PROTOCOL] as it stands in a config, with the protocol. */
static gboolean
parse_port (const char *text, char **out, GError **error)
{
  static const char *const protocols[] = { "tcp", "udp", "sctp", NULL };
  const char *slash = strchr (text, '/');
  g_autofree char *number
      = slash != NULL ? g_strndup (text, (gsize) (slash - text)) : g_strdup (text);
  const char *protocol = slash != NULL ? slash + 1 : "tcp";
  guint64 port;
  if (!g_ascii_string_to_unsigned (number, 10, 1, 65535, &port, NULL)
      || !g_strv_contains (protocols, protocol))
    return ul_throw (error, UL_ERROR_INVALID, "port '%s': not PORT[/tcp|/udp|/sctp]", text);
  *out = g_strdup_printf ("%" G_GUINT64_FORMAT "/%s", port, protocol);
  return TRUE;
}

static gboolean
put_ports (UlJsonDraft *draft, char **ports, GError **error)
{
  for (char **one = ports; one != NULL && *one != NULL; one++)
    {
      g_autofree char *port = NULL;
      if (!parse_port (*one, &port, error)
          || !ul_json_draft_set (draft, PATH ("config", "ExposedPorts", port), "{}", error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
put_volumes (UlJsonDraft *draft, char **volumes, GError **error)
{
  for (char **one = volumes; one != NULL && *one != NULL; one++)
    {
      if (**one != '/')
        return ul_throw (error, UL_ERROR_INVALID, "volume '%s': not an absolute path", *one);
      if (!ul_json_draft_set (draft, PATH ("config", "Volumes", *one), "{}", error))
        return FALSE;
    }
  return TRUE;
}

/* An empty list is no member, as in what other tools write. */
static gboolean
put_words (UlJsonDraft *draft, const char *name, char **words, GError **error)
{
  if (words == NULL)
    return TRUE;
  return *words != NULL ? ul_json_draft_set_strings (draft, PATH ("config", name), words, error)
                        : ul_json_draft_remove (draft, PATH ("config", name), error);
}

/* What Cmd says are arguments of another program, unless both are said. */
static gboolean
put_command (UlJsonDraft *draft, const UlImageSettings *settings, GError **error)
{
  return (settings->entrypoint == NULL || settings->cmd != NULL
          || ul_json_draft_remove (draft, PATH ("config", "Cmd"), error))
         && put_words (draft, "Entrypoint", settings->entrypoint, error)
         && put_words (draft, "Cmd", settings->cmd, error);
}

/* A number, or a name with or without SIG. */
static gboolean
check_signal (const char *text, GError **error)
{
  guint64 number;
  const char *name = g_str_has_prefix (text, "SIG") ? text + strlen ("SIG") : text;
  if (g_ascii_string_to_unsigned (text, 10, 1, SIGRTMAX, &number, NULL)
      || g_str_has_prefix (name, "RTMIN") || g_str_has_prefix (name, "RTMAX"))
    return TRUE;
  for (int i = 1; i < NSIG; i++)
    if (sigabbrev_np (i) != NULL && g_str_equal (sigabbrev_np (i), name))
      return TRUE;
  return ul_throw (error, UL_ERROR_INVALID, "stop signal '%s': no such signal", text);
}

static gboolean
put_text (UlJsonDraft *draft, const char *name, const char *text, GError **error)
{
  return text == NULL || ul_json_draft_set_string (draft, PATH ("config", name), text, error);
}

static gboolean
put_platform (UlJsonDraft *draft, const UlOciPlatform *platform, GError **error)
{
  return ul_json_draft_set_string (draft, PATH ("architecture"), platform->architecture, error)
         && ul_json_draft_set_string (draft, PATH ("os"), platform->os, error)
         && (*platform->variant != '\0'
                 ? ul_json_draft_set_string (draft, PATH ("variant"), platform->variant, error)
                 : ul_json_draft_remove (draft, PATH ("variant"), error));
}

static gboolean
choose_platform (UlJsonDraft *draft, const UlImageSettings *settings, GError **error)
{
  if (settings->platform != NULL)
    return put_platform (draft, settings->platform, error);
  if (!ul_json_draft_has (draft, "architecture"))
    return put_platform (draft, settings->default_platform, error);
  return ul_json_draft_has (draft, "os")
         || ul_json_draft_set_string (draft, PATH ("os"), settings->default_platform->os, error);
}

static gboolean
put_settings (UlJsonDraft *draft, const UlImageSettings *settings, GError **error)
{
  if (settings->workdir != NULL && *settings->workdir != '/')
    return ul_throw (error, UL_ERROR_INVALID, "workdir '%s': not an absolute path",
                     settings->workdir);
  if (settings->stop_signal != NULL && !check_signal (settings->stop_signal, error))
    return FALSE;
  return (settings->author == NULL
          || ul_json_draft_set_string (draft, PATH ("author"), settings->author, error))
         && put_text (draft, "User", settings->user, error)
         && put_ports (draft, settings->ports, error) && put_env (draft, settings->env, error)
         && put_command (draft, settings, error) && put_volumes (draft, settings->volumes, error)
         && put_text (draft, "WorkingDir", settings->workdir, error)
         && put_labels (draft, settings->labels, error)
         && put_text (draft, "StopSignal", settings->stop_signal, error);
}

static char *
time_text (gint64 seconds)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (seconds);
  return time != NULL ? g_date_time_format (time, "%Y-%m-%dT%H:%M:%SZ") : NULL;
}

static gboolean
set_time (UlJsonDraft *draft, gint64 seconds, GError **error)
{
  g_autofree char *text = time_text (seconds);
  if (text == NULL)
    return ul_throw (error, UL_ERROR_INVALID, "%" G_GINT64_FORMAT ": not a time that a config has",
                     seconds);
  return ul_json_draft_set_string (draft, PATH ("created"), text, error);
}

static gboolean
add_history (UlJsonDraft *draft, const UlBuiltLayer *layer, GError **error)
{
  g_autoptr (UlJsonDraft) entry = ul_json_draft_new (NULL, DOCUMENT, error);
  if (!set_time (entry, layer->created, error)
      || !ul_json_draft_set_string (entry, PATH ("created_by"), CREATED_BY, error)
      || (layer->comment != NULL
          && !ul_json_draft_set_string (entry, PATH ("comment"), layer->comment, error)))
    return FALSE;
  g_autoptr (GBytes) text = ul_json_draft_finish (entry);
  g_autofree char *value = g_strndup (g_bytes_get_data (text, NULL), g_bytes_get_size (text));
  return ul_json_draft_append (draft, PATH ("history"), value, error);
}

static gboolean
add_layer (UlJsonDraft *draft, const UlBuiltLayer *layer, GError **error)
{
  char digest[UL_OCI_DIGEST_SIZE];
  ul_oci_digest_format (&layer->diff_id, digest);
  g_autofree char *value = g_strdup_printf ("\"%s\"", digest);
  return ul_json_draft_append (draft, PATH ("rootfs", "diff_ids"), value, error)
         && add_history (draft, layer, error);
}

static gboolean
add_layers (UlJsonDraft *draft, const GArray *layers, GError **error)
{
  if (!ul_json_draft_set_string (draft, PATH ("rootfs", "type"), "layers", error))
    return FALSE;
  for (guint i = 0; i < layers->len; i++)
    if (!add_layer (draft, &g_array_index (layers, UlBuiltLayer, i), error))
      return FALSE;
  return TRUE;
}

/* Members of "config" that somebody has put beside it would be ignored by everybody. */
static gboolean
check_place (const UlJsonValue *root, GError **error)
{
  static const char *const names[]
      = { "Cmd",        "Entrypoint", "Env",     "ExposedPorts", "Labels",
          "StopSignal", "User",       "Volumes", "WorkingDir" };
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    if (ul_json_has (root, names[i]))
      return ul_throw (error, UL_ERROR_INVALID, "%s: %s: belongs into the member \"config\"",
                       DOCUMENT, names[i]);
  return TRUE;
}

/* @pairs: NAME=VALUE, since podman and others take a name alone for something else, or fail. */
static gboolean
check_strings (const UlJsonValue *config, const char *name, gboolean pairs, GError **error)
{
  UlJsonValue array;
  guint n;
  if (!ul_json_get_array (config, name, UL_JSON_OPTIONAL, UL_JSON_MAX_VALUES, &array, &n, error))
    return FALSE;
  for (guint i = 0; i < n; i++)
    {
      UlJsonValue element;
      if (!ul_json_element (&array, i, UL_JSON_STRING, &element, error))
        return FALSE;
      if (pairs && strchr (ul_json_string (&element), '=') == NULL)
        return ul_json_throw (&element, error, UL_ERROR_CORRUPT, "not NAME=VALUE");
    }
  return TRUE;
}

/* Whoever runs an image decodes these into types of Go, and fails for others. */
static gboolean
check_types (const UlJsonValue *config, GError **error)
{
  static const char *const strings[] = { "User", "WorkingDir", "StopSignal" };
  static const char *const arrays[] = { "Entrypoint", "Cmd" };
  static const char *const objects[] = { "ExposedPorts", "Volumes" };
  g_autoptr (GHashTable) labels = NULL;
  UlJsonValue object;
  const char *text;
  for (gsize i = 0; i < G_N_ELEMENTS (strings); i++)
    if (!ul_json_get_string (config, strings[i], UL_JSON_OPTIONAL, &text, error))
      return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (arrays); i++)
    if (!check_strings (config, arrays[i], FALSE, error))
      return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (objects); i++)
    if (!ul_json_get (config, objects[i], UL_JSON_OBJECT, UL_JSON_OPTIONAL, &object, error))
      return FALSE;
  return check_strings (config, "Env", TRUE, error)
         && ul_json_get_strings (config, "Labels", &labels, error);
}

/* These of the whole document, which may be of a user. */
static gboolean
check_strings_of_root (const UlJsonValue *root, GError **error)
{
  static const char *const strings[] = { "author", "architecture", "os", "variant" };
  const char *text;
  for (gsize i = 0; i < G_N_ELEMENTS (strings); i++)
    {
      if (!ul_json_get_string (root, strings[i], UL_JSON_OPTIONAL, &text, error))
        return FALSE;
      if (text != NULL && *text == '\0')
        return ul_json_throw_member (root, strings[i], error, UL_ERROR_CORRUPT, "is empty");
    }
  return TRUE;
}

static gboolean
check_document (GBytes *bytes, GError **error)
{
  UlJsonValue root;
  g_autoptr (UlJson) json = ul_json_parse (bytes, DOCUMENT, UL_OCI_MAX_DOCUMENT, error);
  return json != NULL && ul_json_root (json, UL_JSON_OBJECT, &root, error)
         && check_strings_of_root (&root, error);
}

static gboolean
check (GBytes *bytes, GError **error)
{
  UlJsonValue root;
  UlJsonValue config;
  g_autoptr (UlJson) json = ul_json_parse (bytes, DOCUMENT, UL_OCI_MAX_DOCUMENT, error);
  if (json == NULL || !ul_json_root (json, UL_JSON_OBJECT, &root, error)
      || !check_place (&root, error)
      || !ul_json_get (&root, "config", UL_JSON_OBJECT, UL_JSON_OPTIONAL, &config, error)
      || (config.node != NULL && !check_types (&config, error)))
    return FALSE;
  g_autoptr (UlOciConfig) parsed = ul_oci_config_parse (bytes, DOCUMENT, error);
  return parsed != NULL;
}

static gboolean
merge_document (UlJsonDraft *draft, GBytes *document, GError **error)
{
  if (document == NULL)
    return TRUE;
  if (!check_document (document, error))
    return FALSE;
  g_autoptr (UlJsonDraft) other = ul_json_draft_new (document, DOCUMENT, error);
  return other != NULL && ul_json_draft_remove (other, PATH ("created"), error)
         && ul_json_draft_remove (other, PATH ("rootfs"), error)
         && ul_json_draft_remove (other, PATH ("history"), error)
         && ul_json_draft_merge (draft, other, "config", error);
}

GBytes *
ul_build_config_make (GBytes *base, const UlImageSettings *settings, const GArray *layers,
                      gint64 created, GError **error)
{
  g_autoptr (UlJsonDraft) draft = ul_json_draft_new (base, DOCUMENT, error);
  if (draft == NULL || !set_time (draft, created, error)
      || !merge_document (draft, settings->document, error)
      || !choose_platform (draft, settings, error) || !put_settings (draft, settings, error)
      || !add_layers (draft, layers, error))
    return NULL;
  g_autoptr (GBytes) bytes = ul_json_draft_finish (draft);
  return check (bytes, error) ? g_steal_pointer (&bytes) : NULL;
}
