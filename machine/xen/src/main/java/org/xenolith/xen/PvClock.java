package org.xenolith.xen;

import static org.xenolith.state.StateException.require;

import org.xenolith.memory.GuestMemory;
import org.xenolith.xen.abi.Abi;
import org.xenolith.xen.abi.Struct;
import org.xenolith.xen.abi.XenAbi;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.function.LongSupplier;

/// The paravirtual clock: for each vCPU, how to get system time from its TSC (`struct
/// vcpu_time_info`, xen/include/public/xen.h). Guarded by the domain's lock.
///
/// The TSCs of all vCPUs run at one constant frequency and in step, so a record stays right once
/// written; it is renewed now and then all the same. All records say the same of the same TSC, so
/// that time never goes back for a program that moves from one vCPU to another.
final class PvClock {
    /// `XEN_PVCLOCK_TSC_STABLE_BIT`: readers need no monotonicity check between vCPUs.
    private static final int TSC_STABLE = 1;

    /// `XEN_PVCLOCK_GUEST_STOPPED`: the guest did not run for a while and is to forgive its
    /// watchdogs. The guest clears it. Xen's headers have it, its x86 hypervisor never sets it; see
    /// docs/quirks.md.
    private static final int GUEST_STOPPED = 2;

    private static final long RENEW_NANOS = 1_000_000_000L;

    /// TSC and time are read again if this much time has gone by between them, so many times.
    private static final long SAMPLE_NANOS = 500;

    private static final int SAMPLES_MAX = 8;

    /// A record that is closer than this to what the others say says the same.
    private static final long AGREEMENT_NANOS = 10_000;

    private static final long NANOS_IN_SECOND = 1_000_000_000L;
    private static final int VERSION_OFFSET = 0;

    /// The word whose second byte holds the flags.
    private static final int FLAGS_WORD_OFFSET = 28;

    private static final Struct LAYOUT = XenAbi.VCPU_TIME_INFO;

    /// Bytes of a record, for both kinds of caller.
    static final int BYTES = LAYOUT.size(Abi.X86_64);

    private final GuestMemory memory;
    private final Words words;
    private final SharedInfo shared;
    private final DomainTime time;
    private final int multiplier;
    private final int shift;

    /// System time of the last record; 0 makes the next one due.
    private final AtomicLongArray written;

    // A TSC and the system time at it, as some record says. May be forgotten: the next one is as
    // good.
    private boolean anchored;
    private long anchorTsc;
    private long anchorTime;

    private final GuestArea[] secondary;

    /// vCPUs whose next record says that the guest was stopped. May be forgotten: watchdogs bark.
    private final boolean[] stopped;

    PvClock(DomainSpec spec, GuestMemory memory, Words words, SharedInfo shared, DomainTime time) {
        this.memory = memory;
        this.words = words;
        this.shared = shared;
        this.time = time;
        this.written = new AtomicLongArray(spec.vcpus());
        this.secondary = new GuestArea[spec.vcpus()];
        this.stopped = new boolean[spec.vcpus()];
        this.shift = shift(spec.tscKilohertz());
        this.multiplier = multiplier(spec.tscKilohertz());
    }

    /// Nanoseconds are `((ticks << shift) * multiplier) >> 32`: the shift, which may be to the
    /// right, scales the frequency to between 1 and 2 GHz, so that the multiplier uses all of its
    /// 32 bits.
    static int shift(long kilohertz) {
        long hertz = kilohertz * 1000;
        int shift = 0;
        while (hertz > 2 * NANOS_IN_SECOND) {
            hertz >>= 1;
            shift--;
        }
        while (hertz <= NANOS_IN_SECOND) {
            hertz <<= 1;
            shift++;
        }
        return shift;
    }

    static int multiplier(long kilohertz) {
        int shift = shift(kilohertz);
        long hertz = shift < 0 ? kilohertz * 1000 >> -shift : kilohertz * 1000 << shift;
        return (int) ((NANOS_IN_SECOND << 32) / hertz);
    }

    /// The next [#update] of the vCPU writes a record.
    void invalidate(int vcpu) {
        written.set(vcpu, 0);
    }

    /// The guest has not run for so long that it should be told.
    void guestWasStopped() {
        Arrays.fill(stopped, true);
        for (int vcpu = 0; vcpu < stopped.length; vcpu++) {
            invalidate(vcpu);
        }
    }

    /// Whether the vCPU needs a new record. May be called without the lock.
    boolean isDue(int vcpu) {
        long last = written.get(vcpu);
        return last == 0 || time.now() - last >= RENEW_NANOS;
    }

    /// Registers a second place for the vCPU's record (`VCPUOP_register_vcpu_time_memory_area`).
    void register(int vcpu, GuestArea area) {
        secondary[vcpu] = area;
        invalidate(vcpu);
    }

    /// The vCPU is about to run; `counter` reads its TSC.
    void update(int vcpu, LongSupplier counter) {
        if (!isDue(vcpu)) {
            return;
        }
        long sampled;
        long tsc;
        int samples = 0;
        do {
            sampled = time.now();
            tsc = counter.getAsLong();
        } while (time.now() - sampled > SAMPLE_NANOS && ++samples < SAMPLES_MAX);
        long now = agreed(tsc, sampled);
        written.set(vcpu, Math.max(now, 1));
        var record =
                LAYOUT.blank(Abi.X86_64)
                        .set("tsc_timestamp", tsc)
                        .set("system_time", now)
                        .set("tsc_to_system_mul", multiplier)
                        .set("tsc_shift", shift)
                        .set("flags", TSC_STABLE);
        writePrimary(vcpu, record);
        stopped[vcpu] = false;
        if (secondary[vcpu] != null) {
            writeSecondary(secondary[vcpu], record.set("flags", TSC_STABLE));
        }
    }

    private long agreed(long tsc, long sampled) {
        if (anchored) {
            long expected = anchorTime + nanos(tsc - anchorTsc);
            if (Math.abs(expected - sampled) < AGREEMENT_NANOS) {
                return expected;
            }
        }
        anchored = true;
        anchorTsc = tsc;
        anchorTime = sampled;
        return sampled;
    }

    /// As the guest computes it.
    private long nanos(long ticks) {
        long distance = Math.abs(ticks);
        long scaled = shift < 0 ? distance >>> -shift : distance << shift;
        long nanos = Math.unsignedMultiplyHigh(scaled, (long) multiplier << 32);
        return ticks < 0 ? -nanos : nanos;
    }

    // The reader repeats while the version is odd or has changed.
    private void writePrimary(int vcpu, Struct.View record) {
        long place = shared.time(vcpu);
        if (place < 0) {
            return;
        }
        int kept = words.get(place + FLAGS_WORD_OFFSET) >>> 8 & GUEST_STOPPED;
        record.set("flags", TSC_STABLE | (stopped[vcpu] ? GUEST_STOPPED : kept));
        int begun = words.get(place) + 1 | 1;
        words.set(place + VERSION_OFFSET, begun);
        var bytes = record.bytes();
        for (int offset = Integer.BYTES; offset < bytes.length; offset += Integer.BYTES) {
            words.set(place + offset, intAt(bytes, offset));
        }
        words.set(place + VERSION_OFFSET, begun + 1);
    }

    private void writeSecondary(GuestArea area, Struct.View record) {
        int begun = memory.readInt(area.first()) + 1 | 1;
        area.writeInt(memory, VERSION_OFFSET, begun);
        GuestMemory.fence();
        var bytes = record.bytes();
        area.write(memory, Integer.BYTES, Arrays.copyOfRange(bytes, Integer.BYTES, bytes.length));
        GuestMemory.fence();
        area.writeInt(memory, VERSION_OFFSET, begun + 1);
    }

    private static int intAt(byte[] bytes, int offset) {
        return bytes[offset] & 0xFF
                | (bytes[offset + 1] & 0xFF) << 8
                | (bytes[offset + 2] & 0xFF) << 16
                | bytes[offset + 3] << 24;
    }

    /// When a vCPU's record was last written, and none or one second place of it.
    record VcpuClock(long written, List<GuestArea> area) {
        VcpuClock {
            area = List.copyOf(area);
            require(written >= 0, "system time is not negative");
            require(area.size() <= 1, "one area for each vCPU");
        }
    }

    record State(List<VcpuClock> vcpus) {
        State {
            vcpus = List.copyOf(vcpus);
        }
    }

    State capture() {
        var vcpus = new ArrayList<VcpuClock>();
        for (int vcpu = 0; vcpu < secondary.length; vcpu++) {
            var area = secondary[vcpu] == null ? List.<GuestArea>of() : List.of(secondary[vcpu]);
            vcpus.add(new VcpuClock(written.get(vcpu), area));
        }
        return new State(vcpus);
    }

    /// Refuses what [#restore] could not do.
    void check(State state) {
        require(state.vcpus.size() == secondary.length, "as many vCPUs as before");
    }

    void restore(State state) {
        anchored = false;
        for (int vcpu = 0; vcpu < secondary.length; vcpu++) {
            var saved = state.vcpus.get(vcpu);
            written.set(vcpu, saved.written);
            secondary[vcpu] = saved.area.isEmpty() ? null : saved.area.getFirst();
        }
    }
}
