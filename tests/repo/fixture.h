// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "../core/fixture.h"
#include "core/file-meta.h"
#include "repo/objects.h"
#include "repo/repo.h"
#include "repo/transaction.h"

/* A repository in a directory of its own below the current one, and short ways to put things into
 * it and to damage what is there. Everything here has to succeed. Files belong to who runs the
 * test. Also used by tests/build. */

G_BEGIN_DECLS

typedef struct
{
  char *dir;
  char *path; /* of the repository */
  int dfd;    /* of dir */
  UlRepo *repo;
} Fixture;

extern const UlRepoMode fixture_modes[];
#define FIXTURE_N_MODES 5

void fixture_init (Fixture *f, UlRepoMode mode);
void fixture_clear (Fixture *f);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Fixture, fixture_clear)

/* Open the repository anew, with this value in its configuration (NULL: just open). */
void fixture_reopen (Fixture *f, const char *group, const char *key, const char *value);

/* Without fsync. */
UlTransaction *fixture_begin (Fixture *f);
void fixture_end (UlTransaction *transaction);

/* Metadata that every mode can hold: who runs the test (0:0 in a canonical mode), no xattrs. */
UlFileMeta fixture_meta (Fixture *f, guint32 mode, const char *target);

UlChecksum fixture_write (Fixture *f, UlWriter *writer, const char *content);
UlChecksum fixture_write_link (Fixture *f, UlWriter *writer, const char *target);
UlChecksum fixture_write_dirmeta (Fixture *f, UlWriter *writer);
/* A directory with these as "file-0", "file-1", ..., and a subdirectory "sub" unless @sub is NULL.
 */
UlChecksum fixture_write_dirtree (UlWriter *writer, const UlChecksum *files, gsize n_files,
                                  const UlChecksum *sub, const UlChecksum *sub_meta);
UlChecksum fixture_write_commit (UlWriter *writer, const UlChecksum *tree, const UlChecksum *meta,
                                 const UlChecksum *parent, const char *subject);

/* One file in a transaction of its own. */
UlChecksum fixture_file (Fixture *f, const char *content);
UlChecksum fixture_link (Fixture *f, const char *target);

/* A commit of a small tree (files "file-0", "file-1" and "sub/file-0") and its parts. */
typedef struct
{
  UlChecksum commit, tree, meta, sub_tree;
  UlChecksum files[3];
} FixtureCommit;

FixtureCommit fixture_commit (Fixture *f, const char *ref, const UlChecksum *parent,
                              const char *subject);

/* Where a loose object is. Caller frees. */
char *fixture_object (Fixture *f, UlObjectType type, const UlChecksum *checksum);
gboolean fixture_has (Fixture *f, UlObjectType type, const UlChecksum *checksum);
void fixture_delete (Fixture *f, UlObjectType type, const UlChecksum *checksum);

/* "file sub/{ file } " of a dirtree whose parts have to be there; with @numbered, of which only the
 * dirtrees have to be, "file=NN ": the first byte of the checksum. */
char *fixture_tree (Fixture *f, const UlChecksum *tree, gboolean numbered);

/* A dirtree of "file=N dir:META{ ... } ": N and META are the indexes of checksums in @numbers, of
 * objects that needn't be there; NULL: N is the checksum that begins with this byte. */
UlChecksum fixture_parse_tree (Fixture *f, const char *spec, const UlChecksum *numbers);

/* Change files behind the repository's back. Paths are relative to the current directory.
 * Directories above are made. */
void fixture_put (const char *path, const void *data, gsize len);
void fixture_truncate (const char *path, off_t size);
/* Another byte at @offset (negative: from the end); xattrs, mode and size stay. */
void fixture_flip (const char *path, goffset offset);
char *fixture_get (const char *path, gsize *out_len);

/* Names in directory @path, sorted and joined by a space. */
char *fixture_names (const char *path);
/* @len bytes that nothing repeats soon. Caller frees. */
guint8 *fixture_data (gsize len);
/* No transaction has left anything in tmp/. */
void fixture_assert_no_staging (Fixture *f);

/* An object of @type with these bytes under its right name, valid or not. */
UlChecksum fixture_raw_object (Fixture *f, UlObjectType type, const void *data, gsize len);

G_END_DECLS
