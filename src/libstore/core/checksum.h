// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <glib.h>
#include <string.h>

/* SHA-256 checksums, the name of every object: 32 bytes, or 64 lowercase hex digits. Hashing goes
 * through OpenSSL's EVP (SHA-NI where the CPU has it). A UlHasher belongs to one thread at a time.
 */

G_BEGIN_DECLS

#define UL_CHECKSUM_LEN     32
#define UL_CHECKSUM_HEX_LEN 64

typedef struct
{
  guint8 bytes[UL_CHECKSUM_LEN];
} UlChecksum;

typedef struct _UlHasher UlHasher;

UlHasher *ul_hasher_new (void);
void ul_hasher_free (UlHasher *hasher);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlHasher, ul_hasher_free)

/* Begin a new checksum; may be called again at any time. */
void ul_hasher_start (UlHasher *hasher);
void ul_hasher_update (UlHasher *hasher, const void *data, gsize len);
/* Ends the checksum; start () before the next. */
void ul_hasher_finish (UlHasher *hasher, UlChecksum *out);

/* UL_HASHER_BUFFER bytes for what is going to be hashed; the hasher's, overwritten by whoever uses
 * them next. */
#define UL_HASHER_BUFFER (128 * 1024)
guint8 *ul_hasher_buffer (UlHasher *hasher);

/* The checksum of @data in one call. */
void ul_checksum_of_data (const void *data, gsize len, UlChecksum *out);

/* Exactly 64 lowercase hex digits, as OSTree writes them; FALSE for anything else. */
gboolean ul_checksum_from_hex (const char *hex, UlChecksum *out);
void ul_checksum_to_hex (const UlChecksum *checksum, char out[UL_CHECKSUM_HEX_LEN + 1]);
char *ul_checksum_dup_hex (const UlChecksum *checksum);

/* From and to the `ay` of 32 bytes that metadata objects hold; FALSE for another length. */
gboolean ul_checksum_from_variant (GVariant *bytes, UlChecksum *out);
GVariant *ul_checksum_to_variant (const UlChecksum *checksum); /* floating */

static inline gboolean
ul_checksum_equal (const UlChecksum *a, const UlChecksum *b)
{
  return memcmp (a->bytes, b->bytes, UL_CHECKSUM_LEN) == 0;
}

/* For sorting, in the order of their hex digits. */
int ul_checksum_compare_func (gconstpointer a, gconstpointer b);
/* For GHashTable keys of const UlChecksum *. */
guint ul_checksum_hash (gconstpointer checksum);
gboolean ul_checksum_equal_func (gconstpointer a, gconstpointer b);

G_END_DECLS
