// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <glib.h>

#include <archive.h>
#include <archive_entry.h>

/* libarchive, loaded when it's first needed. Linked in, it and the eleven libraries behind it cost
 * every start of the program 1.5 ms, a tenth of what a checkout takes. Who needs a function that
 * isn't listed adds it here; it's called through the table:
 *
 *     const UlArchive *lib;
 *     if (!ul_archive_load (&lib, error))
 *       return FALSE;
 *     struct archive *reader = lib->archive_read_new ();
 *
 * Any thread. */

G_BEGIN_DECLS

#define UL_ARCHIVE_FUNCTIONS(F)                                                                    \
  F (archive_errno)                                                                                \
  F (archive_filter_name)                                                                          \
  F (archive_error_string)                                                                         \
  F (archive_entry_acl_count)                                                                      \
  F (archive_entry_acl_reset)                                                                      \
  F (archive_entry_acl_next)                                                                       \
  F (archive_entry_acl_types)                                                                      \
  F (archive_entry_clear)                                                                          \
  F (archive_entry_devmajor)                                                                       \
  F (archive_entry_devminor)                                                                       \
  F (archive_entry_filetype)                                                                       \
  F (archive_entry_free)                                                                           \
  F (archive_entry_gid)                                                                            \
  F (archive_entry_hardlink)                                                                       \
  F (archive_entry_mode)                                                                           \
  F (archive_entry_new)                                                                            \
  F (archive_entry_pathname)                                                                       \
  F (archive_entry_perm)                                                                           \
  F (archive_entry_rdevmajor)                                                                      \
  F (archive_entry_rdevminor)                                                                      \
  F (archive_entry_set_filetype)                                                                   \
  F (archive_entry_set_gid)                                                                        \
  F (archive_entry_set_hardlink)                                                                   \
  F (archive_entry_set_mode)                                                                       \
  F (archive_entry_set_mtime)                                                                      \
  F (archive_entry_set_pathname)                                                                   \
  F (archive_entry_set_rdevmajor)                                                                  \
  F (archive_entry_set_rdevminor)                                                                  \
  F (archive_entry_set_size)                                                                       \
  F (archive_entry_set_symlink)                                                                    \
  F (archive_entry_set_uid)                                                                        \
  F (archive_entry_size)                                                                           \
  F (archive_entry_size_is_set)                                                                    \
  F (archive_entry_sparse_count)                                                                   \
  F (archive_entry_symlink)                                                                        \
  F (archive_entry_uid)                                                                            \
  F (archive_entry_xattr_add_entry)                                                                \
  F (archive_entry_xattr_next)                                                                     \
  F (archive_entry_xattr_reset)                                                                    \
  F (archive_format)                                                                               \
  F (archive_read_data)                                                                            \
  F (archive_read_data_block)                                                                      \
  F (archive_read_free)                                                                            \
  F (archive_read_new)                                                                             \
  F (archive_read_next_header)                                                                     \
  F (archive_read_next_header2)                                                                    \
  F (archive_read_open2)                                                                           \
  F (archive_read_open_fd)                                                                         \
  F (archive_read_support_filter_all)                                                              \
  F (archive_read_support_filter_bzip2)                                                            \
  F (archive_read_support_filter_gzip)                                                             \
  F (archive_read_support_filter_xz)                                                               \
  F (archive_read_support_filter_zstd)                                                             \
  F (archive_read_support_format_7zip)                                                             \
  F (archive_read_support_format_ar)                                                               \
  F (archive_read_support_format_cpio)                                                             \
  F (archive_read_support_format_empty)                                                            \
  F (archive_read_support_format_iso9660)                                                          \
  F (archive_read_support_format_raw)                                                              \
  F (archive_read_support_format_tar)                                                              \
  F (archive_read_support_format_zip)                                                              \
  F (archive_write_add_filter_by_name)                                                             \
  F (archive_write_add_filter_none)                                                                \
  F (archive_write_close)                                                                          \
  F (archive_write_data)                                                                           \
  F (archive_write_finish_entry)                                                                   \
  F (archive_write_free)                                                                           \
  F (archive_write_header)                                                                         \
  F (archive_write_new)                                                                            \
  F (archive_write_open2)                                                                          \
  F (archive_write_open_fd)                                                                        \
  F (archive_write_set_bytes_in_last_block)                                                        \
  F (archive_write_set_bytes_per_block)                                                            \
  F (archive_write_set_format_gnutar)                                                              \
  F (archive_write_set_format_pax)                                                                 \
  F (archive_write_set_format_raw)                                                                 \
  F (archive_write_set_options)

typedef struct
{
#define UL_ARCHIVE_POINTER(name) __typeof__ (&name) name;
  UL_ARCHIVE_FUNCTIONS (UL_ARCHIVE_POINTER)
#undef UL_ARCHIVE_POINTER
} UlArchive;

/* The table is static. UL_ERROR_UNSUPPORTED where the library isn't installed. */
gboolean ul_archive_load (const UlArchive **out_lib, GError **error);

G_END_DECLS
