// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/commands.h"

#include "util/interrupt.h"

#include <locale.h>
#include <signal.h>
#include <sys/resource.h>

#include "config.h"

static const UlCommand *const repository[] = {
  &ul_cmd_init,
  &ul_cmd_config,
  NULL,
};

static const UlCommand *const trees[] = {
  &ul_cmd_commit,
  &ul_cmd_checkout,
  &ul_cmd_export,
  NULL,
};

static const UlCommand *const transfer[] = {
  &ul_cmd_pull_local,
  NULL,
};

static const UlCommand *const history[] = {
  &ul_cmd_refs, &ul_cmd_reset, &ul_cmd_rev_parse, &ul_cmd_log, NULL,
};

static const UlCommand *const contents[] = {
  &ul_cmd_show, &ul_cmd_ls, &ul_cmd_cat, &ul_cmd_diff, &ul_cmd_checksum, NULL,
};

static const UlCommand *const health[] = {
  &ul_cmd_df, &ul_cmd_fsck, &ul_cmd_prune, &ul_cmd_verify, NULL,
};

static const UlCommand *const images[] = {
  &ul_cmd_image_import, &ul_cmd_image_build,  &ul_cmd_image_export,
  &ul_cmd_image_list,   &ul_cmd_image_show,   &ul_cmd_image_diff,
  &ul_cmd_image_df,     &ul_cmd_image_remove, NULL,
};

static const UlCommand *const stores[] = {
  &ul_cmd_image_store_create,
  &ul_cmd_image_store_add,
  &ul_cmd_image_store_update,
  &ul_cmd_image_store_remove,
  &ul_cmd_image_store_gc,
  &ul_cmd_image_store_list,
  &ul_cmd_image_store_verify,
  &ul_cmd_image_store_repair,
  &ul_cmd_image_store_prepare,
  &ul_cmd_image_store_expose,
  NULL,
};

static const UlCommandGroup groups[] = {
  { "Make a repository and configure it", repository },
  { "Put trees in and take them out", trees },
  { "Move commits between repositories", transfer },
  { "Container images", images },
  { "Stores of images for podman and CRI-O", stores },
  { "Name commits and follow history", history },
  { "Look into commits", contents },
  { "Check and clean up", health },
  { NULL, NULL },
};

/* Verbs of ostree: what a script may ask for, and gets a clear answer. */
static const char *const refused[] = {
  "admin", "create-usb",   "find-remotes",  "gpg-sign", "pull", "remote",
  "sign",  "static-delta", "trivial-httpd", "summary",  NULL,
};

static const char *const features[] = { "libdeflate", "overlay-whiteouts", NULL };

static const UlProgram program = {
  .summary
  = "Store filesystem trees by content, check them out as hardlinked trees and overlay lower "
    "layers.",
  .version = PACKAGE_VERSION,
  .features = features,
  .groups = groups,
  .refused = refused,
};

/* Every level of a deep tree costs a descriptor; the soft limit is for programs that use select ().
 */
static void
raise_descriptor_limit (void)
{
  struct rlimit limit;
  if (getrlimit (RLIMIT_NOFILE, &limit) != 0)
    return;
  limit.rlim_cur = limit.rlim_max;
  (void) setrlimit (RLIMIT_NOFILE, &limit);
}

int
main (int argc, char **argv)
{
  /* How wide characters are; numbers, dates and messages are the same everywhere, for scripts. Each
   * category more is a file more, a twentieth of a start in all. */
  setlocale (LC_CTYPE, "");
  raise_descriptor_limit ();
  ul_interrupt_catch ();
  /* Over the limit of a file's size a write says EFBIG then, and the error what it was for. */
  (void) signal (SIGXFSZ, SIG_IGN);
  const int status = ul_command_main (&program, argc, argv);
  ul_interrupt_resume ();
  return status;
}
