package org.xenolith.network;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.Callable;

/// For what other threads and programs do.
final class Waiting {
    private static final int MILLIS_MAX = 20_000;
    private static final int STEP_MILLIS = 5;

    private Waiting() {}

    static void until(Callable<Boolean> condition) throws Exception {
        for (int waited = 0; !condition.call(); waited += STEP_MILLIS) {
            assertThat(waited).as("milliseconds").isLessThan(MILLIS_MAX);
            Thread.sleep(STEP_MILLIS);
        }
    }
}
