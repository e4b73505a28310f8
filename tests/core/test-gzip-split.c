// SPDX-License-Identifier: LGPL-2.1-or-later
#include "split-gzip.h"

#include "../util/gzips.h"

static void
assert_same_again (const GByteArray *packed, const GByteArray *content)
{
  static const gsize sizes[] = { 13, 50000, 10000000 };
  g_autoptr (GByteArray) first = NULL;
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GByteArray) unpacked = g_byte_array_new ();
      g_autoptr (GByteArray) split = g_byte_array_new ();
      take_apart (packed->data, packed->len, sizes[i], unpacked, split, &error);
      g_assert_no_error (error);
      g_assert_cmpmem (unpacked->data, unpacked->len, content->data, content->len);
      g_autoptr (GByteArray) back
          = put_together (content->data, content->len, split->data, split->len, sizes[i], &error);
      g_assert_no_error (error);
      g_assert_cmpmem (back->data, back->len, packed->data, packed->len);
      /* In which pieces it came doesn't matter. */
      if (first != NULL)
        g_assert_cmpmem (first->data, first->len, split->data, split->len);
      g_clear_pointer (&first, g_byte_array_unref);
      first = g_steal_pointer (&split);
    }
}

static void
test_packings (void)
{
  for (guint which = 0; which < CONTENT_N; which++)
    for (guint i = 0; i < G_N_ELEMENTS (packings); i++)
      {
        g_autoptr (GByteArray) content = content_new (which);
        g_autoptr (GByteArray) packed = g_byte_array_new ();
        gzip_add (packed, content, &packings[i]);
        assert_same_again (packed, content);
      }
}

static void
test_members_and_tail (void)
{
  g_autoptr (GByteArray) content = g_byte_array_new ();
  g_autoptr (GByteArray) packed = g_byte_array_new ();
  for (guint i = 0; i < G_N_ELEMENTS (packings); i++)
    {
      g_autoptr (GByteArray) one = content_new (i % CONTENT_N);
      gzip_add (packed, one, &packings[i]);
      g_byte_array_append (content, one->data, one->len);
    }
  assert_same_again (packed, content);
  g_byte_array_append (packed, (const guint8 *) "tail", 4);
  assert_same_again (packed, content);
  const guint len = packed->len;
  g_byte_array_set_size (packed, len + 3000000);
  fill_noise (packed->data + len, 3000000, 5);
  assert_same_again (packed, content);
}

/* Bits by hand, lowest first. */
typedef struct
{
  GByteArray *bytes;
  guint at;
} Bits;

static void
put_bits (Bits *self, guint value, guint n)
{
  for (guint i = 0; i < n; i++, self->at++)
    {
      if (self->at % 8 == 0)
        g_byte_array_append (self->bytes, (const guint8 *) "", 1);
      self->bytes->data[self->at / 8] |= (guint8) ((value >> i & 1) << self->at % 8);
    }
}

/* A Huffman code, highest bit first. */
static void
put_code (Bits *self, guint code, guint n)
{
  for (guint i = n; i-- > 0;)
    put_bits (self, code >> i & 1, 1);
}

/* A member with one block of fixed codes. */
static Bits
bits_new (void)
{
  static const guint8 header[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3 };
  Bits self = { g_byte_array_new (), sizeof header * 8 };
  g_byte_array_append (self.bytes, header, sizeof header);
  put_bits (&self, 1 + (1 << 1), 3);
  return self;
}

static void
put_literals (Bits *self, const char *bytes)
{
  for (; *bytes != 0; bytes++)
    put_code (self, 0x30 + (guint8) *bytes, 8);
}

/* A distance by its symbol and what is added to it. */
static void
put_distance (Bits *self, guint symbol, guint extra, guint n_extra)
{
  put_code (self, symbol, 5);
  put_bits (self, extra, n_extra);
}

/* With padding that isn't zero. */
static void
put_end (Bits *self, const GByteArray *content)
{
  const guint32 trailer[] = { GUINT32_TO_LE ((guint32) crc32 (0, content->data, content->len)),
                              GUINT32_TO_LE (content->len) };
  put_code (self, 0, 7);
  while (self->at % 8 != 0)
    put_bits (self, 1, 1);
  g_byte_array_append (self->bytes, (const guint8 *) trailer, sizeof trailer);
}

/* 258 bytes as no encoder writes them: as the symbol from 227 on, and 31 more, whether they could
 * go on or not. */
static void
test_odd (void)
{
  g_autoptr (GByteArray) content = g_byte_array_new ();
  Bits bits = bits_new ();
  g_byte_array_set_size (content, 1 + 258 + 258 + 1 + 258 + 1);
  memset (content->data, 'a', content->len);
  content->data[1 + 258 + 258] = 'b';
  content->data[content->len - 1] = 'c';
  put_literals (&bits, "a");
  put_code (&bits, 0xc0 + 284 - 280, 8);
  put_bits (&bits, 31, 5);
  put_distance (&bits, 0, 0, 0);
  put_code (&bits, 0xc0 + 285 - 280, 8);
  put_distance (&bits, 0, 0, 0);
  put_literals (&bits, "b");
  /* From 259 back, and a byte that is another would be the next. */
  put_code (&bits, 0xc0 + 284 - 280, 8);
  put_bits (&bits, 31, 5);
  put_distance (&bits, 16, 2, 7);
  put_literals (&bits, "c");
  put_end (&bits, content);
  assert_same_again (bits.bytes, content);
  g_byte_array_unref (bits.bytes);
}

/* As in docs/formats.md: what is another form has to have another first line. */
static void
test_form (void)
{
  static const guint8 frame[] = {
    /* codes, distances, numbers, bits */
    7, 2, 3, 26,
    /* two marks; ten literals, said; one, the last place; the same; the last but one; a mark */
    250, 250, 104, 10, 10, 1, 250,
    /* 6 */
    6, 0,
    /* literals before marks */
    0, 0, 1,
    /* the member's header and the block's */
    3, 80, 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1, 3, 3
  };
  static const char content_of[] = "abcdefghij"
                                   "efgh" /* 4, where no match was */
                                   "X"
                                   "bcde" /* 1, behind the content's begin */
                                   "Y"
                                   "efgh" /* 10, where a match began */
                                   "bcde" /* 1, while 15 is later */
                                   "Z";
  static const guint four = 258 - 256; /* a length's code */
  const gsize magic = strlen ("underlay gzip-split 2\n");
  g_autoptr (GByteArray) content = g_byte_array_new ();
  g_autoptr (GByteArray) unpacked = g_byte_array_new ();
  g_autoptr (GByteArray) split = g_byte_array_new ();
  Bits bits = bits_new ();
  g_byte_array_append (content, (const guint8 *) content_of, sizeof content_of - 1);
  put_literals (&bits, "abcdefghij");
  put_code (&bits, four, 7);
  put_distance (&bits, 4, 1, 1);
  put_literals (&bits, "X");
  put_code (&bits, four, 7);
  put_distance (&bits, 7, 1, 2);
  put_literals (&bits, "Y");
  put_code (&bits, four, 7);
  put_distance (&bits, 6, 1, 2);
  put_code (&bits, four, 7);
  put_distance (&bits, 8, 6, 3);
  put_literals (&bits, "Z");
  put_end (&bits, content);
  assert_same_again (bits.bytes, content);
  g_assert_true (take_apart (bits.bytes->data, bits.bytes->len, 50000, unpacked, split, NULL));
  g_assert_cmpmem (split->data, magic, "underlay gzip-split 2\n", magic);
  g_assert_cmpuint (split->len, >, magic + sizeof frame);
  g_assert_cmpmem (split->data + magic, sizeof frame, frame, sizeof frame);
  g_byte_array_unref (bits.bytes);
}

static void
make_split (GByteArray *content, GByteArray *packed, GByteArray *split)
{
  g_autoptr (GByteArray) plain = content_new (CONTENT_COPIES);
  gzip_add (packed, plain, &packings[0]);
  g_assert_true (take_apart (packed->data, packed->len, 50000, content, split, NULL));
}

/* It's small: that is what it is for. */
static void
test_size (void)
{
  g_autoptr (GByteArray) content = content_new (CONTENT_TEXT);
  g_autoptr (GByteArray) unpacked = g_byte_array_new ();
  g_autoptr (GByteArray) packed = g_byte_array_new ();
  g_autoptr (GByteArray) split = g_byte_array_new ();
  gzip_add (packed, content, &packings[5]);
  g_assert_true (take_apart (packed->data, packed->len, 50000, unpacked, split, NULL));
  g_assert_cmpuint (split->len, <, packed->len / 100);
}

static void
test_other_content (void)
{
  g_autoptr (GByteArray) content = g_byte_array_new ();
  g_autoptr (GByteArray) packed = g_byte_array_new ();
  g_autoptr (GByteArray) split = g_byte_array_new ();
  make_split (content, packed, split);
  for (guint cut = 1; cut < content->len; cut *= 3)
    {
      g_autoptr (GError) error = NULL;
      g_assert_null (
          put_together (content->data, content->len - cut, split->data, split->len, 50000, &error));
      g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
    }
  g_autoptr (GError) longer = NULL;
  g_byte_array_append (content, (const guint8 *) "x", 1);
  g_assert_null (
      put_together (content->data, content->len, split->data, split->len, 50000, &longer));
  g_assert_error (longer, UL_ERROR, UL_ERROR_CORRUPT);
  /* Another of the same length: what is within a match need not be looked at. */
  for (guint at = 0; at < content->len - 1; at += 33333)
    {
      g_autoptr (GError) error = NULL;
      content->data[at] ^= 0x55;
      g_autoptr (GByteArray) back
          = put_together (content->data, content->len - 1, split->data, split->len, 50000, &error);
      if (back == NULL)
        g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
      content->data[at] ^= 0x55;
    }
}

static void
test_damage (void)
{
  g_autoptr (GByteArray) content = g_byte_array_new ();
  g_autoptr (GByteArray) packed = g_byte_array_new ();
  g_autoptr (GByteArray) split = g_byte_array_new ();
  make_split (content, packed, split);
  for (guint len = 0; len < split->len; len += 1 + len / 7)
    {
      g_autoptr (GError) error = NULL;
      g_assert_null (put_together (content->data, content->len, split->data, len, 50000, &error));
      g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
    }
  for (guint at = 0; at < split->len; at += 1 + at / 20)
    {
      g_autoptr (GError) error = NULL;
      split->data[at] ^= 0x81;
      g_autoptr (GByteArray) back
          = put_together (content->data, content->len, split->data, split->len, 50000, &error);
      if (back == NULL)
        g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
      split->data[at] ^= 0x81;
    }
}

static gboolean
refuse (G_GNUC_UNUSED const void *bytes, G_GNUC_UNUSED gsize len, G_GNUC_UNUSED gpointer data,
        GError **error)
{
  return ul_throw (error, UL_ERROR_NOT_FOUND, "no");
}

static void
test_sink_fails (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) reader_error = NULL;
  g_autoptr (GByteArray) content = g_byte_array_new ();
  g_autoptr (GByteArray) packed = g_byte_array_new ();
  g_autoptr (GByteArray) split = g_byte_array_new ();
  make_split (content, packed, split);
  g_autoptr (UlGzipSplitWriter) writer = ul_gzip_split_writer_new (refuse, NULL);
  g_assert_false (ul_gzip_split_writer_finish (writer, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_NOT_FOUND);
  Pieces pieces = { .data = split->data, .len = split->len, .piece = 1000 };
  const UlStream stream = { .read = read_piece, .data = &pieces };
  g_autoptr (UlGzipSplitReader) reader = ul_gzip_split_reader_new (&stream, refuse, NULL);
  g_assert_false (ul_gzip_split_reader_push (reader, content->data, content->len, &reader_error)
                  && ul_gzip_split_reader_finish (reader, &reader_error));
  g_assert_error (reader_error, UL_ERROR, UL_ERROR_NOT_FOUND);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/gzip-split/packings", test_packings);
  g_test_add_func ("/gzip-split/members-and-tail", test_members_and_tail);
  g_test_add_func ("/gzip-split/odd", test_odd);
  g_test_add_func ("/gzip-split/form", test_form);
  g_test_add_func ("/gzip-split/size", test_size);
  g_test_add_func ("/gzip-split/other-content", test_other_content);
  g_test_add_func ("/gzip-split/damage", test_damage);
  g_test_add_func ("/gzip-split/sink-fails", test_sink_fails);
  return g_test_run ();
}
