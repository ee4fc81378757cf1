package org.xenolith.guests;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.NavigableSet;
import java.util.TreeSet;

/// What the program `writer` has said to be durable, over all of its runs; so it tells what its
/// disk must hold. Its numbers are those of `writer.c`.
final class WriterRecord {
    private static final int BLOCK_BYTES = 4096;
    private static final int BLOCKS = 1024;
    private static final int FILE_STEPS = 8;
    private static final int FILES = 64;

    private final long[] steps = new long[BLOCKS];
    private final NavigableSet<Long> files = new TreeSet<>();
    private long last;
    private long newest;

    /// The first step of the next run.
    long next() {
        return newest + 1;
    }

    /// The last step that was said to be durable.
    long last() {
        return last;
    }

    /// A run has said so of all steps from `first` to `last`.
    void said(long first, long last) {
        for (long step = first; step <= last; step++) {
            steps[place(step)] = step;
            if (step % FILE_STEPS == 0) {
                files.add(step);
            }
        }
        this.last = last;
    }

    private static int place(long step) {
        return (int) (step * 7919 % BLOCKS);
    }

    /// In `content`, by the files' names, is all of that, and nothing that was never written.
    void assertKept(Map<String, byte[]> content) {
        assertThat(content).containsKey("blocks");
        assertBlocks(content.get("blocks"));
        // Others may have been removed.
        for (long step : files.tailSet(newest - FILE_STEPS * FILES + 1)) {
            assertThat(content).containsKey("file-" + step);
            assertFile(step, content.get("file-" + step));
        }
    }

    private void assertBlocks(byte[] bytes) {
        assertThat(bytes).hasSize(BLOCKS * BLOCK_BYTES);
        for (int place = 0; place < BLOCKS; place++) {
            long found = onlyNumber(bytes, place * BLOCK_BYTES);
            assertThat(found).as("block %d", place).isGreaterThanOrEqualTo(steps[place]);
            assertThat(found == 0 || place(found) == place)
                    .as("block %d holds step %d", place, found)
                    .isTrue();
            newest = Math.max(newest, found);
        }
    }

    private static void assertFile(long step, byte[] bytes) {
        assertThat(bytes).hasSize((int) (step / FILE_STEPS % 5 + 1) * BLOCK_BYTES);
        for (int at = 0; at < bytes.length; at += BLOCK_BYTES) {
            assertThat(onlyNumber(bytes, at)).isEqualTo(step);
        }
    }

    /// The number of which the block at `from` is full.
    private static long onlyNumber(byte[] bytes, int from) {
        var block = ByteBuffer.wrap(bytes, from, BLOCK_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        long number = block.getLong();
        while (block.hasRemaining()) {
            assertThat(block.getLong()).as("block at %d", from).isEqualTo(number);
        }
        return number;
    }
}
