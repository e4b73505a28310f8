// SPDX-License-Identifier: LGPL-2.1-or-later
#include "util/selinux-specs.h"

#include <string.h>

#include "util/error.h"

/* As libselinux compiles them, so that both take the same expressions and match the same paths. */
#define REGEX_FLAGS ((GRegexCompileFlags) (G_REGEX_DOTALL | G_REGEX_RAW | G_REGEX_NEWLINE_LF))

/* What comes behind the literal beginning. Nearly all specifications have one of the plain forms,
 * which need no regular expression. */
typedef enum
{
  REST_NOTHING,  /* the beginning is all: one path */
  REST_BELOW,    /* "(/.*)?": it and everything below */
  REST_ANYTHING, /* ".*" */
  REST_REGEX,
} Rest;

typedef struct
{
  guint32 next; /* the one before with the same beginning, plus 1; 0: none */
  Rest rest;
  GRegex *regex; /* of REST_REGEX, the whole expression */
  char *needle;  /* something that every path it matches contains, or NULL */
} Spec;

/* A literal beginning; also what it's looked up by. */
typedef struct
{
  const char *text;
  gsize len;
  guint hash;   /* of the text */
  guint32 last; /* of its specifications, plus 1 */
} Beginning;

struct _UlSelinuxSpecs
{
  GArray *specs;          /* of Spec */
  GHashTable *beginnings; /* set of Beginning, which own their text */
  gsize longest;          /* of the beginnings */
};

#define HASH_START 5381u

static guint
hash_step (guint hash, char c)
{
  return hash * 33 + (guchar) c;
}

static guint
beginning_hash (gconstpointer beginning)
{
  return ((const Beginning *) beginning)->hash;
}

static gboolean
beginning_equal (gconstpointer a, gconstpointer b)
{
  const Beginning *x = a;
  const Beginning *y = b;
  return x->len == y->len && memcmp (x->text, y->text, x->len) == 0;
}

static void
beginning_free (gpointer data)
{
  Beginning *beginning = data;
  g_free ((char *) beginning->text);
  g_free (beginning);
}

static void
spec_clear (gpointer data)
{
  Spec *spec = data;
  g_clear_pointer (&spec->regex, g_regex_unref);
  g_free (spec->needle);
}

UlSelinuxSpecs *
ul_selinux_specs_new (void)
{
  UlSelinuxSpecs *self = g_new0 (UlSelinuxSpecs, 1);
  self->specs = g_array_new (FALSE, FALSE, sizeof (Spec));
  g_array_set_clear_func (self->specs, spec_clear);
  self->beginnings = g_hash_table_new_full (beginning_hash, beginning_equal, beginning_free, NULL);
  return self;
}

void
ul_selinux_specs_free (UlSelinuxSpecs *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->beginnings);
  g_array_unref (self->specs);
  g_free (self);
}

/* The end of the class "[...]" or group "(...)" that begins at @p. */
static const char *
skip_class (const char *p)
{
  p += p[1] == '^' ? 2 : 1;
  for (p += *p == ']'; *p != '\0' && *p != ']'; p++)
    p += *p == '\\' && p[1] != '\0';
  return *p != '\0' ? p + 1 : p;
}

static const char *
skip_group (const char *p)
{
  for (int depth = 0; *p != '\0';)
    if (*p == '[')
      p = skip_class (p);
    else if (*p == '\\')
      p += p[1] != '\0' ? 2 : 1;
    else
      {
        depth += *p == '(' ? 1 : *p == ')' ? -1 : 0;
        p++;
        if (depth == 0)
          break;
      }
  return p;
}

/* Runs of plain characters outside of groups, which every match has in it. */
typedef struct
{
  GString *beginning; /* the run that the expression begins with */
  GString *needle;    /* the longest of the others */
  const char *rest;   /* what comes behind the beginning */
} Literals;

static void
end_run (Literals *out, GString *run, const char *at)
{
  if (out->rest == NULL)
    {
      g_string_assign (out->beginning, run->str);
      out->rest = at;
    }
  else if (run->len > out->needle->len)
    g_string_assign (out->needle, run->str);
  g_string_truncate (run, 0);
}

static const char *
skip_special (const char *p)
{
  if (*p == '[')
    return skip_class (p);
  if (*p == '(')
    return skip_group (p);
  return *p == '{' ? p + 1 + strspn (p + 1, "0123456789,") : p + 1;
}

/* Reads the expression only as far as it's sure to understand it: that far comes back. */
static const char *
find_runs (const char *expression, GString *run, Literals *out)
{
  const char *p = expression;
  while (*p != '\0' && *p != '|')
    {
      const gboolean is_escape = *p == '\\';
      if ((is_escape && (p[1] == '\0' || g_ascii_isalnum (p[1]))) || g_str_has_prefix (p, "(?")
          || g_str_has_prefix (p, "(*"))
        break;
      if (!is_escape && strchr (".^$?*+{}[]()", *p) != NULL)
        {
          end_run (out, run, p);
          p = skip_special (p);
          continue;
        }
      const char *next = p + (is_escape ? 2 : 1);
      if (*next != '\0' && strchr ("?*{", *next) != NULL)
        end_run (out, run, p); /* this one may be missing */
      else
        g_string_append_c (run, next[-1]);
      p = next;
    }
  return p;
}

static void
find_literals (const char *expression, Literals *out)
{
  g_autoptr (GString) run = g_string_new (NULL);
  const char *p = find_runs (expression, run, out);
  if (*p == '\0' || out->rest == NULL)
    end_run (out, run, p);
  if (*p != '\0')
    g_string_truncate (out->needle, 0);
  /* Nothing holds for all alternatives, and quoting could be of anything above. */
  if (strchr (p, '|') != NULL || strstr (expression, "\\Q") != NULL)
    {
      g_string_truncate (out->beginning, 0);
      g_string_truncate (out->needle, 0);
      out->rest = expression;
    }
}

static void
add (UlSelinuxSpecs *self, Spec *spec, const char *beginning, gsize len)
{
  Beginning key = { .text = beginning, .len = len, .hash = HASH_START };
  for (gsize i = 0; i < len; i++)
    key.hash = hash_step (key.hash, beginning[i]);
  Beginning *found = g_hash_table_lookup (self->beginnings, &key);
  if (found == NULL)
    {
      found = g_memdup2 (&key, sizeof key);
      found->text = g_strndup (beginning, len);
      g_hash_table_add (self->beginnings, found);
      self->longest = MAX (self->longest, len);
    }
  spec->next = found->last;
  g_array_append_vals (self->specs, spec, 1);
  found->last = self->specs->len;
}

static gboolean
add_expression (UlSelinuxSpecs *self, const char *expression, GError **error)
{
  g_autoptr (GString) beginning = g_string_new (NULL);
  g_autoptr (GString) needle = g_string_new (NULL);
  Literals literals = { .beginning = beginning, .needle = needle };
  Spec spec = { .rest = REST_REGEX };
  find_literals (expression, &literals);
  if (*literals.rest == '\0')
    spec.rest = REST_NOTHING;
  else if (g_str_equal (literals.rest, "(/.*)?"))
    spec.rest = REST_BELOW;
  else if (g_str_equal (literals.rest, ".*"))
    spec.rest = REST_ANYTHING;
  if (spec.rest == REST_REGEX)
    {
      g_autofree char *anchored = g_strconcat ("^", expression, "$", NULL);
      spec.regex = g_regex_new (anchored, REGEX_FLAGS, 0, error);
      if (spec.regex == NULL)
        return FALSE;
      if (needle->len > 0)
        spec.needle = g_strdup (needle->str);
    }
  add (self, &spec, beginning->str, beginning->len);
  return TRUE;
}

static gboolean
check_type (const char *word)
{
  return word[0] == '-' && word[1] != '\0' && strchr ("bcdpls-", word[1]) != NULL
         && word[2] == '\0';
}

static gboolean
parse_line (UlSelinuxSpecs *self, char *line, GError **error)
{
  /* libselinux takes any of these, but nothing else. */
  const char *const separators = " \t\r\v\f";
  for (const char *p = line; *p != '\0'; p++)
    if (!g_ascii_isprint (*p) && strchr (separators, *p) == NULL)
      return ul_throw (error, UL_ERROR_INVALID, "not ASCII text");
  char *state = NULL;
  const char *expression = strtok_r (line, separators, &state);
  if (expression == NULL || *expression == '#')
    return TRUE;
  const char *second = strtok_r (NULL, separators, &state);
  const char *third = second != NULL ? strtok_r (NULL, separators, &state) : NULL;
  if (second == NULL)
    return ul_throw (error, UL_ERROR_INVALID, "no context");
  if (third != NULL && !check_type (second))
    return ul_throw (error, UL_ERROR_INVALID, "no file type: %s", second);
  g_autoptr (GError) local = NULL;
  if (!add_expression (self, expression, &local))
    return ul_throw (error, UL_ERROR_INVALID, "%s", local->message);
  return TRUE;
}

gboolean
ul_selinux_specs_parse (UlSelinuxSpecs *self, const char *name, GBytes *text, GError **error)
{
  gsize len;
  const char *p = g_bytes_get_data (text, &len);
  const char *end = p + len;
  for (guint number = 1; p < end; number++)
    {
      const char *newline = memchr (p, '\n', (gsize) (end - p));
      const char *stop = newline != NULL ? newline : end;
      if (memchr (p, '\0', (gsize) (stop - p)) != NULL)
        return ul_throw (error, UL_ERROR_INVALID, "%s, line %u: not ASCII text", name, number);
      g_autofree char *line = g_strndup (p, (gsize) (stop - p));
      if (!parse_line (self, line, error))
        return ul_prefix (error, "%s, line %u", name, number);
      p = stop + 1;
    }
  return TRUE;
}

/* @len: of the literal beginning, which the path has. */
static gboolean
matches (const Spec *spec, const char *path, gsize len, gboolean *out_matches, GError **error)
{
  g_autoptr (GError) local = NULL;
  switch (spec->rest)
    {
    case REST_NOTHING:
      *out_matches = path[len] == '\0';
      return TRUE;
    case REST_BELOW:
      *out_matches = path[len] == '\0' || path[len] == '/';
      return TRUE;
    case REST_ANYTHING:
      *out_matches = TRUE;
      return TRUE;
    case REST_REGEX:
    default:
      *out_matches = (spec->needle == NULL || strstr (path + len, spec->needle) != NULL)
                     && g_regex_match_full (spec->regex, path, -1, 0, 0, NULL, &local);
      return local == NULL || ul_throw (error, UL_ERROR_INVALID, "%s", local->message);
    }
}

/* Those with one literal beginning, which the path has. */
static gboolean
match_group (const UlSelinuxSpecs *self, const Beginning *group, const char *path, guint32 *out,
             gsize max, gsize *n, GError **error)
{
  for (guint32 i = group->last; i != 0;)
    {
      const Spec *spec = &g_array_index (self->specs, Spec, i - 1);
      gboolean does_match;
      if (!matches (spec, path, group->len, &does_match, error))
        return FALSE;
      if (does_match && *n < max)
        out[*n] = i;
      *n += does_match;
      i = spec->next;
    }
  return TRUE;
}

/* libselinux tries an expression that has a literal first component only on paths that have it,
 * too, also where the expression would match others. So that is a part of what tells paths apart.
 */
static guint32
first_component (const char *path)
{
  const char *end = *path != '\0' ? strchr (path + 1, '/') : NULL;
  guint hash = HASH_START;
  for (const char *p = path; end != NULL && p < end; p++)
    hash = hash_step (hash, *p);
  return hash;
}

gboolean
ul_selinux_specs_match (const UlSelinuxSpecs *self, const char *path, guint32 *out, gsize max,
                        gsize *out_n, GError **error)
{
  Beginning key = { .text = path, .hash = HASH_START };
  gsize n = 1;
  for (;;)
    {
      const Beginning *group = g_hash_table_lookup (self->beginnings, &key);
      if (group != NULL && !match_group (self, group, path, out, max, &n, error))
        return FALSE;
      if (path[key.len] == '\0' || key.len == self->longest)
        break;
      key.hash = hash_step (key.hash, path[key.len++]);
    }
  out[0] = first_component (path);
  /* "$" matches before a newline at the end, too. */
  *out_n = n > max || strchr (path, '\n') != NULL ? 0 : n;
  return TRUE;
}
