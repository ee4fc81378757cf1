package org.xenolith.network;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Arrays;

/// Frames with a text in them, between addresses that are numbers.
final class Frames {
    static final int BROADCAST = -1;

    private Frames() {}

    static Frame of(int from, int to, String text) {
        var content = text.getBytes(UTF_8);
        var bytes = new byte[Frame.HEADER_BYTES + content.length];
        if (to == BROADCAST) {
            Arrays.fill(bytes, 0, 6, (byte) 0xFF);
        } else {
            put(bytes, 0, to);
        }
        put(bytes, 6, from);
        bytes[12] = (byte) 0x88;
        bytes[13] = (byte) 0xB5;
        System.arraycopy(content, 0, bytes, Frame.HEADER_BYTES, content.length);
        return Frame.plain(bytes);
    }

    private static void put(byte[] bytes, int offset, int address) {
        bytes[offset] = 2; // locally administered
        for (int i = 0; i < 4; i++) {
            bytes[offset + 5 - i] = (byte) (address >> 8 * i);
        }
    }

    static String text(Frame frame) {
        return new String(
                frame.bytes(), Frame.HEADER_BYTES, frame.length() - Frame.HEADER_BYTES, UTF_8);
    }

    static void assertSame(Frame actual, Frame expected) {
        assertThat(actual.checksum()).isEqualTo(expected.checksum());
        assertThat(actual.segmentation()).isEqualTo(expected.segmentation());
        assertThat(Arrays.copyOf(actual.bytes(), actual.length()))
                .isEqualTo(Arrays.copyOf(expected.bytes(), expected.length()));
    }
}
