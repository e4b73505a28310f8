// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "cli/command.h"
#include "repo/fsck.h"

/* What fsck found, as ostree says it, and as JSON. */

G_BEGIN_DECLS

typedef enum
{
  UL_FSCK_SOUND,
  UL_FSCK_CORRUPT,
  UL_FSCK_UNKNOWN, /* nothing is known to be wrong, but not all could be checked */
} UlFsckVerdict;

/* What has been repaired is no fault. */
UlFsckVerdict ul_fsck_report_judge (const UlFsckResult *result);

typedef struct
{
  gboolean all; /* every finding, not only what is missing */
  gboolean tombstones;
} UlFsckReport;

void ul_fsck_report_text (const UlInvocation *inv, const UlFsckReport *report,
                          const UlFsckResult *result, UlFsckVerdict verdict);
void ul_fsck_report_json (const UlFsckResult *result, UlFsckVerdict verdict);

/* The error of a check that found something. @all: the findings were printed. Always FALSE. */
gboolean ul_fsck_report_throw (const UlFsckResult *result, gboolean all, GError **error);

G_END_DECLS
