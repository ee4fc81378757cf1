package org.xenolith.mirror;

import java.io.IOException;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/// Asks an arbiter now and then, as long as a session lasts: whoever must ask it in a hurry finds a
/// connection, and nothing that the JVM does for the first time; and the operator hears when nobody
/// could go on, before it matters.
final class ArbiterWatch implements AutoCloseable {
    /// Connections that nobody uses are closed after 30 s (`jdk.httpclient.keepalive.timeout`).
    private static final long BETWEEN_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final Arbiter arbiter;
    private final UUID session;
    private final Consumer<String> log;
    private final Thread thread;
    private volatile boolean closed;

    private ArbiterWatch(Arbiter arbiter, UUID session, Consumer<String> log) {
        this.arbiter = arbiter;
        this.session = session;
        this.log = log;
        this.thread = Thread.ofVirtual().name("mirror-arbiter-watch").unstarted(this::run);
    }

    static ArbiterWatch start(Arbiter arbiter, UUID session, Consumer<String> log) {
        var watch = new ArbiterWatch(arbiter, session, log);
        watch.thread.start();
        return watch;
    }

    private void run() {
        boolean answered = true;
        while (!closed) {
            boolean answers = ask(answered);
            if (answers && !answered) {
                log.accept("mirror: the arbiter answers again");
            }
            answered = answers;
            if (!closed) {
                LockSupport.parkNanos(this, BETWEEN_NANOS);
            }
        }
    }

    /// @param news whether it would be news that there is no answer
    private boolean ask(boolean news) {
        try {
            arbiter.read(session);
            return true;
        } catch (IOException | RuntimeException e) {
            if (news && !closed) {
                log.accept(
                        "mirror: the arbiter does not answer; whoever loses the other host now"
                                + " waits for it: "
                                + e.getMessage());
            }
            return false;
        }
    }

    /// Does not wait.
    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(thread);
    }
}
