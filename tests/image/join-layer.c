// SPDX-License-Identifier: LGPL-2.1-or-later
//
// join-layer REPO COMMIT DIFF-ID <TAR-SPLIT: the layer's tar on standard output.
#include "image/layer-tar.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "core/oci-digest.h"
#include "util/fd.h"

static gboolean
print (const guint8 *bytes, gsize len, G_GNUC_UNUSED gpointer data, GError **error)
{
  return ul_fd_write_all (STDOUT_FILENO, bytes, len, "standard output", error);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  UlChecksum commit;
  UlChecksum diff_id;
  g_assert (argc == 4);
  g_autoptr (UlRepo) repo = ul_repo_open_at (AT_FDCWD, argv[1], &error);
  if (repo != NULL && ul_checksum_from_hex (argv[2], &commit)
      && ul_oci_digest_parse (argv[3], &diff_id, &error)
      && ul_layer_tar_write (repo, &commit, &diff_id, STDIN_FILENO, print, NULL, &error))
    return 0;
  fprintf (stderr, "error: %s\n", error != NULL ? error->message : "COMMIT is no checksum");
  return 1;
}
