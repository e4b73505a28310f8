// SPDX-License-Identifier: LGPL-2.1-or-later
#include "build/from-tar.h"

#include "build/from-tar-import.h"
#include "util/error.h"

gboolean
ul_from_tar (const UlIntake *self, const UlTarOptions *options, const char *path, UlTree *root,
             GError **error)
{
  const char *shown = g_str_equal (path, "-") ? "standard input" : path;
  g_autoptr (UlTarReader) reader = ul_tar_reader_open (path, error);
  if (reader == NULL)
    return ul_prefix (error, "%s", shown);
  g_autoptr (UlWriter) writer = ul_writer_new (self->transaction);
  const UlTarParents parents
      = options->autocreate_parents ? UL_TAR_PARENTS_MADE : UL_TAR_PARENTS_REQUIRED;
  g_autoptr (UlTarNames) names = ul_tar_names_new (self, parents, root, error);
  if (names == NULL)
    return FALSE;
  g_autoptr (UlTarStore) store = ul_tar_store_new (self, reader, writer);
  g_autoptr (GPtrArray) offenders = g_ptr_array_new_with_free_func (g_free);
  UlTarImport import = {
    .intake = self,
    .options = options,
    .reader = reader,
    .names = names,
    .store = store,
    .offenders = offenders,
  };
  return (ul_tar_import_run (&import, error) && ul_tar_names_finish (names, writer, error))
         || ul_prefix (error, "%s", shown);
}
