// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/checksum.h"
#include "repo/repo.h"

/* Which object a file that comes in probably is: the one that a tree of before has at its path. A
 * guess spares work (UlSource.guess) and is never believed: what is damaged or gone gives none.
 * Any thread may ask. */

G_BEGIN_DECLS

typedef struct _UlGuess UlGuess;

UlGuess *ul_guess_new (UlRepo *repo);
void ul_guess_free (UlGuess *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlGuess, ul_guess_free)

/* Ask the tree of @commit too, behind those added before. Nothing is loaded until somebody asks;
 * then every directory at most a few times. Before all questions. */
void ul_guess_add_commit (UlGuess *self, const UlChecksum *commit);

/* The file, or symlink, at @path ("a/b") in the first tree that has one; FALSE: no idea. */
gboolean ul_guess_file (UlGuess *self, const char *path, UlChecksum *out);

G_END_DECLS
