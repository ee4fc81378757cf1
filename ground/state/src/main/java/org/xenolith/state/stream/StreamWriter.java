package org.xenolith.state.stream;

import org.xenolith.base.Bug;
import org.xenolith.base.Sizes;
import org.xenolith.state.Bytes;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;

/// Writes a stream, record by record. Pages are copied before they are written, so a guest that
/// runs may change them meanwhile. For one thread.
///
/// The order is that of the specification: headers (by the constructor), static data,
/// [StreamRecord.StaticDataEnd], the rest, [StreamRecord.End].
public final class StreamWriter {
    private static final int PAGES_BYTES =
            RecordTypes.PAGE_DATA_HEADER_BYTES
                    + PageList.PAGES_MAX * (Long.BYTES + Sizes.PAGE_BYTES);

    /// Room for a padding and a record of pages that are not packed.
    private static final int PAGES_BUFFER_BYTES =
            2 * RecordTypes.RHDR_BYTES + Sizes.PAGE_BYTES + PAGES_BYTES;

    /// Room for whatever else is put together before it is written.
    private static final int BUFFER_BYTES = 128 << 10;

    private final WritableByteChannel channel;
    private ByteBuffer buffer = room(BUFFER_BYTES);
    private final CRC32C checksum = new CRC32C();
    private long position;

    /// What is being packed, used again.
    private byte[] packed = {};

    /// Where in its file a page's content begins.
    public enum Alignment {
        /// Anywhere.
        NONE,
        /// At a multiple of the page size, so that it can be mapped.
        PAGE
    }

    private final Alignment alignment;

    /// Writes the headers.
    ///
    /// @param channel blocks until everything has been taken
    /// @param position of the channel in its file
    /// @param xenMajor and `xenMinor`: the version of Xen that the guest sees
    public StreamWriter(
            WritableByteChannel channel,
            long position,
            Alignment alignment,
            int xenMajor,
            int xenMinor)
            throws IOException {
        Bug.check(position % RecordTypes.REC_ALIGN == 0, "a stream begins at a multiple of 8");
        this.channel = channel;
        this.position = position;
        this.alignment = alignment;
        writeHeaders(xenMajor, xenMinor);
    }

    private static ByteBuffer room(int bytes) {
        return ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private void writeHeaders(int xenMajor, int xenMinor) throws IOException {
        buffer.clear()
                .order(ByteOrder.BIG_ENDIAN)
                .putLong(RecordTypes.IHDR_MARKER)
                .putInt(RecordTypes.IHDR_ID)
                .putInt(RecordTypes.IHDR_VERSION)
                .putLong(0); // options: little-endian
        buffer.order(ByteOrder.LITTLE_ENDIAN)
                .putInt(RecordTypes.DHDR_TYPE_X86_HVM)
                .putShort((short) Sizes.PAGE_SHIFT)
                .putShort((short) 0)
                .putInt(xenMajor)
                .putInt(xenMinor);
        flush();
    }

    /// How many bytes the file has now.
    public long position() {
        return position;
    }

    /// Writes one record; for pages see [#pages].
    public void write(StreamRecord record) throws IOException {
        switch (record) {
            case StreamRecord.Pages _ -> throw new Bug("pages are written from a list");
            case StreamRecord.TscInfo tsc -> writeTscInfo(tsc);
            case StreamRecord.HvmParams params -> writeParams(params);
            case StreamRecord.HvmContext(var content) -> {
                begin(RecordTypes.REC_TYPE_HVM_CONTEXT, content.length());
                end(content.buffer(), content.length());
            }
            case StreamRecord.CpuidPolicy policy -> writePolicy(policy);
            case StreamRecord.State state -> writeState(state);
            case StreamRecord.Round(int number) -> {
                begin(RecordTypes.ROUND, RecordTypes.ROUND_BYTES);
                buffer.putInt(number).putInt(0);
                flush();
            }
            case StreamRecord.Barrier(int number) -> {
                writeChecksum(RecordTypes.BARRIER);
                begin(RecordTypes.BARRIER, RecordTypes.BARRIER_BYTES);
                buffer.putInt(number).putInt(0);
                flush();
            }
            case StreamRecord.Rehearsal _ -> {
                begin(RecordTypes.REHEARSAL, 0);
                flush();
            }
            case StreamRecord.Disk(int number, long bytes) -> {
                begin(RecordTypes.DISK, RecordTypes.DISK_BYTES);
                buffer.putInt(number).putInt(0).putLong(bytes);
                flush();
            }
            case StreamRecord.DiskData data -> writeDiskData(data);
            case StreamRecord.DiskZeroes(int number, long offset, long bytes) -> {
                begin(RecordTypes.DISK_ZEROES, RecordTypes.DISK_ZEROES_BYTES);
                buffer.putInt(number).putInt(0).putLong(offset).putLong(bytes);
                flush();
            }
            case StreamRecord.StaticDataEnd _ -> mark(RecordTypes.REC_TYPE_STATIC_DATA_END);
            case StreamRecord.Verify _ -> mark(RecordTypes.REC_TYPE_VERIFY);
            case StreamRecord.Checkpoint _ -> mark(RecordTypes.REC_TYPE_CHECKPOINT);
            case StreamRecord.End _ -> mark(RecordTypes.REC_TYPE_END);
        }
    }

    /// Writes the pages of `list`, which is not empty, as one record.
    public void pages(PageList list) throws IOException {
        Bug.check(!list.isEmpty(), "a record of pages has some");
        int head = RecordTypes.PAGE_DATA_HEADER_BYTES + list.count() * Long.BYTES;
        int length = head + list.withContent() * Sizes.PAGE_BYTES;
        if (buffer.capacity() < PAGES_BUFFER_BYTES) {
            buffer = room(PAGES_BUFFER_BYTES);
        }
        buffer.clear();
        if (alignment == Alignment.PAGE && list.withContent() > 0) {
            align(RecordTypes.RHDR_BYTES + head);
        }
        buffer.putInt(RecordTypes.REC_TYPE_PAGE_DATA).putInt(length);
        buffer.putInt(list.count()).putInt(0);
        for (int i = 0; i < list.count(); i++) {
            buffer.putLong(list.entry(i));
        }
        for (int i = 0; i < list.withContent(); i++) {
            int at = buffer.position();
            MemorySegment.ofBuffer(buffer).asSlice(0, Sizes.PAGE_BYTES).copyFrom(list.content(i));
            buffer.position(at + Sizes.PAGE_BYTES);
        }
        flush();
    }

    /// Writes pages as one record, packed.
    ///
    /// @param entries of [PageKind#entry], the first `count` of them
    /// @param contents of the pages that have some, in their order, of the first `length` bytes;
    ///   may be changed by this
    public void packed(long[] entries, int count, byte[] contents, int length, PagePacking packing)
            throws IOException {
        Bug.check(count > 0 && count <= PageList.PAGES_MAX, "a record of pages has some");
        var body = pack(contents, length, packing);
        int head = RecordTypes.PAGE_DATA_HEADER_BYTES + count * Long.BYTES;
        begin(RecordTypes.PACKED_PAGES, head + body.remaining());
        buffer.putInt(count).putInt(packing.number());
        for (int i = 0; i < count; i++) {
            buffer.putLong(entries[i]);
        }
        end(body, head + body.remaining());
    }

    /// Valid until the next call.
    private ByteBuffer pack(byte[] contents, int length, PagePacking packing) {
        int most = packing.packedBytesMax(length);
        if (packed.length < most) {
            packed = new byte[most];
        }
        return packing.pack(contents, length, packed);
    }

    /// Writes a state as what is another in it than in `before`, which was written last of this
    /// kind and instance, in this version, and is as long.
    public void change(StreamRecord.State state, Bytes before) throws IOException {
        Bug.check(before.length() == state.encoded().length(), "what changes is as long as before");
        var difference = state.encoded().xor(before);
        var packing = PagePacking.LZ4;
        writeState(
                RecordTypes.STATE_CHANGE,
                state,
                packing.number(),
                pack(difference, difference.length, packing));
    }

    /// Puts in padding so that what follows `ahead` more bytes begins at a page's boundary.
    private void align(int ahead) {
        int over = (int) (-(position + ahead) & Sizes.PAGE_BYTES - 1);
        if (over == 0) {
            return;
        }
        int body = over - RecordTypes.RHDR_BYTES & Sizes.PAGE_BYTES - 1;
        buffer.putInt(RecordTypes.PADDING).putInt(body);
        for (int i = 0; i < body; i += Long.BYTES) {
            buffer.putLong(0);
        }
    }

    // ---------------------------------------------------------------- records

    private void writeTscInfo(StreamRecord.TscInfo tsc) throws IOException {
        begin(RecordTypes.REC_TYPE_X86_TSC_INFO, RecordTypes.TSC_INFO_BYTES);
        buffer.putInt(tsc.mode())
                .putInt(tsc.khz())
                .putLong(tsc.elapsedNanos())
                .putInt(tsc.incarnation())
                .putInt(0);
        flush();
    }

    private void writeParams(StreamRecord.HvmParams record) throws IOException {
        int count = record.params().size();
        begin(
                RecordTypes.REC_TYPE_HVM_PARAMS,
                RecordTypes.HVM_PARAMS_HEADER_BYTES + count * RecordTypes.HVM_PARAMS_ENTRY_BYTES);
        buffer.putInt(count).putInt(0);
        record.params().forEach(param -> buffer.putLong(param.index()).putLong(param.value()));
        flush();
    }

    private void writeDiskData(StreamRecord.DiskData data) throws IOException {
        int length = data.content().length();
        var packing = PagePacking.LZ4;
        var body = pack(data.content().toArray(), length, packing);
        int whole = RecordTypes.DISK_DATA_HEADER_BYTES + body.remaining();
        begin(RecordTypes.DISK_DATA, whole);
        buffer.putInt(data.number())
                .putInt(packing.number())
                .putLong(data.offset())
                .putInt(length)
                .putInt(0);
        end(body, whole);
    }

    private void writePolicy(StreamRecord.CpuidPolicy policy) throws IOException {
        begin(
                RecordTypes.REC_TYPE_X86_CPUID_POLICY,
                policy.leaves().size() * RecordTypes.CPUID_LEAF_BYTES);
        policy.leaves()
                .forEach(leaf ->
                        buffer.putInt(leaf.leaf())
                                .putInt(leaf.subleaf())
                                .putInt(leaf.a())
                                .putInt(leaf.b())
                                .putInt(leaf.c())
                                .putInt(leaf.d()));
        flush();
    }

    private void writeState(StreamRecord.State state) throws IOException {
        writeState(RecordTypes.STATE, state, 0, state.encoded().buffer());
    }

    private void writeState(int type, StreamRecord.State state, int packing, ByteBuffer body)
            throws IOException {
        var kind = state.kind().getBytes(StandardCharsets.US_ASCII);
        int kindPadding = RecordTypes.padding(kind.length);
        int length = RecordTypes.STATE_HEADER_BYTES + kind.length + kindPadding + body.remaining();
        begin(type, length);
        buffer.putInt(state.version())
                .putInt(kind.length)
                .putInt(state.instance())
                .putInt(packing)
                .put(kind)
                .put(new byte[kindPadding]);
        end(body, length);
    }

    /// A record without content. Behind it all that came before has been believed, so a checksum
    /// goes ahead.
    private void mark(int type) throws IOException {
        if (type != RecordTypes.REC_TYPE_VERIFY) {
            writeChecksum(type);
        }
        begin(type, 0);
        flush();
    }

    private void writeChecksum(int typeBehind) throws IOException {
        int sum = (int) checksum.getValue();
        begin(RecordTypes.CHECKSUM, RecordTypes.CHECKSUM_BYTES);
        buffer.putInt(sum).putInt(typeBehind);
        flush();
        checksum.reset();
    }

    // ---------------------------------------------------------------- bytes

    private void begin(int type, int length) {
        Bug.check(length <= RecordTypes.REC_LENGTH_MAX, "a record has a bounded length");
        buffer.clear().putInt(type).putInt(length);
    }

    private void end(ByteBuffer body, int length) throws IOException {
        flush();
        put(body);
        buffer.clear().put(new byte[RecordTypes.padding(length)]);
        flush();
    }

    private void flush() throws IOException {
        put(buffer.flip());
    }

    private void put(ByteBuffer bytes) throws IOException {
        position += bytes.remaining();
        checksum.update(bytes.duplicate());
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
