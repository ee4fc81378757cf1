package org.xenolith.xl.control;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.util.stream.LongStream;

class RetryPausesTest {
    private final RetryPauses pauses = new RetryPauses();

    private long[] next(int count) {
        return LongStream.generate(pauses::nextMillis).limit(count).toArray();
    }

    @Test
    void pausesGrowToABoundAndBeginAnewAfterASuccess() {
        assertThat(next(7)).containsExactly(1000, 2000, 4000, 8000, 16_000, 30_000, 30_000);
        pauses.succeeded();
        assertThat(next(2)).containsExactly(1000, 2000);
    }
}
