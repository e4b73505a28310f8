// SPDX-License-Identifier: LGPL-2.1-or-later
#include "checkout/update.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "checkout/plan.h"
#include "checkout/record.h"
#include "checkout/root.h"
#include "checkout/settle.h"
#include "checkout/update-private.h"
#include "checkout/whiteouts.h"
#include "core/hardlinks.h"
#include "repo/objects.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/interrupt.h"

/* What the directory is to be changed from. */
typedef struct
{
  UlChecksum commit;
  gboolean has_record;
  gboolean is_trusted; /* a record that still holds; else the directory is verified as a whole */
  gboolean resumes;    /* an update between it and what is asked for has begun */
} From;

typedef struct
{
  UlRepo *repo;
  const UlChecksum *commit;
  const UlUpdateOptions *options;
  int dfd;
  const char *path;
  char *how;
} Job;

/* -- what it is -- */

/* The options that decide what a checkout looks like. */
static char *
describe_options (const UlCheckoutPlan *plan)
{
  const UlCheckoutOptions *o = plan->options;
  GString *text = g_string_new (NULL);
  if (plan->ownership == UL_OWNERSHIP_USER)
    g_string_append (text, " --user-mode");
  if (o->dir_mode == UL_CHECKOUT_DIR_MODE_0775)
    g_string_append (text, " --bareuseronly-dirs");
  if ((o->whiteouts & UL_CHECKOUT_WHITEOUTS_PASSTHROUGH) != 0)
    g_string_append (text, " --process-passthrough-whiteouts");
  if (o->subpath != NULL)
    {
      /* However it's written. */
      g_autofree char *subpath = g_canonicalize_filename (o->subpath, "/");
      if (!g_str_equal (subpath, "/"))
        g_string_append_printf (text, " --subpath=%s", subpath);
    }
  if (text->len > 0)
    g_string_erase (text, 0, 1);
  return g_string_free (text, FALSE);
}

static gboolean
check_options (const UlCheckoutOptions *o, GError **error)
{
  if (o->unite != UL_CHECKOUT_UNION_NONE || o->skip != NULL || o->subpath_noent_ok
      || (o->whiteouts & UL_CHECKOUT_WHITEOUTS_LAYER) != 0 || o->selinux != NULL)
    return ul_throw (error, UL_ERROR_INVALID,
                     "an update can't unite, apply layers, label or leave anything out");
  return TRUE;
}

/* An update has begun: it goes on, or back. */
static gboolean
use_pending (const Job *job, const UlCheckoutRecord *record, UlChecksum *out_from, GError **error)
{
  const UlChecksum *asked = job->options->from;
  char hex[UL_CHECKSUM_HEX_LEN + 1];
  char next[UL_CHECKSUM_HEX_LEN + 1];
  ul_checksum_to_hex (&record->commit, hex);
  ul_checksum_to_hex (&record->next, next);
  if (ul_checksum_equal (&record->commit, job->commit))
    *out_from = record->next;
  else if (ul_checksum_equal (&record->next, job->commit))
    *out_from = record->commit;
  else
    return ul_throw (error, UL_ERROR_EXISTS,
                     "an update from commit %s to %s was interrupted: first update it to one of "
                     "them",
                     hex, next);
  return asked == NULL || ul_checksum_equal (asked, &record->commit)
         || ul_checksum_equal (asked, &record->next)
         || ul_throw (error, UL_ERROR_INVALID, "an update from commit %s to %s was interrupted",
                      hex, next);
}

/* What is asked for counts more than the record of another commit, and is verified then: something
 * that keeps no record here may have changed it. */
static gboolean
use_record (const Job *job, const UlCheckoutRecord *record, From *out_from, GError **error)
{
  const UlChecksum *asked = job->options->from;
  const gboolean same_options = g_str_equal (record->how, job->how);
  const gboolean same_commit = asked == NULL || ul_checksum_equal (asked, &record->commit);
  out_from->has_record = TRUE;
  out_from->resumes = record->is_pending;
  if (asked != NULL && !record->is_pending && !(same_options && same_commit))
    {
      out_from->commit = *asked;
      return TRUE;
    }
  if (!same_options)
    return ul_throw (error, UL_ERROR_INVALID, "it was checked out with '%s', not with '%s'",
                     record->how, job->how);
  /* Who knows what else was done since an update was interrupted? */
  out_from->is_trusted = record->is_untouched && !record->is_pending;
  if (record->is_pending)
    return use_pending (job, record, &out_from->commit, error);
  out_from->commit = record->commit;
  return TRUE;
}

static gboolean
find_from (const Job *job, int fd, From *out_from, GError **error)
{
  g_auto (UlCheckoutRecord) record = { 0 };
  gboolean found;
  if (!ul_checkout_record_load (job->repo, fd, &found, &record, error))
    return FALSE;
  if (found)
    return use_record (job, &record, out_from, error);
  if (job->options->from == NULL)
    return ul_throw (
        error, UL_ERROR_NOT_FOUND,
        "the repository has no record of what it is a checkout of; --from=REV says it");
  out_from->commit = *job->options->from;
  return TRUE;
}

/* A name that stays may be a hardlink of one that is changed. */
static gboolean
check_hardlinks (const Job *job, const UlChecksum *checksum, GError **error)
{
  g_auto (UlCommit) commit = { 0 };
  g_autoptr (GArray) links = NULL;
  if (job->options->checkout.ignore_hardlinks)
    return TRUE;
  if (!ul_objects_load_commit (job->repo, checksum, &commit, error)
      || !ul_hardlinks_load (&commit, &links, error))
    return FALSE;
  if (links == NULL)
    return TRUE;
  g_autofree char *hex = ul_checksum_dup_hex (checksum);
  return ul_throw (error, UL_ERROR_UNSUPPORTED,
                   "commit %s records hardlinks, which an update can't keep: give "
                   "--ignore-hardlinks or check it out anew",
                   hex);
}

static gboolean
find_dir (const Job *job, const UlChecksum *commit, UlEntry *out_root, GError **error)
{
  gboolean found;
  if (!check_hardlinks (job, commit, error)
      || !ul_checkout_root_find (job->repo, commit, job->options->checkout.subpath, FALSE, &found,
                                 out_root, error))
    return FALSE;
  return out_root->kind == UL_ENTRY_DIR
         || ul_throw (error, UL_ERROR_INVALID, "only a directory can be updated, not a file");
}

/* -- the update -- */

/* On one file system its journal keeps the order: a record that is there after a power cut comes
 * with all that was done before it. On two they have to be synced in turn. */
static gboolean
keeps_order (UlRepo *repo, int fd)
{
  struct stat st;
  return fstat (fd, &st) == 0 && st.st_dev == ul_repo_device (repo);
}

static gboolean
store (const Job *job, int fd, const UlCheckoutRecord *record, gboolean *out_kept, GError **error)
{
  g_autofree char *path = g_canonicalize_filename (job->path, NULL);
  const UlCheckoutSync policy = job->options->checkout.sync;
  const gboolean sync = policy == UL_CHECKOUT_SYNC_ALWAYS
                        || (policy == UL_CHECKOUT_SYNC_COPIES && ul_repo_fsync_enabled (job->repo)
                            && !keeps_order (job->repo, fd));
  return ul_checkout_record_store (job->repo, fd, record, path, sync, out_kept, error);
}

static gboolean
check (const Job *job, UlUpdate *update, const From *from, GError **error)
{
  const gboolean check_rest = job->options->verify || !from->is_trusted;
  return ul_update_check (update, error)
         && (!check_rest
             || ul_update_check_rest (update, &from->commit, job->options->verify, error));
}

/* What is recorded must not stay so when it isn't true any more. */
static gboolean
note_beginning (const Job *job, const UlUpdate *update, const From *from, GError **error)
{
  const UlCheckoutRecord record = {
    .commit = from->commit,
    .is_pending = TRUE,
    .next = *job->commit,
    .how = job->how,
  };
  gboolean kept;
  return store (job, update->fd, &record, &kept, error)
         && (kept || !from->has_record
             || ul_throw (error, UL_ERROR_UNSUPPORTED,
                          "the repository has a record of it and can't be written"));
}

static gboolean
note_end (const Job *job, int fd, GError **error)
{
  const UlCheckoutRecord record = { .commit = *job->commit, .how = job->how };
  gboolean kept;
  return store (job, fd, &record, &kept, error);
}

static gboolean
change (const Job *job, UlUpdate *update, const From *from, GError **error)
{
  UlCheckoutPlan *plan = update->plan;
  if (!note_beginning (job, update, from, error))
    return FALSE;
  ul_checkout_plan_step (plan, "noted");
  /* Before anything changes, too: another repository may have a record that still holds. */
  ul_checkout_record_renew (update->fd);
  if (!ul_update_apply (update, error))
    return FALSE;
  ul_checkout_record_renew (update->fd);
  ul_checkout_plan_step (plan, "changed");
  return ul_checkout_settle (plan, update->fd, ".", error);
}

static gboolean
check_writable (int fd, GError **error)
{
  struct statvfs fs;
  if (fstatvfs (fd, &fs) != 0)
    return ul_throw_errno (error, "statvfs");
  errno = EROFS;
  return (fs.f_flag & ST_RDONLY) == 0 || ul_throw_errno (error, "change it");
}

static gboolean
check_and_change (const Job *job, UlUpdate *update, const From *from, const UlEntry *to,
                  GError **error)
{
  UlCheckoutPlan *plan = update->plan;
  if (!check (job, update, from, error)
      || (update->changes->make_whiteouts
          && !ul_checkout_whiteouts_preflight (plan, update->fd, job->path, to, NULL, error)))
    return FALSE;
  ul_checkout_plan_step (plan, "checked");
  const gboolean changes = update->changes->dirs->len > 0;
  if (changes
      && (!ul_interrupt_check (error) || !check_writable (update->fd, error)
          || !change (job, update, from, error)))
    return FALSE;
  ul_checkout_plan_step (plan, "settled");
  if (!note_end (job, update->fd, error))
    return FALSE;
  ul_checkout_plan_step (plan, "done");
  return TRUE;
}

static gboolean
update_dir (const Job *job, UlCheckoutPlan *plan, int fd, UlUpdateStats *stats, GError **error)
{
  From from = { .has_record = FALSE };
  UlEntry a;
  UlEntry b;
  g_auto (UlChanges) changes = { 0 };
  if (flock (fd, LOCK_EX | LOCK_NB) != 0)
    return errno == EWOULDBLOCK ? ul_throw (error, UL_ERROR_LOCKED, "another update is running")
                                : ul_throw_errno (error, "lock");
  if (!find_dir (job, job->commit, &b, error) || !find_from (job, fd, &from, error)
      || !find_dir (job, &from.commit, &a, error)
      || !ul_changes_find (plan, &a, &b, &changes, error))
    return FALSE;
  /* What an update that was interrupted has placed may not have come to the disk. */
  plan->settles_names = !keeps_order (job->repo, fd) || !from.is_trusted;
  UlCheckoutOptions as_any = job->options->checkout;
  as_any.link = UL_CHECKOUT_LINK_PREFER;
  as_any.cache = UL_CHECKOUT_CACHE_DISABLED;
  g_auto (UlCheckoutPlan) found = { 0 };
  if (!ul_checkout_plan_init (&found, job->repo, &as_any, error))
    return FALSE;
  UlUpdate update = { .plan = plan,
                      .found = &found,
                      .changes = &changes,
                      .resumes = from.resumes,
                      .may_have_rests = !from.is_trusted,
                      .fd = fd };
  if (!check_and_change (job, &update, &from, &b, error))
    return FALSE;
  stats->from = from.commit;
  stats->changes = (gint64) changes.n_changes;
  stats->removed = update.removed;
  stats->placed = plan->stats;
  return TRUE;
}

/* There is nothing yet. */
static gboolean
check_out (const Job *job, UlCheckoutPlan *plan, UlUpdateStats *stats, GError **error)
{
  UlEntry root;
  if (!find_dir (job, job->commit, &root, error))
    return FALSE;
  if (!ul_checkout_at (job->repo, job->commit, &job->options->checkout, job->dfd, job->path,
                       &stats->placed, error))
    return FALSE;
  ul_autofd int fd = openat (job->dfd, job->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return ul_throw_errno (error, "update %s: open directory", job->path);
  /* Else somebody updates it already, who notes what it is. */
  const gboolean is_ours = flock (fd, LOCK_EX | LOCK_NB) == 0;
  plan->settles_names = !keeps_order (job->repo, fd);
  if (!ul_checkout_settle (plan, fd, ".", error))
    return FALSE;
  ul_checkout_record_clean (job->repo);
  stats->is_new = TRUE;
  return !is_ours || note_end (job, fd, error) || ul_prefix (error, "update %s", job->path);
}

gboolean
ul_update_at (UlRepo *repo, const UlChecksum *commit, const UlUpdateOptions *options, int dfd,
              const char *path, UlUpdateStats *out_stats, GError **error)
{
  const UlUpdateOptions defaults = { 0 };
  if (options == NULL)
    options = &defaults;
  g_auto (UlCheckoutPlan) plan = { 0 };
  UlUpdateStats stats = { 0 };
  if (!check_options (&options->checkout, error)
      || !ul_checkout_plan_init (&plan, repo, &options->checkout, error))
    return FALSE;
  g_autofree char *how = describe_options (&plan);
  const Job job = { repo, commit, options, dfd, path, how };

  ul_autofd int fd = openat (dfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0 && errno != ENOENT)
    return ul_throw_errno (error, "update %s: open directory", path);
  if (fd < 0 && !check_out (&job, &plan, &stats, error))
    return FALSE;
  if (fd >= 0 && !update_dir (&job, &plan, fd, &stats, error))
    return ul_prefix (error, "update %s", path);
  if (out_stats != NULL)
    *out_stats = stats;
  return TRUE;
}
