// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "repo/guess.h"

/* What the files of an image that is about to be imported probably are: those of its last version.
 * That is the image of the same name, else the one created last of those that differ from it in
 * tag or digest alone. Private to image/. */

G_BEGIN_DECLS

/* Of the image's own layers, the topmost is asked first. One without a last version has no idea of
 * anything. What can't be read counts as not there. */
UlGuess *ul_import_guess_new (UlRepo *repo, const char *name);

G_END_DECLS
