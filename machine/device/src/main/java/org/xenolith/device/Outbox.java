package org.xenolith.device;

import java.util.function.Consumer;

/// Where a device hands over its effects on the outside world: frames, disk writes, console bytes.
///
/// Effects leave in the order in which they were offered. On a machine that stands alone they leave
/// at once; on a mirrored one they wait until the backup holds the epoch that made them. A device
/// cannot tell the difference, except that an outbox may be full for a while.
///
/// May be called from any thread, with no lock held; the caller serialises its own offers.
public interface Outbox<T> {
    /// Takes `effect`, which must not change afterwards. False when the outbox is full: nothing was
    /// taken, and the action given to [#onRoom] will be run when it pays to try again.
    boolean offer(T effect);

    /// `retry` is run, on any thread and with no lock held, after an offer was refused and room has
    /// come up. Replaces an earlier action.
    void onRoom(Runnable retry);

    /// The outbox of a machine that is not mirrored: everything leaves at once, nothing is refused.
    static <T> Outbox<T> passThrough(Consumer<? super T> outside) {
        return new Outbox<>() {
            @Override
            public boolean offer(T effect) {
                outside.accept(effect);
                return true;
            }

            @Override
            public void onRoom(Runnable retry) {
                // Nothing is ever refused, so there is never anything to try again.
            }
        };
    }
}
