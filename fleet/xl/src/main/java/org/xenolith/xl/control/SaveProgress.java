package org.xenolith.xl.control;

import org.xenolith.base.Clock;

import java.io.IOException;
import java.nio.channels.WritableByteChannel;
import java.util.function.LongConsumer;

/// Tells a client how many pages have been saved, a few times a second.
final class SaveProgress implements LongConsumer {
    private static final long PERIOD_NANOS = 200_000_000L;
    private static final int PAGES_BETWEEN_LOOKS = 1024;

    private final WritableByteChannel client;
    private final Clock clock;
    private long toldNanos;
    private boolean gone;

    SaveProgress(WritableByteChannel client, Clock clock) {
        this.client = client;
        this.clock = clock;
        this.toldNanos = clock.nanos();
    }

    @Override
    public void accept(long pages) {
        if (gone || pages % PAGES_BETWEEN_LOOKS != 0) {
            return;
        }
        long now = clock.nanos();
        if (now - toldNanos >= PERIOD_NANOS) {
            toldNanos = now;
            tell(pages);
        }
    }

    private void tell(long pages) {
        try {
            Lines.write(client, Json.object().put("progress", pages).toString());
        } catch (IOException _) {
            gone = true; // the domain is saved all the same
        }
    }
}
