package org.xenolith.device;

/// What leaves a machine by one way, and can be made to wait until the epoch in which it was made
/// has been committed. May be used from any thread; none of this waits.
public interface HeldOutput {
    /// Has `action` done when something waits for the end of the epoch in which it was offered, by
    /// who has offered it. The last that was asked for counts.
    void onHeld(Runnable action);

    /// What has been offered since the last call belongs to `epoch`, and waits from now on for its
    /// [#release]. At the first call what came before has left already. Nothing is being offered
    /// meanwhile.
    void seal(long epoch);

    /// What belongs to `epoch` or an earlier one leaves.
    void release(long epoch);

    /// All that waits leaves, and nothing is held any more.
    void letGo();

    /// All that waits is thrown away, and so is what is offered from now on.
    void drop();
}
