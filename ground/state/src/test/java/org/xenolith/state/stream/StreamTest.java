package org.xenolith.state.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import org.junit.jupiter.api.Test;
import org.xenolith.base.Sizes;
import org.xenolith.state.Bytes;
import org.xenolith.state.stream.StreamWriter.Alignment;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;

class StreamTest {
    private static final StreamRecord.State STATE =
            new StreamRecord.State("local-apic", 1, 3, Bytes.of((byte) 1, (byte) 2, (byte) 3));

    private static final List<StreamRecord> BEFORE =
            List.of(
                    new StreamRecord.CpuidPolicy(
                            List.of(new StreamRecord.CpuidPolicy.Leaf(1, -1, 2, 3, 4, 5))),
                    new StreamRecord.State("machine", 2, 0, Bytes.EMPTY),
                    new StreamRecord.StaticDataEnd());

    private static final List<StreamRecord> AFTER =
            List.of(
                    new StreamRecord.TscInfo(0, 1_000_000, 77, 1),
                    new StreamRecord.HvmParams(
                            List.of(
                                    new StreamRecord.HvmParams.Param(1, 2),
                                    new StreamRecord.HvmParams.Param(3, -1))),
                    new StreamRecord.HvmContext(Bytes.of((byte) 9)),
                    STATE,
                    new StreamRecord.Checkpoint(),
                    new StreamRecord.End());

    /// A page, as it was when it was read.
    private record Page(long gfn, PageKind kind, Bytes content) implements Comparable<Page> {
        @Override
        public int compareTo(Page other) {
            return Long.compare(gfn, other.gfn);
        }
    }

    private static MemorySegment page(int seed) {
        var bytes = new byte[Sizes.PAGE_BYTES];
        Arrays.fill(bytes, (byte) seed);
        return MemorySegment.ofArray(bytes);
    }

    private static PageList pages() {
        var list = new PageList();
        list.add(0x1234, page(1));
        list.addAllocated(0x1235);
        list.add(0xF_FFFF, page(2));
        list.addHole(0x77);
        return list;
    }

    private static byte[] stream(long position, Alignment alignment) {
        try {
            var bytes = new ByteArrayOutputStream();
            var channel = Channels.newChannel(bytes);
            var writer = new StreamWriter(channel, position, alignment, 4, 17);
            for (var record : BEFORE) {
                writer.write(record);
            }
            writer.pages(pages());
            for (var record : AFTER) {
                writer.write(record);
            }
            assertThat(writer.position()).isEqualTo(position + bytes.size());
            return bytes.toByteArray();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static StreamInput mapped(byte[] stream) {
        return new MappedInput(MemorySegment.ofArray(stream), 0);
    }

    private static List<Object> readAll(StreamInput input) throws IOException, StreamException {
        var all = new ArrayList<Object>();
        var reader = new StreamReader(input);
        StreamRecord record;
        do {
            record = reader.next();
            if (record instanceof StreamRecord.Pages pages) {
                all.addAll(read(pages));
            } else {
                all.add(record);
            }
        } while (!(record instanceof StreamRecord.End));
        return all;
    }

    private static List<Page> read(StreamRecord.Pages pages) {
        var read = new ArrayList<Page>();
        long at = 0;
        for (int i = 0; i < pages.count(); i++) {
            var content = Bytes.EMPTY;
            if (pages.kind(i) == PageKind.CONTENT) {
                content = Bytes.of(pages.contents().asSlice(at, Sizes.PAGE_BYTES));
                at += Sizes.PAGE_BYTES;
            }
            read.add(new Page(pages.gfn(i), pages.kind(i), content));
        }
        return read;
    }

    private static List<Object> expected() {
        var all = new ArrayList<Object>(BEFORE);
        all.add(new Page(0x1234, PageKind.CONTENT, Bytes.of(page(1))));
        all.add(new Page(0x1235, PageKind.ALLOCATED, Bytes.EMPTY));
        all.add(new Page(0xF_FFFF, PageKind.CONTENT, Bytes.of(page(2))));
        all.add(new Page(0x77, PageKind.HOLE, Bytes.EMPTY));
        all.addAll(AFTER);
        return all;
    }

    /// Gives what it has in small pieces of chance, as a connection does.
    private static ReadableByteChannel trickling(byte[] stream) {
        var whole = new ByteArrayInputStream(stream);
        var random = new SplittableRandom(5);
        return new ReadableByteChannel() {
            @Override
            public int read(ByteBuffer into) {
                var part = new byte[Math.min(into.remaining(), random.nextInt(1, 3000))];
                int count = whole.read(part, 0, part.length);
                if (count > 0) {
                    into.put(part, 0, count);
                }
                return count;
            }

            @Override
            public boolean isOpen() {
                return true;
            }

            @Override
            public void close() {}
        };
    }

    // ---------------------------------------------------------------- form

    @Test
    void whatWasWrittenIsRead() throws Exception {
        for (var alignment : Alignment.values()) {
            var stream = stream(0, alignment);
            assertThat(readAll(mapped(stream))).isEqualTo(expected());
            assertThat(readAll(new ChannelInput(trickling(stream)))).isEqualTo(expected());
        }
    }

    @Test
    void theHeadersAreThoseOfTheSpecification() {
        assertThat(HexFormat.of().formatHex(stream(0, Alignment.NONE), 0, 40))
                .isEqualTo(
                        "ffffffffffffffff" // marker
                                + "58454e46"
                                + "00000003" // "XENF", version
                                + "0000"
                                + "000000000000" // options, reserved
                                + "02000000"
                                + "0c00"
                                + "0000" // HVM, page shift
                                + "04000000"
                                + "11000000"); // Xen 4.17
    }

    @Test
    void aStateHasTheFormOfTheSpecification() throws Exception {
        var bytes = new ByteArrayOutputStream();
        var writer = new StreamWriter(Channels.newChannel(bytes), 0, Alignment.NONE, 4, 17);
        writer.write(STATE);
        assertThat(HexFormat.of().formatHex(bytes.toByteArray(), 40, bytes.size()))
                .isEqualTo(
                        "0154494c"
                                + "23000000" // type, length 35
                                + "01000000"
                                + "0a000000" // version, letters of the kind
                                + "03000000"
                                + "00000000" // instance
                                + "6c6f63616c2d617069630000"
                                + "00000000" // "local-apic"
                                + "010203"
                                + "0000000000"); // state, padding
    }

    @Test
    void contentsCanBeginAtPageBoundaries() throws Exception {
        for (long position = 0; position <= Sizes.PAGE_BYTES; position += 64) {
            var stream = stream(position, Alignment.PAGE);
            var file = new byte[(int) position + stream.length];
            System.arraycopy(stream, 0, file, (int) position, stream.length);
            var reader = new StreamReader(new MappedInput(MemorySegment.ofArray(file), position));
            StreamRecord record = reader.next();
            while (!(record instanceof StreamRecord.Pages)) {
                record = reader.next();
            }
            var pages = (StreamRecord.Pages) record;
            assertThat(pages.position() % Sizes.PAGE_BYTES).isZero();
            assertThat(file[(int) pages.position()]).isEqualTo((byte) 1);
            assertThat(file[(int) pages.position() + Sizes.PAGE_BYTES]).isEqualTo((byte) 2);
        }
    }

    /// Pages packed in one way: one that is new, one that has changed, one of zeros, a hole.
    private static byte[] packed(PagePacking packing) throws IOException {
        var bytes = new ByteArrayOutputStream();
        var writer = new StreamWriter(Channels.newChannel(bytes), 0, Alignment.NONE, 4, 17);
        for (var record : BEFORE) {
            writer.write(record);
        }
        long[] entries = {
            PageKind.CONTENT.entry(5),
            PageKind.ALLOCATED.entry(6),
            PageKind.DELTA.entry(7),
            PageKind.HOLE.entry(8)
        };
        var contents = new byte[3 * Sizes.PAGE_BYTES];
        MemorySegment.ofArray(contents).copyFrom(page(1));
        MemorySegment.ofArray(contents).asSlice(Sizes.PAGE_BYTES).copyFrom(page(2));
        writer.packed(entries, 4, contents, 2 * Sizes.PAGE_BYTES, packing);
        writer.write(new StreamRecord.Round(3));
        writer.write(new StreamRecord.Barrier(2));
        writer.write(new StreamRecord.Rehearsal());
        for (var record : AFTER) {
            writer.write(record);
        }
        return bytes.toByteArray();
    }

    @Test
    void packedPagesComeOutAsTheyWentIn() throws Exception {
        for (var packing : PagePacking.values()) {
            var reader = new StreamReader(mapped(packed(packing)));
            var record = reader.next();
            while (!(record instanceof StreamRecord.Pages)) {
                record = reader.next();
            }
            var pages = (StreamRecord.Pages) record;
            assertThat(pages.count()).isEqualTo(4);
            assertThat(pages.position()).isEqualTo(StreamRecord.Pages.NO_POSITION);
            assertThat(List.of(pages.kind(0), pages.kind(1), pages.kind(2), pages.kind(3)))
                    .containsExactly(
                            PageKind.CONTENT, PageKind.ALLOCATED, PageKind.DELTA, PageKind.HOLE);
            assertThat(pages.contents().asSlice(0, Sizes.PAGE_BYTES).mismatch(page(1)))
                    .isEqualTo(-1);
            assertThat(pages.contents().asSlice(Sizes.PAGE_BYTES).mismatch(page(2))).isEqualTo(-1);
            assertThat(reader.next()).isEqualTo(new StreamRecord.Round(3));
            assertThat(reader.next()).isEqualTo(new StreamRecord.Barrier(2));
            assertThat(reader.next()).isEqualTo(new StreamRecord.Rehearsal());
        }
    }

    @Test
    void damagedPackedPagesAreRefusedOrNoticedAtTheNextChecksum() throws Exception {
        for (var packing : PagePacking.values()) {
            var stream = packed(packing);
            var random = new SplittableRandom(packing.ordinal());
            for (int round = 0; round < 300; round++) {
                var damaged = stream.clone();
                damaged[random.nextInt(damaged.length)] ^= (byte) (1 << random.nextInt(8));
                if (!Arrays.equals(Arrays.copyOf(damaged, 40), Arrays.copyOf(stream, 40))) {
                    continue; // of the headers not every bit counts before the first checksum
                }
                assertThatThrownBy(() -> readAll(mapped(damaged)))
                        .isInstanceOf(StreamException.class);
            }
        }
    }

    @Test
    void aFullListOfPagesFits() throws Exception {
        var list = new PageList();
        while (!list.isFull()) {
            list.add(7, page(3));
        }
        var bytes = new ByteArrayOutputStream();
        var writer = new StreamWriter(Channels.newChannel(bytes), 8, Alignment.PAGE, 4, 17);
        writer.pages(list);
        assertThat(bytes.size()).isGreaterThan(PageList.PAGES_MAX * Sizes.PAGE_BYTES);
    }

    // ---------------------------------------------------------------- what is refused

    private static void refused(byte[] stream, String what) {
        try {
            var all = readAll(mapped(stream));
            fail("%s was read as %s", what, all);
        } catch (StreamException expected) {
            assertThat(expected.getMessage()).isNotBlank();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void everyCutIsRefused() {
        var stream = stream(0, Alignment.NONE);
        for (int length = 0; length < stream.length; length++) {
            refused(Arrays.copyOf(stream, length), "a stream of " + length);
        }
    }

    @Test
    void everyFlippedBitIsRefused() throws Exception {
        var stream = stream(0, Alignment.NONE);
        for (int bit = 0; bit < stream.length * 8; bit++) {
            var damaged = stream.clone();
            damaged[bit / 8] ^= (byte) (1 << bit % 8);
            refused(damaged, "a stream with bit " + bit + " flipped");
        }
    }

    @Test
    void randomDamageIsRefused() {
        var random = new SplittableRandom(3);
        var stream = stream(0, Alignment.PAGE);
        for (int round = 0; round < 2_000; round++) {
            var damaged = stream.clone();
            int at = random.nextInt(stream.length);
            int end = Math.min(stream.length, at + random.nextInt(1, 64));
            for (int i = at; i < end; i++) {
                damaged[i] = (byte) random.nextInt();
            }
            if (!Arrays.equals(damaged, stream)) {
                refused(damaged, "a stream with damage in round " + round);
            }
        }
    }

    private static byte[] withRecord(int type, int length, byte... body) {
        var stream = stream(0, Alignment.NONE);
        return ByteBuffer.allocate(40 + 8 + body.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(stream, 0, 40)
                .putInt(type)
                .putInt(length)
                .put(body)
                .array();
    }

    private static void refusedWith(byte[] stream, String reason) {
        assertThatThrownBy(() -> readAll(mapped(stream)))
                .isInstanceOf(StreamException.class)
                .hasMessageContaining(reason);
    }

    @Test
    void unknownMandatoryRecordsAreRefused() {
        refusedWith(withRecord(0x7FFF_FFFF, 0), "record 0x7fffffff is not known");
        refusedWith(withRecord(0x2, 0), "record 0x00000002 is not known"); // of PV guests
    }

    @Test
    void unknownOptionalRecordsAreIgnored() throws Exception {
        var rest = stream(0, Alignment.NONE);
        var start = withRecord(0x8000_0123, 3, new byte[] {1, 2, 3, 0, 0, 0, 0, 0});
        var reader =
                new StreamReader(mapped(joined(start, Arrays.copyOfRange(rest, 40, rest.length))));
        assertThat(reader.next()).isEqualTo(BEFORE.getFirst());
    }

    private static byte[] joined(byte[] start, byte[] end) {
        return ByteBuffer.allocate(start.length + end.length).put(start).put(end).array();
    }

    @Test
    void hugeLengthsAreRefused() {
        refusedWith(withRecord(0x8000_0123, -1), "is 4294967295 bytes long");
        refusedWith(withRecord(0x4C49_5401, (128 << 20) + 1), "is 134217729 bytes long");
        refusedWith(withRecord(0x4C49_5401, 128 << 20), "the file ends");
    }

    @Test
    void memoryIsNotAllocatedForWhatIsOnlyAnnounced() throws Exception {
        var stream = withRecord(0x8000_0123, 128 << 20);
        var input = new ChannelInput(trickling(stream));
        var reader = new StreamReader(input);
        assertThatThrownBy(reader::next)
                .isInstanceOf(StreamException.class)
                .hasMessage("the stream ends in the middle");
        assertThat(input.allocatedBytes()).isLessThanOrEqualTo(64 << 10);
    }

    @Test
    void pagesBeforeTheEndOfStaticDataAreRefused() {
        refusedWith(withRecord(1, 16, new byte[16]), "before STATIC_DATA_END");
    }

    private static void pagesRefused(String reason, int count, long entry, int contentBytes) {
        var body =
                ByteBuffer.allocate(16 + contentBytes)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putInt(count)
                        .putInt(0)
                        .putLong(entry);
        assertThatThrownBy(() -> StreamRecord.Pages.parse(MemorySegment.ofArray(body.array()), 0))
                .isInstanceOf(StreamException.class)
                .hasMessageContaining(reason);
    }

    @Test
    void impossiblePagesAreRefused() {
        pagesRefused("counts 0 pages", 0, 7, 0);
        pagesRefused("counts 2 pages", 2, 7, 0);
        pagesRefused("counts 4294967295 pages", -1, 7, 0);
        pagesRefused("has 1 pages with content", 1, 7, 0);
        pagesRefused("has 1 pages with content", 1, 7, 4095);
        pagesRefused("has 0 pages with content", 1, 0xEL << 60, 4096);
        pagesRefused("type 0x5", 1, 0x5L << 60, 4096);
        pagesRefused("type 0xd", 1, 0xDL << 60, 0);
    }

    @Test
    void otherImagesAreRefused() {
        var stream = stream(0, Alignment.NONE);
        var version2 = stream.clone();
        version2[15] = 2;
        refusedWith(version2, "version 2");
        var bigEndian = stream.clone();
        bigEndian[17] = 1;
        refusedWith(bigEndian, "big-endian");
        var pv = stream.clone();
        pv[24] = 1;
        refusedWith(pv, "not of an x86 HVM domain");
        refusedWith("LibxlFmt and more, enough for a header".getBytes(), "no Xen domain image");
    }

    @Test
    void aPageThatChangesWhileItIsWrittenKeepsTheChecksumRight() throws Exception {
        var content = page(1);
        var bytes = new ByteArrayOutputStream();
        var channel = Channels.newChannel(bytes);
        var changing =
                new java.nio.channels.WritableByteChannel() {
                    @Override
                    public int write(ByteBuffer from) throws IOException {
                        content.set(ValueLayout.JAVA_BYTE, 100, (byte) (bytes.size() + 1));
                        return channel.write(from);
                    }

                    @Override
                    public boolean isOpen() {
                        return true;
                    }

                    @Override
                    public void close() {}
                };
        var writer = new StreamWriter(changing, 0, Alignment.NONE, 4, 17);
        writer.write(new StreamRecord.StaticDataEnd());
        var list = new PageList();
        list.add(1, content);
        writer.pages(list);
        writer.write(STATE);
        writer.write(new StreamRecord.End());
        assertThat(readAll(mapped(bytes.toByteArray()))).hasSize(4);
    }

    @Test
    void nothingFollowsTheEnd() throws Exception {
        var reader = new StreamReader(mapped(stream(0, Alignment.NONE)));
        while (!(reader.next() instanceof StreamRecord.End)) {
            continue;
        }
        assertThatThrownBy(reader::next).isInstanceOf(StreamException.class);
    }
}
