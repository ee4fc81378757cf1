package org.xenolith.pv;

import static org.assertj.core.api.Assertions.assertThat;

import org.xenolith.base.DomainId;
import org.xenolith.base.Sizes;
import org.xenolith.base.TimerQueue;
import org.xenolith.device.Workers;
import org.xenolith.memory.GuestMemory;
import org.xenolith.pv.xenbus.XenbusPaths;
import org.xenolith.pv.xenbus.XenbusState;
import org.xenolith.testkit.ManualClock;
import org.xenolith.xen.DebugKey;
import org.xenolith.xen.DomainHost;
import org.xenolith.xen.DomainSpec;
import org.xenolith.xen.ShutdownReason;
import org.xenolith.xen.VcpuContext;
import org.xenolith.xen.VcpuStart;
import org.xenolith.xen.XenDomain;
import org.xenolith.xen.abi.Abi;
import org.xenolith.xen.abi.EventChannelAbi;
import org.xenolith.xen.abi.GrantTableAbi;
import org.xenolith.xen.abi.MemoryAbi;
import org.xenolith.xen.abi.Struct;
import org.xenolith.xen.abi.XenAbi;
import org.xenolith.xenstore.XenStore;

import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/// A domain with real memory, grant table, event channels and xenstore, and no processor: tests do
/// what its kernel would. Linear addresses are guest-physical ones.
public class FakeGuest {
    public static final int ID = 7;

    private static final long RAM_BYTES = 16 * Sizes.MIB;
    private static final long PAGES = RAM_BYTES >>> Sizes.PAGE_SHIFT;
    private static final int GRANT_FRAMES = 8;
    private static final long SCRATCH = 0x1000;
    private static final long SHARED_INFO = 0x2000;
    private static final long GRANT_TABLE = 0x10000;

    /// Free for tests from here on.
    public static final int FIRST_FRAME = 0x100;

    private static final long WAIT_MILLIS_MAX = 20_000;

    public final GuestMemory memory;
    public final XenDomain domain;
    public final XenStore store = new XenStore();
    public final List<Throwable> failures = new CopyOnWriteArrayList<>();
    public final List<String> log = new CopyOnWriteArrayList<>();
    public final ManualClock clock = new ManualClock(1);
    public final TimerQueue timers = new TimerQueue(clock);
    public final Workers workers = Workers.virtualThreads(failures::add);
    private int nextReference = GrantTableAbi.GNTTAB_NR_RESERVED_ENTRIES;
    private int nextFrame = FIRST_FRAME;
    private final XenbusPaths paths;

    /// With one device, of this kind and number.
    public FakeGuest(String kind, int number) {
        paths = new XenbusPaths(new DomainId(ID), kind, number);
        var spec =
                new DomainSpec(
                        new DomainId(ID),
                        new UUID(1, 2),
                        1,
                        DomainSpec.HypercallInstruction.VMCALL,
                        2_500_000,
                        PAGES,
                        PAGES,
                        GRANT_FRAMES,
                        DomainSpec.EVENT_CHANNELS_DEFAULT,
                        List.of(new DomainSpec.MemoryRange(0, RAM_BYTES, 1)),
                        false);
        memory = GuestMemory.withRam(RAM_BYTES, spec.extraFrames());
        domain = new XenDomain(spec, memory, timers, new Host());
        map(MemoryAbi.XENMAPSPACE_shared_info, 0, SHARED_INFO);
        for (int frame = 0; frame < GRANT_FRAMES; frame++) {
            map(MemoryAbi.XENMAPSPACE_grant_table, frame, GRANT_TABLE + frame * 4096L);
        }
    }

    /// The twin of one that stands still: what a restored machine is.
    protected FakeGuest(FakeGuest original) {
        this(original.paths.kind(), original.paths.number());
        memory.write(0, original.memory.read(0, (int) RAM_BYTES));
        domain.restore(original.domain.capture());
        store.restore(original.store.capture());
        nextReference = original.nextReference;
        nextFrame = original.nextFrame;
    }

    // ---------------------------------------------------------------- hypercalls

    private void map(int space, int index, long address) {
        long at =
                put(
                        MemoryAbi.ADD_TO_PHYSMAP,
                        "domid",
                        DomainId.SELF,
                        "space",
                        space,
                        "idx",
                        index,
                        "gpfn",
                        address >>> 12);
        assertThat(call(XenAbi.__HYPERVISOR_memory_op, MemoryAbi.XENMEM_add_to_physmap, at))
                .isZero();
    }

    private long put(Struct struct, Object... members) {
        var view = struct.blank(Abi.X86_64);
        for (int i = 0; i < members.length; i += 2) {
            view.set((String) members[i], ((Number) members[i + 1]).longValue());
        }
        memory.write(SCRATCH, view.bytes());
        return SCRATCH;
    }

    private long call(long number, long a1, long a2) {
        return domain.hypercall(new Vcpu(), true, 0, number, a1, a2, 0, 0, 0).value();
    }

    /// A new event channel for the back end.
    public int allocatePort() {
        long at = put(EventChannelAbi.ALLOC_UNBOUND, "dom", DomainId.SELF, "remote_dom", 0);
        assertThat(
                        call(
                                XenAbi.__HYPERVISOR_event_channel_op,
                                EventChannelAbi.EVTCHNOP_alloc_unbound,
                                at))
                .isZero();
        return memory.readInt(SCRATCH + EventChannelAbi.ALLOC_UNBOUND.offset(Abi.X86_64, "port"));
    }

    public void send(int port) {
        long at = put(EventChannelAbi.SEND, "port", port);
        call(XenAbi.__HYPERVISOR_event_channel_op, EventChannelAbi.EVTCHNOP_send, at);
    }

    public void closePort(int port) {
        long at = put(EventChannelAbi.CLOSE, "port", port);
        call(XenAbi.__HYPERVISOR_event_channel_op, EventChannelAbi.EVTCHNOP_close, at);
    }

    /// Whether the port has been signalled since the last call.
    public boolean takePending(int port) {
        long word = SHARED_INFO + pendingOffset() + port / 64 * 8L;
        long bits = memory.readLong(word);
        long bit = 1L << port % 64;
        return (bits & bit) != 0 && memory.compareAndSetLong(word, bits, bits & ~bit);
    }

    private static int pendingOffset() {
        return XenAbi.sharedInfoOffset(Abi.X86_64, "evtchn_pending");
    }

    // ---------------------------------------------------------------- pages and grants

    /// A page of its own; its guest-physical address.
    public long page() {
        if (nextFrame >= PAGES) {
            nextFrame = FIRST_FRAME;
        }
        return (long) nextFrame++ << 12;
    }

    /// Grants a page to the back end; returns the reference.
    public int grant(long address, int flags) {
        int reference = nextReference++;
        grantAs(reference, address, flags);
        return reference;
    }

    public int grant(long address) {
        return grant(address, 0);
    }

    public void grantAs(int reference, long address, int flags) {
        long entry = GRANT_TABLE + reference * 8L;
        memory.writeInt(entry + 4, (int) (address >>> 12));
        memory.writeInt(entry, GrantTableAbi.GTF_permit_access | flags);
    }

    /// Takes all grants back that tests have given, so that references may be used again.
    public void forgetGrants() {
        assertThat(mappedGrants()).isEmpty();
        for (int reference = 8; reference < nextReference; reference++) {
            memory.writeInt(GRANT_TABLE + reference * 8L, 0);
        }
        nextReference = GrantTableAbi.GNTTAB_NR_RESERVED_ENTRIES;
        nextFrame = FIRST_FRAME;
    }

    /// References that the back end has mapped.
    public List<Integer> mappedGrants() {
        var mapped = new ArrayList<Integer>();
        int marks = GrantTableAbi.GTF_reading | GrantTableAbi.GTF_writing;
        for (int reference = 0; reference < GRANT_FRAMES * 512; reference++) {
            if ((memory.readShort(GRANT_TABLE + reference * 8L) & marks) != 0) {
                mapped.add(reference);
            }
        }
        return mapped;
    }

    // ---------------------------------------------------------------- xenstore

    public String read(String path) {
        return store.read(path).orElse("(none)");
    }

    public void frontendState(XenbusState state) {
        store.write(paths.frontendPath() + "/state", state.text());
    }

    /// Another driver takes the device, as after a crash of the guest's kernel.
    public void replaceFrontend() {
        store.remove(paths.frontendPath());
        awaitBackend(XenbusState.CLOSED);
        frontendState(XenbusState.INITIALISING);
    }

    /// After the back end has been closed. `round` is for the message.
    public void assertNothingIsLeft(Object round) {
        assertThat(failures).as("%s", round).isEmpty();
        assertThat(mappedGrants()).as("%s", round).isEmpty();
        assertThat(domain.describe(DebugKey.GRANTS)).as("%s", round).hasSize(1);
        assertThat(domain.describe(DebugKey.EVENT_CHANNELS))
                .as("%s", round)
                .noneMatch(line -> line.endsWith("x=1"));
    }

    public XenbusState backendState() {
        return XenbusState.of(store.read(paths.backendPath() + "/state"));
    }

    public void awaitBackend(XenbusState state) {
        await("back end " + state, () -> backendState() == state);
    }

    public void await(String what, BooleanSupplier condition) {
        for (long waited = 0; !condition.getAsBoolean(); waited++) {
            assertThat(failures).isEmpty();
            assertThat(waited).as("waiting for %s; log %s", what, log).isLessThan(WAIT_MILLIS_MAX);
            try {
                TimeUnit.MILLISECONDS.sleep(1);
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }
    }

    private final class Vcpu implements VcpuContext {
        @Override
        public int id() {
            return 0;
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
    }

    /// Nobody listens: tests look at the shared page.
    private static final class Host implements DomainHost {
        @Override
        public void interrupt(int vcpu, int vector) {}

        @Override
        public void wake(int vcpu) {}

        @Override
        public void nonMaskableInterrupt(int vcpu) {}

        @Override
        public void initialise(int vcpu, VcpuStart start) {}

        @Override
        public void vcpuUp(int vcpu) {}

        @Override
        public void vcpuDown(int vcpu) {}

        @Override
        public void shutdown(ShutdownReason reason) {}

        @Override
        public void callbackLine(int gsi, boolean asserted) {}

        @Override
        public void consoleOutput(byte[] bytes) {}
    }
}
