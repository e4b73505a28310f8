// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/commands.h"

#include "core/refspec.h"
#include "cli/open.h"
#include "cli/print.h"
#include "repo/lock.h"
#include "repo/refs.h"
#include "util/error.h"
#include "util/fd.h"

#include <stdio.h>
#include <string.h>

typedef struct
{
  gboolean delete;
  gboolean list;
  gboolean alias;
  gboolean collections;
  gboolean force;
  char *create;
} Options;

/* What is shown of @refspec where refs below @prefix are listed: the rest behind it. */
static char *
strip_prefix (const char *refspec, const char *prefix)
{
  if (prefix == NULL || strcmp (refspec, prefix) == 0)
    return g_strdup (refspec);
  const gsize len = strlen (prefix);
  if (!g_str_has_prefix (refspec, prefix) || refspec[len] != '/')
    return g_strdup (refspec);

  /* The remote is not part of what is stripped. */
  const char *colon = strchr (prefix, ':');
  const int remote_len = colon != NULL ? (int) (colon + 1 - prefix) : 0;
  return g_strdup_printf ("%.*s%s", remote_len, prefix, refspec + len + 1);
}

/* PREFIX as the user gives it: a ref or leading parts of one, or `REMOTE:` for all of a remote. */
static gboolean
list_refs (UlRepo *repo, const char *prefix, UlRefsListFlags flags, GPtrArray **out_refs,
           GError **error)
{
  const gboolean whole_remote = prefix != NULL && g_str_has_suffix (prefix, ":");
  if (prefix != NULL && !whole_remote && !ul_refspec_parse (prefix, NULL, NULL, error))
    return ul_prefix (error, "Listing refs");
  g_autoptr (GPtrArray) refs = NULL;
  if (!ul_refs_list (repo, whole_remote ? NULL : prefix, flags, &refs, error))
    return ul_prefix (error, "Listing refs");
  for (guint i = refs->len; whole_remote && i > 0; i--)
    if (!g_str_has_prefix (((const UlRef *) refs->pdata[i - 1])->refspec, prefix))
      g_ptr_array_remove_index (refs, i - 1);
  *out_refs = g_steal_pointer (&refs);
  return TRUE;
}

/* @commit is NULL for an alias that leads nowhere. */
static void
json_ref (JsonBuilder *builder, const UlRef *ref, const UlChecksum *commit)
{
  /* remote:ref, and no ref has a colon in it */
  const char *colon = strchr (ref->refspec, ':');
  g_autofree char *remote
      = colon != NULL ? g_strndup (ref->refspec, (gsize) (colon - ref->refspec)) : NULL;
  json_builder_begin_object (builder);
  ul_json_add_string (builder, "ref", colon != NULL ? colon + 1 : ref->refspec);
  ul_json_add_string (builder, "remote", remote);
  ul_json_add_string (builder, "collection", NULL);
  ul_json_add_checksum (builder, "commit", commit);
  ul_json_add_string (builder, "alias_of", ref->target);
  json_builder_end_object (builder);
}

static gboolean
add_json_ref (UlRepo *repo, const UlRef *ref, JsonBuilder *builder, GError **error)
{
  gboolean found;
  UlChecksum commit;
  if (!ul_refs_read (repo, ref->refspec, &found, &commit, error))
    return FALSE;
  json_ref (builder, ref, found ? &commit : NULL);
  return TRUE;
}

static gboolean
show_prefix (UlRepo *repo, const char *prefix, const Options *options, JsonBuilder *json,
             GError **error)
{
  const UlRefsListFlags flags = options->alias ? UL_REFS_LIST_ALIASES : UL_REFS_LIST_ALL;
  g_autoptr (GPtrArray) refs = NULL;
  if (!list_refs (repo, prefix, flags, &refs, error))
    return FALSE;

  for (guint i = 0; i < refs->len; i++)
    {
      const UlRef *ref = refs->pdata[i];
      if (json != NULL)
        {
          if (!add_json_ref (repo, ref, json, error))
            return FALSE;
        }
      else if (options->alias)
        printf ("%s -> %s\n", ref->refspec, ref->target != NULL ? ref->target : "(no ref)");
      else
        {
          g_autofree char *shown = strip_prefix (ref->refspec, options->list ? NULL : prefix);
          puts (shown);
        }
    }
  return TRUE;
}

static gboolean
show_collection (UlRepo *repo, const char *match, JsonBuilder *json, GError **error)
{
  g_autoptr (GPtrArray) refs = NULL;
  if (!ul_refs_list_collections (repo, match, &refs, error))
    return ul_prefix (error, "Listing refs");
  for (guint i = 0; i < refs->len; i++)
    {
      const UlCollectionRef *ref = refs->pdata[i];
      if (json == NULL)
        {
          printf ("(%s, %s)\n", ref->collection_id, ref->ref);
          continue;
        }
      json_builder_begin_object (json);
      ul_json_add_string (json, "ref", ref->ref);
      ul_json_add_string (json, "remote", NULL);
      ul_json_add_string (json, "collection", ref->collection_id);
      ul_json_add_checksum (json, "commit", &ref->checksum);
      ul_json_add_string (json, "alias_of", NULL);
      json_builder_end_object (json);
    }
  return TRUE;
}

/* NULL for everything, then once for each prefix. */
static gboolean
show (UlRepo *repo, const UlInvocation *inv, const Options *options, GError **error)
{
  g_autoptr (JsonBuilder) json = inv->json ? json_builder_new () : NULL;
  if (json != NULL)
    json_builder_begin_array (json);

  char **prefix = inv->argv;
  do
    if (!(options->collections ? show_collection (repo, *prefix, json, error)
                               : show_prefix (repo, *prefix, options, json, error)))
      return FALSE;
  while (*prefix != NULL && *++prefix != NULL);

  if (json != NULL)
    {
      json_builder_end_array (json);
      ul_print_json (json);
    }
  return TRUE;
}

static gboolean
contains (GPtrArray *refs, const char *refspec)
{
  for (guint i = 0; i < refs->len; i++)
    if (strcmp (((const UlRef *) refs->pdata[i])->refspec, refspec) == 0)
      return TRUE;
  return FALSE;
}

/* An alias whose target goes would dangle, and ostree can list no refs at all in such a repository.
 */
static gboolean
check_no_alias_left (UlRepo *repo, GPtrArray *doomed, GError **error)
{
  g_autoptr (GPtrArray) aliases = NULL;
  if (!list_refs (repo, NULL, UL_REFS_LIST_ALIASES, &aliases, error))
    return FALSE;
  for (guint i = 0; i < aliases->len; i++)
    {
      const UlRef *alias = aliases->pdata[i];
      if (alias->target != NULL && contains (doomed, alias->target)
          && !contains (doomed, alias->refspec))
        return ul_throw (error, UL_ERROR_INVALID, "Ref '%s' has an active alias: '%s'",
                         alias->target, alias->refspec);
    }
  return TRUE;
}

static gboolean
delete_prefix (UlRepo *repo, const char *prefix, const Options *options, GError **error)
{
  g_autoptr (GPtrArray) refs = NULL;
  /* Whatever it holds: a damaged ref must not be what can't be removed. */
  const UlRefsListFlags flags = options->alias ? UL_REFS_LIST_ALIASES : UL_REFS_LIST_NAMES;
  if (!list_refs (repo, prefix, flags, &refs, error) || !check_no_alias_left (repo, refs, error))
    return FALSE;
  g_autoptr (GPtrArray) refspecs = g_ptr_array_sized_new (refs->len);
  for (guint i = 0; i < refs->len; i++)
    g_ptr_array_add (refspecs, ((UlRef *) refs->pdata[i])->refspec);
  return ul_refs_remove (repo, refspecs, error);
}

static gboolean
delete_collection (UlRepo *repo, const char *collection_id, GError **error)
{
  g_autoptr (GPtrArray) refs = NULL;
  if (!ul_refs_list_collections (repo, collection_id, &refs, error))
    return ul_prefix (error, "Listing refs");
  for (guint i = 0; i < refs->len; i++)
    {
      const UlCollectionRef *ref = refs->pdata[i];
      if (!ul_refs_write_collection (repo, ref->collection_id, ref->ref, NULL, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean delete (UlRepo *repo, const UlInvocation *inv, const Options *options,
                        GError **error)
{
  if (inv->argc == 0)
    return ul_throw (error, UL_ERROR_INVALID, "At least one PREFIX is required when deleting refs");
  for (char **prefix = inv->argv; *prefix != NULL; prefix++)
    if (!(options->collections ? delete_collection (repo, *prefix, error)
                               : delete_prefix (repo, *prefix, options, error)))
      return FALSE;
  return TRUE;
}

static gboolean
create_collection_ref (UlRepo *repo, const char *spec, const UlChecksum *checksum, gboolean force,
                       GError **error)
{
  g_auto (GStrv) parts = g_strsplit (spec, ":", 2);
  if (!ul_collection_id_validate (parts[0], error))
    return FALSE;
  if (parts[1] == NULL)
    return ul_throw (error, UL_ERROR_INVALID, "'%s' is not of the form COLLECTION-ID:REF", spec);
  if (!ul_ref_validate (parts[1], error))
    return FALSE;

  g_autoptr (GPtrArray) refs = NULL;
  if (!ul_refs_list_collections (repo, parts[0], &refs, error))
    return FALSE;
  for (guint i = 0; !force && i < refs->len; i++)
    if (strcmp (((const UlCollectionRef *) refs->pdata[i])->ref, parts[1]) == 0)
      return ul_throw (error, UL_ERROR_EXISTS, "--create specified but ref %s already exists",
                       parts[1]);
  return ul_refs_write_collection (repo, parts[0], parts[1], checksum, error);
}

static gboolean
create_alias (UlRepo *repo, const char *alias, const char *target, GError **error)
{
  if (strchr (alias, ':') != NULL || strchr (target, ':') != NULL)
    return ul_throw (error, UL_ERROR_UNSUPPORTED,
                     "Cannot create alias '%s' to '%s': both must be local refs", alias, target);
  gboolean found;
  UlChecksum unused;
  if (!ul_refs_read (repo, target, &found, &unused, error))
    return FALSE;
  if (!found)
    return ul_throw (error, UL_ERROR_NOT_FOUND, "Cannot create alias to non-existent ref: %s",
                     target);
  return ul_refs_write_alias (repo, alias, target, error);
}

static gboolean
create (UlRepo *repo, const UlInvocation *inv, const Options *options, GError **error)
{
  const char *new_ref = options->create;
  if (inv->argc == 0)
    return ul_throw (error, UL_ERROR_INVALID,
                     "You must specify a revision when creating a new ref");
  if (inv->argc > 1)
    return ul_throw (error, UL_ERROR_INVALID,
                     "You must specify only 1 existing ref when creating a new ref");
  const char *target = inv->argv[0];

  UlChecksum checksum;
  if (options->collections)
    return ul_refs_resolve (repo, target, NULL, &checksum, error)
           && create_collection_ref (repo, new_ref, &checksum, options->force, error);

  if (!ul_refspec_parse (new_ref, NULL, NULL, error))
    return FALSE;
  g_autoptr (GPtrArray) there = NULL;
  if (!options->force && !list_refs (repo, new_ref, UL_REFS_LIST_NAMES, &there, error))
    return FALSE;
  if (there != NULL && contains (there, new_ref))
    return ul_throw (error, UL_ERROR_EXISTS, "--create specified but ref %s already exists",
                     new_ref);
  if (options->alias)
    return create_alias (repo, new_ref, target, error);
  return ul_refs_resolve (repo, target, NULL, &checksum, error)
         && ul_refs_write (repo, new_ref, &checksum, error);
}

static gboolean
run (UlInvocation *inv, gpointer data, GError **error)
{
  const Options *options = data;
  if (options->create != NULL && options->delete)
    return ul_throw (error, UL_ERROR_INVALID, "--create and --delete exclude each other");
  /* Else --alias is nothing to --collections, as in ostree. */
  if (options->create != NULL && options->alias && options->collections)
    return ul_throw (error, UL_ERROR_INVALID, "--alias and --collections exclude each other");

  g_autoptr (UlRepo) repo = ul_cli_open_repo (inv, error);
  if (repo == NULL)
    return FALSE;
  /* So that no prune takes the commit between the look and the write. */
  ul_autofd int lock_fd = -1;
  if (options->create != NULL)
    return ul_repo_lock (repo, UL_LOCK_SHARED, &lock_fd, error)
           && create (repo, inv, options, error);
  if (options->delete)
    return delete (repo, inv, options, error);
  return show (repo, inv, options, error);
}

static const UlOption table[] = {
  UL_OPTIONS_HEADING ("List"),
  { "list", 0, UL_OPTION_FLAG, offsetof (Options, list), NULL,
    "Do not remove the prefix from the refs" },
  { "alias", 'A', UL_OPTION_FLAG, offsetof (Options, alias), NULL,
    "If used with --create, create an alias, otherwise just list aliases" },
  { "collections", 'c', UL_OPTION_FLAG, offsetof (Options, collections), NULL,
    "List (create, delete) refs by collection ID" },
  UL_OPTIONS_HEADING ("Change"),
  { "create", 0, UL_OPTION_STRING, offsetof (Options, create), "NEWREF",
    "Create a new ref for the existing commit REV" },
  { "force", 0, UL_OPTION_FLAG, offsetof (Options, force), NULL,
    "Overwrite existing refs when creating" },
  { "delete", 0, UL_OPTION_FLAG, offsetof (Options, delete), NULL,
    "Delete refs which match PREFIX, rather than listing them" },
  UL_OPTIONS_END,
};

const UlCommand ul_cmd_refs = {
  .name = "refs",
  .args = "[PREFIX... | --create=NEWREF REV | --delete PREFIX...]",
  .summary = "List refs",
  .details
  = "PREFIX is a ref, or leading parts of refs up to a slash: `a` matches a and a/b, not ab.",
  .completes = "@rev",
  .uses = UL_USES_REPO | UL_USES_JSON | UL_USES_LOCK,
  .options_size = sizeof (Options),
  .options = table,
  .run = run,
};
