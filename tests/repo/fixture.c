// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/commit.h"
#include "core/dirtree.h"
#include "util/fd.h"
#include "util/xattr.h"

const UlRepoMode fixture_modes[FIXTURE_N_MODES]
    = { UL_REPO_MODE_BARE, UL_REPO_MODE_BARE_USER, UL_REPO_MODE_BARE_USER_ONLY,
        UL_REPO_MODE_ARCHIVE, UL_REPO_MODE_BARE_SPLIT_XATTRS };

/* As ul_repo_create_at () leaves it, without its fsyncs: there are hundreds of repositories. */
static void
make_repo (const char *path, UlRepoMode mode)
{
  static const char *const directories[] = { "objects",    "tmp/cache",    "extensions",  "state",
                                             "refs/heads", "refs/mirrors", "refs/remotes" };
  for (guint i = 0; i < G_N_ELEMENTS (directories); i++)
    {
      g_autofree char *dir = g_build_filename (path, directories[i], NULL);
      g_assert_cmpint (g_mkdir_with_parents (dir, 0775), ==, 0);
    }
  g_autofree char *config = g_build_filename (path, "config", NULL);
  g_autofree char *text
      = g_strdup_printf ("[core]\nrepo_version=1\nmode=%s\n", ul_repo_mode_to_string (mode));
  fixture_put (config, text, strlen (text));
}

void
fixture_init (Fixture *f, UlRepoMode mode)
{
  g_autoptr (GError) error = NULL;
  f->dir = g_strdup ("fixture-XXXXXX");
  g_assert_nonnull (g_mkdtemp (f->dir));
  f->path = g_build_filename (f->dir, "repo", NULL);
  f->dfd = open (f->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  g_assert_cmpint (f->dfd, >=, 0);
  make_repo (f->path, mode);
  f->repo = ul_repo_open_at (AT_FDCWD, f->path, &error);
  g_assert_no_error (error);
}

void
fixture_clear (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  g_clear_object (&f->repo);
  close (f->dfd);
  ul_fd_remove_tree_at (AT_FDCWD, f->dir, &error);
  g_assert_no_error (error);
  g_free (f->path);
  g_free (f->dir);
}

void
fixture_reopen (Fixture *f, const char *group, const char *key, const char *value)
{
  g_autoptr (GError) error = NULL;
  if (key != NULL)
    {
      g_autofree char *path = g_build_filename (f->path, "config", NULL);
      g_autoptr (GKeyFile) config = g_key_file_new ();
      g_key_file_load_from_file (config, path, G_KEY_FILE_NONE, &error);
      g_assert_no_error (error);
      g_key_file_set_string (config, group, key, value);
      g_autofree char *text = g_key_file_to_data (config, NULL, NULL);
      fixture_put (path, text, strlen (text));
    }
  g_clear_object (&f->repo);
  f->repo = ul_repo_open_at (AT_FDCWD, f->path, &error);
  g_assert_no_error (error);
}

UlTransaction *
fixture_begin (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  const UlTransactionOptions options = { .no_fsync = TRUE, .jobs = 2 };
  UlTransaction *transaction = ul_transaction_begin (f->repo, &options, &error);
  g_assert_no_error (error);
  return transaction;
}

void
fixture_end (UlTransaction *transaction)
{
  g_autoptr (GError) error = NULL;
  ul_transaction_commit (transaction, NULL, &error);
  g_assert_no_error (error);
}

UlFileMeta
fixture_meta (Fixture *f, guint32 mode, const char *target)
{
  const gboolean canonical = ul_repo_wants_canonical (f->repo);
  return (UlFileMeta){
    .uid = canonical ? 0 : getuid (),
    .gid = canonical ? 0 : getgid (),
    .mode = target != NULL ? (S_IFLNK | 0777) : (S_IFREG | mode),
    .symlink_target = (char *) target,
    .xattrs = ul_xattr_empty (),
  };
}

UlChecksum
fixture_write (Fixture *f, UlWriter *writer, const char *content)
{
  g_autoptr (GError) error = NULL;
  const UlFileMeta meta = fixture_meta (f, 0644, NULL);
  const UlSource source = { .data = (const guint8 *) content, .fd = -1, .size = strlen (content) };
  UlChecksum checksum;
  ul_writer_file (writer, &meta, &source, &checksum, &error);
  g_assert_no_error (error);
  return checksum;
}

UlChecksum
fixture_write_link (Fixture *f, UlWriter *writer, const char *target)
{
  g_autoptr (GError) error = NULL;
  const UlFileMeta meta = fixture_meta (f, 0, target);
  const UlSource source = { .fd = -1 };
  UlChecksum checksum;
  ul_writer_file (writer, &meta, &source, &checksum, &error);
  g_assert_no_error (error);
  return checksum;
}

static UlChecksum
write_metadata (UlWriter *writer, UlObjectType type, GVariant *floating)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) variant = g_variant_ref_sink (floating);
  UlChecksum checksum;
  ul_writer_metadata (writer, type, variant, &checksum, &error);
  g_assert_no_error (error);
  return checksum;
}

UlChecksum
fixture_write_dirmeta (Fixture *f, UlWriter *writer)
{
  return write_metadata (writer, UL_OBJECT_DIRMETA,
                         ul_dirmeta_new (0, 0, S_IFDIR | 0755, ul_xattr_empty ()));
}

UlChecksum
fixture_write_dirtree (UlWriter *writer, const UlChecksum *files, gsize n_files,
                       const UlChecksum *sub, const UlChecksum *sub_meta)
{
  g_assert_cmpuint (n_files, <=, 10);
  UlDirtreeFile entries[10];
  char names[10][8];
  for (gsize i = 0; i < n_files; i++)
    {
      g_snprintf (names[i], sizeof names[i], "file-%u", (guint) i);
      entries[i] = (UlDirtreeFile){ .name = names[i], .checksum = files[i] };
    }
  UlDirtreeDir dir = { .name = "sub" };
  if (sub != NULL)
    {
      dir.tree = *sub;
      dir.meta = *sub_meta;
    }
  return write_metadata (writer, UL_OBJECT_DIRTREE,
                         ul_dirtree_new (entries, n_files, &dir, sub != NULL ? 1 : 0));
}

UlChecksum
fixture_write_commit (UlWriter *writer, const UlChecksum *tree, const UlChecksum *meta,
                      const UlChecksum *parent, const char *subject)
{
  return write_metadata (writer, UL_OBJECT_COMMIT,
                         ul_commit_new (NULL, parent, subject, NULL, 0, tree, meta));
}

UlChecksum
fixture_file (Fixture *f, const char *content)
{
  g_autoptr (UlTransaction) transaction = fixture_begin (f);
  g_autoptr (UlWriter) writer = ul_writer_new (transaction);
  const UlChecksum checksum = fixture_write (f, writer, content);
  fixture_end (transaction);
  return checksum;
}

UlChecksum
fixture_link (Fixture *f, const char *target)
{
  g_autoptr (UlTransaction) transaction = fixture_begin (f);
  g_autoptr (UlWriter) writer = ul_writer_new (transaction);
  const UlChecksum checksum = fixture_write_link (f, writer, target);
  fixture_end (transaction);
  return checksum;
}

FixtureCommit
fixture_commit (Fixture *f, const char *ref, const UlChecksum *parent, const char *subject)
{
  FixtureCommit c;
  g_autoptr (UlTransaction) transaction = fixture_begin (f);
  g_autoptr (UlWriter) writer = ul_writer_new (transaction);
  for (guint i = 0; i < G_N_ELEMENTS (c.files); i++)
    {
      g_autofree char *content = g_strdup_printf ("%s, file %u", subject, i);
      c.files[i] = fixture_write (f, writer, content);
    }
  c.meta = fixture_write_dirmeta (f, writer);
  c.sub_tree = fixture_write_dirtree (writer, &c.files[2], 1, NULL, NULL);
  c.tree = fixture_write_dirtree (writer, c.files, 2, &c.sub_tree, &c.meta);
  c.commit = fixture_write_commit (writer, &c.tree, &c.meta, parent, subject);
  if (ref != NULL)
    ul_transaction_set_ref (transaction, ref, &c.commit);
  fixture_end (transaction);
  return c;
}

char *
fixture_object (Fixture *f, UlObjectType type, const UlChecksum *checksum)
{
  char path[UL_OBJECT_LOOSE_PATH_MAX];
  ul_object_loose_path (checksum, type, ul_repo_is_compressed (f->repo), path);
  return g_build_filename (f->path, "objects", path, NULL);
}

gboolean
fixture_has (Fixture *f, UlObjectType type, const UlChecksum *checksum)
{
  g_autofree char *path = fixture_object (f, type, checksum);
  struct stat st;
  return lstat (path, &st) == 0;
}

void
fixture_delete (Fixture *f, UlObjectType type, const UlChecksum *checksum)
{
  g_autofree char *path = fixture_object (f, type, checksum);
  g_assert_cmpint (unlink (path), ==, 0);
}

static void
print_tree (Fixture *f, const UlChecksum *tree, gboolean numbered, GString *out)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) dirtree = NULL;
  ul_objects_load (f->repo, UL_OBJECT_DIRTREE, tree, &dirtree, &error);
  g_assert_no_error (error);
  g_auto (UlDirtreeView) view;
  ul_dirtree_view_init (&view, dirtree);
  for (gsize i = 0; i < view.n_files; i++)
    {
      UlDirtreeFile file;
      ul_dirtree_view_file (&view, i, &file);
      g_string_append (out, file.name);
      if (numbered)
        g_string_append_printf (out, "=%d", file.checksum.bytes[0]);
      else
        g_assert_true (fixture_has (f, UL_OBJECT_FILE, &file.checksum));
      g_string_append_c (out, ' ');
    }
  for (gsize i = 0; i < view.n_dirs; i++)
    {
      UlDirtreeDir dir;
      ul_dirtree_view_dir (&view, i, &dir);
      g_assert_true (numbered || fixture_has (f, UL_OBJECT_DIRMETA, &dir.meta));
      g_string_append_printf (out, "%s/{ ", dir.name);
      print_tree (f, &dir.tree, numbered, out);
      g_string_append (out, "} ");
    }
}

char *
fixture_tree (Fixture *f, const UlChecksum *tree, gboolean numbered)
{
  GString *out = g_string_new (NULL);
  print_tree (f, tree, numbered, out);
  return g_string_free (out, FALSE);
}

void
fixture_put (const char *path, const void *data, gsize len)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *dir = g_path_get_dirname (path);
  g_assert_cmpint (g_mkdir_with_parents (dir, 0755), ==, 0);
  ul_autofd int fd = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  g_assert_cmpint (fd, >=, 0);
  ul_fd_write_all (fd, data, len, path, &error);
  g_assert_no_error (error);
}

void
fixture_truncate (const char *path, off_t size)
{
  g_assert_cmpint (truncate (path, size), ==, 0);
}

void
fixture_flip (const char *path, goffset offset)
{
  ul_autofd int fd = open (path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  g_assert_cmpint (fd, >=, 0);
  struct stat st;
  guint8 byte;
  g_assert_cmpint (fstat (fd, &st), ==, 0);
  if (offset < 0)
    offset += st.st_size;
  g_assert_cmpint (pread (fd, &byte, 1, offset), ==, 1);
  byte ^= 0x10;
  g_assert_cmpint (pwrite (fd, &byte, 1, offset), ==, 1);
}

char *
fixture_get (const char *path, gsize *out_len)
{
  g_autoptr (GError) error = NULL;
  char *data = NULL;
  g_file_get_contents (path, &data, out_len, &error);
  g_assert_no_error (error);
  return data;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

char *
fixture_names (const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = g_dir_open (path, 0, &error);
  g_assert_no_error (error);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  const char *name;
  while ((name = g_dir_read_name (dir)) != NULL)
    g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare_names);
  g_ptr_array_add (names, NULL);
  return g_strjoinv (" ", (char **) names->pdata);
}

guint8 *
fixture_data (gsize len)
{
  guint8 *data = g_malloc (len + 1);
  for (gsize i = 0; i < len; i++)
    data[i] = (guint8) (i * 31 + i / 4099);
  return data;
}

void
fixture_assert_no_staging (Fixture *f)
{
  g_autofree char *tmp = g_build_filename (f->path, "tmp", NULL);
  g_autofree char *names = fixture_names (tmp);
  g_assert_cmpstr (names, ==, "cache");
}

UlChecksum
fixture_raw_object (Fixture *f, UlObjectType type, const void *data, gsize len)
{
  UlChecksum checksum;
  ul_checksum_of_data (data, len, &checksum);
  g_autofree char *path = fixture_object (f, type, &checksum);
  fixture_put (path, data, len);
  return checksum;
}

static UlChecksum
parse_number (char **at, const UlChecksum *numbers)
{
  const long n = strtol (*at, at, 10);
  return numbers != NULL ? numbers[n] : (UlChecksum){ { (guint8) n } };
}

/* *at is left behind the closing brace. */
static UlChecksum
parse_dirtree (Fixture *f, char **at, const UlChecksum *numbers)
{
  g_autoptr (GArray) files = g_array_new (FALSE, FALSE, sizeof (UlDirtreeFile));
  g_autoptr (GArray) dirs = g_array_new (FALSE, FALSE, sizeof (UlDirtreeDir));
  for (*at += strspn (*at, " "); **at != '\0' && **at != '}'; *at += strspn (*at, " "))
    {
      const char *name = *at;
      *at += strcspn (*at, "=:");
      const gboolean is_dir = **at == ':';
      *(*at)++ = '\0';
      const UlChecksum checksum = parse_number (at, numbers);
      if (is_dir)
        {
          (*at)++;
          const UlDirtreeDir dir
              = { .name = name, .tree = parse_dirtree (f, at, numbers), .meta = checksum };
          g_array_append_val (dirs, dir);
        }
      else
        {
          const UlDirtreeFile file = { .name = name, .checksum = checksum };
          g_array_append_val (files, file);
        }
    }
  *at += **at == '}';
  g_autoptr (GVariant) dirtree = g_variant_ref_sink (
      ul_dirtree_new ((const UlDirtreeFile *) (gpointer) files->data, files->len,
                      (const UlDirtreeDir *) (gpointer) dirs->data, dirs->len));
  return fixture_raw_object (f, UL_OBJECT_DIRTREE, g_variant_get_data (dirtree),
                             g_variant_get_size (dirtree));
}

UlChecksum
fixture_parse_tree (Fixture *f, const char *spec, const UlChecksum *numbers)
{
  g_autofree char *copy = g_strdup (spec);
  char *at = copy;
  return parse_dirtree (f, &at, numbers);
}
