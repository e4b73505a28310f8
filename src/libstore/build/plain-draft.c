// SPDX-License-Identifier: LGPL-2.1-or-later
#include "build/plain-draft.h"

#include <unistd.h>

#include "build/plain-private.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/tmpfile.h"

struct _UlPlainDraft
{
  UlTransaction *transaction;
  UlTmpFile file;
  guint64 size;
  UlHasher *hasher;
  UlChecksum checksum; /* once it's finished */
};

static void
start_hash (UlPlainDraft *self)
{
  const UlFileMeta meta = ul_plain_meta ();
  ul_file_meta_start_hash (&meta, self->hasher);
}

UlPlainDraft *
ul_plain_draft_new (UlTransaction *transaction, GError **error)
{
  g_autoptr (UlPlainDraft) self = g_new0 (UlPlainDraft, 1);
  const int dfd = ul_repo_tmp_dfd (ul_transaction_repo (transaction));
  self->transaction = transaction;
  self->file = (UlTmpFile) UL_TMP_FILE_INIT;
  self->hasher = ul_hasher_new ();
  start_hash (self);
  if (!ul_tmp_file_open (&self->file, dfd, TRUE, 0600, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
ul_plain_draft_free (UlPlainDraft *self)
{
  if (self == NULL)
    return;
  ul_tmp_file_clear (&self->file);
  ul_hasher_free (self->hasher);
  g_free (self);
}

gboolean
ul_plain_draft_write (UlPlainDraft *self, const void *bytes, gsize len, GError **error)
{
  ul_hasher_update (self->hasher, bytes, len);
  self->size += len;
  if (!ul_fd_write_all (self->file.fd, bytes, len, "temporary file", error))
    return FALSE;
  ul_transaction_wrote (self->transaction, len);
  return TRUE;
}

gboolean
ul_plain_draft_restart (UlPlainDraft *self, GError **error)
{
  start_hash (self);
  self->size = 0;
  return (ftruncate (self->file.fd, 0) == 0 && lseek (self->file.fd, 0, SEEK_SET) == 0)
         || ul_throw_errno (error, "truncate");
}

void
ul_plain_draft_finish (UlPlainDraft *self, UlSource *out)
{
  ul_hasher_finish (self->hasher, &self->checksum);
  *out = (UlSource){ .fd = self->file.fd, .size = self->size, .draft = &self->checksum };
}
