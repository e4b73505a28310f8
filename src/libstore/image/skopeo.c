// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/skopeo.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "core/oci-digest.h"
#include "core/oci-media.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/interrupt.h"
#include "util/json.h"
#include "util/tmpfile.h"

#define MAX_REPLY  (256 * 1024)
#define MAX_STDERR (64 * 1024)

/* Where the process has its end of the socket, or a directory. */
#define CHILD_FD 3
#define LOCAL    "dir:/proc/self/fd/3"

/* And its directory for temporary files. */
#define SCRATCH_FD 4
#define SCRATCH    "/proc/self/fd/4"

/* The process. */
typedef struct
{
  GPid pid;
  int fd;
  guint64 image;
  UlTmpDir scratch; /* 1.9.3 leaves the layers of a storage in its directory for temporary files */
} Proxy;

/* What the proxy says to one question. */
typedef struct
{
  UlJson *json;
  UlJsonValue root;
  guint64 pipe;
  int fd; /* of the pipe's end, or -1 */
} Reply;

static void
reply_clear (Reply *reply)
{
  ul_json_free (reply->json);
  ul_fd_clear (&reply->fd);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Reply, reply_clear)

/* The words of a command, up to the verb's options. What these are called is @side and the name. */
static GPtrArray *
new_words (const char *verb, const char *side, const UlSkopeoOptions *options)
{
  GPtrArray *words = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (words, g_strdup ("skopeo"));
  g_ptr_array_add (words, options->policy != NULL ? g_strconcat ("--policy=", options->policy, NULL)
                                                  : g_strdup ("--insecure-policy"));
  g_ptr_array_add (words, g_strdup (verb));
  if (options->authfile != NULL)
    g_ptr_array_add (words, g_strconcat ("--", side, "authfile=", options->authfile, NULL));
  if (options->cert_dir != NULL)
    g_ptr_array_add (words, g_strconcat ("--", side, "cert-dir=", options->cert_dir, NULL));
  if (options->insecure_tls)
    g_ptr_array_add (words, g_strconcat ("--", side, "tls-verify=false", NULL));
  return words;
}

/* It isn't to go on without us. The thread that starts it outlives it. */
static void
die_with_parent (G_GNUC_UNUSED gpointer data)
{
  (void) prctl (PR_SET_PDEATHSIG, SIGTERM);
}

/* One that isn't installed has a clear error. */
static gboolean
throw_spawn (GError *cause, GError **error)
{
  const gboolean missing = g_error_matches (cause, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT);
  ul_throw (error, missing ? UL_ERROR_UNSUPPORTED : UL_ERROR_FAILED, "%s",
            missing ? "the program skopeo, which speaks to registries, isn't installed"
                    : cause->message);
  g_error_free (cause);
  return FALSE;
}

/* Its words without those that only say what was asked for. Who prints them escapes them. */
static gboolean
throw_message (const char *text, GError **error)
{
  const char *quoted
      = g_str_has_prefix (text, "Error parsing image name ") ? strstr (text, "\": ") : NULL;
  return ul_throw (error, UL_ERROR_FAILED, "skopeo: %.1000s",
                   quoted != NULL ? quoted + strlen ("\": ") : text);
}

/* Of what skopeo prints, the message of its last line: `time="..." level=fatal msg="..."`. */
static gboolean
throw_stderr (const char *text, GError **error)
{
  const char *at = g_strrstr (text, "msg=\"");
  g_autofree char *whole = g_strdup (at != NULL ? at + strlen ("msg=\"") : text);
  g_strchomp (whole);
  if (at != NULL && g_str_has_suffix (whole, "\""))
    whole[strlen (whole) - 1] = '\0';
  g_autofree char *plain = g_strcompress (whole);
  g_autofree char *valid = g_utf8_make_valid (plain, -1);
  return throw_message (valid, error);
}

/* All of @fd, up to @max bytes and one more. */
static gboolean
read_all (int fd, gsize max, GByteArray *out, GError **error)
{
  guint8 buffer[16 * 1024];
  gsize n;
  do
    {
      if (!ul_interrupt_wait (fd, error)
          || !ul_fd_read (fd, buffer, sizeof buffer, "from skopeo", &n, error))
        return FALSE;
      g_byte_array_append (out, buffer, (guint) n);
    }
  while (n > 0 && out->len <= max);
  return TRUE;
}

/* Where a command's messages go: a file without a name, as nobody reads them while it runs. */
static gboolean
open_messages (UlTmpFile *out, GError **error)
{
  ul_autofd int dir = open (g_get_tmp_dir (), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (dir < 0)
    return ul_throw_errno (error, "open %s", g_get_tmp_dir ());
  return ul_tmp_file_open (out, dir, TRUE, 0600, error);
}

/* @words are skopeo's, which has @dir (or -1) as CHILD_FD; what it prints, up to @max bytes and one
 * more. */
static gboolean
run (char **words, int dir, gsize max, GByteArray *out, GError **error)
{
  const int target = CHILD_FD;
  g_autoptr (GByteArray) messages = g_byte_array_new ();
  g_auto (UlTmpFile) tmp = UL_TMP_FILE_INIT;
  GError *cause = NULL;
  GPid pid;
  int status = 0;
  ul_autofd int fd = -1;
  if (!open_messages (&tmp, error))
    return FALSE;
  if (!g_spawn_async_with_pipes_and_fds (NULL, (const char *const *) words, NULL,
                                         G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, NULL,
                                         NULL, -1, -1, tmp.fd, &dir, &target, dir >= 0 ? 1 : 0,
                                         &pid, NULL, &fd, NULL, &cause))
    return throw_spawn (cause, error);
  const gboolean read = read_all (fd, max, out, error);
  ul_fd_clear (&fd);
  if (!read)
    (void) kill (pid, SIGTERM);
  while (waitpid (pid, &status, 0) < 0 && errno == EINTR)
    ;
  g_spawn_close_pid (pid);
  if (!read)
    return FALSE;
  if (out->len > max || (WIFEXITED (status) && WEXITSTATUS (status) == 0))
    return TRUE;
  if (lseek (tmp.fd, 0, SEEK_SET) != 0)
    return ul_throw_errno (error, "lseek");
  if (!read_all (tmp.fd, MAX_STDERR, messages, error))
    return FALSE;
  g_autofree char *text = g_strndup ((const char *) messages->data, messages->len);
  return throw_stderr (messages->len > 0 ? text : "failed", error);
}

gboolean
ul_skopeo_read_manifest (const char *location, const UlSkopeoOptions *options, GBytes **out,
                         GError **error)
{
  g_autoptr (GPtrArray) words = new_words ("inspect", "", options);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_ptr_array_add (words, g_strdup ("--raw"));
  g_ptr_array_add (words, g_strdup (location));
  g_ptr_array_add (words, NULL);
  if (!run ((char **) words->pdata, -1, UL_OCI_MAX_DOCUMENT, bytes, error))
    return FALSE;
  if (bytes->len > UL_OCI_MAX_DOCUMENT)
    return ul_throw (error, UL_ERROR_CORRUPT, "its manifest has more than the allowed %d bytes",
                     UL_OCI_MAX_DOCUMENT);
  *out = g_byte_array_free_to_bytes (g_steal_pointer (&bytes));
  return TRUE;
}

/* From one place to another; @dir is called by LOCAL. */
static gboolean
copy (int dir, const char *side, const char *from, const char *to, const UlSkopeoOptions *options,
      GError **error)
{
  g_autoptr (GPtrArray) words = new_words ("copy", side, options);
  g_autoptr (GByteArray) said = g_byte_array_new ();
  g_ptr_array_add (words, g_strdup ("--quiet"));
  g_ptr_array_add (words, g_strdup ("--preserve-digests"));
  g_ptr_array_add (words, g_strdup (from));
  g_ptr_array_add (words, g_strdup (to));
  g_ptr_array_add (words, NULL);
  return run ((char **) words->pdata, dir, MAX_REPLY, said, error);
}

gboolean
ul_skopeo_pull (const char *location, int dir, const UlSkopeoOptions *options, GError **error)
{
  return copy (dir, "src-", location, LOCAL, options, error);
}

gboolean
ul_skopeo_push (int dir, const char *location, const UlSkopeoOptions *options, GError **error)
{
  UlSkopeoOptions without_policy = *options;
  without_policy.policy = NULL;
  return copy (dir, "dest-", LOCAL, location, &without_policy, error);
}

static gboolean
send_all (int fd, const char *text, GError **error)
{
  ssize_t n;
  do
    n = send (fd, text, strlen (text), MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);
  return n >= 0 || ul_throw_errno (error, "ask skopeo");
}

/* A message, and the descriptor that came with it. */
static gboolean
receive (int fd, char *buffer, gsize *out_len, int *out_fd, GError **error)
{
  union
  {
    struct cmsghdr header;
    char bytes[CMSG_SPACE (sizeof (int))];
  } control;
  struct iovec iov = { .iov_base = buffer, .iov_len = MAX_REPLY };
  struct msghdr message = {
    .msg_iov = &iov,
    .msg_iovlen = 1,
    .msg_control = control.bytes,
    .msg_controllen = sizeof control.bytes,
  };
  ssize_t n;
  do
    if (!ul_interrupt_wait (fd, error))
      return FALSE;
  while ((n = recvmsg (fd, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR);
  if (n < 0)
    return ul_throw_errno (error, "hear from skopeo");
  const struct cmsghdr *header = CMSG_FIRSTHDR (&message);
  if (header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS
      && header->cmsg_len == CMSG_LEN (sizeof (int)))
    memcpy (out_fd, CMSG_DATA (header), sizeof (int));
  if (n == 0 || (message.msg_flags & MSG_TRUNC) != 0)
    return ul_throw (error, UL_ERROR_FAILED, "skopeo has ended, or says too much");
  *out_len = (gsize) n;
  return TRUE;
}

static gboolean
parse_reply (const char *text, gsize len, Reply *out, GError **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, len);
  gboolean success;
  const char *message;
  out->json = ul_json_parse (bytes, "skopeo's reply", MAX_REPLY, error);
  if (out->json == NULL || !ul_json_root (out->json, UL_JSON_OBJECT, &out->root, error)
      || !ul_json_get_boolean (&out->root, "success", UL_JSON_REQUIRED, &success, error)
      || !ul_json_get_string (&out->root, "error", UL_JSON_OPTIONAL, &message, error)
      || !ul_json_get_size (&out->root, "pipeid", UL_JSON_OPTIONAL, &out->pipe, error))
    return FALSE;
  if (success)
    return TRUE;
  return throw_message (message != NULL ? message : "failed", error);
}

/* @args: of the method as JSON, "" for none. */
static gboolean
ask (Proxy *self, const char *method, const char *args, GError **error)
{
  g_autofree char *question = g_strdup_printf ("{\"method\":\"%s\",\"args\":[%s]}", method, args);
  return send_all (self->fd, question, error);
}

static gboolean
hear (Proxy *self, Reply *out, GError **error)
{
  g_autofree char *buffer = g_malloc (MAX_REPLY);
  gsize len = 0;
  out->fd = -1;
  return receive (self->fd, buffer, &len, &out->fd, error) && parse_reply (buffer, len, out, error);
}

static gboolean
ask_and_hear (Proxy *self, const char *method, const char *args, Reply *out, GError **error)
{
  return ask (self, method, args, error) && hear (self, out, error);
}

static gboolean
open_image (Proxy *self, const char *location, GError **error)
{
  g_auto (Reply) hello = { .fd = -1 };
  g_auto (Reply) opened = { .fd = -1 };
  const char *version;
  g_autoptr (GString) quoted = g_string_new ("\"");
  for (const char *p = location; *p != '\0'; p++)
    g_string_append_printf (quoted, *p == '"' || *p == '\\' ? "\\%c" : "%c", *p);
  g_string_append_c (quoted, '"');
  if (!ask_and_hear (self, "Initialize", "", &hello, error)
      || !ul_json_get_string (&hello.root, "value", UL_JSON_REQUIRED, &version, error))
    return FALSE;
  if (!g_str_has_prefix (version, "0.2."))
    return ul_throw (error, UL_ERROR_UNSUPPORTED,
                     "skopeo speaks version %s of its protocol, not 0.2", version);
  return ask_and_hear (self, "OpenImage", quoted->str, &opened, error)
         && ul_json_get_size (&opened.root, "value", UL_JSON_REQUIRED, &self->image, error);
}

/* What the process has as @target: its end of the socket, and its directory for files. */
static gboolean
spawn (Proxy *self, char **words, int socket, GError **error)
{
  const int source[] = { socket, self->scratch.fd };
  const int target[] = { CHILD_FD, SCRATCH_FD };
  const gboolean has_scratch = self->scratch.fd >= 0;
  g_auto (GStrv) environment = g_get_environ ();
  GError *cause = NULL;
  if (has_scratch)
    environment = g_environ_setenv (environment, "TMPDIR", SCRATCH, TRUE);
  return g_spawn_async_with_pipes_and_fds (
             NULL, (const char *const *) words, (const char *const *) environment,
             G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDERR_TO_DEV_NULL
                 | G_SPAWN_STDOUT_TO_DEV_NULL,
             die_with_parent, NULL, -1, -1, -1, source, target, has_scratch ? 2 : 1, &self->pid,
             NULL, NULL, NULL, &cause)
         || throw_spawn (cause, error);
}

static gboolean
start (Proxy *self, const UlSkopeoOptions *options, int tmp_dfd, GError **error)
{
  g_autoptr (GPtrArray) words = new_words ("experimental-image-proxy", "", options);
  int pair[2];
  g_ptr_array_add (words, g_strdup_printf ("--sockfd=%d", CHILD_FD));
  g_ptr_array_add (words, NULL);
  if (tmp_dfd >= 0 && !ul_tmp_dir_open (&self->scratch, tmp_dfd, error))
    return FALSE;
  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
    return ul_throw_errno (error, "socketpair");
  self->fd = pair[0];
  const gboolean ok = spawn (self, (char **) words->pdata, pair[1], error);
  close (pair[1]);
  return ok;
}

static void
proxy_free (gpointer data)
{
  Proxy *self = data;
  /* It ends when nobody asks any more, but may be waiting for a registry. */
  ul_fd_clear (&self->fd);
  if (self->pid != 0)
    {
      (void) kill (self->pid, SIGTERM);
      while (waitpid (self->pid, NULL, 0) < 0 && errno == EINTR)
        ;
      g_spawn_close_pid (self->pid);
    }
  ul_tmp_dir_clear (&self->scratch);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Proxy, proxy_free)

static Proxy *
proxy_new (const char *location, const UlSkopeoOptions *options, int tmp_dfd, GError **error)
{
  g_autoptr (Proxy) self = g_new0 (Proxy, 1);
  self->fd = -1;
  self->scratch = (UlTmpDir) UL_TMP_DIR_INIT;
  return start (self, options, tmp_dfd, error) && open_image (self, location, error)
             ? g_steal_pointer (&self)
             : NULL;
}

/* The pipe's other end is open until this is asked for, whatever happens to the blob: so it's asked
 * for at once, and answered when all has been read or nothing more comes. */
static gboolean
ask_finish (Proxy *self, guint64 pipe, GError **error)
{
  g_autofree char *args = g_strdup_printf ("%" G_GUINT64_FORMAT, pipe);
  return ask (self, "FinishPipe", args, error);
}

/* UlExtent.done. */
static gboolean
hear_finish (UlExtent *extent, GError **error)
{
  g_auto (Reply) reply = { .fd = -1 };
  /* Of a blob that has more than was promised the rest is never read: who writes it has to know. */
  ul_fd_clear (&extent->fd);
  return hear (extent->data, &reply, error);
}

/* The same where no size was expected, and skopeo finds that others came than that. */
static gboolean
hear_finish_any (UlExtent *extent, GError **error)
{
  g_autofree char *any = g_strdup_printf ("skopeo: expected %" G_GUINT64_FORMAT
                                          " bytes in blob, got %" G_GUINT64_FORMAT,
                                          UL_SKOPEO_ANY_SIZE, extent->size);
  g_autoptr (GError) cause = NULL;
  if (hear_finish (extent, &cause) || g_str_equal (cause->message, any))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&cause));
  return FALSE;
}

gboolean
ul_skopeo_open_blob (const char *location, const UlSkopeoOptions *options, const UlChecksum *digest,
                     guint64 size, int tmp_dfd, UlExtent *out, GError **error)
{
  char text[UL_OCI_DIGEST_SIZE];
  g_auto (Reply) reply = { .fd = -1 };
  g_autoptr (Proxy) proxy = proxy_new (location, options, tmp_dfd, error);
  if (proxy == NULL)
    return FALSE;
  ul_oci_digest_format (digest, text);
  const gboolean is_any = size == UL_SKOPEO_ANY_SIZE;
  g_autofree char *args = g_strdup_printf ("%" G_GUINT64_FORMAT ",\"%s\",%" G_GINT64_FORMAT,
                                           proxy->image, text, is_any ? -1 : (gint64) size);
  if (!ask_and_hear (proxy, "GetBlob", args, &reply, error))
    return FALSE;
  if (reply.fd < 0)
    return ul_throw (error, UL_ERROR_FAILED, "skopeo gave no blob");
  if ((is_any && !ul_json_get_size (&reply.root, "value", UL_JSON_REQUIRED, &size, error))
      || !ask_finish (proxy, reply.pipe, error))
    return FALSE;
  *out = (UlExtent){
    .fd = ul_fd_steal (&reply.fd),
    .size = size,
    .is_pipe = TRUE,
    .done = is_any ? hear_finish_any : hear_finish,
    .data = g_steal_pointer (&proxy),
    .data_free = proxy_free,
  };
  return TRUE;
}

/* Up to @len bytes, fewer at the end. */
static gboolean
read_pipe (int fd, guint8 *bytes, gsize len, gsize *out_n, GError **error)
{
  gsize n = 1;
  *out_n = 0;
  while (*out_n < len && n > 0)
    {
      if (!ul_interrupt_wait (fd, error)
          || !ul_fd_read (fd, bytes + *out_n, len - *out_n, "from skopeo", &n, error))
        return FALSE;
      *out_n += n;
    }
  return TRUE;
}

gboolean
ul_skopeo_read_blob (const char *location, const UlSkopeoOptions *options, const UlChecksum *digest,
                     guint64 size, int tmp_dfd, gsize max, GBytes **out, GError **error)
{
  g_auto (UlExtent) extent = UL_EXTENT_INIT;
  gsize n;
  if (size > max)
    return ul_throw (error, UL_ERROR_CORRUPT,
                     "%" G_GUINT64_FORMAT " bytes, more than the allowed %zu", size, max);
  g_autofree guint8 *bytes = g_malloc ((gsize) size);
  if (!ul_skopeo_open_blob (location, options, digest, size, tmp_dfd, &extent, error)
      || !read_pipe (extent.fd, bytes, (gsize) size, &n, error) || !hear_finish (&extent, error))
    return FALSE;
  *out = g_bytes_new_take (g_steal_pointer (&bytes), n);
  return TRUE;
}
