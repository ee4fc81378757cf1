package org.xenolith.board;

import org.xenolith.base.Bug;
import org.xenolith.base.Sizes;
import org.xenolith.linux.LinuxException;
import org.xenolith.memory.GuestMemory;
import org.xenolith.state.StateCodec;
import org.xenolith.state.StateException;
import org.xenolith.state.stream.PageKind;
import org.xenolith.state.stream.StreamException;
import org.xenolith.state.stream.StreamReader;
import org.xenolith.state.stream.StreamRecord;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A machine as far as a stream has brought it: what it is, its memory, the states of its devices.
/// Owns the memory until a machine is wired from it. For one thread, but for pages that come by
/// other connections, see [Progress#begin].
final class MachineImage implements AutoCloseable {
    private record Key(String kind, int instance) {}

    private static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG_UNALIGNED;

    /// States of one machine; devices are bounded, and vCPUs have three each.
    private static final int STATES_MAX = 4096;

    private final MachineSpecification specification;
    private final MachineLayout layout;
    private final GuestMemory memory;
    private final PageSource source;
    private final Optional<StreamRecord.CpuidPolicy> policy;
    private final Map<Key, StreamRecord.State> states = new HashMap<>();
    private Optional<StreamRecord.HvmParams> params = Optional.empty();
    private boolean taken;

    /// Pages may come by other connections too.
    private boolean spread;

    /// How the content of pages comes into memory.
    interface PageSource {
        /// Gives `count` frames from `frame` on the content of `contents`, which is at `position`
        /// of its file.
        void fill(GuestMemory memory, int frame, int count, MemorySegment contents, long position);

        /// By copying it.
        PageSource COPY =
                (memory, frame, count, contents, _) -> {
                    memory.segment()
                            .asSlice((long) frame * Sizes.PAGE_BYTES, contents.byteSize())
                            .copyFrom(contents);
                    for (int i = 0; i < count; i++) {
                        memory.wrote(frame + i);
                    }
                };
    }

    private MachineImage(
            MachineSpecification specification,
            MachineLayout layout,
            GuestMemory memory,
            PageSource source,
            Optional<StreamRecord.CpuidPolicy> policy) {
        this.specification = specification;
        this.layout = layout;
        this.memory = memory;
        this.source = source;
        this.policy = policy;
    }

    /// Told of what has come of a machine that runs elsewhere meanwhile.
    interface Progress {
        /// A [StreamRecord.Round]: all pages before it are in memory.
        void taken(int number) throws IOException;

        /// A [StreamRecord.Rehearsal]: the image is that of a machine, until more comes.
        void rehearse(MachineImage image) throws IOException, StreamException;

        /// The image has its memory. Until what this returns is closed, pages may come by other
        /// connections too.
        ///
        /// @param pages may be used from any thread
        default FurtherPages begin(FurtherPages.Taker pages) {
            return FurtherPages.NONE;
        }

        /// A [StreamRecord.Barrier]: returns when it has come by all connections.
        default void barrier(int number) throws IOException, StreamException {
            FurtherPages.NONE.barrier(number);
        }

        /// Nobody waits for it.
        Progress IGNORED =
                new Progress() {
                    @Override
                    public void taken(int number) {}

                    @Override
                    public void rehearse(MachineImage image) {}
                };
    }

    /// Reads a stream to its end.
    static MachineImage read(StreamReader reader, PageSource source, Engines engines)
            throws IOException, StreamException {
        var image = begin(reader, source, engines);
        try {
            image.readRest(reader, Progress.IGNORED, new ArrivingDisks(List.of()));
            return image;
        } catch (IOException | StreamException | RuntimeException | Error e) {
            image.close();
            throw e;
        }
    }

    // ---------------------------------------------------------------- static data

    /// Reads the static data: what machine it is.
    static MachineImage begin(StreamReader reader, PageSource source, Engines engines)
            throws IOException, StreamException {
        Optional<MachineSpecification> specification = Optional.empty();
        Optional<StreamRecord.CpuidPolicy> policy = Optional.empty();
        while (true) {
            var record = reader.next();
            switch (record) {
                case StreamRecord.State state ->
                        specification = Optional.of(decode(state, MachineSpecification.CODEC));
                case StreamRecord.CpuidPolicy leaves -> policy = Optional.of(leaves);
                case StreamRecord.StaticDataEnd _ -> {
                    var spec =
                            specification.orElseThrow(
                                    () -> new StreamException("the stream has no machine"));
                    requireHostMemory(spec);
                    var layout = MachineLayout.of(spec, engines);
                    return new MachineImage(spec, layout, layout.memory(), source, policy);
                }
                case StreamRecord.Pages _,
                        StreamRecord.TscInfo _,
                        StreamRecord.HvmParams _,
                        StreamRecord.HvmContext _,
                        StreamRecord.Verify _,
                        StreamRecord.Round _,
                        StreamRecord.Barrier _,
                        StreamRecord.Rehearsal _,
                        StreamRecord.Disk _,
                        StreamRecord.DiskData _,
                        StreamRecord.DiskZeroes _,
                        StreamRecord.Checkpoint _,
                        StreamRecord.End _ ->
                        throw new StreamException("the stream has no static data");
            }
        }
    }

    private static void requireHostMemory(MachineSpecification spec) throws StreamException {
        try {
            HostMemoryCheck.require(spec.memoryBytes());
        } catch (DomainException e) {
            throw new StreamException(e.getMessage(), e);
        }
    }

    // ---------------------------------------------------------------- the rest

    /// Reads what follows the static data, to the end.
    void readRest(StreamReader reader, Progress progress, ArrivingDisks disks)
            throws IOException, StreamException {
        try (var _ = progress.begin(this::take)) {
            while (readEpoch(reader, progress, disks)) {}
        }
    }

    /// Reads up to the next CHECKPOINT; false if the stream has ended instead.
    boolean readEpoch(StreamReader reader, Progress progress, ArrivingDisks disks)
            throws IOException, StreamException {
        while (true) {
            var record = reader.next();
            switch (record) {
                case StreamRecord.Pages pages -> take(pages);
                case StreamRecord.State _, StreamRecord.HvmParams _, StreamRecord.TscInfo _ ->
                        takeOfDevice(record);
                case StreamRecord.Checkpoint _ -> {
                    require(!spread, "CHECKPOINT comes while pages come by other connections");
                    return true;
                }
                case StreamRecord.Round(int number) -> progress.taken(number);
                case StreamRecord.Barrier barrier -> {
                    progress.barrier(barrier.number());
                    spread = barrier.spreads();
                }
                case StreamRecord.Rehearsal _ -> progress.rehearse(this);
                case StreamRecord.Disk disk -> disks.begin(disk);
                case StreamRecord.DiskData data -> {
                    disks.check(data.number(), data.offset(), data.content().length());
                    disks.write(data.number(), data.offset(), data.content().buffer());
                }
                case StreamRecord.DiskZeroes(int number, long offset, long bytes) -> {
                    disks.check(number, offset, bytes);
                    disks.zero(number, offset, bytes);
                }
                case StreamRecord.End _ -> {
                    require(!spread, "END comes while pages come by other connections");
                    return false;
                }
                case StreamRecord.HvmContext _ ->
                        throw new StreamException("HVM_CONTEXT is not supported");
                case StreamRecord.Verify _ -> throw new StreamException("VERIFY is not supported");
                case StreamRecord.StaticDataEnd _, StreamRecord.CpuidPolicy _ ->
                        throw new StreamException("static data comes too late");
            }
        }
    }

    private static void require(boolean holds, String wrong) throws StreamException {
        if (!holds) {
            throw new StreamException(wrong);
        }
    }

    /// Keeps what is said of a device.
    void takeOfDevice(StreamRecord record) throws StreamException {
        switch (record) {
            case StreamRecord.State state -> take(state);
            case StreamRecord.HvmParams some -> params = Optional.of(some);
            case StreamRecord.TscInfo tsc -> check(tsc);
            default -> throw new Bug("this is not said of a device");
        }
    }

    /// Refuses what is said of a device and cannot be, when what there is has been a machine.
    void checkOfDevice(StreamRecord record) throws StreamException {
        switch (record) {
            case StreamRecord.State state -> {
                require(
                        states.containsKey(new Key(state.kind(), state.instance())),
                        "the stream has a state of a device that the machine has not");
                RestoredStates.check(state, specification.maxVcpus());
            }
            case StreamRecord.HvmParams _ -> {} // any are
            case StreamRecord.TscInfo tsc -> check(tsc);
            default -> throw new Bug("this is not said of a device");
        }
    }

    private void check(StreamRecord.TscInfo tsc) throws StreamException {
        require(
                tsc.khz() == specification.tscKilohertz(),
                "X86_TSC_INFO is not that of the machine");
    }

    private void take(StreamRecord.State state) throws StreamException {
        var key = new Key(state.kind(), state.instance());
        require(states.size() < STATES_MAX || states.containsKey(key), "there are too many states");
        states.put(key, state);
    }

    /// From any thread: whoever unpacks pages waits here for others that have.
    private synchronized void take(StreamRecord.Pages pages) throws StreamException {
        long at = 0;
        for (int i = 0; i < pages.count(); ) {
            var kind = pages.kind(i);
            if (kind == PageKind.CONTENT) {
                int count = fill(pages, i, at);
                at += (long) count * Sizes.PAGE_BYTES;
                i += count;
            } else {
                var content = pages.contents();
                put(
                        kind,
                        pages.gfn(i++),
                        kind.hasContent() ? content.asSlice(at, Sizes.PAGE_BYTES) : content);
                at += kind.hasContent() ? Sizes.PAGE_BYTES : 0;
            }
        }
    }

    /// One page.
    ///
    /// @param content of the page, if its kind has any
    void put(PageKind kind, long gfn, MemorySegment content) throws StreamException {
        switch (kind) {
            case CONTENT ->
                    source.fill(memory, frame(gfn), 1, content, StreamRecord.Pages.NO_POSITION);
            case DELTA -> change(gfn, content);
            case ALLOCATED -> frame(gfn);
            case HOLE -> {
                int frame = memory.unmap(gfn);
                if (frame >= 0) {
                    memory.freeFrame(frame);
                }
            }
        }
    }

    /// As many pages from `first` on as are neighbours in guest and host memory; their content is
    /// at `at`. Returns how many.
    private int fill(StreamRecord.Pages pages, int first, long at) throws StreamException {
        int frame = frame(pages.gfn(first));
        int count = 1;
        while (first + count < pages.count()
                && pages.kind(first + count) == PageKind.CONTENT
                && pages.gfn(first + count) == pages.gfn(first) + count
                && frame(pages.gfn(first + count)) == frame + count) {
            count++;
        }
        var contents = pages.contents().asSlice(at, (long) count * Sizes.PAGE_BYTES);
        source.fill(memory, frame, count, contents, pages.position() + at);
        return count;
    }

    private void change(long gfn, MemorySegment delta) throws StreamException {
        int frame = GuestMemory.isAddressable(gfn) ? memory.frameAt(gfn) : -1;
        require(frame >= 0, "the stream changes a page that is not there");
        var page = memory.page(frame);
        for (long at = 0; at < Sizes.PAGE_BYTES; at += Long.BYTES) {
            page.set(WORD, at, page.get(WORD, at) ^ delta.get(WORD, at));
        }
        memory.wrote(frame);
    }

    /// The frame at `gfn`, where one is put if there was none.
    private int frame(long gfn) throws StreamException {
        require(GuestMemory.isAddressable(gfn), "the stream has a page where none can be");
        int there = memory.frameAt(gfn);
        if (there >= 0) {
            return there;
        }
        int frame = memory.allocateFrame();
        require(frame >= 0, "the stream has more pages than the machine");
        memory.map(gfn, frame);
        return frame;
    }

    // ---------------------------------------------------------------- what it has brought

    MachineSpecification specification() {
        return specification;
    }

    MachineLayout layout() {
        return layout;
    }

    GuestMemory memory() {
        return memory;
    }

    Optional<StreamRecord.CpuidPolicy> policy() {
        return policy;
    }

    Optional<StreamRecord.HvmParams> params() {
        return params;
    }

    /// The state of a device, which there must be.
    <S extends Record> S state(StateCodec<S> codec, int instance) throws StreamException {
        var state = states.get(new Key(codec.kind(), instance));
        if (state == null) {
            throw new StreamException(
                    "the stream has no state of %s %d".formatted(codec.kind(), instance));
        }
        return decode(state, codec);
    }

    /// The states of all devices of a kind, by their instances; there need be none.
    <S extends Record> Map<Integer, S> states(StateCodec<S> codec) throws StreamException {
        var found = new HashMap<Integer, S>();
        for (var state : states.values()) {
            if (state.kind().equals(codec.kind())) {
                found.put(state.instance(), decode(state, codec));
            }
        }
        return found;
    }

    static <S extends Record> S decode(StreamRecord.State state, StateCodec<S> codec)
            throws StreamException {
        try {
            return state.decode(codec);
        } catch (StateException e) {
            throw new StreamException(
                    "state of %s %d: %s".formatted(state.kind(), state.instance(), e.getMessage()),
                    e);
        }
    }

    /// One with the same content, which may be changed without changing this; nobody changes this
    /// one as long as the other is in use.
    ///
    /// @throws LinuxException if that cannot be had without copying all of memory
    MachineImage copyOnWrite() throws LinuxException {
        var copy = new MachineImage(specification, layout, memory.copyOnWrite(), source, policy);
        copy.states.putAll(states);
        copy.params = params;
        return copy;
    }

    /// The memory belongs to a machine from now on.
    void taken() {
        taken = true;
    }

    @Override
    public void close() {
        if (!taken) {
            taken = true;
            memory.close();
        }
    }
}
