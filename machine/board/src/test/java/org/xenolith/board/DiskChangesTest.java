package org.xenolith.board;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.xenolith.state.stream.ChannelInput;
import org.xenolith.state.stream.StreamReader;
import org.xenolith.state.stream.StreamRecord;
import org.xenolith.state.stream.StreamWriter;
import org.xenolith.state.stream.StreamWriter.Alignment;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.util.Arrays;
import java.util.SplittableRandom;

class DiskChangesTest {
    private static final int DISK_BYTES = 3 << 20;

    /// What was written down, done to a disk as it was before, makes it as it is.
    @Test
    void whatIsWrittenDownMakesTheCopyAsTheDiskIs() throws Exception {
        var changes = new DiskChanges();
        var disk = new byte[DISK_BYTES];
        var copy = new byte[DISK_BYTES];
        var random = new SplittableRandom(7);
        for (int epoch = 0; epoch < 40; epoch++) {
            for (int i = random.nextInt(60); i >= 0; i--) {
                change(disk, changes, random);
            }
            replay(changes, copy);
            assertThat(Arrays.mismatch(copy, disk)).isEqualTo(-1);
            changes.clear();
            assertThat(changes.bytes()).isZero();
        }
    }

    private static void change(byte[] disk, DiskChanges changes, SplittableRandom random) {
        int bytes = 512 * (1 + random.nextInt(random.nextInt(8) == 0 ? 2500 : 40));
        int offset = 512 * random.nextInt((DISK_BYTES - bytes) / 512 + 1);
        if (random.nextInt(4) == 0) {
            Arrays.fill(disk, offset, offset + bytes, (byte) 0);
            changes.zeroed(offset, bytes);
        } else {
            var content = new byte[bytes];
            Arrays.fill(content, (byte) random.nextInt(1, 128));
            content[random.nextInt(bytes)] = -1;
            System.arraycopy(content, 0, disk, offset, bytes);
            changes.written(offset, ByteBuffer.wrap(content));
        }
    }

    private static void replay(DiskChanges changes, byte[] copy) throws Exception {
        var bytes = new ByteArrayOutputStream();
        var out = new StreamWriter(Channels.newChannel(bytes), 0, Alignment.NONE, 4, 17);
        out.write(new StreamRecord.StaticDataEnd());
        changes.write(out, 51712);
        out.write(new StreamRecord.Checkpoint());
        var input = Channels.newChannel(new ByteArrayInputStream(bytes.toByteArray()));
        var reader = new StreamReader(new ChannelInput(input));
        reader.next();
        long end = 0;
        while (true) {
            switch (reader.next()) {
                case StreamRecord.DiskData(int number, long offset, var content) -> {
                    assertThat(number).isEqualTo(51712);
                    assertThat(offset).isGreaterThanOrEqualTo(end);
                    System.arraycopy(content.toArray(), 0, copy, (int) offset, content.length());
                    end = offset + content.length();
                }
                case StreamRecord.DiskZeroes(_, long offset, long length) -> {
                    assertThat(offset).isGreaterThanOrEqualTo(end);
                    end = offset + length;
                    Arrays.fill(copy, (int) offset, (int) end, (byte) 0);
                }
                default -> {
                    return;
                }
            }
        }
    }
}
