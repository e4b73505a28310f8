// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "build/commit.h"
#include "cli/command.h"
#include "core/oci-platform.h"

/* Values of options that verbs about images share with each other or with commit. */

G_BEGIN_DECLS

/* error or skip, of --devices. */
gboolean ul_cli_parse_devices (const char *value, UlDevicePolicy *out, GError **error);

/* OS/ARCHITECTURE[/VARIANT], of --platform; NULL: Linux on this machine. */
UlOciPlatform *ul_cli_platform (const char *value, GError **error);

/* How registries are spoken to. Zero is the default. */
typedef struct
{
  char *authfile;
  char *cert_dir;
  gboolean insecure_tls;
} UlCliRegistry;

gboolean ul_cli_parse_tls_verify (const char *value, UlCliRegistry *registry, GError **error);

/* No user and password, as docker://USER:PASSWORD@HOST/NAME: no program takes them, and a message
 * that repeats @location would end up in logs. */
gboolean ul_cli_check_location (const char *location, GError **error);

/* The options for the member @member of struct @type; @parse_tls: calls the above. */
#define UL_CLI_REGISTRY_OPTIONS(type, member, parse_tls)                                           \
  UL_OPTIONS_HEADING ("Registries"),                                                               \
      { "authfile",     0,                                                                         \
        UL_OPTION_PATH, offsetof (type, member.authfile),                                          \
        "FILE",         "Credentials (default: those of containers-auth.json(5))",                 \
        "@file" },                                                                                 \
      { "cert-dir",     0,                                                                         \
        UL_OPTION_PATH, offsetof (type, member.cert_dir),                                          \
        "DIR",          "Certificates (default: those of containers-certs.d(5))",                  \
        "@dir" },                                                                                  \
  {                                                                                                \
    "tls-verify", 0, UL_OPTION_CALLBACK, 0, "BOOL",                                                \
        "Insist on HTTPS and certificates that verify (default: true)", "true false", parse_tls    \
  }

/* IMAGE... of the repository, as a user gives them, in full: char *, owned, NULL-terminated. They
 * need not be there. */
gboolean ul_cli_image_names (UlRepo *repo, char **argv, GPtrArray **out, GError **error);

/* Leave of @names, all that there are, only what the user asks for, if that is anything. */
gboolean ul_cli_select_images (UlRepo *repo, GPtrArray *names, char **argv, GError **error);

/* FALSE if any of @n images that were listed couldn't be read. */
gboolean ul_cli_check_broken (guint n, guint broken, GError **error);

G_END_DECLS
