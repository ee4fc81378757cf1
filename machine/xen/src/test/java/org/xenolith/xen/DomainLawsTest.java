package org.xenolith.xen;

import org.junit.jupiter.api.Test;
import org.xenolith.base.Sizes;
import org.xenolith.device.Device;
import org.xenolith.memory.GuestMemory;
import org.xenolith.testkit.DeviceLaws;
import org.xenolith.testkit.DeviceRig;
import org.xenolith.testkit.ManualClock;

import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

class DomainLawsTest {
    private static final long SEED = 4_170;

    /// Random calls put pages here, or at powers of two.
    private static final long LOW_GFNS = 0x1000;

    /// A guest that calls at random, and the time that passes for it.
    private static final class Rig implements DeviceRig<DomainState> {
        private final Guest guest;
        private final RandomCalls calls;

        Rig(Guest guest) {
            this.guest = guest;
            this.calls = new RandomCalls(guest);
        }

        @Override
        public Device<DomainState> device() {
            return guest.domain;
        }

        @Override
        public Object step(RandomGenerator random) {
            Object seen =
                    switch (random.nextInt(5)) {
                        case 0 -> {
                            guest.pass(random.nextLong(5_000_000));
                            yield "time";
                        }
                        case 1 -> {
                            guest.domain.vcpuRuns(
                                    random.nextInt(3), Guest.counter(random.nextLong()));
                            yield guest.domain.pendingCallbackVector(random.nextInt(3));
                        }
                        case 2 -> {
                            guest.domain.vcpuWaits(random.nextInt(3), RunState.BLOCKED);
                            yield guest.domain.isVcpuUp(random.nextInt(3));
                        }
                        default -> calls.make(random);
                    };
            return List.of(seen, guest.told());
        }

        @Override
        public DeviceRig<DomainState> fresh() {
            return new Rig(
                    new Guest(
                            guest.spec, copy(guest.memory), new ManualClock(guest.clock.nanos())));
        }
    }

    /// Memory with the same pages at the same places; what nothing shows is free.
    private static GuestMemory copy(GuestMemory original) {
        var copy = GuestMemory.create(original.frameCount());
        LongStream.concat(
                        LongStream.range(0, LOW_GFNS),
                        IntStream.range(12, 28).mapToLong(bit -> 1L << bit))
                .filter(gfn -> original.frameAt(gfn) >= 0)
                .forEach(gfn -> {
                    copy.map(gfn, copy.allocateFrame());
                    copy.write(gfn << Sizes.PAGE_SHIFT, page(original, gfn));
                });
        return copy;
    }

    private static byte[] page(GuestMemory memory, long gfn) {
        return memory.read(gfn << Sizes.PAGE_SHIFT, Sizes.PAGE_BYTES);
    }

    @Test
    void aDomainKeepsTheLawsOfDevices() {
        DeviceLaws.check(() -> new Rig(new Guest(3)), SEED, 20, 300);
    }
}
