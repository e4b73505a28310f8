// SPDX-License-Identifier: LGPL-2.1-or-later
#include "util/selinux.h"

#include <errno.h>
#include <fcntl.h>
#include <selinux/label.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "util/error.h"
#include "util/fd.h"
#include "util/selinux-specs.h"

/* Fedora's file_contexts has 0.4 MB. */
#define CONFIG_MAX   (64 * 1024)
#define CONTEXTS_MAX (16 * 1024 * 1024)

/* So many specifications match a path, at most; more are seldom, and then looked up each time. */
#define MATCHES_MAX 62

/* "Everything at and below @from is labelled as @to." */
typedef struct
{
  char *from;
  char *to; /* without slashes at its end: "" for the root */
} Alias;

/* Paths that libselinux can't tell apart: of one type, with the same specifications. */
typedef struct
{
  guint32 n;
  guint32 mode;
  guint32 specs[MATCHES_MAX];
} Class;

struct _UlSelinux
{
  char *name;
  char *checksum;
  gboolean is_off;         /* it has no label for anything */
  GPtrArray *equivalences; /* of Alias, ours; then those of the policy, which it applies in turn */
  GPtrArray *subs;
  GPtrArray *subs_dist;
  UlSelinuxSpecs *specs;
  struct selabel_handle *handle; /* since libselinux 3.4 threads may share it */
  GMutex lock;
  GHashTable *classes; /* Class -> label, of labels, or NULL; by lock */
  GHashTable *labels;  /* set of strings; by lock */
};

static void
alias_free (gpointer data)
{
  Alias *alias = data;
  g_free (alias->from);
  g_free (alias->to);
  g_free (alias);
}

static Alias *
alias_new (const char *from, const char *to)
{
  Alias *alias = g_new (Alias, 1);
  *alias = (Alias){ .from = g_strdup (from), .to = g_strdup (to) };
  for (gsize len = strlen (alias->to); len > 0 && alias->to[len - 1] == '/'; len--)
    alias->to[len - 1] = '\0';
  return alias;
}

/* What is at @path as the first alias has it that holds for it; takes and returns @path. */
static char *
apply_aliases (GPtrArray *aliases, char *path)
{
  for (guint i = 0; i < aliases->len; i++)
    {
      const Alias *alias = aliases->pdata[i];
      const char *below = path + strlen (alias->from);
      if (!g_str_has_prefix (path, alias->from) || (*below != '/' && *below != '\0'))
        continue;
      char *aliased = g_strconcat (alias->to, below, NULL);
      g_free (path);
      return *aliased != '\0' ? aliased : (g_free (aliased), g_strdup ("/"));
    }
  return path;
}

static guint
class_hash (gconstpointer data)
{
  const Class *class = data;
  guint hash = class->mode;
  for (guint32 i = 0; i < class->n; i++)
    hash = hash * 33 + class->specs[i];
  return hash;
}

static gboolean
class_equal (gconstpointer a, gconstpointer b)
{
  const Class *x = a;
  const Class *y = b;
  return x->n == y->n && x->mode == y->mode
         && memcmp (x->specs, y->specs, x->n * sizeof x->specs[0]) == 0;
}

/* A policy while it's read. */
typedef struct
{
  UlSelinuxReadFunc read;
  gpointer data;
  char *dir;  /* "etc/selinux/targeted/contexts/files" */
  int memory; /* all specifications, in libselinux's order */
  GChecksum *checksum;
  gboolean is_off;
} Loading;

static void
loading_clear (Loading *self)
{
  g_free (self->dir);
  ul_fd_cleanup (&self->memory);
  g_clear_pointer (&self->checksum, g_checksum_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Loading, loading_clear)

/* The last line "SELINUXTYPE=..." of the file; NULL if there is none. */
static char *
find_type (GBytes *config)
{
  gsize len;
  const char *data = g_bytes_get_data (config, &len);
  g_autofree char *text = g_strndup (data, len);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  char *type = NULL;
  for (char **line = lines; *line != NULL; line++)
    {
      const char *key = g_strstrip (*line);
      if (!g_str_has_prefix (key, "SELINUXTYPE"))
        continue;
      const char *value = key + strlen ("SELINUXTYPE");
      value += strspn (value, " \t");
      if (*value != '=')
        continue;
      g_free (type);
      type = g_strdup (value + 1 + strspn (value + 1, " \t"));
    }
  return type;
}

/* Does a line say that the policy is in force? Else OSTree labels nothing. */
static gboolean
is_in_force (GBytes *config)
{
  static const char *const words[] = { "SELINUX=enforcing", "SELINUX=permissive" };
  gsize len;
  const char *data = g_bytes_get_data (config, &len);
  g_autofree char *text = g_strndup (data, len);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
      if (g_ascii_strncasecmp (*line, words[i], strlen (words[i])) == 0)
        return TRUE;
  return FALSE;
}

static gboolean
find_policy (Loading *loading, const char *const *places, char **out_name, GError **error)
{
  for (const char *const *place = places; *place != NULL; place++)
    {
      g_autoptr (GBytes) config = NULL;
      g_autofree char *path = g_strconcat (*place, "/config", NULL);
      if (!loading->read (loading->data, path, CONFIG_MAX, &config, error))
        return FALSE;
      if (config == NULL)
        continue;
      g_autofree char *type = find_type (config);
      loading->is_off = !is_in_force (config);
      if (type == NULL && loading->is_off)
        type = g_strdup ("none");
      if (type == NULL)
        return ul_throw (error, UL_ERROR_INVALID, "%s: no SELINUXTYPE", path);
      if (*type == '\0' || *type == '.' || strchr (type, '/') != NULL)
        return ul_throw (error, UL_ERROR_INVALID, "%s: SELINUXTYPE: invalid name", path);
      loading->dir = g_strdup_printf ("%s/%s/contexts/files", *place, type);
      *out_name = g_steal_pointer (&type);
      return TRUE;
    }
  *out_name = NULL;
  return TRUE;
}

static gboolean
read_part (Loading *loading, const char *name, GBytes **out_bytes, GError **error)
{
  g_autofree char *path = g_strconcat (loading->dir, "/", name, NULL);
  if (!loading->read (loading->data, path, CONTEXTS_MAX, out_bytes, error))
    return FALSE;
  if (*out_bytes != NULL)
    {
      gsize len;
      const guchar *data = g_bytes_get_data (*out_bytes, &len);
      const guint64 prefix = GUINT64_TO_LE ((guint64) len);
      g_checksum_update (loading->checksum, (const guchar *) name, (gssize) strlen (name) + 1);
      g_checksum_update (loading->checksum, (const guchar *) &prefix, sizeof prefix);
      g_checksum_update (loading->checksum, data, (gssize) len);
    }
  return TRUE;
}

static gboolean
load_specs (UlSelinux *self, Loading *loading, GError **error)
{
  static const char *const parts[]
      = { "file_contexts", "file_contexts.homedirs", "file_contexts.local" };
  loading->memory = memfd_create ("file_contexts", MFD_CLOEXEC);
  if (loading->memory < 0)
    return ul_throw_errno (error, "memory for file_contexts");
  for (gsize i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      g_autoptr (GBytes) text = NULL;
      if (!read_part (loading, parts[i], &text, error))
        return FALSE;
      if (text == NULL && i == 0)
        return ul_throw (error, UL_ERROR_INVALID, "no %s/%s", loading->dir, parts[i]);
      if (text == NULL)
        continue;
      gsize len;
      const void *data = g_bytes_get_data (text, &len);
      if (!ul_selinux_specs_parse (self->specs, parts[i], text, error)
          || !ul_fd_write_all (loading->memory, data, len, parts[i], error)
          || !ul_fd_write_all (loading->memory, "\n", 1, parts[i], error))
        return FALSE;
    }
  return TRUE;
}

/* Lines "/aliased /original"; the last one that holds counts. What isn't one is passed over, as
 * libselinux does. */
static gboolean
load_aliases (GPtrArray *aliases, Loading *loading, const char *name, GError **error)
{
  g_autoptr (GBytes) text = NULL;
  if (!read_part (loading, name, &text, error))
    return FALSE;
  if (text == NULL)
    return TRUE;
  gsize len;
  const char *data = g_bytes_get_data (text, &len);
  g_autofree char *copy = g_strndup (data, len);
  g_auto (GStrv) lines = g_strsplit (copy, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    {
      char *state = NULL;
      const char *from = strtok_r (*line, " \t\r\v\f", &state);
      const char *to = from != NULL ? strtok_r (NULL, " \t\r\v\f", &state) : NULL;
      if (to != NULL && *from != '#')
        g_ptr_array_insert (aliases, 0, alias_new (from, to));
    }
  return TRUE;
}

static gboolean
open_handle (UlSelinux *self, const Loading *loading, GError **error)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", loading->memory);
  const struct selinux_opt options[] = {
    { SELABEL_OPT_PATH, path },
    { SELABEL_OPT_VALIDATE, NULL },
  };
  self->handle = selabel_open (SELABEL_CTX_FILE, options, G_N_ELEMENTS (options));
  return self->handle != NULL || ul_throw_errno (error, "open %s/file_contexts", loading->dir);
}

static UlSelinux *
policy_new (char *name)
{
  UlSelinux *self = g_new0 (UlSelinux, 1);
  self->name = name;
  self->equivalences = g_ptr_array_new_with_free_func (alias_free);
  self->subs = g_ptr_array_new_with_free_func (alias_free);
  self->subs_dist = g_ptr_array_new_with_free_func (alias_free);
  self->specs = ul_selinux_specs_new ();
  g_mutex_init (&self->lock);
  self->labels = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->classes = g_hash_table_new_full (class_hash, class_equal, g_free, NULL);
  return self;
}

static gboolean
load_specs_and_aliases (UlSelinux *self, Loading *loading, GError **error)
{
  return load_specs (self, loading, error)
         && load_aliases (self->subs, loading, "file_contexts.subs", error)
         && load_aliases (self->subs_dist, loading, "file_contexts.subs_dist", error)
         && open_handle (self, loading, error);
}

gboolean
ul_selinux_load (UlSelinuxReadFunc read, gpointer data, const char *const *places,
                 UlSelinux **out_policy, GError **error)
{
  g_auto (Loading) loading = {
    .read = read,
    .data = data,
    .memory = -1,
    .checksum = g_checksum_new (G_CHECKSUM_SHA256),
  };
  char *name = NULL;
  if (!find_policy (&loading, places, &name, error))
    return FALSE;
  if (name == NULL)
    {
      *out_policy = NULL;
      return TRUE;
    }
  g_autoptr (UlSelinux) self = policy_new (name);
  self->is_off = loading.is_off;
  if (!self->is_off && !load_specs_and_aliases (self, &loading, error))
    return FALSE;
  self->checksum = g_strdup (g_checksum_get_string (loading.checksum));
  *out_policy = g_steal_pointer (&self);
  return TRUE;
}

static gboolean
read_below (gpointer data, const char *path, gsize max, GBytes **out_bytes, GError **error)
{
  const int *root = data;
  ul_autofd int fd
      = ul_fd_open_beneath (*root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0);
  struct stat st;
  if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
    {
      *out_bytes = NULL;
      return TRUE;
    }
  if (fd < 0 || fstat (fd, &st) != 0)
    return ul_throw_errno (error, "open %s", path);
  if (!S_ISREG (st.st_mode))
    return ul_throw (error, UL_ERROR_INVALID, "%s: not a regular file", path);
  if ((guint64) st.st_size > max)
    return ul_throw (error, UL_ERROR_INVALID, "%s: more than %" G_GSIZE_FORMAT " bytes", path, max);
  g_autofree guint8 *bytes = g_malloc ((gsize) st.st_size + 1);
  gsize len;
  if (!ul_fd_read_full (fd, bytes, (gsize) st.st_size, path, &len, error))
    return FALSE;
  *out_bytes = g_bytes_new_take (g_steal_pointer (&bytes), len);
  return TRUE;
}

gboolean
ul_selinux_open (const char *root, UlSelinux **out_policy, GError **error)
{
  static const char *const places[] = { "etc/selinux", "usr/etc/selinux", NULL };
  ul_autofd int fd = open (root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return ul_throw_errno (error, "SELinux policy in %s", root);
  return ul_selinux_load (read_below, &fd, places, out_policy, error)
         || ul_prefix (error, "SELinux policy in %s", root);
}

gboolean
ul_selinux_require (const char *root, UlSelinux **out_policy, GError **error)
{
  g_autoptr (UlSelinux) policy = NULL;
  if (!ul_selinux_open (root, &policy, error))
    return FALSE;
  if (policy == NULL)
    return ul_throw (error, UL_ERROR_NOT_FOUND,
                     "SELinux policy in %s: neither etc/selinux/config nor usr/etc/selinux/config "
                     "is there",
                     root);
  *out_policy = g_steal_pointer (&policy);
  return TRUE;
}

void
ul_selinux_free (UlSelinux *self)
{
  if (self == NULL)
    return;
  if (self->handle != NULL)
    selabel_close (self->handle);
  g_hash_table_unref (self->classes);
  g_hash_table_unref (self->labels);
  g_mutex_clear (&self->lock);
  ul_selinux_specs_free (self->specs);
  g_ptr_array_unref (self->subs_dist);
  g_ptr_array_unref (self->subs);
  g_ptr_array_unref (self->equivalences);
  g_free (self->checksum);
  g_free (self->name);
  g_free (self);
}

gboolean
ul_selinux_add_equivalence (UlSelinux *self, const char *from, const char *to, GError **error)
{
  if (*from != '/' || *to != '/' || from[1] == '\0' || g_str_has_suffix (from, "/"))
    return ul_throw (error, UL_ERROR_INVALID,
                     "label %s as %s: both are absolute paths, without a slash at the end", from,
                     to);
  guint i = 0;
  while (i < self->equivalences->len
         && strlen (((Alias *) self->equivalences->pdata[i])->from) > strlen (from))
    i++;
  g_ptr_array_insert (self->equivalences, (int) i, alias_new (from, to));
  return TRUE;
}

gboolean
ul_selinux_add_equivalences (UlSelinux *self, const char *const *pairs, GError **error)
{
  for (const char *const *pair = pairs; pair != NULL && *pair != NULL; pair += 2)
    if (!ul_selinux_add_equivalence (self, pair[0], pair[1], error))
      return FALSE;
  return TRUE;
}

const char *
ul_selinux_name (const UlSelinux *self)
{
  return self->name;
}

const char *
ul_selinux_checksum (const UlSelinux *self)
{
  return self->checksum;
}

/* Call with the lock. */
static const char *
intern (UlSelinux *self, const char *label)
{
  gpointer known;
  if (label == NULL || g_hash_table_lookup_extended (self->labels, label, &known, NULL))
    return label != NULL ? known : NULL;
  char *copy = g_strdup (label);
  g_hash_table_add (self->labels, copy);
  return copy;
}

/* @class: what to remember the answer for; NULL: nothing. */
static gboolean
ask (UlSelinux *self, const char *path, mode_t mode, const Class *class, const char **out_label,
     GError **error)
{
  char *context = NULL;
  errno = 0;
  if (selabel_lookup_raw (self->handle, &context, path, (int) mode) != 0 && errno != ENOENT)
    return ul_throw (error, UL_ERROR_INVALID, "SELinux policy %s: look up %s: %s", self->name, path,
                     errno != 0 ? g_strerror (errno) : "an expression fails");
  g_mutex_lock (&self->lock);
  *out_label = intern (self, context);
  if (class != NULL && !g_hash_table_contains (self->classes, class))
    {
      const gsize size = G_STRUCT_OFFSET (Class, specs) + class->n * sizeof class->specs[0];
      g_hash_table_insert (self->classes, g_memdup2 (class, size), (gpointer) *out_label);
    }
  g_mutex_unlock (&self->lock);
  freecon (context);
  return TRUE;
}

gboolean
ul_selinux_lookup (UlSelinux *self, const char *path, mode_t mode, const char **out_label,
                   GError **error)
{
  *out_label = NULL;
  if (self->is_off)
    return TRUE;
  /* As OSTree does: policies have no label for the directory that proc is mounted on. */
  if (g_str_equal (path, "/proc"))
    path = "/mnt";
  g_autofree char *aliased = apply_aliases (self->equivalences, g_strdup (path));
  aliased = apply_aliases (self->subs, g_steal_pointer (&aliased));
  aliased = apply_aliases (self->subs_dist, g_steal_pointer (&aliased));

  Class class = { .mode = mode & S_IFMT };
  gsize n;
  if (!ul_selinux_specs_match (self->specs, aliased, class.specs, MATCHES_MAX, &n, error))
    return ul_prefix (error, "SELinux policy %s", self->name);
  if (n == 0)
    return ask (self, aliased, class.mode, NULL, out_label, error);
  class.n = (guint32) n;
  gpointer known = NULL;
  g_mutex_lock (&self->lock);
  const gboolean found = g_hash_table_lookup_extended (self->classes, &class, NULL, &known);
  g_mutex_unlock (&self->lock);
  if (!found)
    return ask (self, aliased, class.mode, &class, out_label, error);
  *out_label = known;
  return TRUE;
}
