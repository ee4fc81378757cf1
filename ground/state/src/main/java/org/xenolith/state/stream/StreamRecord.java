package org.xenolith.state.stream;

import static org.xenolith.state.StateException.require;

import org.xenolith.base.Sizes;
import org.xenolith.state.Bytes;
import org.xenolith.state.StateCodec;
import org.xenolith.state.StateException;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;

/// A record of the stream. Those that only help to read it, checksums and padding, are the reader's
/// and the writer's own.
public sealed interface StreamRecord {
    /// PAGE_DATA, or PACKED_PAGES when they have been unpacked. The reader has checked it; it and
    /// what it shows are valid until the next record is read, of a mapped file until that is
    /// closed.
    final class Pages implements StreamRecord {
        /// Of contents that are not in a file as they are.
        public static final long NO_POSITION = -1;

        private static final ValueLayout.OfLong ENTRY =
                ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

        private final MemorySegment entries;
        private final PageKind[] kinds;
        private final MemorySegment contents;
        private final long position;

        /// `position` is where in the file the contents begin.
        private Pages(
                MemorySegment entries, PageKind[] kinds, MemorySegment contents, long position) {
            this.entries = entries;
            this.kinds = kinds;
            this.contents = contents;
            this.position = position;
        }

        /// @param body of the record, which begins at `position` of the file
        static Pages parse(MemorySegment body, long position) throws StreamException {
            int count = count("PAGE_DATA", body);
            var entries = body.asSlice(RecordTypes.PAGE_DATA_HEADER_BYTES, count * Long.BYTES);
            var kinds = kinds(entries);
            StreamException.require(
                    !Arrays.asList(kinds).contains(PageKind.DELTA),
                    "PAGE_DATA has a page table, which is not supported");
            int withContent = withContent(kinds);
            long start = RecordTypes.PAGE_DATA_HEADER_BYTES + (long) count * Long.BYTES;
            StreamException.require(
                    body.byteSize() == start + (long) withContent * Sizes.PAGE_BYTES,
                    "PAGE_DATA of %d bytes has %d pages with content"
                            .formatted(body.byteSize(), withContent));
            return new Pages(entries, kinds, body.asSlice(start), position + start);
        }

        /// The same of PACKED_PAGES.
        static Pages unpack(MemorySegment body) throws StreamException {
            int count = count("PACKED_PAGES", body);
            StreamException.require(
                    count <= PageList.PAGES_MAX, "PACKED_PAGES counts %d pages".formatted(count));
            var packing = PagePacking.of(body.get(StreamReader.INT, Integer.BYTES));
            var entries = body.asSlice(RecordTypes.PAGE_DATA_HEADER_BYTES, count * Long.BYTES);
            var kinds = kinds(entries);
            long start = RecordTypes.PAGE_DATA_HEADER_BYTES + (long) count * Long.BYTES;
            var contents =
                    packing.unpack(body.asSlice(start), withContent(kinds) * Sizes.PAGE_BYTES);
            return new Pages(entries, kinds, contents, NO_POSITION);
        }

        private static int count(String what, MemorySegment body) throws StreamException {
            int header = RecordTypes.PAGE_DATA_HEADER_BYTES;
            StreamException.require(body.byteSize() >= header, what + " is too short");
            long count = Integer.toUnsignedLong(body.get(StreamReader.INT, 0));
            long room = (body.byteSize() - header) / Long.BYTES;
            StreamException.require(
                    count > 0 && count <= room,
                    "%s of %d bytes counts %d pages".formatted(what, body.byteSize(), count));
            return (int) count;
        }

        private static PageKind[] kinds(MemorySegment entries) throws StreamException {
            var kinds = new PageKind[(int) (entries.byteSize() / Long.BYTES)];
            for (int i = 0; i < kinds.length; i++) {
                kinds[i] = PageKind.of(entries.getAtIndex(ENTRY, i));
            }
            return kinds;
        }

        private static int withContent(PageKind[] kinds) {
            int count = 0;
            for (var kind : kinds) {
                count += kind.hasContent() ? 1 : 0;
            }
            return count;
        }

        public int count() {
            return kinds.length;
        }

        public long gfn(int index) {
            return entries.getAtIndex(ENTRY, index) & RecordTypes.PAGE_DATA_PFN_MASK;
        }

        public PageKind kind(int index) {
            return kinds[index];
        }

        /// The pages with content, in the order of their entries.
        public MemorySegment contents() {
            return contents;
        }

        /// Where in the file [#contents] begins, or [#NO_POSITION].
        public long position() {
            return position;
        }
    }

    /// X86_TSC_INFO: the time-stamp counter's frequency.
    ///
    /// @param mode `TSC_MODE_*`
    /// @param elapsedNanos since the domain was created
    record TscInfo(int mode, int khz, long elapsedNanos, int incarnation) implements StreamRecord {}

    /// HVM_PARAMS.
    record HvmParams(List<Param> params) implements StreamRecord {
        /// @param index `HVM_PARAM_*`
        public record Param(long index, long value) {}

        public HvmParams {
            params = List.copyOf(params);
        }
    }

    /// HVM_CONTEXT: a chain of `struct hvm_save_descriptor` and what each describes
    /// (xen/include/public/hvm/save.h).
    record HvmContext(Bytes content) implements StreamRecord {}

    /// X86_CPUID_POLICY.
    record CpuidPolicy(List<Leaf> leaves) implements StreamRecord {
        /// `xen_cpuid_leaf_t`; `subleaf` is -1 where it does not matter (`XEN_CPUID_NO_SUBLEAF`).
        public record Leaf(int leaf, int subleaf, int a, int b, int c, int d) {}

        public CpuidPolicy {
            leaves = List.copyOf(leaves);
        }
    }

    /// A state record of ours.
    ///
    /// @param kind and `version`: which [StateCodec] reads `encoded`, and as what
    /// @param instance which of the devices of that kind, counted from 0
    record State(String kind, int version, int instance, Bytes encoded) implements StreamRecord {
        public State {
            require(StateCodec.isKind(kind), "a kind is lower-case letters, digits and hyphens");
            require(version >= 1, "versions count from 1");
            require(instance >= 0, "instances count from 0");
            require(encoded.length() <= StateCodec.STATE_BYTES_MAX, "a state has a bounded size");
        }

        /// `state` in the wire form of `codec`.
        public static <S extends Record> State of(StateCodec<S> codec, int instance, S state) {
            return new State(codec.kind(), codec.version(), instance, codec.encode(state));
        }

        /// The state, whose kind is that of `codec`.
        ///
        /// @throws StateException if it is not or cannot be
        public <S extends Record> S decode(StateCodec<S> codec) {
            require(kind.equals(codec.kind()), "a state of kind " + kind + " is no " + codec);
            return codec.decode(version, encoded);
        }
    }

    /// STATIC_DATA_END: what follows may change while the machine runs.
    record StaticDataEnd() implements StreamRecord {}

    /// ROUND: a round of pages is complete. Its reader says so to who sends the stream, if there is
    /// somebody.
    ///
    /// @param number counts from 1
    record Round(int number) implements StreamRecord {}

    /// BARRIER: all that came before, by any of the connections that pages go by, comes before all
    /// that follows by any. Pages go by all of them behind one with an odd number, by none behind
    /// an even one.
    ///
    /// @param number counts from 1
    record Barrier(int number) implements StreamRecord {
        /// Whether pages may go by all connections from here on.
        public boolean spreads() {
            return number % 2 != 0;
        }
    }

    /// REHEARSAL: what has come up to the CHECKPOINT before is a machine that may be tried out, and
    /// is no machine that goes on. Its reader says when that has been done, as with [Round].
    record Rehearsal() implements StreamRecord {}

    /// DISK: a disk comes with the machine. It is zeros but for the [DiskData] that follow.
    ///
    /// @param number of the virtual device
    /// @param bytes that it has
    record Disk(int number, long bytes) implements StreamRecord {
        public Disk {
            require(number >= 0 && bytes >= 0, "a disk has a number and a size");
        }
    }

    /// DISK_DATA: a part of a disk's content; the last one counts.
    record DiskData(int number, long offset, Bytes content) implements StreamRecord {
        /// Bytes of one part at most.
        public static final int BYTES_MAX = 1 << 20;

        public DiskData {
            require(
                    number >= 0 && offset >= 0 && content.length() <= BYTES_MAX,
                    "a part of a disk is bounded");
        }
    }

    /// DISK_ZEROES: a part of a disk that is zeros now.
    record DiskZeroes(int number, long offset, long bytes) implements StreamRecord {
        public DiskZeroes {
            require(
                    number >= 0 && offset >= 0 && bytes >= 0 && bytes <= Long.MAX_VALUE - offset,
                    "a part of a disk is bounded");
        }
    }

    /// VERIFY: all memory has been sent; pages that follow repeat it, to be compared.
    record Verify() implements StreamRecord {}

    /// CHECKPOINT: all that came before is one consistent state.
    record Checkpoint() implements StreamRecord {}

    /// END: nothing follows.
    record End() implements StreamRecord {}
}
