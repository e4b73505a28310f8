// SPDX-License-Identifier: LGPL-2.1-or-later
#include "checkout/checkout.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "checkout/plan.h"
#include "checkout/record.h"
#include "checkout/root.h"
#include "checkout/settle.h"
#include "checkout/sharing.h"
#include "checkout/walk.h"
#include "checkout/whiteouts.h"
#include "repo/objects.h"
#include "util/error.h"
#include "util/fd.h"

/* What is checked out, and to where. */
typedef struct
{
  UlEntry root;
  char *name; /* of a file; NULL for a directory */
  int dfd;
  char *path; /* without slashes at its end */
} Job;

static void
job_clear (Job *job)
{
  g_free (job->name);
  g_free (job->path);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Job, job_clear)

/* Where the probe for whiteouts is made: in the target, or where the target will be. */
static gboolean
preflight (const UlCheckoutPlan *plan, const Job *job, GError **error)
{
  if ((plan->options->whiteouts & UL_CHECKOUT_WHITEOUTS_PASSTHROUGH) == 0)
    return TRUE;
  ul_autofd int fd = openat (job->dfd, job->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    {
      g_autofree char *parent = g_path_get_dirname (job->path);
      fd = openat (job->dfd, parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
    }
  /* Without a parent there's nothing to probe, and making the target will say so. */
  return fd < 0
         || ul_checkout_whiteouts_preflight (plan, fd, job->path, &job->root, job->name, error);
}

/* A file may be added to a directory that exists, in any mode. */
static gboolean
may_exist (const UlCheckoutPlan *plan, const Job *job)
{
  return plan->options->unite != UL_CHECKOUT_UNION_NONE || job->root.kind == UL_ENTRY_FILE;
}

static gboolean
open_target (const UlCheckoutPlan *plan, const Job *job, UlCheckoutTarget *target, GError **error)
{
  struct stat st;
  const gboolean is_there = fstatat (job->dfd, job->path, &st, AT_SYMLINK_NOFOLLOW) == 0;
  if (is_there && !may_exist (plan, job))
    return ul_throw (error, UL_ERROR_EXISTS, "checkout to %s: File exists", job->path);
  if (!preflight (plan, job, error))
    return FALSE;

  target->is_new = mkdirat (job->dfd, job->path, 0700) == 0;
  if (!target->is_new && (errno != EEXIST || !may_exist (plan, job)))
    return ul_throw_errno (error, "checkout to %s: create directory", job->path);
  const int flags = target->is_new ? O_RDONLY | O_NOFOLLOW : O_PATH;
  ul_autofd int fd = openat (job->dfd, job->path, flags | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return ul_throw_errno (error, "checkout to %s: open directory", job->path);
  if (target->is_new && !ul_checkout_dir_inherit_nothing (fd, error))
    return ul_prefix (error, "checkout to %s", job->path);
  if (!target->is_new)
    ul_checkout_record_drop (plan->repo, fd);
  target->fd = ul_fd_steal (&fd);
  return TRUE;
}

static gboolean
run (UlCheckoutPlan *plan, const Job *job, GError **error)
{
  UlCheckoutTarget target = { .fd = -1 };
  if (!open_target (plan, job, &target, error))
    return FALSE;
  const gboolean ok = job->root.kind == UL_ENTRY_DIR
                          ? ul_checkout_walk (plan, &job->root, &target, error)
                          : ul_checkout_walk_file (plan, &job->root, job->name, &target, error);
  return ok && ul_checkout_settle (plan, job->dfd, job->path, error);
}

static char *
strip_slashes (const char *path)
{
  gsize len = strlen (path);
  while (len > 1 && path[len - 1] == '/')
    len--;
  return g_strndup (path, len);
}

gboolean
ul_checkout_at (UlRepo *repo, const UlChecksum *commit, const UlCheckoutOptions *options, int dfd,
                const char *path, UlCheckoutStats *out_stats, GError **error)
{
  const UlCheckoutOptions defaults = { 0 };
  if (options == NULL)
    options = &defaults;

  g_auto (UlCheckoutPlan) plan = { 0 };
  g_auto (Job) job = { .dfd = dfd, .path = strip_slashes (path) };
  gboolean found;
  if (!ul_checkout_plan_init (&plan, repo, options, error)
      || !ul_checkout_root_find (repo, commit, options->subpath, options->subpath_noent_ok, &found,
                                 &job.root, error))
    return FALSE;
  if (found && job.root.kind == UL_ENTRY_FILE)
    job.name = g_path_get_basename (options->subpath);
  ul_checkout_labels_init (&plan.labels, options->selinux, options->selinux_prefix,
                           options->subpath, job.name != NULL);
  if (found && job.root.kind == UL_ENTRY_DIR && !options->ignore_hardlinks
      && !ul_checkout_sharing_new (repo, commit, options->subpath, &plan.sharing, error))
    return FALSE;
  const gboolean nothing_to_do = !found || ul_checkout_plan_skips (&plan, "/");
  if (!nothing_to_do && !run (&plan, &job, error))
    return FALSE;
  if (out_stats != NULL)
    *out_stats = plan.stats;
  return TRUE;
}
