package org.xenolith.board;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.base.Sizes;
import org.xenolith.memory.GuestMemory;
import org.xenolith.state.Bytes;
import org.xenolith.state.stream.MappedInput;
import org.xenolith.state.stream.PageList;
import org.xenolith.state.stream.StreamException;
import org.xenolith.state.stream.StreamReader;
import org.xenolith.state.stream.StreamRecord;
import org.xenolith.state.stream.StreamWriter;
import org.xenolith.state.stream.StreamWriter.Alignment;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.channels.Channels;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/// How much of an epoch there may be, in a machine of four frames, one of which is mapped.
class EpochAsideTest {
    private static final int FRAMES = 4;
    private static final EpochAside.Bounds BOUNDS = new EpochAside.Bounds(3, 1 << 20);
    private static final MemorySegment PAGE = MemorySegment.ofArray(new byte[Sizes.PAGE_BYTES]);

    @TempDir private Path root;

    private GuestMemory memory;
    private EpochAside aside;

    @BeforeEach
    void setUp() {
        memory = GuestMemory.create(FRAMES);
        memory.map(0, memory.allocateFrame());
        aside = new EpochAside(memory, BOUNDS);
    }

    @AfterEach
    void end() {
        aside.close();
        memory.close();
    }

    private static StreamRecord.Pages pages(Consumer<PageList> fill) throws Exception {
        var bytes = new ByteArrayOutputStream();
        var out = new StreamWriter(Channels.newChannel(bytes), 0, Alignment.NONE, 4, 17);
        var list = new PageList();
        fill.accept(list);
        out.write(new StreamRecord.StaticDataEnd());
        out.pages(list);
        out.write(new StreamRecord.Checkpoint());
        var reader =
                new StreamReader(new MappedInput(MemorySegment.ofArray(bytes.toByteArray()), 0));
        reader.next();
        return (StreamRecord.Pages) reader.next();
    }

    private interface Step {
        void perform() throws Exception;
    }

    private static void refused(Step step, String reason) {
        assertThatThrownBy(step::perform)
                .isInstanceOf(StreamException.class)
                .hasMessageContaining(reason);
    }

    @Test
    void noPageComesMoreThanTwiceForEachFrameThereIs() throws Exception {
        var page = pages(list -> list.add(0, PAGE));
        for (int i = 0; i < 2 * FRAMES; i++) {
            aside.add(page);
        }
        refused(() -> aside.add(page), "too many pages");
        aside.clear();
        aside.add(page); // of the next epoch
    }

    @Test
    void moreFramesThanTheMachineHasAreRefusedWhenTheyAreAskedFor() throws Exception {
        aside.add(
                pages(list -> {
                    list.add(1, PAGE);
                    list.addAllocated(2);
                    list.add(3, PAGE);
                }));
        var another = pages(list -> list.add(4, PAGE));
        refused(() -> aside.add(another), "more pages than the machine");
        aside.clear();
        aside.add(
                pages(list -> {
                    list.addHole(0);
                    list.addHole(0); // gives one frame, not two
                    list.add(1, PAGE);
                    list.add(2, PAGE);
                    list.add(3, PAGE);
                    list.add(4, PAGE);
                }));
        refused(() -> aside.add(pages(list -> list.add(5, PAGE))), "more pages than the machine");
    }

    @Test
    void aPageWhereNoneCanBeIsRefused() {
        refused(
                () -> aside.add(pages(list -> list.addHole(1L << 30))),
                "the stream has a page where none can be");
    }

    @Test
    void aDiskHasAtMostSoMuchInAnEpoch() throws Exception {
        var config = DiskConfig.raw("xvda", root.resolve("disk"));
        var disks = new ArrivingDisks(List.of(config));
        int number = config.device().number();
        disks.begin(new StreamRecord.Disk(number, 4 << 20));
        var half = new StreamRecord.DiskData(number, 512, Bytes.of(new byte[600 << 10]));
        aside.add(half, disks);
        refused(() -> aside.add(half, disks), "too much of a disk");
        refused(
                () -> aside.add(new StreamRecord.DiskZeroes(number, 4 << 20, 512), disks),
                "of no disk that has come");
        aside.add(new StreamRecord.DiskZeroes(number, 0, 4 << 20), disks); // need no room
        aside.add(new StreamRecord.DiskZeroes(number, 0, 4 << 20), disks);
        refused(
                () -> aside.add(new StreamRecord.DiskZeroes(number, 0, 512), disks),
                "too many parts of disks");
        disks.close();
    }
}
