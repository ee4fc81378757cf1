package org.xenolith.migration.pages;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.xenolith.base.Clock;
import org.xenolith.base.Sizes;
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
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/// Whoever applies what a sender has written has the pages as they were given to it.
class PageSenderTest {
    private final SplittableRandom random = new SplittableRandom(11);
    private final ByteArrayOutputStream octets = new ByteArrayOutputStream();
    private final MeteredOutput meter =
            new MeteredOutput(Channels.newChannel(octets), Clock.system());
    private final StreamWriter writer = new StreamWriter(meter, 0, Alignment.NONE, 4, 17);
    private final PageSender sender =
            new PageSender(writer, meter, Clock.system(), PackingChoice.sparing());

    PageSenderTest() throws IOException {
        writer.write(new StreamRecord.CpuidPolicy(List.of()));
        writer.write(new StreamRecord.State("machine", 2, 0, Bytes.EMPTY));
        writer.write(new StreamRecord.StaticDataEnd());
        meter.flush();
    }

    private byte[] noise() {
        var page = new byte[Sizes.PAGE_BYTES];
        random.nextBytes(page);
        return page;
    }

    /// Sends an epoch of one page; returns the octets that it took.
    private long send(long gfn, byte[] page) throws IOException {
        sender.content(gfn, MemorySegment.ofArray(page), true);
        long before = meter.bytes();
        sender.flush();
        return meter.bytes() - before;
    }

    private Map<Long, byte[]> read() throws IOException, StreamException {
        writer.write(new StreamRecord.Checkpoint());
        writer.write(new StreamRecord.End());
        meter.flush();
        var input = Channels.newChannel(new ByteArrayInputStream(octets.toByteArray()));
        var reader = new StreamReader(new ChannelInput(input));
        var pages = new HashMap<Long, byte[]>();
        while (true) {
            switch (reader.next()) {
                case StreamRecord.Pages record -> apply(record, pages);
                case StreamRecord.End _ -> {
                    return pages;
                }
                default -> {}
            }
        }
    }

    private static void apply(StreamRecord.Pages record, Map<Long, byte[]> pages) {
        long at = 0;
        for (int i = 0; i < record.count(); i++) {
            var kind = record.kind(i);
            if (!kind.hasContent()) {
                pages.remove(record.gfn(i));
                continue;
            }
            var content =
                    record.contents().asSlice(at, Sizes.PAGE_BYTES).toArray(ValueLayout.JAVA_BYTE);
            at += Sizes.PAGE_BYTES;
            if (kind == PageKind.DELTA) {
                var before = pages.get(record.gfn(i));
                for (int k = 0; k < content.length; k++) {
                    content[k] ^= before[k];
                }
            }
            pages.put(record.gfn(i), content);
        }
    }

    @Test
    void whoeverReadsItHasThePages() throws Exception {
        var pages = new HashMap<Long, byte[]>();
        for (int epoch = 0; epoch < 300; epoch++) {
            for (int i = random.nextInt(100); i > 0; i--) {
                change(random.nextInt(64) + (random.nextInt(3) << 13), pages);
            }
            sender.flush();
        }
        var read = read();
        assertThat(read.keySet()).isEqualTo(pages.keySet());
        pages.forEach((gfn, page) -> assertThat(read.get(gfn)).isEqualTo(page));
    }

    /// Gfns that share a place among those that are kept are among them.
    private void change(long gfn, Map<Long, byte[]> pages) throws IOException {
        if (random.nextInt(20) == 0) {
            pages.remove(gfn);
            sender.hole(gfn);
            return;
        }
        var page = pages.containsKey(gfn) ? pages.get(gfn).clone() : noise();
        for (int i = 1 << random.nextInt(14); i > 1; i--) {
            page[random.nextInt(page.length)] = (byte) random.nextInt();
        }
        pages.put(gfn, page);
        sender.content(gfn, MemorySegment.ofArray(page), true);
    }

    @Test
    void aPageThatIsAsItWasCostsNothing() throws Exception {
        var page = noise();
        assertThat(send(5, page)).isGreaterThan(Sizes.PAGE_BYTES);
        assertThat(send(5, page)).isZero();
        assertThat(sender.pages()).isEqualTo(1);
        assertThat(sender.passed()).isEqualTo(2);
    }

    @Test
    void aPageOfWhichLittleHasChangedCostsLittle() throws Exception {
        var page = noise();
        send(5, page);
        for (int i = 0; i < 8; i++) {
            page[512 * i] ^= 1;
        }
        assertThat(send(5, page)).isLessThan(Sizes.PAGE_BYTES / 10);
    }

    /// The difference to noise is noise.
    @Test
    void aPageThatHasNothingToDoWithWhatItWasCostsWhatItIsWorth() throws Exception {
        var page = noise();
        send(5, page);
        Arrays.fill(page, (byte) 7);
        assertThat(send(5, page)).isLessThan(Sizes.PAGE_BYTES / 10);
        assertThat(read().get(5L)).isEqualTo(page);
    }
}
