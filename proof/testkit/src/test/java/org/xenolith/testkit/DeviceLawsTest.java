package org.xenolith.testkit;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.xenolith.state.StateException.require;

import org.junit.jupiter.api.Test;
import org.xenolith.device.Device;
import org.xenolith.device.Migratability;
import org.xenolith.state.StateCodec;

import java.lang.invoke.MethodHandles;
import java.util.random.RandomGenerator;

class DeviceLawsTest {
    record CounterState(int count, boolean odd) {
        static final StateCodec<CounterState> CODEC =
                StateCodec.of("counter", CounterState.class, MethodHandles.lookup());

        CounterState {
            require(count >= 0, "a count is not negative");
            require(odd == (count % 2 == 1), "odd tells the parity of the count");
        }
    }

    /// Counts; forgets to restore what it is told to forget.
    static class Counter implements Device<CounterState> {
        int count;

        int increment() {
            return count++;
        }

        @Override
        public CounterState capture() {
            return new CounterState(count, count % 2 == 1);
        }

        @Override
        public void restore(CounterState state) {
            count = state.count();
        }

        @Override
        public StateCodec<CounterState> codec() {
            return CounterState.CODEC;
        }

        @Override
        public Migratability migratability() {
            return new Migratability.Migratable();
        }
    }

    record Rig(Counter device) implements DeviceRig<CounterState> {
        @Override
        public Object step(RandomGenerator random) {
            return device.increment();
        }

        @Override
        public Rig fresh() {
            return new Rig(
                    device.getClass() == Counter.class ? new Counter() : new HiddenStateCounter());
        }
    }

    /// The canary: its answers depend on something that is not in its state.
    static final class HiddenStateCounter extends Counter {
        private int hidden;

        @Override
        int increment() {
            return hidden++ + super.increment();
        }
    }

    @Test
    void aDeviceWhoseStateIsCompletePasses() {
        assertThatCode(() -> DeviceLaws.check(() -> new Rig(new Counter()), 1, 50, 20))
                .doesNotThrowAnyException();
    }

    @Test
    void aDeviceWithStateOutsideItsRecordIsNoticed() {
        assertThatThrownBy(
                        () -> DeviceLaws.check(() -> new Rig(new HiddenStateCounter()), 1, 50, 20))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("the answer to step");
    }
}
