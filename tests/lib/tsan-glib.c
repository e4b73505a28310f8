// SPDX-License-Identifier: LGPL-2.1-or-later
/* GLib's locks are futexes of its own inside a library that is not instrumented, so ThreadSanitizer
 * sees no order between the threads that use them. A TSan build links these wrappers (-Wl,--wrap),
 * which do the real thing and tell it. */
#include <glib.h>

void __tsan_acquire (void *addr);
void __tsan_release (void *addr);

void __real_g_mutex_lock (GMutex *mutex);
void __wrap_g_mutex_lock (GMutex *mutex);
gboolean __real_g_mutex_trylock (GMutex *mutex);
gboolean __wrap_g_mutex_trylock (GMutex *mutex);
void __real_g_mutex_unlock (GMutex *mutex);
void __wrap_g_mutex_unlock (GMutex *mutex);
void __real_g_cond_wait (GCond *cond, GMutex *mutex);
void __wrap_g_cond_wait (GCond *cond, GMutex *mutex);
gboolean __real_g_cond_wait_until (GCond *cond, GMutex *mutex, gint64 end_time);
gboolean __wrap_g_cond_wait_until (GCond *cond, GMutex *mutex, gint64 end_time);
gboolean __real_g_once_init_enter (void *location);
gboolean __wrap_g_once_init_enter (void *location);
void __real_g_once_init_leave (void *location, gsize result);
void __wrap_g_once_init_leave (void *location, gsize result);

void
__wrap_g_mutex_lock (GMutex *mutex)
{
  __real_g_mutex_lock (mutex);
  __tsan_acquire (mutex);
}

gboolean
__wrap_g_mutex_trylock (GMutex *mutex)
{
  const gboolean locked = __real_g_mutex_trylock (mutex);
  if (locked)
    __tsan_acquire (mutex);
  return locked;
}

void
__wrap_g_mutex_unlock (GMutex *mutex)
{
  __tsan_release (mutex);
  __real_g_mutex_unlock (mutex);
}

void
__wrap_g_cond_wait (GCond *cond, GMutex *mutex)
{
  __tsan_release (mutex);
  __real_g_cond_wait (cond, mutex);
  __tsan_acquire (mutex);
}

gboolean
__wrap_g_cond_wait_until (GCond *cond, GMutex *mutex, gint64 end_time)
{
  __tsan_release (mutex);
  const gboolean woken = __real_g_cond_wait_until (cond, mutex, end_time);
  __tsan_acquire (mutex);
  return woken;
}

gboolean
__wrap_g_once_init_enter (void *location)
{
  const gboolean first = __real_g_once_init_enter (location);
  if (!first)
    __tsan_acquire (location);
  return first;
}

void
__wrap_g_once_init_leave (void *location, gsize result)
{
  __tsan_release (location);
  __real_g_once_init_leave (location, result);
}
