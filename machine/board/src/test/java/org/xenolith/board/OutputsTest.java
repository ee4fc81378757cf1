package org.xenolith.board;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.xenolith.base.DomainId;
import org.xenolith.device.HeldOutbox;
import org.xenolith.network.Frame;
import org.xenolith.network.GuestInterface;
import org.xenolith.network.PortKind;
import org.xenolith.state.Bytes;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicInteger;

/// Ways out of a machine that are opened before and after it was said what may leave.
class OutputsTest {
    private final List<NowherePort> worlds = new ArrayList<>();
    private final Outputs outputs =
            new Outputs((_, owner) -> {
                var port = new NowherePort(owner);
                worlds.add(port);
                return port;
            });
    private final StringBuilder seen = new StringBuilder();

    private HeldOutbox<Bytes> console() {
        return outputs.console(bytes -> {
            for (byte octet : bytes.toArray()) {
                seen.append((char) octet);
            }
        });
    }

    private static Bytes bytes(char letter) {
        return Bytes.of((byte) letter);
    }

    private static Frame frame() {
        return Frame.plain(new byte[60]);
    }

    private GuestInterface owner() {
        return new GuestInterface(new DomainId(1), 0, 2, OptionalInt.empty());
    }

    @Test
    void whatIsOpenedWhileAllIsHeldHoldsFromThatEpochOn() throws Exception {
        outputs.seal(7);
        var console = console();
        console.offer(bytes('a'));
        var port = outputs.open(new PortKind.Network("lab"), owner());
        port.world().offer(1, frame());
        outputs.release(7);
        assertThat(seen).isEmpty();
        assertThat(worlds.getFirst().frames).hasValue(0);
        outputs.seal(8);
        console.offer(bytes('b'));
        outputs.release(8);
        assertThat(seen).hasToString("a");
        assertThat(worlds.getFirst().frames).hasValue(1);
        outputs.release(9);
        assertThat(seen).hasToString("ab");
    }

    @Test
    void whoAsksHearsThatSomethingWaitsForTheEndOfTheEpochThatRuns() throws Exception {
        var calls = new AtomicInteger();
        outputs.onHeld(calls::incrementAndGet);
        var console = console();
        console.offer(bytes('a'));
        assertThat(calls).as("it has left").hasValue(0);
        outputs.seal(0);
        assertThat(outputs.isHeldNow()).isFalse();
        console.offer(bytes('b'));
        assertThat(outputs.isHeldNow()).isTrue();
        assertThat(calls).hasValue(1);
        outputs.seal(1);
        assertThat(outputs.isHeldNow()).isFalse();
        outputs.open(new PortKind.Network("lab"), owner()).world().offer(0, frame());
        assertThat(outputs.isHeldNow()).isTrue();
        assertThat(calls).hasValue(2);
        outputs.letGo();
        console.offer(bytes('c'));
        assertThat(calls).hasValue(2);
    }

    @Test
    void whatIsOpenedWhenAllMayLeaveAgainHoldsNothing() throws Exception {
        var before = console();
        outputs.seal(0);
        before.offer(bytes('a'));
        outputs.letGo();
        console().offer(bytes('b'));
        var port = outputs.open(new PortKind.Network("lab"), owner());
        port.world().offer(0, frame());
        assertThat(seen).hasToString("ab");
        assertThat(worlds.getFirst().frames).hasValue(1);
    }

    @Test
    void onceAllIsDroppedNothingLeavesEverAgain() throws Exception {
        var before = console();
        outputs.seal(0);
        before.offer(bytes('a'));
        outputs.drop();
        outputs.seal(1);
        outputs.letGo();
        outputs.release(5);
        console().offer(bytes('b'));
        before.offer(bytes('c'));
        var port = outputs.open(new PortKind.Network("lab"), owner());
        assertThat(port.world().offer(0, frame())).as("it is taken, and nobody sees it").isTrue();
        assertThat(seen).isEmpty();
        assertThat(worlds.getFirst().frames).hasValue(0);
    }

    @Test
    void aPortThatIsClosedIsNotToldAnyMore() throws Exception {
        outputs.seal(0);
        var port = outputs.open(new PortKind.Network("lab"), owner());
        port.world().offer(0, frame());
        port.close();
        outputs.release(1);
        assertThat(worlds.getFirst().closed).isTrue();
        assertThat(worlds.getFirst().frames).hasValue(0);
    }

    @Test
    void ofBytesThatAreWrittenOneByOneAboutAMegabyteWaits() {
        var serial = console();
        outputs.seal(0);
        int held = 0;
        while (serial.offer(bytes((char) ('a' + held % 26)))) {
            held++;
        }
        assertThat(held).isBetween(800_000, Outputs.CONSOLE_BYTES_MAX);
        outputs.letGo();
        assertThat(seen).hasSize(held);
        for (int i = 0; i < held; i++) {
            assertThat(seen.charAt(i)).isEqualTo((char) ('a' + i % 26));
        }
    }
}
