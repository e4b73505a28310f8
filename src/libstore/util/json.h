// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gio/gio.h>

/* JSON documents read strictly, whoever wrote them, and an element put into an array of one. The
 * bytes are judged first (json-check.c): RFC 8259 and nothing beyond it, as json-glib also takes
 * comments, hexadecimal numbers and more; and bounded in size, depth and number of values, as
 * json-glib recurses and takes over 100 bytes a value. Of members of one object with the same name
 * the last one counts, as for Go's decoder, which most tools of this field have. Go's takes names
 * in any case; ours have to be exact, and a member that differs from one that is asked for only in
 * case is refused. null is the same as no member.
 *
 * Errors are UL_ERROR_CORRUPT and name the place: "manifest: layers[2].size: not an integer".
 *
 * A document may be read from several threads. json-glib stays in json.c. */

G_BEGIN_DECLS

#define UL_JSON_MAX_DEPTH   64
#define UL_JSON_MAX_MEMBERS 1024   /* of one object: their names are hashed without a secret */
#define UL_JSON_MAX_VALUES  200000 /* of the document */

typedef struct _UlJson UlJson;
typedef struct _UlJsonValue UlJsonValue;

/* A value within a document, and where it is. It refers to the document, and to the value that it
 * was taken from, which has to stay where it is as long as this one is used. @node is NULL for an
 * optional member that isn't there. */
struct _UlJsonValue
{
  gpointer node;
  const UlJsonValue *parent; /* NULL for the root */
  const char *name;          /* of the member, or of the document; NULL for an element */
  guint index;               /* of the element */
};

typedef enum
{
  UL_JSON_OBJECT,
  UL_JSON_ARRAY,
  UL_JSON_STRING,
  UL_JSON_INTEGER, /* without point or exponent */
  UL_JSON_BOOLEAN,
} UlJsonType;

typedef enum
{
  UL_JSON_REQUIRED,
  UL_JSON_OPTIONAL,
} UlJsonNeed;

/* @name is what errors call the document. More than @max bytes aren't looked at. */
UlJson *ul_json_parse (GBytes *bytes, const char *name, gsize max, GError **error);
void ul_json_free (UlJson *json);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlJson, ul_json_free)

/* Is this JSON within the bounds above? The first step of ul_json_parse (). */
gboolean ul_json_check (const char *data, gsize len, const char *name, GError **error);

/* The outermost value, which has to be of @type. */
gboolean ul_json_root (const UlJson *json, UlJsonType type, UlJsonValue *out, GError **error);

/* Member @name of an object, element @index of an array. */
gboolean ul_json_get (const UlJsonValue *object, const char *name, UlJsonType type, UlJsonNeed need,
                      UlJsonValue *out, GError **error);
gboolean ul_json_element (const UlJsonValue *array, guint index, UlJsonType type, UlJsonValue *out,
                          GError **error);

/* How many elements an array has: at most @max. */
gboolean ul_json_length (const UlJsonValue *array, guint max, guint *out, GError **error);

/* Is there a member @name, other than null, or one that differs only in case? */
gboolean ul_json_has (const UlJsonValue *object, const char *name);

/* A member that is an array of at most @max elements. *out_n is 0 where it isn't there. */
gboolean ul_json_get_array (const UlJsonValue *object, const char *name, UlJsonNeed need, guint max,
                            UlJsonValue *out, guint *out_n, GError **error);

/* Where an optional member isn't there they give NULL, 0 or FALSE. Strings belong to the document,
 * are UTF-8 and have no NUL inside. */
gboolean ul_json_get_string (const UlJsonValue *object, const char *name, UlJsonNeed need,
                             const char **out, GError **error);
gboolean ul_json_get_size (const UlJsonValue *object, const char *name, UlJsonNeed need,
                           guint64 *out, GError **error); /* refuses negative numbers */
gboolean ul_json_get_boolean (const UlJsonValue *object, const char *name, UlJsonNeed need,
                              gboolean *out, GError **error);

/* An optional member that is an object of strings, as a new table of names and values; NULL where
 * it isn't there or has no members. */
gboolean ul_json_get_strings (const UlJsonValue *object, const char *name, GHashTable **out,
                              GError **error);

/* The values of all members called @name that are strings, wherever in the document they are.
 * Borrowed. */
GPtrArray *ul_json_strings_called (const UlJson *json, const char *name);

/* @text, an array of strings, as such. Free it with g_strfreev (). */
gboolean ul_json_read_strings (const char *text, char ***out, GError **error);

/* Called for each value of a document that isn't null and has no members of its own: an array is
 * one value, and so is an object without members. @path: the names of the @n members that lead to
 * it. @text: what stands in a document for it, without spaces; a value with a number that is too
 * large for a double is a string. */
typedef void (*UlJsonLeafFunc) (const char *const *path, guint n, const char *text, gpointer data);
void ul_json_foreach_leaf (const UlJson *json, UlJsonLeafFunc func, gpointer data);

/* What a value of type UL_JSON_STRING says, or one of UL_JSON_INTEGER. */
const char *ul_json_string (const UlJsonValue *value);
gint64 ul_json_integer (const UlJsonValue *value);

/* An error about @value: "<document>: <place>: <formatted>". Always returns FALSE. */
gboolean ul_json_throw (const UlJsonValue *value, GError **error, int code, const char *format, ...)
    G_GNUC_PRINTF (4, 5);

/* The same about member @name of @object. */
gboolean ul_json_throw_member (const UlJsonValue *object, const char *name, GError **error,
                               int code, const char *format, ...) G_GNUC_PRINTF (5, 6);

/* A string of a document as an error message may show it: escaped, on one line, not too long. */
char *ul_json_shown (const char *text);

/* The object @bytes with other elements in its array @member: without those at the indexes @without
 * (guint, rising), and with @element, the text of a value, behind the rest. All else says the same
 * as before, though maybe with other spaces, escapes and digits behind a point; of members with the
 * same name the last stays. @name is what errors call the document. */
GBytes *ul_json_with_element (GBytes *bytes, const char *name, const char *member,
                              const GArray *without, const char *element, GError **error);

/* The object @bytes with other values of members that it has: its own, those of an object in it, or
 * of an element of an array in it. Else as above. */
typedef struct
{
  const char *in;    /* the member that is the object or array; NULL: the root */
  guint index;       /* if it's an array */
  const char *name;  /* of the member there */
  const char *value; /* the text of one */
} UlJsonEdit;
GBytes *ul_json_with_values (GBytes *bytes, const char *name, const UlJsonEdit *edits,
                             gsize n_edits, GError **error);

/* @text, which is UTF-8, as a string in a document, with its quotes. */
char *ul_json_quote (const char *text);

G_END_DECLS
