package org.xenolith.mirror;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.xenolith.board.CopiedDisk;
import org.xenolith.state.Bytes;
import org.xenolith.state.stream.MappedInput;
import org.xenolith.state.stream.StreamReader;
import org.xenolith.state.stream.StreamRecord;
import org.xenolith.state.stream.StreamWriter;
import org.xenolith.state.stream.StreamWriter.Alignment;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.channels.Channels;
import java.util.Arrays;
import java.util.Optional;

class LastPartsTest {
    private static final int PART_BYTES = 64 << 10;

    /// Every second part of it is marked.
    private record HalfMarked(int number, long bytes) implements CopiedDisk {
        @Override
        public Optional<Part> next(long offset) {
            long at = (offset + 2 * PART_BYTES - 1) / (2 * PART_BYTES) * (2 * PART_BYTES);
            return at < bytes ? Optional.of(new Part(at, content(at))) : Optional.empty();
        }

        static byte[] content(long at) {
            var content = new byte[PART_BYTES];
            Arrays.fill(content, (byte) (at / PART_BYTES));
            return content;
        }

        @Override
        public long dirtyBytes() {
            return bytes / 2;
        }

        @Override
        public void close() {}
    }

    @Test
    void whatIsLeftOfDisksIsSentAsItWas() throws Exception {
        var bytes = new ByteArrayOutputStream();
        var out = new StreamWriter(Channels.newChannel(bytes), 0, Alignment.NONE, 4, 17);
        out.write(new StreamRecord.StaticDataEnd());
        try (var parts = new LastParts(1 << 20)) {
            parts.take(new HalfMarked(51712, 8 * PART_BYTES));
            parts.take(new HalfMarked(51728, 2 * PART_BYTES));
            parts.write(out);
        }
        out.write(new StreamRecord.Checkpoint());
        var reader =
                new StreamReader(new MappedInput(MemorySegment.ofArray(bytes.toByteArray()), 0));
        reader.next();
        for (long at : new long[] {0, 2, 4, 6}) {
            assertThat(reader.next()).isEqualTo(part(51712, at * PART_BYTES));
        }
        assertThat(reader.next()).isEqualTo(part(51728, 0));
        assertThat(reader.next()).isInstanceOf(StreamRecord.Checkpoint.class);
    }

    private static StreamRecord part(int number, long at) {
        return new StreamRecord.DiskData(number, at, Bytes.of(HalfMarked.content(at)));
    }

    @Test
    void moreThanTheBoundIsRefused() throws Exception {
        try (var parts = new LastParts(1 << 20)) {
            parts.take(new HalfMarked(51712, 32 * PART_BYTES)); // a MiB
            assertThatThrownBy(() -> parts.take(new HalfMarked(51728, PART_BYTES)))
                    .isInstanceOf(MirrorException.class)
                    .hasMessageContaining("more than 1 MiB are left");
        }
    }
}
