package org.xenolith.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.xenolith.base.Bug;

import java.lang.invoke.MethodHandles;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;

class StateCodecTest {
    enum Colour {
        RED,
        GREEN
    }

    record Point(int x, long y) {}

    record Drawing(
            boolean shown,
            Colour colour,
            Point origin,
            List<Point> points,
            Bytes name,
            List<Long> n) {
        Drawing {
            points = List.copyOf(points);
            n = List.copyOf(n);
            StateException.require(points.size() < 100, "a drawing has few points");
        }
    }

    record CounterV1(int count) {}

    record CounterV2(long count, boolean wrapped) {
        static CounterV2 from(CounterV1 old) {
            return new CounterV2(old.count, false);
        }
    }

    record Counter(long count, boolean wrapped, List<Integer> laps) {
        static Counter from(CounterV2 old) {
            return new Counter(old.count, old.wrapped, List.of());
        }
    }

    record Nothing() {}

    record Nothings(List<Nothing> inner) {}

    record Nested(List<Nested> inner) {}

    record Octets(byte[] bytes) {}

    private static final StateCodec<Drawing> DRAWING =
            StateCodec.of("drawing", Drawing.class, MethodHandles.lookup());

    private static final StateCodec<CounterV1> COUNTER_1 =
            StateCodec.of("counter", CounterV1.class, MethodHandles.lookup());

    private static final StateCodec<Counter> COUNTER =
            COUNTER_1.then(CounterV2.class, CounterV2::from).then(Counter.class, Counter::from);

    private static final Drawing SAMPLE =
            new Drawing(
                    true,
                    Colour.GREEN,
                    new Point(-1, 2),
                    List.of(new Point(3, 4)),
                    Bytes.of((byte) 7, (byte) 8),
                    List.of(5L));

    @Test
    void theFormIsThatOfTheSpecification() {
        assertThat(HexFormat.of().formatHex(DRAWING.encode(SAMPLE).toArray()))
                .isEqualTo(
                        "01" // shown
                                + "01" // GREEN
                                + "ffffffff"
                                + "0200000000000000" // origin
                                + "01000000"
                                + "03000000"
                                + "0400000000000000" // points
                                + "02000000"
                                + "0708" // name
                                + "01000000"
                                + "0500000000000000"); // n
    }

    @Test
    void whatWasEncodedIsDecoded() {
        assertThat(DRAWING.decode(1, DRAWING.encode(SAMPLE))).isEqualTo(SAMPLE);
    }

    @Test
    void earlierVersionsBecomeTheirSuccessors() {
        var old = COUNTER_1.encode(new CounterV1(41));
        assertThat(COUNTER.version()).isEqualTo(3);
        assertThat(COUNTER.decode(1, old)).isEqualTo(new Counter(41, false, List.of()));
        assertThat(COUNTER.decode(3, COUNTER.encode(new Counter(1, true, List.of(2)))))
                .isEqualTo(new Counter(1, true, List.of(2)));
    }

    @Test
    void unknownVersionsAreRefused() {
        var encoded = COUNTER.encode(new Counter(1, true, List.of()));
        for (int version : new int[] {0, -1, 4, Integer.MAX_VALUE}) {
            assertThatThrownBy(() -> COUNTER.decode(version, encoded))
                    .isInstanceOf(StateException.class);
        }
    }

    @Test
    void whatIsTooShortOrTooLongIsRefused() {
        var encoded = DRAWING.encode(SAMPLE).toArray();
        for (int length = 0; length < encoded.length; length++) {
            var part = Bytes.of(Arrays.copyOf(encoded, length));
            assertThatThrownBy(() -> DRAWING.decode(1, part)).isInstanceOf(StateException.class);
        }
        var longer = Bytes.of(Arrays.copyOf(encoded, encoded.length + 1));
        assertThatThrownBy(() -> DRAWING.decode(1, longer)).isInstanceOf(StateException.class);
    }

    @Test
    void theConstructorIsTheGate() {
        var encoded = DRAWING.encode(SAMPLE).toArray();
        var many = Arrays.copyOf(encoded, 18 + 100 * 12 + 4 + 4);
        many[14] = 100;
        assertThatThrownBy(() -> DRAWING.decode(1, Bytes.of(many)))
                .isInstanceOf(StateException.class)
                .hasMessage("a drawing has few points");
    }

    @Test
    void aHugeCountIsRefusedBeforeAnythingIsAllocated() {
        var encoded = DRAWING.encode(SAMPLE).toArray();
        for (int place : new int[] {14, 30, 36}) {
            for (int count : new int[] {-1, Integer.MIN_VALUE, Integer.MAX_VALUE, 0x4000_0000}) {
                var damaged = encoded.clone();
                for (int i = 0; i < 4; i++) {
                    damaged[place + i] = (byte) (count >>> 8 * i);
                }
                assertThatThrownBy(() -> DRAWING.decode(1, Bytes.of(damaged)))
                        .isInstanceOf(StateException.class)
                        .hasMessage("a state counts more than it holds");
            }
        }
    }

    @Test
    void randomBytesAreAStateOrRefused() {
        var random = new SplittableRandom(11);
        int states = 0;
        for (int round = 0; round < 20_000; round++) {
            var bytes = DRAWING.encode(SAMPLE).toArray();
            for (int i = random.nextInt(1, 4); i > 0; i--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(3);
            }
            try {
                var state = DRAWING.decode(1, Bytes.of(bytes));
                assertThat(DRAWING.encode(state)).isEqualTo(Bytes.of(bytes));
                states++;
            } catch (StateException refused) {
                assertThat(refused.getMessage()).isNotBlank();
            }
        }
        assertThat(states).isBetween(1, 19_999);
    }

    @Test
    void recordsThatCannotBeStateAreFoundWhenTheCodecIsMade() {
        for (var type : List.of(Nothings.class, Nested.class, Octets.class)) {
            assertThatThrownBy(() -> StateCodec.of("x", type, MethodHandles.lookup()))
                    .isInstanceOf(Bug.class);
        }
        assertThatThrownBy(() -> StateCodec.of("No Kind", Point.class, MethodHandles.lookup()))
                .isInstanceOf(Bug.class);
    }

    @Test
    void theFormInWordsNamesEveryComponent() {
        assertThat(DRAWING.form())
                .isEqualTo(
                        """
                        drawing version 1: record
                          shown: boolean
                          colour: one of RED GREEN
                          origin: record
                            x: int
                            y: long
                          points: list of record
                            x: int
                            y: long
                          name: bytes
                          n: list of long
                        """);
    }
}
