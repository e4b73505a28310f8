// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "cli/command.h"

/* Every verb, each in its own cmd-<verb>.c. main.c puts them in groups. */

G_BEGIN_DECLS

extern const UlCommand ul_cmd_cat;
extern const UlCommand ul_cmd_checkout;
extern const UlCommand ul_cmd_checksum;
extern const UlCommand ul_cmd_commit;
extern const UlCommand ul_cmd_config;
extern const UlCommand ul_cmd_df;
extern const UlCommand ul_cmd_diff;
extern const UlCommand ul_cmd_export;
extern const UlCommand ul_cmd_fsck;
extern const UlCommand ul_cmd_image_build;
extern const UlCommand ul_cmd_image_df;
extern const UlCommand ul_cmd_image_diff;
extern const UlCommand ul_cmd_image_export;
extern const UlCommand ul_cmd_image_import;
extern const UlCommand ul_cmd_image_store_expose;
extern const UlCommand ul_cmd_image_store_list;
extern const UlCommand ul_cmd_image_store_prepare;
extern const UlCommand ul_cmd_image_store_repair;
extern const UlCommand ul_cmd_image_store_verify;
extern const UlCommand ul_cmd_image_list;
extern const UlCommand ul_cmd_image_remove;
extern const UlCommand ul_cmd_image_show;
extern const UlCommand ul_cmd_image_store_add;
extern const UlCommand ul_cmd_image_store_create;
extern const UlCommand ul_cmd_image_store_gc;
extern const UlCommand ul_cmd_image_store_remove;
extern const UlCommand ul_cmd_image_store_update;
extern const UlCommand ul_cmd_init;
extern const UlCommand ul_cmd_log;
extern const UlCommand ul_cmd_ls;
extern const UlCommand ul_cmd_prune;
extern const UlCommand ul_cmd_pull_local;
extern const UlCommand ul_cmd_refs;
extern const UlCommand ul_cmd_reset;
extern const UlCommand ul_cmd_rev_parse;
extern const UlCommand ul_cmd_show;
extern const UlCommand ul_cmd_verify;

G_END_DECLS
