// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gio/gio.h>

/* A file that gets its name when it's complete. It has none before (O_TMPFILE), so nothing is left
 * of a process that is killed; where the file system can't do that it has a temporary one. */

G_BEGIN_DECLS

typedef struct
{
  int dfd;    /* borrowed: the directory it's in */
  int fd;     /* open for reading and writing */
  char *name; /* the temporary one; NULL: none */
} UlTmpFile;

#define UL_TMP_FILE_INIT                                                                           \
  {                                                                                                \
    .dfd = -1, .fd = -1                                                                            \
  }

/* What things are called below a directory before they get their names: `.underlay-` and 16
 * hexadecimal digits, by chance. */
#define UL_TMP_NAME_MAX sizeof ".underlay-0123456789abcdef"
void ul_tmp_name_random (char out[UL_TMP_NAME_MAX]);
gboolean ul_tmp_name_matches (const char *name);

/* A directory below another that goes again when it's cleared. Signals are held off as long as it's
 * there (util/interrupt.h), so that who uses it has to check for them: nothing is left behind but
 * by a kill, and that is removed when the next one is opened. */
typedef struct
{
  int dfd; /* borrowed: the directory it's in */
  int fd;  /* open; -1: there is none */
  int locked;
  char name[UL_TMP_NAME_MAX];
} UlTmpDir;

#define UL_TMP_DIR_INIT                                                                            \
  {                                                                                                \
    .dfd = -1, .fd = -1, .locked = -1                                                              \
  }

gboolean ul_tmp_dir_open (UlTmpDir *dir, int dfd, GError **error);
/* FALSE: some of it is still there. */
gboolean ul_tmp_dir_remove (UlTmpDir *dir, GError **error);
/* The same, whatever comes of it; also of none. */
void ul_tmp_dir_clear (UlTmpDir *dir);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UlTmpDir, ul_tmp_dir_clear)

/* With @mode & ~umask. */
gboolean ul_tmp_file_open (UlTmpFile *tmp, int dfd, gboolean allow_unnamed, mode_t mode,
                           GError **error);
/* Closes it, and removes it unless it has got its name. */
void ul_tmp_file_clear (UlTmpFile *tmp);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UlTmpFile, ul_tmp_file_clear)

/* Give it @name below @dfd, unless *out_exists: something has that name. */
gboolean ul_tmp_file_link (UlTmpFile *tmp, int dfd, const char *name, gboolean *out_exists,
                           GError **error);

/* Give it @name in its own directory in place of what has it. */
gboolean ul_tmp_file_replace (UlTmpFile *tmp, const char *name, GError **error);

G_END_DECLS
