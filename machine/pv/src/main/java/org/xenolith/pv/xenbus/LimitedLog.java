package org.xenolith.pv.xenbus;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/// Passes the first [#LINES_MAX] lines on: what a guest does wrong is told, but a guest must not be
/// able to fill a log. May be used from any thread.
public final class LimitedLog implements Consumer<String> {
    public static final int LINES_MAX = 10;

    private final Consumer<String> log;
    private final AtomicInteger lines = new AtomicInteger();

    public LimitedLog(Consumer<String> log) {
        this.log = log;
    }

    @Override
    public void accept(String line) {
        if (lines.getAndUpdate(count -> Math.min(count + 1, LINES_MAX)) < LINES_MAX) {
            log.accept(line);
        }
    }
}
