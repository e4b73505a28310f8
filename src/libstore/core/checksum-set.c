// SPDX-License-Identifier: LGPL-2.1-or-later

/* 256 shards, each an open-addressing table whose entries stand in the order of their hashes, at or
 * behind the place that the hash gives (linear probing with ordered keys). So a search ends at the
 * first greater hash, which is what makes a table as full as this one fast: at 93 percent 8 looks
 * on average, where unordered probing needs 100 to find that something is not there. And growing is
 * one pass from the old table to the new. A shard grows by an eighth; since it is a 256th of the
 * whole, what that takes meanwhile is nothing.
 *
 * The hash is keyed and of all 32 bytes: a dirtree may name checksums that nobody has computed. */

#include "core/checksum-set.h"

#include "util/pages.h"

#define N_SHARDS 256

/* Grow when this full, by an eighth: then 32 bytes take 35 to 39. */
#define FULL_PERCENT 93
#define MIN_CAPACITY 16

typedef struct
{
  GMutex lock;   /* guards the rest */
  guint8 *slots; /* NULL until there is something to hold */
  gsize homes;   /* slots that a hash can point to; behind them some more for what is pushed on */
  gsize n_slots;
  gsize used;
} Shard;

struct _UlChecksumSet
{
  gsize stride;
  guint64 seed[4];
  Shard shards[N_SHARDS];
  /* Zeros mark a free slot, so the checksum of zeros has a place of its own. Under the lock of
   * shard 0. */
  gboolean has_zeros;
  guint8 *zeros;
};

static const UlChecksum no_checksum;

static guint64
fold (guint64 a, guint64 b)
{
  const unsigned __int128 product = (unsigned __int128) a * b;
  return (guint64) product ^ (guint64) (product >> 64);
}

static guint64
hash (const UlChecksumSet *set, const void *key)
{
  guint64 words[4];
  memcpy (words, key, sizeof words);
  return fold (words[0] ^ set->seed[0], words[1] ^ set->seed[1])
         + fold (words[2] ^ set->seed[2], words[3] ^ set->seed[3]);
}

/* The shard is by the lowest byte, the place in it by the highest 32 bits. */
static Shard *
shard_of (UlChecksumSet *set, guint64 h)
{
  return &set->shards[h % N_SHARDS];
}

static gsize
home (gsize homes, guint64 h)
{
  return (gsize) (((h >> 32) * (guint64) homes) >> 32);
}

static guint8 *
slot (const UlChecksumSet *set, const Shard *shard, gsize i)
{
  return shard->slots + i * set->stride;
}

static gboolean
is_free (const guint8 *entry)
{
  return memcmp (entry, &no_checksum, UL_CHECKSUM_LEN) == 0;
}

UlChecksumSet *
ul_checksum_set_new (gsize value_size)
{
  UlChecksumSet *set = g_new0 (UlChecksumSet, 1);
  set->stride = UL_CHECKSUM_LEN + value_size;
  set->zeros = g_malloc0 (set->stride);
  for (guint i = 0; i < G_N_ELEMENTS (set->seed); i++)
    set->seed[i] = (guint64) g_random_int () << 32 | g_random_int ();
  for (guint i = 0; i < N_SHARDS; i++)
    g_mutex_init (&set->shards[i].lock);
  return set;
}

void
ul_checksum_set_free (UlChecksumSet *set)
{
  if (set == NULL)
    return;
  for (guint i = 0; i < N_SHARDS; i++)
    {
      g_mutex_clear (&set->shards[i].lock);
      ul_pages_free (set->shards[i].slots, set->shards[i].n_slots * set->stride);
    }
  g_free (set->zeros);
  g_free (set);
}

/* Where @key is, or where it has to come. n_slots: behind the end. */
static gsize
find (const UlChecksumSet *set, const Shard *shard, const void *key, guint64 h, gboolean *out_found)
{
  gsize i = home (shard->homes, h);
  for (; i < shard->n_slots; i++)
    {
      const guint8 *entry = slot (set, shard, i);
      if (memcmp (entry, key, UL_CHECKSUM_LEN) == 0)
        {
          *out_found = TRUE;
          return i;
        }
      /* Different checksums of one hash stand in any order. */
      if (is_free (entry) || hash (set, entry) > h)
        break;
    }
  *out_found = FALSE;
  return i;
}

/* All of @shard in order into a table for @homes; FALSE if the last ones are pushed over its end.
 */
static gboolean
rebuild (const UlChecksumSet *set, Shard *shard, gsize homes)
{
  Shard grown = { .homes = homes, .n_slots = homes + homes / 64 + 16, .used = shard->used };
  grown.slots = ul_pages_alloc (grown.n_slots * set->stride);
  gsize next = 0;
  for (gsize i = 0; i < shard->n_slots; i++)
    {
      const guint8 *entry = slot (set, shard, i);
      if (is_free (entry))
        continue;
      const gsize to = MAX (next, home (homes, hash (set, entry)));
      if (to >= grown.n_slots)
        {
          ul_pages_free (grown.slots, grown.n_slots * set->stride);
          return FALSE;
        }
      memcpy (slot (set, &grown, to), entry, set->stride);
      next = to + 1;
    }
  ul_pages_free (shard->slots, shard->n_slots * set->stride);
  shard->slots = grown.slots;
  shard->homes = grown.homes;
  shard->n_slots = grown.n_slots;
  return TRUE;
}

static void
grow (const UlChecksumSet *set, Shard *shard)
{
  gsize homes = MAX (MIN_CAPACITY, shard->homes + shard->homes / 8);
  while (!rebuild (set, shard, homes))
    homes += homes / 8;
}

/* A free slot at @i, by pushing what stands there and behind it to the next free one. FALSE if
 * there is none up to the end. */
static gboolean
make_room (const UlChecksumSet *set, Shard *shard, gsize i)
{
  gsize end = i;
  while (end < shard->n_slots && !is_free (slot (set, shard, end)))
    end++;
  if (end >= shard->n_slots)
    return FALSE;
  memmove (slot (set, shard, i) + set->stride, slot (set, shard, i), (end - i) * set->stride);
  return TRUE;
}

static gboolean
add_locked (UlChecksumSet *set, Shard *shard, const UlChecksum *checksum, guint64 h)
{
  gboolean found;
  gsize i = find (set, shard, checksum, h, &found);
  if (found)
    return FALSE;
  if ((shard->used + 1) * 100 > shard->homes * FULL_PERCENT)
    {
      grow (set, shard);
      i = find (set, shard, checksum, h, &found);
    }
  while (!make_room (set, shard, i))
    {
      grow (set, shard);
      i = find (set, shard, checksum, h, &found);
    }
  guint8 *entry = slot (set, shard, i);
  memset (entry, 0, set->stride);
  memcpy (entry, checksum, UL_CHECKSUM_LEN);
  shard->used++;
  return TRUE;
}

static gboolean
is_zeros (const UlChecksum *checksum)
{
  return ul_checksum_equal (checksum, &no_checksum);
}

gboolean
ul_checksum_set_add (UlChecksumSet *set, const UlChecksum *checksum)
{
  const guint64 h = hash (set, checksum);
  Shard *shard = is_zeros (checksum) ? &set->shards[0] : shard_of (set, h);
  gboolean added;
  g_mutex_lock (&shard->lock);
  if (is_zeros (checksum))
    {
      added = !set->has_zeros;
      set->has_zeros = TRUE;
    }
  else
    added = add_locked (set, shard, checksum, h);
  g_mutex_unlock (&shard->lock);
  return added;
}

gboolean
ul_checksum_set_update (UlChecksumSet *set, const UlChecksum *checksum, UlChecksumSetFunc func,
                        gpointer data)
{
  const guint64 h = hash (set, checksum);
  Shard *shard = is_zeros (checksum) ? &set->shards[0] : shard_of (set, h);
  gboolean found;
  guint8 *entry = set->zeros;
  g_mutex_lock (&shard->lock);
  if (is_zeros (checksum))
    found = set->has_zeros;
  else
    {
      const gsize i = find (set, shard, checksum, h, &found);
      /* An empty shard has no slots. */
      if (found)
        entry = slot (set, shard, i);
    }
  if (found && func != NULL)
    func (checksum, entry + UL_CHECKSUM_LEN, data);
  g_mutex_unlock (&shard->lock);
  return found;
}

gboolean
ul_checksum_set_contains (UlChecksumSet *set, const UlChecksum *checksum)
{
  return ul_checksum_set_update (set, checksum, NULL, NULL);
}

typedef struct
{
  gpointer to;
  gconstpointer from;
  gsize size;
} Copy;

static void
copy_value (G_GNUC_UNUSED const UlChecksum *checksum, gpointer value, gpointer data)
{
  const Copy *copy = data;
  memcpy (copy->to != NULL ? copy->to : value, copy->from != NULL ? copy->from : value, copy->size);
}

gboolean
ul_checksum_set_get (UlChecksumSet *set, const UlChecksum *checksum, gpointer value)
{
  Copy copy = { .to = value, .size = set->stride - UL_CHECKSUM_LEN };
  return ul_checksum_set_update (set, checksum, copy_value, &copy);
}

void
ul_checksum_set_put (UlChecksumSet *set, const UlChecksum *checksum, gconstpointer value)
{
  Copy copy = { .from = value, .size = set->stride - UL_CHECKSUM_LEN };
  (void) ul_checksum_set_add (set, checksum);
  (void) ul_checksum_set_update (set, checksum, copy_value, &copy);
}

void
ul_checksum_set_foreach (UlChecksumSet *set, UlChecksumSetFunc func, gpointer data)
{
  for (guint s = 0; s < N_SHARDS; s++)
    {
      Shard *shard = &set->shards[s];
      g_mutex_lock (&shard->lock);
      for (gsize i = 0; i < shard->n_slots; i++)
        {
          guint8 *entry = slot (set, shard, i);
          UlChecksum checksum;
          memcpy (&checksum, entry, sizeof checksum);
          if (!is_free (entry))
            func (&checksum, entry + UL_CHECKSUM_LEN, data);
        }
      if (s == 0 && set->has_zeros)
        func (&no_checksum, set->zeros + UL_CHECKSUM_LEN, data);
      g_mutex_unlock (&shard->lock);
    }
}

guint64
ul_checksum_set_size (UlChecksumSet *set)
{
  guint64 size = 0;
  for (guint s = 0; s < N_SHARDS; s++)
    {
      g_mutex_lock (&set->shards[s].lock);
      size += set->shards[s].used + (s == 0 && set->has_zeros ? 1 : 0);
      g_mutex_unlock (&set->shards[s].lock);
    }
  return size;
}

guint64
ul_checksum_set_memory (UlChecksumSet *set)
{
  guint64 memory = sizeof *set;
  for (guint s = 0; s < N_SHARDS; s++)
    {
      g_mutex_lock (&set->shards[s].lock);
      memory += set->shards[s].n_slots * set->stride;
      g_mutex_unlock (&set->shards[s].lock);
    }
  return memory;
}
