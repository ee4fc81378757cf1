package org.xenolith.platform;

import org.xenolith.device.Device;
import org.xenolith.device.Migratability;
import org.xenolith.device.PortDevice;
import org.xenolith.state.StateCodec;

import java.lang.invoke.MethodHandles;
import java.util.function.IntConsumer;

/// The debug port that Xen and Bochs have at [PvhLayout#DEBUG_PORT]: every byte written is output.
/// Reads give all-ones, as on Xen.
public final class DebugPort implements PortDevice, Device<DebugPort.State> {
    /// Nothing that the guest could notice.
    public record State() {
        static final StateCodec<State> CODEC =
                StateCodec.of("debug-port", State.class, MethodHandles.lookup());
    }

    private final IntConsumer output;

    /// `output` takes bytes, 0 to 255, from any thread.
    public DebugPort(IntConsumer output) {
        this.output = output;
    }

    @Override
    public int read(int offset, int bytes) {
        return -1 >>> (32 - 8 * bytes);
    }

    @Override
    public void write(int offset, int bytes, int value) {
        if (bytes == 1) {
            output.accept(value & 0xFF);
        }
    }

    @Override
    public State capture() {
        return new State();
    }

    @Override
    public void restore(State state) {}

    @Override
    public StateCodec<State> codec() {
        return State.CODEC;
    }

    @Override
    public Migratability migratability() {
        return new Migratability.Stateless();
    }
}
