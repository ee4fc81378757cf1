package org.xenolith.platform;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;

class DebugPortTest {
    private final ArrayList<Integer> out = new ArrayList<>();
    private final DebugPort port = new DebugPort(out::add);

    @Test
    void bytesWrittenAreOutputAndWiderWritesAreNot() {
        port.write(0, 1, 0xFFFF_FF41);
        port.write(0, 2, 0x4242);
        assertThat(out).containsExactly(0x41);
    }

    @Test
    void readsGiveAllOnes() {
        assertThat(port.read(0, 1)).isEqualTo(0xFF);
        assertThat(port.read(0, 2)).isEqualTo(0xFFFF);
        assertThat(port.read(0, 4)).isEqualTo(-1);
    }
}
