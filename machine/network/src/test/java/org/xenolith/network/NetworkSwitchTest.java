package org.xenolith.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.xenolith.base.DomainId;
import org.xenolith.testkit.ManualClock;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Stream;

/// The switch of one process.
class NetworkSwitchTest {
    private static final int PLENTY = 1_000_000;

    private final ManualClock clock = new ManualClock(0);
    private final NetworkSwitch hub = new NetworkSwitch(clock);

    private record Guest(SwitchPort port, FakeGuest sink) {
        void send(Frame frame) {
            assertThat(port.world().offer(0, frame)).isTrue();
        }
    }

    private Guest guest() {
        var owner = new GuestInterface(new DomainId(1), 0, 1, OptionalInt.empty());
        var port = new SwitchPort(hub, "lab", owner, 1500, () -> {});
        assertThat(hub.join(port)).isTrue();
        var sink = new FakeGuest(PLENTY);
        port.open(sink);
        return new Guest(port, sink);
    }

    @Test
    void framesPassByReferenceWithAllThatIsLeftToDo() {
        var one = guest();
        var two = guest();
        var frame = HostileFrames.all(1000);
        frame.forEach(one::send);
        assertThat(two.sink().taken()).isNotEmpty().isSubsetOf(frame);
    }

    @Test
    void anAddressIsForgottenWhenItHasNotBeenUsedForSoLong() {
        var one = guest();
        var two = guest();
        var three = guest();
        two.send(Frames.of(2, 1, "here"));
        one.send(Frames.of(1, 2, "known"));
        assertThat(three.sink().taken()).hasSize(1);
        clock.advance(MacTable.AGE_NANOS_MAX - 1);
        one.send(Frames.of(1, 2, "known"));
        assertThat(three.sink().taken()).hasSize(1);
        clock.advance(2);
        one.send(Frames.of(1, 2, "forgotten"));
        assertThat(three.sink().taken()).hasSize(2);
        assertThat(two.sink().taken()).hasSize(3);
    }

    @Test
    void anAddressThatMovesIsFollowedAtOnce() {
        var one = guest();
        var two = guest();
        var three = guest();
        one.send(Frames.of(1, 1, "to myself"));
        two.send(Frames.of(2, 1, "here"));
        one.send(Frames.of(1, 2, "x"));
        three.send(Frames.of(2, 1, "now here"));
        one.send(Frames.of(1, 2, "y"));
        assertThat(texts(two)).containsExactly("x");
        assertThat(texts(three)).containsExactly("y");
    }

    @Test
    void whoMakesUpAddressesDrivesNobodyElseOut() {
        var one = guest();
        var two = guest();
        var hostile = guest();
        two.send(Frames.of(2, 1, "here"));
        for (int i = 0; i < 100_000; i++) {
            hostile.send(Frames.of(1000 + i, 2, "flood"));
        }
        int before = hostile.sink().taken().size();
        one.send(Frames.of(1, 2, "still known"));
        assertThat(texts(two)).endsWith("still known");
        assertThat(hostile.sink().taken()).hasSize(before);
        // What it has made up is found for the share that it has.
        for (int i = 0; i < 100_000; i++) {
            one.send(Frames.of(1, 1000 + i, "y"));
        }
        assertThat(texts(two).stream().filter("y"::equals).count())
                .isEqualTo(100_000 - hostile.port().addressesMax());
    }

    @Test
    void aShareIsFreeAgainWhenItsAddressesAreOld() {
        var one = guest();
        var two = guest();
        var three = guest();
        for (int i = 0; i < two.port().addressesMax(); i++) {
            two.send(Frames.of(1000 + i, 99, "x"));
        }
        two.send(Frames.of(2, 99, "not learned"));
        clock.advance(MacTable.AGE_NANOS_MAX + 1);
        two.send(Frames.of(2, 99, "learned"));
        int before = three.sink().taken().size();
        one.send(Frames.of(1, 2, "x"));
        assertThat(three.sink().taken()).hasSize(before);
    }

    @Test
    void whatNoSwitchPassesOnIsDropped() {
        var one = guest();
        var two = guest();
        for (int last = 0; last < 16; last++) {
            var frame = Frames.of(1, 2, "group " + last);
            System.arraycopy(
                    new byte[] {1, (byte) 0x80, (byte) 0xC2, 0, 0, (byte) last},
                    0,
                    frame.bytes(),
                    0,
                    6);
            one.send(frame);
        }
        var fromGroup = Frames.of(1, 2, "from a group");
        fromGroup.bytes()[6] |= 1;
        one.send(fromGroup);
        var fromNobody = Frames.of(1, 2, "from nobody");
        fromNobody.bytes()[6] = 0;
        fromNobody.bytes()[11] = 0;
        one.send(fromNobody);
        assertThat(texts(two)).containsExactly("group 0");
    }

    @Test
    void aFrameToItsOwnSenderGoesNowhere() {
        var one = guest();
        var two = guest();
        one.send(Frames.of(1, 9, "hello"));
        one.send(Frames.of(1, 1, "to myself"));
        assertThat(texts(two)).containsExactly("hello");
        assertThat(texts(one)).isEmpty();
    }

    @Test
    void membersHaveABound() {
        var members = new ArrayList<SwitchPort>();
        for (int i = 0; i < NetworkSwitch.MEMBERS_MAX; i++) {
            members.add(guest().port());
        }
        assertThatThrownBy(this::guest).isInstanceOf(AssertionError.class);
        members.getFirst().close();
        guest();
    }

    @Test
    void manySendersAtOnceKeepTheirOrderAndLoseNothingThatHasRoom() throws Exception {
        var few = sendFromMany(WaitingFrames.FRAMES_MAX / 4);
        assertThat(few).hasSize(WaitingFrames.FRAMES_MAX);
        sendFromMany(20_000);
    }

    /// What one guest gets from four that send `each` frames at once.
    private List<String> sendFromMany(int each) throws Exception {
        var receiver = guest();
        receiver.send(Frames.of(1, 99, "here"));
        var threads = new ArrayList<Thread>();
        for (int sender = 0; sender < 4; sender++) {
            var guest = guest();
            int address = 10 + sender;
            threads.add(
                    Thread.ofPlatform()
                            .start(() -> {
                                for (int i = 0; i < each; i++) {
                                    guest.send(Frames.of(address, 1, address + ":" + i));
                                }
                            }));
        }
        for (var thread : threads) {
            thread.join();
        }
        var texts = texts(receiver);
        for (int sender = 0; sender < 4; sender++) {
            var prefix = (10 + sender) + ":";
            var numbers =
                    texts.stream()
                            .filter(text -> text.startsWith(prefix))
                            .map(text -> Integer.parseInt(text.substring(prefix.length())))
                            .toList();
            assertThat(numbers).isNotEmpty().isSorted().doesNotHaveDuplicates();
        }
        return texts;
    }

    @Test
    void roomThatComesWhileAFrameIsRefusedIsNotMissed() throws Exception {
        for (int round = 0; round < 2_000; round++) {
            var sink = new FakeGuest(0);
            var waiting = new WaitingFrames(new Budget(1_000));
            sink.onRoom(0, waiting::retry);
            waiting.open(sink::offer);
            var adder = Thread.ofPlatform().start(() -> waiting.add(0, Frames.of(1, 2, "x")));
            sink.makeRoom(1);
            adder.join();
            assertThat(sink.taken()).hasSize(1);
        }
    }

    @Test
    void allQueuesTogetherKeepNoMoreThanTheBudget() {
        var budget = new Budget(100_000);
        var frame = Frame.plain(new byte[1000]);
        var queues = Stream.generate(() -> new WaitingFrames(budget)).limit(3).toList();
        for (int i = 0; i < 60; i++) {
            queues.forEach(queue -> queue.add(0, frame));
        }
        assertThat(budget.take(1000)).isFalse();
        var sinks = queues.stream().map(_ -> new FakeGuest(PLENTY)).toList();
        for (int i = 0; i < queues.size(); i++) {
            queues.get(i).open(sinks.get(i)::offer);
        }
        assertThat(sinks.stream().mapToInt(sink -> sink.taken().size()).sum()).isEqualTo(100);
        assertThat(budget.take(100_000)).isTrue();
    }

    @Test
    void aClosedQueueGivesItsShareBack() {
        var budget = new Budget(100_000);
        var queue = new WaitingFrames(budget);
        queue.add(0, Frame.plain(new byte[1000]));
        queue.close();
        queue.add(0, Frame.plain(new byte[1000]));
        assertThat(budget.take(100_000)).isTrue();
    }

    private static List<String> texts(Guest guest) {
        return guest.sink().taken().stream().map(Frames::text).toList();
    }
}
