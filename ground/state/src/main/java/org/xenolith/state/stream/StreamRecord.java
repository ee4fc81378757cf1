package org.xenolith.state.stream;

import static org.xenolith.state.StateException.require;

import org.xenolith.base.Sizes;
import org.xenolith.state.Bytes;
import org.xenolith.state.StateCodec;
import org.xenolith.state.StateException;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;

/// A record of the stream. Those that only help to read it, checksums and padding, are the reader's
/// and the writer's own.
public sealed interface StreamRecord {
    /// PAGE_DATA. The reader has checked it; it and what it shows are valid until the next record
    /// is read, of a mapped file until that is closed.
    final class Pages implements StreamRecord {
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
            int header = RecordTypes.PAGE_DATA_HEADER_BYTES;
            StreamException.require(body.byteSize() >= header, "PAGE_DATA is too short");
            long count = Integer.toUnsignedLong(body.get(StreamReader.INT, 0));
            long room = (body.byteSize() - header) / Long.BYTES;
            StreamException.require(
                    count > 0 && count <= room,
                    "PAGE_DATA of %d bytes counts %d pages".formatted(body.byteSize(), count));
            var entries = body.asSlice(header, count * Long.BYTES);
            var kinds = new PageKind[(int) count];
            long withContent = 0;
            for (int i = 0; i < kinds.length; i++) {
                kinds[i] = PageKind.of(entries.getAtIndex(ENTRY, i));
                withContent += kinds[i] == PageKind.CONTENT ? 1 : 0;
            }
            long start = header + count * Long.BYTES;
            StreamException.require(
                    body.byteSize() == start + withContent * Sizes.PAGE_BYTES,
                    "PAGE_DATA of %d bytes has %d pages with content"
                            .formatted(body.byteSize(), withContent));
            return new Pages(entries, kinds, body.asSlice(start), position + start);
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

        /// Where in the file [#contents] begins.
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

    /// VERIFY: all memory has been sent; pages that follow repeat it, to be compared.
    record Verify() implements StreamRecord {}

    /// CHECKPOINT: all that came before is one consistent state.
    record Checkpoint() implements StreamRecord {}

    /// END: nothing follows.
    record End() implements StreamRecord {}
}
