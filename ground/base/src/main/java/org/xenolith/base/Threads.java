package org.xenolith.base;

/// What is done with threads in more than one place.
public final class Threads {
    private Threads() {}

    /// Waits for the end of a thread that is about to end. An interruption of the waiting thread is
    /// kept for later.
    public static void awaitEnd(Thread thread) {
        boolean interrupted = false;
        while (true) {
            try {
                thread.join();
                break;
            } catch (InterruptedException _) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
