// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "cli/command.h"
#include "cli/open-store.h"
#include "image/store-fill.h"
#include "image/store-gc.h"
#include "repo/repo.h"

#include <json-glib/json-glib.h>

/* What the verbs that change a container store share: their options, and the steps that a change is
 * made of. Each of them ends with one report. */

G_BEGIN_DECLS

/* The fields that the option tables below point into: the first member of a verb's options. */
typedef struct
{
  char *store;
  UlMtimes mtimes;
  char **in_use_by;
  gboolean keep_layers;
} UlCliStoreOptions;

#define UL_CLI_STORE_OPTION                                                                        \
  {                                                                                                \
    "store", 0, UL_OPTION_PATH, offsetof (UlCliStoreOptions, store), "DIR", "The store", "@dir"    \
  }
#define UL_CLI_STORE_MTIMES_OPTION                                                                 \
  {                                                                                                \
    "mtimes", 0, UL_OPTION_CALLBACK, 0, "auto|zero|keep",                                          \
        "Times of files: of sources that compiled Python files note, of none, or of all; a file "  \
        "with a time shares nothing with the repository (default: auto)",                          \
        "auto zero keep", ul_cli_parse_mtimes                                                      \
  }
#define UL_CLI_STORE_IN_USE_OPTION                                                                 \
  {                                                                                                \
    "in-use-by", 0, UL_OPTION_STRING_LIST, offsetof (UlCliStoreOptions, in_use_by), "ROOT",        \
        "Keep layers that containers and images of the storage at ROOT stand on (default: "        \
        "graphroot of /etc/containers/storage.conf, and of $CONTAINERS_STORAGE_CONF); may be "     \
        "given more than once",                                                                    \
        "@dir"                                                                                     \
  }
#define UL_CLI_STORE_KEEP_OPTION                                                                   \
  {                                                                                                \
    "keep-layers", 0, UL_OPTION_FLAG, offsetof (UlCliStoreOptions, keep_layers), NULL,             \
        "Remove no layers: gc does that later"                                                     \
  }

gboolean ul_cli_parse_mtimes (const char *value, gpointer options, GError **error);

/* What a change did. */
typedef struct
{
  UlStoreFillStats fill;
  GPtrArray *removed_images; /* names as given, or IDs */
  GPtrArray *removed_layers; /* ids */
  GPtrArray *holds;          /* of UlStoreHold, all that were found */
  GPtrArray *held;           /* of these, those that keep a layer */
} UlCliStoreReport;

void ul_cli_store_report_init (UlCliStoreReport *report);
void ul_cli_store_report_clear (UlCliStoreReport *report);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UlCliStoreReport, ul_cli_store_report_clear)

UlStoreChange *ul_cli_store_begin (const UlInvocation *inv, UlStore *store, GError **error);

/* Add the images called @names, in full, NULL at the end, to the store. */
gboolean ul_cli_store_fill (const UlInvocation *inv, const UlCliStoreOptions *options,
                            UlStore *store, UlRepo *repo, const char *const *names,
                            UlCliStoreReport *report, GError **error);

/* Can all that use the store be asked? For before something is removed; nothing with --keep-layers.
 */
gboolean ul_cli_store_check_users (const UlInvocation *inv, const UlCliStoreOptions *options,
                                   const UlStore *store, GError **error);

/* Remove layers that nothing needs; nothing with --keep-layers. */
gboolean ul_cli_store_gc (const UlInvocation *inv, const UlCliStoreOptions *options, UlStore *store,
                          UlCliStoreReport *report, GError **error);

/* As text or JSON, or nothing. */
void ul_cli_store_report_print (const UlInvocation *inv, const UlCliStoreReport *report);

G_END_DECLS
