package org.xenolith.bench.guest;

import org.xenolith.xl.control.ControlClient;
import org.xenolith.xl.control.ControlException;
import org.xenolith.xl.control.RuntimeDirectory;

import java.io.IOException;
import java.util.concurrent.TimeUnit;

/// The domains of a runtime directory that the benchmark has for itself.
public final class Domains {
    /// The first domains of a build make what later ones start with.
    private static final long END_SECONDS_MAX = 180;

    private Domains() {}

    /// Ends all of them, and waits until their processes have ended: what comes next is not to be
    /// disturbed by one that still does something.
    public static void destroyAll(RuntimeDirectory runtime) throws IOException {
        try {
            for (var entry : runtime.list()) {
                new ControlClient(entry).destroy();
                awaitEnd(entry.pid());
            }
        } catch (ControlException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    private static void awaitEnd(long pid) {
        ProcessHandle.of(pid)
                .ifPresent(process ->
                        process.onExit()
                                .completeOnTimeout(process, END_SECONDS_MAX, TimeUnit.SECONDS)
                                .thenAccept(ProcessHandle::destroyForcibly)
                                .join());
    }
}
