// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fixture.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/commit.h"
#include "core/dirtree.h"
#include "util/fd.h"
#include "util/xattr.h"

/* A directory on its way to be a dirtree. */
typedef struct
{
  guint32 mode;
  GTree *files; /* name -> UlChecksum */
  GTree *dirs;  /* name -> Node */
} Node;

static int
compare (gconstpointer a, gconstpointer b, gpointer data)
{
  return strcmp (a, b);
}

static void
node_free (gpointer data)
{
  Node *node = data;
  g_tree_unref (node->files);
  g_tree_unref (node->dirs);
  g_free (node);
}

static Node *
node_new (guint32 mode)
{
  Node *node = g_new (Node, 1);
  node->mode = mode;
  node->files = g_tree_new_full (compare, NULL, g_free, g_free);
  node->dirs = g_tree_new_full (compare, NULL, g_free, node_free);
  return node;
}

void
fixture_init (Fixture *f, UlRepoMode mode)
{
  g_autoptr (GError) error = NULL;
  f->dir = g_strdup ("fixture-XXXXXX");
  g_assert_nonnull (g_mkdtemp (f->dir));
  f->dfd = open (f->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  g_assert_cmpint (f->dfd, >=, 0);
  f->repo = ul_repo_create_at (f->dfd, "repo", mode, NULL, &error);
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
  g_free (f->dir);
}

static UlChecksum
write_file (UlWriter *writer, guint32 mode, const char *target, const char *content)
{
  g_autoptr (GError) error = NULL;
  const UlFileMeta meta = {
    .uid = getuid (),
    .gid = getgid (),
    .mode = mode,
    .symlink_target = (char *) target,
    .xattrs = ul_xattr_empty (),
  };
  const UlSource source = {
    .data = (const guint8 *) content,
    .fd = -1,
    .size = strlen (content),
  };
  UlChecksum checksum;
  ul_writer_file (writer, &meta, &source, &checksum, &error);
  g_assert_no_error (error);
  return checksum;
}

static UlChecksum
write_dirmeta (UlWriter *writer, guint32 mode)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) meta = g_variant_ref_sink (
      ul_dirmeta_new (getuid (), getgid (), S_IFDIR | mode, ul_xattr_empty ()));
  UlChecksum checksum;
  ul_writer_metadata (writer, UL_OBJECT_DIRMETA, meta, &checksum, &error);
  g_assert_no_error (error);
  return checksum;
}

typedef struct
{
  UlWriter *writer;
  GArray *entries;
} Collector;

static UlChecksum write_node (UlWriter *writer, Node *node);

static gboolean
collect_file (gpointer name, gpointer value, gpointer data)
{
  Collector *c = data;
  const UlDirtreeFile file = { .name = name, .checksum = *(UlChecksum *) value };
  g_array_append_val (c->entries, file);
  return FALSE;
}

static gboolean
collect_dir (gpointer name, gpointer value, gpointer data)
{
  Collector *c = data;
  Node *node = value;
  const UlDirtreeDir dir = {
    .name = name,
    .tree = write_node (c->writer, node),
    .meta = write_dirmeta (c->writer, node->mode),
  };
  g_array_append_val (c->entries, dir);
  return FALSE;
}

static UlChecksum
write_node (UlWriter *writer, Node *node)
{
  g_autoptr (GArray) files = g_array_new (FALSE, FALSE, sizeof (UlDirtreeFile));
  g_autoptr (GArray) dirs = g_array_new (FALSE, FALSE, sizeof (UlDirtreeDir));
  g_tree_foreach (node->files, collect_file, &(Collector){ writer, files });
  g_tree_foreach (node->dirs, collect_dir, &(Collector){ writer, dirs });
  g_autoptr (GVariant) dirtree = g_variant_ref_sink (
      ul_dirtree_new ((const UlDirtreeFile *) (void *) files->data, files->len,
                      (const UlDirtreeDir *) (void *) dirs->data, dirs->len));
  g_autoptr (GError) error = NULL;
  UlChecksum checksum;
  ul_writer_metadata (writer, UL_OBJECT_DIRTREE, dirtree, &checksum, &error);
  g_assert_no_error (error);
  return checksum;
}

static Node *
find_parent (Node *root, const char *path, const char **out_name)
{
  g_auto (GStrv) parts = g_strsplit (path, "/", -1);
  Node *node = root;
  for (guint i = 0; parts[i + 1] != NULL; i++)
    {
      node = g_tree_lookup (node->dirs, parts[i]);
      g_assert_nonnull (node);
    }
  const char *slash = strrchr (path, '/');
  *out_name = slash != NULL ? slash + 1 : path;
  return node;
}

static void
add_line (UlWriter *writer, Node *root, const char *line)
{
  g_auto (GStrv) words = g_strsplit (line, " ", 4);
  const guint n = g_strv_length (words);
  const char *name;
  Node *parent = find_parent (root, words[1], &name);
  const guint32 mode = n > 2 ? (guint32) strtoul (words[2], NULL, 8) : 0;
  UlChecksum checksum;
  switch (*words[0])
    {
    case 'd':
      g_tree_insert (parent->dirs, g_strdup (name), node_new (mode));
      return;
    case 'f':
      checksum = write_file (writer, S_IFREG | mode, NULL, n > 3 ? words[3] : "");
      break;
    case 'l':
      checksum = write_file (writer, S_IFLNK | 0777, words[2], "");
      break;
    default:
      g_assert_not_reached ();
    }
  g_tree_insert (parent->files, g_strdup (name), g_memdup2 (&checksum, sizeof checksum));
}

static UlTransaction *
begin (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  const UlTransactionOptions options = { .no_fsync = TRUE };
  UlTransaction *transaction = ul_transaction_begin (f->repo, &options, &error);
  g_assert_no_error (error);
  return transaction;
}

static void
end (UlTransaction *transaction)
{
  g_autoptr (GError) error = NULL;
  ul_transaction_commit (transaction, NULL, &error);
  g_assert_no_error (error);
}

static UlChecksum
write_commit (UlWriter *writer, const UlChecksum *tree, const UlChecksum *meta)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) commit
      = g_variant_ref_sink (ul_commit_new (NULL, NULL, NULL, NULL, 0, tree, meta));
  UlChecksum checksum;
  ul_writer_metadata (writer, UL_OBJECT_COMMIT, commit, &checksum, &error);
  g_assert_no_error (error);
  return checksum;
}

UlChecksum
fixture_commit (Fixture *f, const char *const *lines)
{
  g_autoptr (UlTransaction) transaction = begin (f);
  g_autoptr (UlWriter) writer = ul_writer_new (transaction);
  Node *root = node_new (0755);
  for (; *lines != NULL; lines++)
    add_line (writer, root, *lines);
  const UlChecksum tree = write_node (writer, root);
  const UlChecksum meta = write_dirmeta (writer, root->mode);
  const UlChecksum commit = write_commit (writer, &tree, &meta);
  node_free (root);
  end (transaction);
  return commit;
}

/* Behind the writer's back, which would refuse it. */
static UlChecksum
write_raw (Fixture *f, GVariant *variant)
{
  g_autoptr (GError) error = NULL;
  UlChecksum checksum;
  char path[UL_OBJECT_LOOSE_PATH_MAX];
  ul_checksum_of_data (g_variant_get_data (variant), g_variant_get_size (variant), &checksum);
  ul_object_loose_path (&checksum, UL_OBJECT_DIRTREE, FALSE, path);
  const int dfd = ul_repo_objects_dfd (f->repo);
  g_autofree char *dir = g_path_get_dirname (path);
  ul_fd_make_dirs_at (dfd, dir, 0755, &error);
  g_assert_no_error (error);
  ul_fd_replace_file_at (dfd, path, g_variant_get_data (variant), g_variant_get_size (variant),
                         0644, FALSE, &error);
  g_assert_no_error (error);
  return checksum;
}

UlChecksum
fixture_commit_raw (Fixture *f, GVariant *dirtree)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (dirtree);
  const UlChecksum tree = write_raw (f, owned);
  g_autoptr (UlTransaction) transaction = begin (f);
  g_autoptr (UlWriter) writer = ul_writer_new (transaction);
  const UlChecksum meta = write_dirmeta (writer, 0755);
  const UlChecksum commit = write_commit (writer, &tree, &meta);
  end (transaction);
  return commit;
}

UlChecksum
fixture_file (Fixture *f, guint32 mode, const char *content)
{
  g_autoptr (UlTransaction) transaction = begin (f);
  g_autoptr (UlWriter) writer = ul_writer_new (transaction);
  const UlChecksum checksum = write_file (writer, S_IFREG | mode, NULL, content);
  end (transaction);
  return checksum;
}

UlChecksum
fixture_dirmeta (Fixture *f)
{
  g_autoptr (UlTransaction) transaction = begin (f);
  g_autoptr (UlWriter) writer = ul_writer_new (transaction);
  const UlChecksum checksum = write_dirmeta (writer, 0755);
  end (transaction);
  return checksum;
}

void
fixture_checkout (Fixture *f, const UlChecksum *commit, const UlCheckoutOptions *options,
                  const char *target, UlCheckoutStats *out_stats)
{
  g_autoptr (GError) error = NULL;
  ul_checkout_at (f->repo, commit, options, f->dfd, target, out_stats, &error);
  g_assert_no_error (error);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static void
dump (const char *path, const char *shown, GString *out)
{
  struct stat st;
  g_assert_cmpint (lstat (path, &st), ==, 0);
  g_autofree char *content = NULL;
  if (S_ISREG (st.st_mode))
    g_assert_true (g_file_get_contents (path, &content, NULL, NULL));
  else if (S_ISLNK (st.st_mode))
    content = g_file_read_link (path, NULL);
  const char type = S_ISDIR (st.st_mode) ? 'd' : S_ISLNK (st.st_mode) ? 'l' : 'f';
  g_string_append_printf (out, "%s %c %o %u %s\n", shown, type, st.st_mode & 07777,
                          S_ISDIR (st.st_mode) ? 0 : (guint) st.st_nlink,
                          content != NULL ? content : "");
  if (!S_ISDIR (st.st_mode))
    return;
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  const char *name;
  while ((name = g_dir_read_name (dir)) != NULL)
    g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare_names);
  for (guint i = 0; i < names->len; i++)
    {
      g_autofree char *child = g_build_filename (path, names->pdata[i], NULL);
      g_autofree char *child_shown = g_build_filename (shown, names->pdata[i], NULL);
      dump (child, child_shown, out);
    }
}

char *
fixture_dump (Fixture *f, const char *target)
{
  g_autofree char *path = g_build_filename (f->dir, target, NULL);
  GString *out = g_string_new (NULL);
  dump (path, ".", out);
  return g_string_free (out, FALSE);
}

void
fixture_write (Fixture *f, const char *path, const char *content)
{
  g_autoptr (GError) error = NULL;
  ul_fd_replace_file_at (f->dfd, path, content, strlen (content), 0644, FALSE, &error);
  g_assert_no_error (error);
}

char *
fixture_read (Fixture *f, const char *path)
{
  g_autofree char *full = g_build_filename (f->dir, path, NULL);
  char *content = NULL;
  g_assert_true (g_file_get_contents (full, &content, NULL, NULL));
  return content;
}

gboolean
fixture_exists (Fixture *f, const char *path)
{
  struct stat st;
  return fstatat (f->dfd, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}
