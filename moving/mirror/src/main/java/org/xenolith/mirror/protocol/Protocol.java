package org.xenolith.mirror.protocol;

import java.util.List;

/// A side of the mirror. For one thread.
///
/// @param <E> what can happen to it
/// @param <A> what it wants done
public interface Protocol<E, A> {
    /// What is to be done, in this order, now that `event` has happened.
    ///
    /// @param nowNanos of a clock that never goes back; its origin and its rate are nobody's
    ///   business
    List<A> on(long nowNanos, E event);

    /// When a tick is due, if nothing happens before; [Long#MAX_VALUE] for never.
    long wakeNanos();
}
