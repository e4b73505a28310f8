// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gio/gio.h>

/* Signals that end the program (SIGINT, SIGTERM, SIGHUP) while there is something to clean up.
 * Whoever has that holds them off; they then become an error (G_IO_ERROR_CANCELLED) in what runs,
 * which unwinds and cleans up as after any other error, and the program ends by the signal after
 * all. With nothing held they act at once, as they do for the second time. State of the process,
 * since signals are; nothing happens unless the program asks for it with ul_interrupt_catch (). */

G_BEGIN_DECLS

/* For main (), before there are threads. A signal that is ignored stays ignored. */
void ul_interrupt_catch (void);

/* For main (), last: if a signal was held off, the process ends by it here. */
void ul_interrupt_resume (void);

/* In pairs, from any thread. */
void ul_interrupt_hold (void);
void ul_interrupt_release (void);

/* FALSE with G_IO_ERROR_CANCELLED once there was a signal. Cheap: for the inner loops of whatever
 * holds.
 */
gboolean ul_interrupt_check (GError **error);

/* Wait until a read from @fd, which may be of somebody who never writes, doesn't wait; FALSE as
 * above. */
gboolean ul_interrupt_wait (int fd, GError **error);

G_END_DECLS
