package org.xenolith.xl.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.xenolith.board.DomainException;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.Channels;
import java.util.Arrays;
import java.util.HexFormat;

class SavedFileTest {
    private static byte[] head(String config) throws IOException {
        var bytes = new ByteArrayOutputStream();
        long length = SavedFile.writeHead(Channels.newChannel(bytes), config);
        assertThat(length).isEqualTo(bytes.size());
        return bytes.toByteArray();
    }

    private static SavedFile.Header read(byte[] file) throws DomainException {
        return SavedFile.read(MemorySegment.ofArray(file));
    }

    @Test
    void whatWasWrittenIsRead() throws Exception {
        for (var config : new String[] {"", "a", "name = \"x\"\n", "\u00FC".repeat(1000)}) {
            var head = head(config);
            assertThat(read(head)).isEqualTo(new SavedFile.Header(config, head.length));
            assertThat(head.length % 8).isZero();
        }
    }

    @Test
    void theHeaderIsThatOfXensXl() throws Exception {
        assertThat(HexFormat.of().formatHex(head("n=1"), 0, 55))
                .isEqualTo(
                        "58656e20736176656420646f6d61696e2c20786c20666f726d61740a2000200d"
                                + "04030201" // byte order
                                + "02000000" // STREAMv2
                                + "00000000"
                                + "10000000" // optional data
                                + "03000000"
                                + "6e3d31");
        assertThat(HexFormat.of().formatHex(head(""), 56, 80))
                .isEqualTo("4c6962786c466d74" + "0000000200000000" + "0100000000000000");
    }

    @Test
    void everyCutAndEveryFlippedBitIsRefused() throws Exception {
        var head = head("name = \"x\"\n");
        for (int length = 0; length < head.length; length++) {
            var cut = Arrays.copyOf(head, length);
            assertThatThrownBy(() -> read(cut)).isInstanceOf(DomainException.class);
        }
        for (int bit = 0; bit < head.length * 8; bit++) {
            var damaged = head.clone();
            damaged[bit / 8] ^= (byte) (1 << bit % 8);
            assertThatThrownBy(() -> read(damaged))
                    .as("bit " + bit)
                    .isInstanceOf(DomainException.class);
        }
    }
}
