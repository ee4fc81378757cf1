package org.xenolith.migration.pages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.xenolith.base.Clock;
import org.xenolith.base.Sizes;
import org.xenolith.migration.testing.MemoryLink;
import org.xenolith.state.Bytes;
import org.xenolith.state.stream.ChannelInput;
import org.xenolith.state.stream.PageKind;
import org.xenolith.state.stream.StreamException;
import org.xenolith.state.stream.StreamReader;
import org.xenolith.state.stream.StreamRecord;
import org.xenolith.state.stream.StreamWriter;
import org.xenolith.state.stream.StreamWriter.Alignment;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/// What goes by several connections: each page by one, in its order, between barriers.
@Timeout(60)
class SpreadPagesTest {
    private static final int LANES = 3;
    private static final long TAKE_MILLIS_MAX = 30_000;

    private final SplittableRandom random = new SplittableRandom(12);
    private final List<ByteArrayOutputStream> octets = new ArrayList<>();
    private final MeteredOutput meter = new MeteredOutput(channel(), Clock.system());
    private final StreamWriter writer = new StreamWriter(meter, 0, Alignment.NONE, 4, 17);

    SpreadPagesTest() throws IOException {
        writer.write(new StreamRecord.State("machine", 2, 0, Bytes.EMPTY));
        writer.write(new StreamRecord.StaticDataEnd());
    }

    private WritableByteChannel channel() {
        var stream = new ByteArrayOutputStream();
        octets.add(stream);
        return Channels.newChannel(stream);
    }

    private SpreadPages spread(List<WritableByteChannel> further, long takeMillisMax)
            throws IOException {
        var means = new SpreadPages.Means(PackingChoice::sparing, Clock.system(), takeMillisMax);
        return new SpreadPages(writer, meter, further, means);
    }

    @Test
    void everyPageHasOneLaneAndAPlaceOfItsOwnThere() {
        for (int lanes = 1; lanes <= 16; lanes++) {
            var striping = new Striping(lanes);
            var places = new HashSet<List<Long>>();
            for (long gfn = 0; gfn < 10_000; gfn++) {
                int lane = striping.lane(gfn);
                assertThat(lane).isBetween(0, lanes - 1);
                assertThat(places.add(List.of((long) lane, striping.within(gfn)))).isTrue();
                assertThat(striping.within(gfn)).isLessThanOrEqualTo(gfn);
            }
        }
    }

    /// The records that came by a connection.
    private List<StreamRecord> records(int lane) throws IOException, StreamException {
        var input = new ByteArrayInputStream(octets.get(lane).toByteArray());
        var reader = new StreamReader(new ChannelInput(Channels.newChannel(input)));
        var records = new ArrayList<StreamRecord>();
        while (input.available() > 0) {
            records.add(reader.next());
        }
        return records;
    }

    /// Applies what has come by one connection up to barrier `last`.
    private void apply(int lane, Map<Long, byte[]> pages) throws IOException, StreamException {
        var input = new ByteArrayInputStream(octets.get(lane).toByteArray());
        var reader = new StreamReader(new ChannelInput(Channels.newChannel(input)));
        while (input.available() > 0) {
            if (reader.next() instanceof StreamRecord.Pages record) {
                apply(record, pages);
            }
        }
    }

    private static void apply(StreamRecord.Pages record, Map<Long, byte[]> pages) {
        long at = 0;
        for (int i = 0; i < record.count(); i++) {
            if (!record.kind(i).hasContent()) {
                pages.remove(record.gfn(i));
                continue;
            }
            var content =
                    record.contents().asSlice(at, Sizes.PAGE_BYTES).toArray(ValueLayout.JAVA_BYTE);
            at += Sizes.PAGE_BYTES;
            if (record.kind(i) == PageKind.DELTA) {
                var before = pages.get(record.gfn(i));
                for (int k = 0; k < content.length; k++) {
                    content[k] ^= before[k];
                }
            }
            pages.put(record.gfn(i), content);
        }
    }

    @Test
    void whoeverReadsThemInWhateverOrderHasThePages() throws Exception {
        var pages = new HashMap<Long, byte[]>();
        try (var sender = spread(List.of(channel(), channel()), TAKE_MILLIS_MAX)) {
            for (int round = 0; round < 100; round++) {
                for (int i = random.nextInt(200); i > 0; i--) {
                    change(sender, random.nextInt(1000), pages);
                }
                sender.flush();
                writer.write(new StreamRecord.Round(round)); // the first connection is ours again
                meter.flush();
            }
            assertThat(sender.pages()).isPositive().isLessThanOrEqualTo(sender.passed());
            assertThat(sender.furtherBytes())
                    .isEqualTo(octets.get(1).size() + (long) octets.get(2).size());
        }
        var read = new HashMap<Long, byte[]>();
        for (int lane = LANES - 1; lane >= 0; lane--) {
            apply(lane, read);
        }
        assertThat(read.keySet()).isEqualTo(pages.keySet());
        pages.forEach((gfn, page) -> assertThat(read.get(gfn)).isEqualTo(page));
    }

    private void change(PageSink sender, long gfn, Map<Long, byte[]> pages) throws IOException {
        if (random.nextInt(50) == 0) {
            pages.remove(gfn);
            sender.hole(gfn);
            return;
        }
        var page = pages.getOrDefault(gfn, new byte[Sizes.PAGE_BYTES]).clone();
        for (int i = 1 << random.nextInt(14); i > 1; i--) {
            page[random.nextInt(page.length)] = (byte) random.nextInt();
        }
        pages.put(gfn, page);
        sender.content(gfn, MemorySegment.ofArray(page), true);
    }

    private static MemorySegment page() {
        return MemorySegment.ofArray(new byte[Sizes.PAGE_BYTES]).fill((byte) 5);
    }

    @Test
    void barriersAreTheSameByAllConnectionsAndPagesAreBetweenThem() throws Exception {
        try (var sender = spread(List.of(channel(), channel()), TAKE_MILLIS_MAX)) {
            sender.flush(); // nothing has come
            sender.content(0, page(), true);
            sender.flush();
            sender.hole(64);
            sender.hole(0);
            sender.allocated(128);
            sender.flush();
        }
        for (int lane = 0; lane < LANES; lane++) {
            var barriers =
                    records(lane).stream()
                            .filter(StreamRecord.Barrier.class::isInstance)
                            .map(record -> ((StreamRecord.Barrier) record).number())
                            .toList();
            assertThat(barriers).containsExactly(1, 2, 3, 4, 5, 6);
            var last = new StreamRecord.Barrier(0);
            for (var record : records(lane)) {
                if (record instanceof StreamRecord.Barrier next) {
                    last = next;
                }
                boolean pages = record instanceof StreamRecord.Pages;
                assertThat(pages && !last.spreads()).isFalse();
            }
        }
    }

    @Test
    void aConnectionThatFailsIsNamed() throws Exception {
        var cut = new MemoryLink();
        cut.cutBehind(5000, MemoryLink.NEVER);
        try (var sender = spread(List.of(channel(), cut.near().output()), TAKE_MILLIS_MAX)) {
            assertThatThrownBy(() -> sendNoise(sender))
                    .isInstanceOf(IOException.class)
                    .hasMessageStartingWith("connection 3 of 3 failed");
        }
    }

    @Test
    void aConnectionThatTakesNothingIsGivenUp() throws Exception {
        var stopped = new MemoryLink(); // of which nobody reads the other end
        try (var sender = spread(List.of(stopped.near().output()), 100)) {
            assertThatThrownBy(() -> sendNoise(sender))
                    .isInstanceOf(IOException.class)
                    .hasMessage("connection 2 of 2 takes nothing any more");
        }
        stopped.cut();
    }

    private void sendNoise(PageSink sender) throws IOException {
        var page = new byte[Sizes.PAGE_BYTES];
        for (int gfn = 0; gfn < 2000; gfn++) {
            random.nextBytes(page);
            sender.content(gfn, MemorySegment.ofArray(page), false);
        }
        sender.flush();
    }
}
