package org.xenolith.board;

import java.util.concurrent.atomic.AtomicBoolean;

/// Has something done on the driver's thread, once for any number of calls before it comes to it.
final class CoalescedRequest implements Runnable {
    private final Driver driver;
    private final Runnable action;
    private final AtomicBoolean waiting = new AtomicBoolean();

    CoalescedRequest(Driver driver, Runnable action) {
        this.driver = driver;
        this.action = action;
    }

    @Override
    public void run() {
        if (waiting.compareAndSet(false, true)) {
            driver.request(this::perform).exceptionally(this::refused);
        }
    }

    private void perform() {
        waiting.set(false);
        action.run();
    }

    /// The queue is full; the next call tries again.
    private Void refused(Throwable full) {
        waiting.set(false);
        return null;
    }
}
