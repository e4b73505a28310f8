// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "image/store-verify.h"

#include <json-glib/json-glib.h>

/* What `image store verify` and `repair` say of faults. */

G_BEGIN_DECLS

typedef struct
{
  guint errors;
  guint warnings;
  guint repairable; /* of both */
} UlStoreCounts;

UlStoreCounts ul_cli_faults_count (const GPtrArray *faults);

/* A line each: "error CODE OBJECT: text (repairable)". */
void ul_cli_faults_print (const GPtrArray *faults);

/* "3 errors and 1 warning". */
char *ul_cli_faults_sum (const UlStoreCounts *counts);

/* Members "errors", "warnings" and "findings" of the object that is open in @builder. */
void ul_cli_faults_json (JsonBuilder *builder, const GPtrArray *faults);

/* The exit status for what there was to say no more about than @cause, or that something is wrong;
 * as fsck's. */
#define UL_STORE_STATUS_FAULTY    1
#define UL_STORE_STATUS_UNCHECKED 2

/* It's FAULTY also for a damaged list, and for a wrong use: there was no @path. */
int ul_cli_faults_status (const char *path, const GError *cause);

G_END_DECLS
