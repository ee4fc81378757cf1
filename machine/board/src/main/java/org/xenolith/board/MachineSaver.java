package org.xenolith.board;

import org.xenolith.engine.CpuidTable;
import org.xenolith.engine.VcpuState;
import org.xenolith.memory.GuestMemory;
import org.xenolith.memory.ZeroPages;
import org.xenolith.platform.LocalApicState;
import org.xenolith.state.stream.PageList;
import org.xenolith.state.stream.StreamRecord;
import org.xenolith.state.stream.StreamRecord.CpuidPolicy;
import org.xenolith.state.stream.StreamRecord.HvmParams;
import org.xenolith.state.stream.StreamWriter;
import org.xenolith.xen.DomainState;
import org.xenolith.xen.abi.HvmAbi;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.function.IntToLongFunction;
import java.util.function.LongConsumer;

/// Writes a machine that stands still as a stream (docs/specs/state-stream.md): all of its memory
/// at once. Used once.
final class MachineSaver {
    /// `XEN_CPUID_NO_SUBLEAF`, and what [CpuidTable] has for it.
    private static final int NO_SUBLEAF = -1;

    /// So few pages of zeros between others are written as others are: a reader that maps the file
    /// has fewer pieces.
    private static final int ZERO_PAGES_WRITTEN = 16;

    private final StreamWriter out;
    private final LongConsumer progress;
    private final PageList pages = new PageList();
    private long pagesDone;

    /// `progress` is told how many pages have been written.
    MachineSaver(StreamWriter out, LongConsumer progress) {
        this.out = out;
        this.progress = progress;
    }

    // ---------------------------------------------------------------- static data

    static void staticData(StreamWriter out, MachineSpecification specification, CpuidTable cpuid)
            throws IOException {
        out.write(policy(cpuid));
        out.write(StreamRecord.State.of(MachineSpecification.CODEC, 0, specification));
        out.write(new StreamRecord.StaticDataEnd());
    }

    /// The leaves of the first vCPU, in order.
    static CpuidPolicy policy(CpuidTable cpuid) {
        var leaves = new ArrayList<CpuidPolicy.Leaf>();
        cpuid.leaves()
                .forEach((key, leaf) ->
                        leaves.add(
                                new CpuidPolicy.Leaf(
                                        key.leaf(),
                                        key.subleaf(),
                                        leaf.eax(),
                                        leaf.ebx(),
                                        leaf.ecx(),
                                        leaf.edx())));
        leaves.sort(
                Comparator.comparingLong(
                                (CpuidPolicy.Leaf leaf) -> Integer.toUnsignedLong(leaf.leaf()))
                        .thenComparingInt(CpuidPolicy.Leaf::subleaf));
        return new CpuidPolicy(leaves);
    }

    // ---------------------------------------------------------------- memory

    /// All of memory but the gfns `without`.
    void memory(GuestMemory memory, Set<Long> without) throws IOException {
        var frames = new ZeroPages(memory);
        var waiting = new ArrayList<Long>();
        for (long gfn = memory.nextMapped(0); gfn >= 0; gfn = memory.nextMapped(gfn + 1)) {
            if (without.contains(gfn)) {
                continue;
            }
            int frame = memory.frameAt(gfn);
            if (frames.isZero(frame)) {
                waiting.add(gfn);
            } else {
                zeros(waiting, waiting.size() <= ZERO_PAGES_WRITTEN);
                content(gfn, frames.content(frame));
            }
            progress.accept(++pagesDone);
        }
        zeros(waiting, false);
        flush();
    }

    private void zeros(List<Long> gfns, boolean written) throws IOException {
        for (long gfn : gfns) {
            if (written) {
                content(gfn, ZeroPages.ZEROS);
            } else {
                pages.addAllocated(gfn);
                flushIfFull();
            }
        }
        gfns.clear();
    }

    private void content(long gfn, MemorySegment content) throws IOException {
        pages.add(gfn, content);
        flushIfFull();
    }

    private void flushIfFull() throws IOException {
        if (pages.isFull()) {
            flush();
        }
    }

    private void flush() throws IOException {
        if (!pages.isEmpty()) {
            out.pages(pages);
            pages.clear();
        }
    }

    // ---------------------------------------------------------------- devices

    /// The states of all devices, at one instant.
    ///
    /// @param local the local APICs' states
    /// @param others of all other devices
    record Devices(
            BoardState board,
            List<VcpuState> vcpus,
            List<LocalApicState> local,
            DomainState xen,
            HvmParams params,
            int tscKilohertz,
            List<CapturedState<?>> others)
            implements HeldMachine {
        Devices {
            vcpus = List.copyOf(vcpus);
            local = List.copyOf(local);
            others = List.copyOf(others);
        }

        @Override
        public Set<Long> ownPages() {
            return xen.ownPages();
        }

        @Override
        public void save(StreamWriter out) throws IOException {
            save(out, new SentStates());
        }

        /// The same without states that have been sent.
        void save(StreamWriter out, SentStates sent) throws IOException {
            out.write(new StreamRecord.TscInfo(0, tscKilohertz, xen.systemTime(), 0));
            out.write(params);
            for (var state : states()) {
                sent.write(state, out);
            }
            out.write(new StreamRecord.Checkpoint());
        }

        private List<CapturedState<?>> states() {
            var states = new ArrayList<CapturedState<?>>();
            states.add(new CapturedState<>(BoardState.CODEC, 0, board));
            for (int vcpu = 0; vcpu < vcpus.size(); vcpu++) {
                states.add(new CapturedState<>(VcpuState.CODEC, vcpu, vcpus.get(vcpu)));
                states.add(new CapturedState<>(LocalApicState.CODEC, vcpu, local.get(vcpu)));
            }
            states.add(new CapturedState<>(DomainState.CODEC, 0, xen));
            states.addAll(others);
            return states;
        }
    }

    /// The parameters that say something.
    static HvmParams params(IntToLongFunction param) {
        var all = new ArrayList<HvmParams.Param>();
        for (int index = 0; index < HvmAbi.HVM_NR_PARAMS; index++) {
            long value = param.applyAsLong(index);
            if (value != 0) {
                all.add(new HvmParams.Param(index, value));
            }
        }
        return new HvmParams(all);
    }
}
