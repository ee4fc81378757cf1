package org.xenolith.xen;

import org.xenolith.base.DomainId;
import org.xenolith.base.Sizes;
import org.xenolith.base.TimerQueue;
import org.xenolith.memory.GuestMemory;
import org.xenolith.testkit.ManualClock;
import org.xenolith.xen.abi.Abi;
import org.xenolith.xen.abi.Struct;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.function.LongSupplier;

/// A domain with memory, a clock set by hand and a host that writes down what it is told. Linear
/// addresses are guest-physical ones. Structures for hypercalls go to a page of their own.
final class Guest {
    static final int SELF = 0x7FF0;
    static final long RAM_BYTES = 2 * Sizes.MIB;
    static final long RAM_PAGES = RAM_BYTES >>> Sizes.PAGE_SHIFT;
    static final long PAGES_MAX = RAM_PAGES + 64;

    /// Where [#put] puts structures, and where lists may be put.
    static final long SCRATCH = 0x10000;

    static final long LIST = 0x20000;
    static final long HOLE = 0x4000_0000L;

    final DomainSpec spec;
    final GuestMemory memory;
    final ManualClock clock;
    final TimerQueue timers;
    final List<String> told = new ArrayList<>();
    final XenDomain domain;

    Guest() {
        this(2);
    }

    Guest(int vcpus) {
        this(spec(vcpus), memory(spec(vcpus)), new ManualClock(5_000_000_000L));
    }

    Guest(DomainSpec spec, GuestMemory memory, ManualClock clock) {
        this.spec = spec;
        this.memory = memory;
        this.clock = clock;
        this.timers = new TimerQueue(clock);
        this.domain = new XenDomain(spec, memory, timers, new Host());
    }

    /// One that has so many pages less than its map shows.
    static Guest onDemand(long pages) {
        var spec = spec(1, RAM_PAGES - pages);
        return new Guest(spec, memory(spec), new ManualClock(5_000_000_000L));
    }

    static DomainSpec spec(int vcpus) {
        return spec(vcpus, RAM_PAGES);
    }

    private static DomainSpec spec(int vcpus, long pages) {
        return new DomainSpec(
                new DomainId(7),
                UUID.fromString("00112233-4455-6677-8899-aabbccddeeff"),
                vcpus,
                DomainSpec.HypercallInstruction.VMCALL,
                2_500_000,
                pages,
                PAGES_MAX,
                4,
                DomainSpec.EVENT_CHANNELS_DEFAULT,
                List.of(new DomainSpec.MemoryRange(0, RAM_BYTES, 1)),
                false);
    }

    static GuestMemory memory(DomainSpec spec) {
        return GuestMemory.withRam(RAM_BYTES, (int) (PAGES_MAX - RAM_PAGES) + spec.extraFrames());
    }

    private final class Host implements DomainHost {
        @Override
        public void interrupt(int vcpu, int vector) {
            told.add("interrupt " + vcpu + " " + vector);
        }

        @Override
        public void wake(int vcpu) {
            told.add("wake " + vcpu);
        }

        @Override
        public void nonMaskableInterrupt(int vcpu) {
            told.add("nmi " + vcpu);
        }

        @Override
        public void initialise(int vcpu, VcpuStart start) {
            told.add("initialise " + vcpu + " " + start);
        }

        @Override
        public void vcpuUp(int vcpu) {
            told.add("up " + vcpu);
        }

        @Override
        public void vcpuDown(int vcpu) {
            told.add("down " + vcpu);
        }

        @Override
        public void shutdown(ShutdownReason reason) {
            told.add("shutdown " + reason);
        }

        @Override
        public void callbackLine(int gsi, boolean asserted) {
            told.add("line " + gsi + " " + asserted);
        }

        @Override
        public void consoleOutput(byte[] bytes) {
            told.add("console " + new String(bytes, StandardCharsets.ISO_8859_1));
        }
    }

    /// A vCPU whose address space is guest-physical memory.
    VcpuContext vcpu(int id) {
        return new VcpuContext() {
            @Override
            public int id() {
                return id;
            }

            @Override
            public boolean copyIn(long linear, byte[] into, int from, int length) {
                return memory.read(linear, into, from, length);
            }

            @Override
            public boolean copyOut(long linear, byte[] bytes, int from, int length) {
                return memory.write(linear, bytes, from, length);
            }

            @Override
            public long translate(long linear) {
                return memory.hostOffset(linear) < 0 ? -1 : linear;
            }
        };
    }

    /// What was told to the host since the last call.
    List<String> told() {
        var list = List.copyOf(told);
        told.clear();
        return list;
    }

    HypercallResult result(int vcpu, Abi abi, long number, long... arguments) {
        var a = Arrays.copyOf(arguments, 5);
        return domain.hypercall(
                vcpu(vcpu), abi == Abi.X86_64, 0, number, a[0], a[1], a[2], a[3], a[4]);
    }

    /// A hypercall by vCPU 0 in 64-bit mode.
    long call(long number, long... arguments) {
        return result(0, Abi.X86_64, number, arguments).value();
    }

    /// The same in 32-bit mode; the value is the register, sign-extended for comparison.
    long call32(long number, long... arguments) {
        return (int) result(0, Abi.X86_32, number, arguments).value();
    }

    /// Puts a structure in the scratch page: pairs of member and value. Returns its address.
    long put(Abi abi, Struct struct, Object... members) {
        var view = struct.blank(abi);
        for (int i = 0; i < members.length; i += 2) {
            view.set((String) members[i], ((Number) members[i + 1]).longValue());
        }
        memory.write(SCRATCH, view.bytes());
        return SCRATCH;
    }

    long put(Struct struct, Object... members) {
        return put(Abi.X86_64, struct, members);
    }

    /// A member of the structure in the scratch page.
    long got(Struct struct, String field) {
        return struct.view(Abi.X86_64, memory.read(SCRATCH, struct.size(Abi.X86_64))).get(field);
    }

    /// Advances time and fires what is due.
    void pass(long nanos) {
        clock.advance(nanos);
        timers.runDue();
    }

    /// A TSC that stands still.
    static LongSupplier counter(long value) {
        return () -> value;
    }
}
