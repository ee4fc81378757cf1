package org.xenolith.base;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.util.SplittableRandom;

class SeededEntropyTest {
    @Test
    void theNumbersAreThoseOfTheJdksSplitMix() {
        for (long seed : new long[] {0, 1, -1, 0x1234_5678_9ABC_DEF0L}) {
            var ours = new SeededEntropy(seed);
            var theirs = new SplittableRandom(seed);
            for (int i = 0; i < 100; i++) {
                assertThat(ours.nextLong()).isEqualTo(theirs.nextLong());
            }
        }
    }

    @Test
    void itGoesOnWhereItsStateWasTaken() {
        var original = new SeededEntropy(5);
        original.nextLong();
        var twin = new SeededEntropy(6);
        twin.continueFrom(original.state());
        assertThat(twin.nextLong()).isEqualTo(original.nextLong());
    }
}
