package org.xenolith.state.stream;

import org.xenolith.base.Sizes;
import org.xenolith.state.Bytes;
import org.xenolith.state.StateCodec;
import org.xenolith.state.StateException;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import java.util.zip.CRC32C;

/// Reads a stream, record by record, and refuses one that is damaged or out of order. What a record
/// says is to be believed only when the [StreamRecord.StaticDataEnd], [StreamRecord.Checkpoint] or
/// [StreamRecord.End] behind it has come. For one thread.
public final class StreamReader {
    static final ValueLayout.OfInt INT =
            ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfLong LONG =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /// HVM_PARAMS counts at most this many.
    private static final int PARAMS_MAX = 1024;

    /// X86_CPUID_POLICY has at most this many leaves.
    private static final int LEAVES_MAX = 4096;

    /// States that may be changed by others; the rest come whole.
    private static final int STATES_MAX = 4096;

    private final StreamInput input;
    private final CRC32C checksum = new CRC32C();

    /// Records of ours have come: checksums are due.
    private boolean ours;

    /// The last record was a checksum, and right, and promised a record of type [#promised].
    private boolean summed;

    private int promised;

    /// The last of each, for what changes them.
    private final Map<StateKey, Bytes> states = new HashMap<>();

    private record StateKey(String kind, int version, int instance) {}

    private boolean staticDataEnded;
    private boolean ended;

    /// Reads the headers.
    public StreamReader(StreamInput input) throws IOException, StreamException {
        this.input = input;
        readImageHeader();
        readDomainHeader();
    }

    private void readImageHeader() throws IOException, StreamException {
        var header = take(RecordTypes.IHDR_BYTES).asByteBuffer().order(ByteOrder.BIG_ENDIAN);
        StreamException.require(
                header.getLong() == RecordTypes.IHDR_MARKER
                        && header.getInt() == RecordTypes.IHDR_ID,
                "this is no Xen domain image");
        int version = header.getInt();
        StreamException.require(
                version == RecordTypes.IHDR_VERSION,
                "the image has version %d, not %d".formatted(version, RecordTypes.IHDR_VERSION));
        StreamException.require(
                (header.getShort() & RecordTypes.IHDR_OPT_ENDIAN) == 0,
                "the image is big-endian, which no x86 host writes");
    }

    private void readDomainHeader() throws IOException, StreamException {
        var header = take(RecordTypes.DHDR_BYTES).asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
        StreamException.require(
                header.getInt() == RecordTypes.DHDR_TYPE_X86_HVM,
                "the image is not of an x86 HVM domain");
        StreamException.require(
                header.getShort() == Sizes.PAGE_SHIFT, "the image has pages of another size");
    }

    /// The next record. None follows [StreamRecord.End].
    public StreamRecord next() throws IOException, StreamException {
        StreamException.require(!ended, "nothing follows the end of a stream");
        while (true) {
            long before = checksum.getValue();
            var header = take(RecordTypes.RHDR_BYTES);
            int type = header.get(INT, 0);
            long length = Integer.toUnsignedLong(header.get(INT, Integer.BYTES));
            StreamException.require(
                    length <= RecordTypes.REC_LENGTH_MAX,
                    "record 0x%08x is %d bytes long".formatted(type, length));
            long start = input.position();
            var body = take(length + RecordTypes.padding(length)).asSlice(0, length);
            var record = record(type, body, start, before);
            if (record != null) {
                summed = false;
                return record;
            }
        }
    }

    /// Null for one that is the reader's own, or may be ignored.
    private StreamRecord record(int type, MemorySegment body, long start, long sumBefore)
            throws StreamException {
        return switch (type) {
            case RecordTypes.CHECKSUM -> {
                checkSum(body, sumBefore);
                yield null;
            }
            case RecordTypes.REC_TYPE_END -> {
                believed(type, body);
                StreamException.require(staticDataEnded, "END comes before STATIC_DATA_END");
                ended = true;
                yield new StreamRecord.End();
            }
            case RecordTypes.REC_TYPE_CHECKPOINT -> {
                believed(type, body);
                StreamException.require(staticDataEnded, "CHECKPOINT comes before STATIC_DATA_END");
                yield new StreamRecord.Checkpoint();
            }
            case RecordTypes.REC_TYPE_STATIC_DATA_END -> {
                StreamException.require(!staticDataEnded, "STATIC_DATA_END comes twice");
                believed(type, body);
                staticDataEnded = true;
                yield new StreamRecord.StaticDataEnd();
            }
            case RecordTypes.BARRIER -> {
                StreamException.require(staticDataEnded, "BARRIER comes before STATIC_DATA_END");
                requireLength("BARRIER", body, RecordTypes.BARRIER_BYTES);
                requireSum(type);
                yield new StreamRecord.Barrier(body.get(INT, 0));
            }
            case RecordTypes.REC_TYPE_X86_CPUID_POLICY -> {
                StreamException.require(!staticDataEnded, "X86_CPUID_POLICY comes too late");
                yield policy(body);
            }
            case RecordTypes.STATE -> {
                ours = true;
                yield keep(state(body, encoded -> Bytes.of(encoded.content)));
            }
            case RecordTypes.STATE_CHANGE -> {
                ours = true;
                yield keep(state(body, this::changed));
            }
            case RecordTypes.REC_TYPE_PAGE_DATA,
                    RecordTypes.REC_TYPE_X86_TSC_INFO,
                    RecordTypes.REC_TYPE_HVM_PARAMS,
                    RecordTypes.REC_TYPE_HVM_CONTEXT,
                    RecordTypes.REC_TYPE_VERIFY,
                    RecordTypes.PACKED_PAGES,
                    RecordTypes.DISK,
                    RecordTypes.DISK_DATA,
                    RecordTypes.DISK_ZEROES,
                    RecordTypes.ROUND,
                    RecordTypes.REHEARSAL -> {
                StreamException.require(
                        staticDataEnded,
                        "record 0x%x comes before STATIC_DATA_END".formatted(type));
                yield dynamic(type, body, start);
            }
            default -> {
                StreamException.require(
                        (type & RecordTypes.REC_TYPE_OPTIONAL) != 0,
                        "record 0x%08x is not known".formatted(type));
                summed = false;
                yield null;
            }
        };
    }

    private static StreamRecord dynamic(int type, MemorySegment body, long start)
            throws StreamException {
        return switch (type) {
            case RecordTypes.REC_TYPE_PAGE_DATA -> StreamRecord.Pages.parse(body, start);
            case RecordTypes.PACKED_PAGES -> StreamRecord.Pages.unpack(body);
            case RecordTypes.DISK -> {
                requireLength("DISK", body, RecordTypes.DISK_BYTES);
                yield possible(() -> new StreamRecord.Disk(body.get(INT, 0), body.get(LONG, 8)));
            }
            case RecordTypes.DISK_DATA -> diskData(body);
            case RecordTypes.DISK_ZEROES -> {
                requireLength("DISK_ZEROES", body, RecordTypes.DISK_ZEROES_BYTES);
                yield possible(() ->
                        new StreamRecord.DiskZeroes(
                                body.get(INT, 0), body.get(LONG, 8), body.get(LONG, 16)));
            }
            case RecordTypes.ROUND -> {
                requireLength("ROUND", body, RecordTypes.ROUND_BYTES);
                yield new StreamRecord.Round(body.get(INT, 0));
            }
            case RecordTypes.REHEARSAL -> {
                requireLength("REHEARSAL", body, 0);
                yield new StreamRecord.Rehearsal();
            }
            case RecordTypes.REC_TYPE_X86_TSC_INFO -> tscInfo(body);
            case RecordTypes.REC_TYPE_HVM_PARAMS -> params(body);
            case RecordTypes.REC_TYPE_HVM_CONTEXT -> new StreamRecord.HvmContext(Bytes.of(body));
            default -> {
                requireLength("VERIFY", body, 0);
                yield new StreamRecord.Verify();
            }
        };
    }

    // ---------------------------------------------------------------- checksums

    private void checkSum(MemorySegment body, long sumBefore) throws StreamException {
        requireLength("a checksum", body, RecordTypes.CHECKSUM_BYTES);
        StreamException.require(
                body.get(INT, 0) == (int) sumBefore,
                "the stream is damaged: its checksum is another, before byte " + input.position());
        checksum.reset();
        promised = body.get(INT, Integer.BYTES);
        summed = true;
    }

    /// What came before a record without content is about to be believed.
    private void believed(int type, MemorySegment body) throws StreamException {
        StreamException.require(body.byteSize() == 0, "record 0x%x is not empty".formatted(type));
        if (ours) {
            requireSum(type);
        }
    }

    private void requireSum(int type) throws StreamException {
        StreamException.require(
                summed && promised == type,
                "a checksum is missing before record 0x%x".formatted(type));
    }

    // ---------------------------------------------------------------- bodies

    private static StreamRecord tscInfo(MemorySegment body) throws StreamException {
        requireLength("X86_TSC_INFO", body, RecordTypes.TSC_INFO_BYTES);
        return new StreamRecord.TscInfo(
                body.get(INT, 0), body.get(INT, 4), body.get(LONG, 8), body.get(INT, 16));
    }

    private static StreamRecord params(MemorySegment body) throws StreamException {
        int header = RecordTypes.HVM_PARAMS_HEADER_BYTES;
        int each = RecordTypes.HVM_PARAMS_ENTRY_BYTES;
        StreamException.require(body.byteSize() >= header, "HVM_PARAMS is too short");
        int count = body.get(INT, 0);
        StreamException.require(
                count >= 0 && count <= PARAMS_MAX, "HVM_PARAMS counts too many parameters");
        requireLength("HVM_PARAMS", body, header + (long) count * each);
        var params = new ArrayList<StreamRecord.HvmParams.Param>();
        for (long at = header; at < body.byteSize(); at += each) {
            params.add(
                    new StreamRecord.HvmParams.Param(
                            body.get(LONG, at), body.get(LONG, at + Long.BYTES)));
        }
        return new StreamRecord.HvmParams(params);
    }

    private static StreamRecord policy(MemorySegment body) throws StreamException {
        int each = RecordTypes.CPUID_LEAF_BYTES;
        StreamException.require(
                body.byteSize() % each == 0 && body.byteSize() <= (long) LEAVES_MAX * each,
                "X86_CPUID_POLICY has a length of " + body.byteSize());
        var leaves = new ArrayList<StreamRecord.CpuidPolicy.Leaf>();
        for (long at = 0; at < body.byteSize(); at += each) {
            leaves.add(
                    new StreamRecord.CpuidPolicy.Leaf(
                            body.get(INT, at),
                            body.get(INT, at + 4),
                            body.get(INT, at + 8),
                            body.get(INT, at + 12),
                            body.get(INT, at + 16),
                            body.get(INT, at + 20)));
        }
        return new StreamRecord.CpuidPolicy(leaves);
    }

    /// A state as it is in its record.
    private record Encoded(StateKey key, int packing, MemorySegment content) {}

    @FunctionalInterface
    private interface Decoding {
        Bytes of(Encoded encoded) throws StreamException;
    }

    private StreamRecord.State keep(StreamRecord.State state) {
        var key = new StateKey(state.kind(), state.version(), state.instance());
        if (states.size() < STATES_MAX || states.containsKey(key)) {
            states.put(key, state.encoded());
        }
        return state;
    }

    /// What has come before, and what is another in it.
    private Bytes changed(Encoded encoded) throws StreamException {
        var before = states.get(encoded.key);
        StreamException.require(before != null, "STATE_CHANGE changes what has not come");
        var difference = PagePacking.of(encoded.packing).unpack(encoded.content, before.length());
        return Bytes.of(Bytes.of(difference).xor(before));
    }

    private static StreamRecord.State state(MemorySegment body, Decoding decoding)
            throws StreamException {
        int header = RecordTypes.STATE_HEADER_BYTES;
        StreamException.require(body.byteSize() >= header, "a state record is too short");
        long kindLength = Integer.toUnsignedLong(body.get(INT, 4));
        StreamException.require(
                kindLength <= StateCodec.KIND_CHARS_MAX
                        && header + kindLength + RecordTypes.padding(kindLength) <= body.byteSize(),
                "a state record's kind has %d letters".formatted(kindLength));
        var kind = body.asSlice(header, kindLength).toArray(ValueLayout.JAVA_BYTE);
        long start = header + kindLength + RecordTypes.padding(kindLength);
        var key =
                new StateKey(
                        new String(kind, StandardCharsets.ISO_8859_1),
                        body.get(INT, 0),
                        body.get(INT, 8));
        var content = decoding.of(new Encoded(key, body.get(INT, 12), body.asSlice(start)));
        try {
            return new StreamRecord.State(key.kind, key.version, key.instance, content);
        } catch (StateException e) {
            throw new StreamException("a state record cannot be read: " + e.getMessage(), e);
        }
    }

    private static StreamRecord diskData(MemorySegment body) throws StreamException {
        int header = RecordTypes.DISK_DATA_HEADER_BYTES;
        StreamException.require(body.byteSize() >= header, "DISK_DATA is too short");
        long length = Integer.toUnsignedLong(body.get(INT, 16));
        StreamException.require(
                length <= StreamRecord.DiskData.BYTES_MAX,
                "DISK_DATA has %d bytes".formatted(length));
        var content = PagePacking.of(body.get(INT, 4)).unpack(body.asSlice(header), (int) length);
        return possible(() ->
                new StreamRecord.DiskData(body.get(INT, 0), body.get(LONG, 8), Bytes.of(content)));
    }

    private static StreamRecord possible(Supplier<StreamRecord> record) throws StreamException {
        try {
            return record.get();
        } catch (StateException e) {
            throw new StreamException(e.getMessage(), e);
        }
    }

    private static void requireLength(String what, MemorySegment body, long length)
            throws StreamException {
        StreamException.require(
                body.byteSize() == length,
                "%s has %d bytes, not %d".formatted(what, body.byteSize(), length));
    }

    private MemorySegment take(long bytes) throws IOException, StreamException {
        var taken = input.take(bytes);
        checksum.update(taken.asByteBuffer());
        return taken;
    }
}
