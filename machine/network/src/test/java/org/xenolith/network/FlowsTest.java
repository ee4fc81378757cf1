package org.xenolith.network;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.util.HashSet;

class FlowsTest {
    private static final int QUEUES = 4;

    @Test
    void aFlowKeepsItsQueueAndFlowsAreSpread() {
        for (boolean ipv6 : new boolean[] {false, true}) {
            var used = new int[QUEUES];
            for (int port = 40_000; port < 40_400; port++) {
                int queue = Flows.queue(frame(ipv6, port, "a"), QUEUES);
                assertThat(queue).isBetween(0, QUEUES - 1);
                assertThat(Flows.queue(frame(ipv6, port, "some more"), QUEUES)).isEqualTo(queue);
                used[queue]++;
            }
            for (int count : used) {
                assertThat(count).isGreaterThan(50);
            }
        }
    }

    @Test
    void whatIsNoFlowHasTheFirstQueue() {
        var seen = new HashSet<Integer>();
        for (var frame : HostileFrames.all(2_000)) {
            int queue = Flows.queue(frame, QUEUES);
            assertThat(queue).isBetween(0, QUEUES - 1);
            seen.add(queue);
            assertThat(Flows.queue(frame, 1)).isZero();
        }
        assertThat(Flows.queue(HostileFrames.plain(), QUEUES)).isZero();
        assertThat(seen).contains(0);
    }

    private static Frame frame(boolean ipv6, int port, String content) {
        int header = ipv6 ? 40 : 20;
        var bytes = new byte[Frame.HEADER_BYTES + header + 8 + content.length()];
        bytes[12] = (byte) (ipv6 ? 0x86 : 8);
        bytes[13] = (byte) (ipv6 ? 0xDD : 0);
        int ip = Frame.HEADER_BYTES;
        bytes[ip] = (byte) (ipv6 ? 0x60 : 0x45);
        bytes[ip + (ipv6 ? 6 : 9)] = 17;
        bytes[ip + (ipv6 ? 5 : 3)] = (byte) (8 + content.length() + (ipv6 ? 0 : header));
        bytes[ip + header] = (byte) (port >> 8);
        bytes[ip + header + 1] = (byte) port;
        return Frame.plain(bytes);
    }
}
