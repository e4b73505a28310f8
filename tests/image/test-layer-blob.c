// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/layer-blob.h"

#include <unistd.h>

#include "../repo/fixture.h"
#include "../util/gzips.h"

/* Sends a blob through a pipe: @first bytes, and the rest when these must have been read. */
typedef struct
{
  const GByteArray *blob;
  gsize first;
  int fd;
} Sender;

static gpointer
send_blob (gpointer data)
{
  const Sender *self = data;
  const gsize rest = self->blob->len - self->first;
  gsize sent = 0;
  g_assert_cmpint (write (self->fd, self->blob->data, self->first), ==, self->first);
  g_usleep (20000);
  while (sent < rest)
    {
      const gssize n = write (self->fd, self->blob->data + self->first + sent, rest - sent);
      g_assert_cmpint (n, >, 0);
      sent += (gsize) n;
    }
  close (self->fd);
  return NULL;
}

/* What is in it is @content, and it's kept as @recipe. */
static void
check (UlTransaction *transaction, const GByteArray *blob, gsize first, const GByteArray *content,
       UlRecipe recipe)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GByteArray) out = g_byte_array_new ();
  g_autoptr (UlPlainDraft) draft = ul_plain_draft_new (transaction, &error);
  UlProgress progress = { 0 };
  UlLayerBlobSums sums;
  int fds[2];
  g_assert_no_error (error);
  g_assert_cmpint (pipe (fds), ==, 0);
  Sender sender = { blob, first, fds[1] };
  UlExtent extent = { .fd = fds[0], .size = blob->len, .is_pipe = TRUE };
  GThread *thread = g_thread_new ("sender", send_blob, &sender);
  g_autoptr (UlLayerBlob) reader = ul_layer_blob_new (&extent, NULL, NULL, &progress, &error);
  g_assert_no_error (error);
  ul_layer_blob_write_recipe (reader, draft, FALSE);
  const UlStream stream = ul_layer_blob_stream (reader);
  const guint8 *bytes;
  gsize n;
  do
    {
      stream.read (stream.data, &bytes, &n, &error);
      g_assert_no_error (error);
      if (n > 0)
        g_byte_array_append (out, bytes, (guint) n);
    }
  while (n > 0);
  ul_layer_blob_finish (reader, &sums, &error);
  g_assert_no_error (error);
  g_thread_join (thread);
  g_assert_cmpmem (out->data, out->len, content->data, content->len);
  g_assert_cmpuint (sums.size, ==, blob->len);
  g_assert_cmpint (sums.recipe, ==, recipe);
}

/* How it's kept doesn't depend on how much of it comes at once. */
static void
test_pipe (void)
{
  g_auto (Fixture) f = { 0 };
  g_autoptr (GByteArray) content = content_new (CONTENT_TEXT);
  g_autoptr (GByteArray) nothing = content_new (CONTENT_NOTHING);
  g_autoptr (GByteArray) byte = content_new (CONTENT_BYTE);
  g_autoptr (GByteArray) packed = g_byte_array_new ();
  fixture_init (&f, UL_REPO_MODE_BARE_USER);
  g_autoptr (UlTransaction) transaction = fixture_begin (&f);
  gzip_add (packed, content, &packings[0]);
  for (gsize first = 0; first < 4; first++)
    {
      check (transaction, packed, first, content, UL_RECIPE_SPLIT);
      check (transaction, content, first, content, UL_RECIPE_BLOB);
    }
  check (transaction, nothing, 0, nothing, UL_RECIPE_BLOB);
  check (transaction, byte, 1, byte, UL_RECIPE_BLOB);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/layer-blob/pipe", test_pipe);
  return g_test_run ();
}
