package org.xenolith.network;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.xenolith.network.Frame.Checksum;
import org.xenolith.network.Frame.Segmentation;

import java.nio.ByteBuffer;
import java.util.Arrays;

/// What passt is given. That the kernel and passt find the checksums right is for their own test.
class PasstFramingTest {
    private final PasstFraming framing = new PasstFraming();

    @Test
    void aChecksumIsMadeInTheStreamAndTheFrameStaysAsItWas() {
        var bytes = new byte[101];
        Arrays.fill(bytes, (byte) 0x12);
        var before = bytes.clone();
        var frame = new Frame(bytes, 101, new Checksum.Partial(34, 6), Segmentation.NONE);
        var target = ByteBuffer.allocate(200);
        target.position(7);
        framing.put(0, frame, target);
        assertThat(target.position()).isEqualTo(7 + 4 + 101);
        assertThat(target.getInt(7)).isEqualTo(101);
        assertThat(bytes).isEqualTo(before);
        // Whoever checks it sums up everything, with what stood in the checksum's place before.
        long sum = 0;
        for (int i = 34; i < 101; i++) {
            sum += (long) (target.get(11 + i) & 0xFF) << (i % 2 == 0 ? 8 : 0);
        }
        assertThat(InternetChecksum.fold(sum + 0x1212)).isEqualTo(0xFFFF);
    }

    @Test
    void aChecksumIsNeverThatWhichMeansNone() {
        var bytes = new byte[60];
        Arrays.fill(bytes, 34, 36, (byte) 0xFF);
        var frame = new Frame(bytes, 60, new Checksum.Partial(34, 4), Segmentation.NONE);
        var target = ByteBuffer.allocate(100);
        framing.put(0, frame, target);
        assertThat(target.getShort(4 + 38)).isEqualTo((short) 0xFFFF);
    }

    @Test
    void aFrameWithoutAPlaceForItsChecksumIsDropped() {
        for (var place :
                new Checksum.Partial[] {
                    new Checksum.Partial(59, 0),
                    new Checksum.Partial(0, 59),
                    new Checksum.Partial(65_535, 65_535),
                    new Checksum.Partial(60, 6)
                }) {
            var target = ByteBuffer.allocate(100);
            framing.put(0, new Frame(new byte[60], 60, place, Segmentation.NONE), target);
            assertThat(target.position()).isZero();
        }
    }

    /// passt has made it, and a guest on a processor of software would be long about it.
    @Test
    void theChecksumOfWhatArrivesNeedsNotBeLookedAt() {
        var source = ByteBuffer.allocate(64).put(new byte[64]).flip();
        var frame = framing.get(source, 60).orElseThrow().frame();
        assertThat(frame.checksum()).isEqualTo(Checksum.VALID);
        assertThat(frame.segmentation()).isEqualTo(Segmentation.NONE);
        assertThat(frame.length()).isEqualTo(60);
        assertThat(source.remaining()).isEqualTo(4);
    }
}
