package org.xenolith.pv.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.xenolith.xen.abi.BlkifAbi.*;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenolith.pv.block.BlockFrontend.Options;
import org.xenolith.pv.block.BlockFrontend.Segment;
import org.xenolith.xen.abi.Abi;
import org.xenolith.xen.abi.GrantTableAbi;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;

/// Requests, as a scripted front end makes them over real grants, event channels and xenstore, to
/// disks that want a buffer, and to disks that move the data in the guest's memory themselves.
@ParameterizedClass
@ValueSource(booleans = {false, true})
@Timeout(60)
class BlockBackendTest {
    private static final int DISK_BYTES = 4 << 20;
    private static final int SECTORS = DISK_BYTES / 512;

    @Parameter private boolean vectored;

    private final BlockGuest guest = new BlockGuest();
    private MemoryDisk disk = new MemoryDisk(DISK_BYTES);
    private BlockBackend backend;
    private BlockFrontend frontend;

    private void attach(Options options) {
        disk.vectored = vectored;
        backend = guest.attach(disk);
        frontend = BlockFrontend.connect(guest, options);
    }

    @AfterEach
    void nothingIsLeftBehind() throws IOException {
        if (backend != null) {
            backend.close();
        }
        assertThat(guest.failures).isEmpty();
        assertThat(guest.mappedGrants()).isEmpty();
        assertThat(guest.buffers.taken()).isZero();
        assertThat(disk.closed).isTrue();
        assertThat(guest.store.exists(BlockGuest.FRONTEND)).isFalse();
        assertThat(guest.store.exists(BlockGuest.BACKEND)).isFalse();
    }

    private byte[] pattern(int seed, int length) {
        var bytes = new byte[length];
        new SplittableRandom(seed).nextBytes(bytes);
        return bytes;
    }

    // ---------------------------------------------------------------- data

    @ParameterizedTest
    @CsvSource({
        "X86_64,1,0,false", "X86_64,1,0,true", "X86_32,1,0,false", "X86_64,4,0,true",
        "X86_64,1,1,false", "X86_64,2,2,true", "X86_32,2,3,true", "X86_64,8,4,false"
    })
    void whatIsWrittenIsRead(Abi abi, int queues, int order, boolean persistent) {
        attach(new Options(abi, queues, order, persistent));
        long out = guest.page();
        long in = guest.page();
        int outReference = guest.grant(out, persistent ? 0 : GrantTableAbi.GTF_readonly);
        int inReference = guest.grant(in);
        for (int queue = 0; queue < queues; queue++) {
            var ring = frontend.ring(queue);
            int rounds = queue == 0 ? ring.entries + 3 : 5; // all the way round, once
            for (int round = 0; round < rounds; round++) {
                var data = pattern(round, 4096);
                guest.memory.write(out, data);
                int sector = round % 100 * 8;
                var written =
                        ring.perform(
                                ring.direct(BLKIF_OP_WRITE, sector, Segment.page(outReference)));
                assertThat(written.status()).isEqualTo(BLKIF_RSP_OKAY);
                assertThat(disk.bytes(sector * 512, 4096)).isEqualTo(data);
                var read =
                        ring.perform(ring.direct(BLKIF_OP_READ, sector, Segment.page(inReference)));
                assertThat(read.status()).isEqualTo(BLKIF_RSP_OKAY);
                assertThat(read.id()).isEqualTo(written.id() + 1);
                assertThat(read.operation()).isEqualTo(BLKIF_OP_READ);
                assertThat(guest.memory.read(in, 4096)).isEqualTo(data);
            }
        }
        assertThat(backend.statistics().errors()).isZero();
    }

    @Test
    void partsOfPagesAreMovedInOrder() {
        attach(Options.PLAIN);
        var content = pattern(1, 11 * 512);
        disk.put(5 * 512, content);
        long page = guest.page();
        guest.memory.write(page, new byte[4096]);
        int reference = guest.grant(page);
        var answer =
                frontend.read(
                        5,
                        new Segment(reference, 6, 7),
                        new Segment(reference, 0, 0),
                        new Segment(reference, 2, 4));
        assertThat(answer.status()).isEqualTo(BLKIF_RSP_OKAY);
        var shown = guest.memory.read(page, 4096);
        assertThat(Arrays.copyOfRange(shown, 6 * 512, 4096))
                .isEqualTo(Arrays.copyOfRange(content, 0, 1024));
        assertThat(Arrays.copyOfRange(shown, 0, 512))
                .isEqualTo(Arrays.copyOfRange(content, 1024, 1536));
        assertThat(Arrays.copyOfRange(shown, 1024, 2560))
                .isEqualTo(Arrays.copyOfRange(content, 1536, 3072));
        assertThat(Arrays.copyOfRange(shown, 512, 1024)).containsOnly(0);
    }

    @Test
    void indirectRequestsMoveAMebibyte() {
        attach(Options.PLAIN);
        var pages = new ArrayList<Long>();
        var segments = new ArrayList<Segment>();
        for (int i = 0; i < RequestParser.INDIRECT_SEGMENTS_MAX; i++) {
            pages.add(guest.page());
            segments.add(Segment.page(guest.grant(pages.getLast())));
            guest.memory.write(pages.getLast(), pattern(i, 4096));
        }
        long list = guest.page();
        guest.memory.write(list, BlockFrontend.pack(segments.toArray(Segment[]::new)));
        int reference = guest.grant(list, GrantTableAbi.GTF_readonly);
        var ring = frontend.ring();
        var answer = ring.perform(ring.indirect(BLKIF_OP_WRITE, 256, 8, reference));
        assertThat(answer.status()).isEqualTo(BLKIF_RSP_OKAY);
        assertThat(answer.operation()).isEqualTo(BLKIF_OP_WRITE);
        for (int i = 0; i < 256; i++) {
            assertThat(disk.bytes((i + 1) * 4096, 4096)).isEqualTo(pattern(i, 4096));
            guest.memory.write(pages.get(i), new byte[4096]);
        }
        answer = ring.perform(ring.indirect(BLKIF_OP_READ, 256, 8, reference));
        assertThat(answer.status()).isEqualTo(BLKIF_RSP_OKAY);
        assertThat(guest.memory.read(pages.get(255), 4096)).isEqualTo(pattern(255, 4096));
        assertThat(backend.statistics().sectorsWritten()).isEqualTo(2048);
        assertThat(backend.statistics().sectorsRead()).isEqualTo(2048);
    }

    @Test
    void aPageThatWasReadIntoIsDirty() {
        attach(Options.PLAIN);
        long page = guest.page();
        int reference = guest.grant(page);
        int epoch = guest.memory.beginEpoch();
        frontend.read(0, Segment.page(reference));
        int frame = (int) (guest.memory.hostOffset(page) >>> 12);
        assertThat(guest.memory.dirtyEpoch(frame)).isEqualTo(epoch);
    }

    @Test
    void aFullRingOfRequestsIsAnsweredInAnyOrder() {
        attach(new Options(Abi.X86_64, 1, 2, false));
        var ring = frontend.ring();
        int reference = guest.grant(guest.page());
        var ids = new ArrayList<Long>();
        for (int i = 0; i < ring.entries; i++) {
            ring.put(ring.direct(BLKIF_OP_READ, i, Segment.page(reference)));
            ids.add((long) i + 1);
        }
        ring.push();
        var answered = new ArrayList<Long>();
        for (int i = 0; i < ring.entries; i++) {
            answered.add(ring.take().id());
        }
        assertThat(answered).containsExactlyInAnyOrderElementsOf(ids);
        guest.await("a notification", () -> guest.takePending(ring.port));
    }

    @Test
    void theFrontEndIsNotifiedOnlyIfItAsks() {
        attach(Options.PLAIN);
        var ring = frontend.ring();
        frontend.assertWorks();
        guest.await("the notification", () -> guest.takePending(ring.port));
        ring.setIndex("rsp_event", 100);
        frontend.assertWorks();
        frontend.assertWorks(); // whatever the first did is over
        assertThat(ring.index("rsp_prod")).isEqualTo(3);
        ring.setIndex("rsp_event", 4);
        frontend.assertWorks();
        guest.await("the notification", () -> guest.takePending(ring.port));
    }

    // ---------------------------------------------------------------- order

    @Test
    void aFlushWaitsForTheWritesBeforeItAndNothingWaitsForTheFlush() {
        attach(Options.PLAIN);
        var ring = frontend.ring();
        var page = Segment.page(guest.grant(guest.page()));
        disk.gate = new CountDownLatch(1);
        ring.put(ring.direct(BLKIF_OP_WRITE, 0, page));
        ring.put(ring.direct(BLKIF_OP_FLUSH_DISKCACHE, 0));
        ring.put(ring.direct(BLKIF_OP_READ, 80, page));
        ring.put(ring.direct(BLKIF_OP_WRITE, 88, page));
        ring.push();
        assertThat(List.of(ring.take().id(), ring.take().id())).containsExactlyInAnyOrder(3L, 4L);
        assertThat(disk.done()).containsExactly("write 88");
        disk.gate.countDown();
        assertThat(ring.take().id()).isEqualTo(1);
        assertThat(ring.take().id()).isEqualTo(2);
        assertThat(disk.done()).containsExactly("write 0", "flush");
        assertThat(backend.statistics().flushes()).isEqualTo(1);
    }

    /// All rings together have more requests than there are buffers, and flushes wait among them.
    @Test
    void theRingsOfAMachineShareItsBuffers() {
        attach(new Options(Abi.X86_64, 8, 0, false));
        var page = Segment.page(guest.grant(guest.page()));
        disk.gate = new CountDownLatch(1);
        for (int queue = 0; queue < 8; queue++) {
            var ring = frontend.ring(queue);
            for (int i = 0; i < ring.entries; i++) {
                int operation = i % 8 == 7 ? BLKIF_OP_FLUSH_DISKCACHE : BLKIF_OP_WRITE;
                ring.put(ring.direct(operation, 0, page));
            }
            ring.push();
        }
        guest.await("all buffers", () -> guest.buffers.taken() == BlockBuffers.BUFFERS_MAX);
        disk.gate.countDown();
        for (int queue = 0; queue < 8; queue++) {
            for (int i = 0; i < frontend.ring(queue).entries; i++) {
                assertThat(frontend.ring(queue).take().status()).isEqualTo(BLKIF_RSP_OKAY);
            }
        }
    }

    @Test
    void aFlushWithDataWritesItFirst() {
        attach(Options.PLAIN);
        var ring = frontend.ring();
        var page = Segment.page(guest.grant(guest.page()));
        assertThat(ring.perform(ring.direct(BLKIF_OP_FLUSH_DISKCACHE, 16, page)).status())
                .isEqualTo(BLKIF_RSP_OKAY);
        assertThat(disk.done()).containsExactly("write 16", "flush");
    }

    @Test
    void aBarrierWaitsForAllBeforeItAndAllBehindItWait() {
        attach(Options.PLAIN);
        var ring = frontend.ring();
        var page = Segment.page(guest.grant(guest.page()));
        disk.gate = new CountDownLatch(1);
        ring.put(ring.direct(BLKIF_OP_WRITE, 0, page));
        ring.put(ring.direct(BLKIF_OP_WRITE_BARRIER, 8, page));
        ring.put(ring.direct(BLKIF_OP_WRITE, 16, page));
        ring.push();
        assertThat(disk.done()).isEmpty();
        disk.gate.countDown();
        for (long id = 1; id <= 3; id++) {
            assertThat(ring.take().id()).isEqualTo(id);
        }
        assertThat(disk.done()).containsExactly("write 0", "flush", "write 8", "flush", "write 16");
    }

    // ---------------------------------------------------------------- persistent grants

    @Test
    void persistentGrantsStayMappedAndTheirNumberIsBounded() {
        attach(new Options(Abi.X86_64, 1, 0, true));
        int count = GrantedPages.PERSISTENT_MAX + 200;
        long page = guest.page();
        int first = -1;
        int last = -1;
        for (int i = 0; i < count; i++) {
            last = guest.grant(page);
            first = i == 0 ? last : first;
            assertThat(frontend.read(0, Segment.page(last)).status()).isEqualTo(BLKIF_RSP_OKAY);
        }
        // One more is the ring's. The least recently used have been given back.
        assertThat(guest.mappedGrants())
                .hasSize(GrantedPages.PERSISTENT_MAX + 1)
                .contains(last)
                .doesNotContain(first);
        frontend.close();
        assertThat(guest.mappedGrants()).isEmpty();
    }

    /// What a request had claimed before one of its pages was refused is not in use any more.
    @Test
    void aPersistentGrantOfARequestThatIsRefusedCanBeGivenBack() {
        attach(new Options(Abi.X86_64, 1, 0, true));
        long page = guest.page();
        int good = guest.grant(page);
        int bad = good + 2 * GrantedPages.PERSISTENT_MAX;
        for (int i = 0; i < 10; i++) {
            assertThat(frontend.read(0, Segment.page(good), Segment.page(bad)).status())
                    .isEqualTo(BLKIF_RSP_ERROR);
        }
        assertThat(guest.mappedGrants()).contains(good);
        for (int i = 0; i < GrantedPages.PERSISTENT_MAX; i++) {
            frontend.read(0, Segment.page(guest.grant(page)));
        }
        assertThat(guest.mappedGrants()).doesNotContain(good);
    }

    @Test
    void aPageMayBeInARequestTwice() {
        attach(new Options(Abi.X86_64, 1, 0, true));
        int reference = guest.grant(guest.page());
        for (int i = 0; i < 3; i++) {
            var twice = frontend.read(0, Segment.page(reference), Segment.page(reference));
            assertThat(twice.status()).isEqualTo(BLKIF_RSP_OKAY);
        }
        assertThat(guest.mappedGrants()).hasSize(2).contains(reference); // and the ring's
        frontend.close();
        assertThat(guest.mappedGrants()).isEmpty();
    }

    @Test
    void othersAreMappedOnlyWhileTheirRequestLasts() {
        attach(Options.PLAIN);
        int reference = guest.grant(guest.page());
        frontend.read(0, Segment.page(reference));
        frontend.assertWorks();
        assertThat(guest.mappedGrants()).doesNotContain(reference);
    }

    // ---------------------------------------------------------------- discard, read-only, sectors

    @Test
    void discardReachesTheDisk() {
        attach(Options.PLAIN);
        assertThat(guest.read(BlockGuest.BACKEND + "/feature-discard")).isEqualTo("1");
        disk.put(0, pattern(1, 8192));
        var ring = frontend.ring();
        assertThat(ring.perform(ring.discard(0, 8, 8)).status()).isEqualTo(BLKIF_RSP_OKAY);
        assertThat(ring.perform(ring.discard(BLKIF_DISCARD_SECURE, 0, 1)).status())
                .isEqualTo(BLKIF_RSP_OKAY);
        assertThat(disk.done()).containsExactly("discard 8 8", "discard 0 1");
        for (long[] wrong :
                new long[][] {
                    {SECTORS, 1}, {SECTORS - 1, 2}, {-1, 1}, {0, -1}, {1, Long.MAX_VALUE}
                }) {
            assertThat(ring.perform(ring.discard(0, wrong[0], wrong[1])).status())
                    .isEqualTo(BLKIF_RSP_ERROR);
        }
        assertThat(disk.done()).isEmpty();
        frontend.assertWorks();
    }

    @Test
    void aDiskThatMustNotDiscardSaysSo() {
        backend = guest.attach(disk, false, false, false);
        frontend = BlockFrontend.connect(guest);
        assertThat(guest.read(BlockGuest.BACKEND + "/feature-discard")).isEqualTo("0");
        assertThat(guest.read(BlockGuest.BACKEND + "/discard-enable")).isEqualTo("0");
        var ring = frontend.ring();
        assertThat(ring.perform(ring.discard(0, 0, 8)).status()).isEqualTo(BLKIF_RSP_EOPNOTSUPP);
    }

    @Test
    void aReadOnlyDiskIsOnlyRead() {
        disk = new MemoryDisk(DISK_BYTES, 512, true);
        attach(Options.PLAIN);
        assertThat(guest.read(BlockGuest.BACKEND + "/mode")).isEqualTo("r");
        assertThat(guest.read(BlockGuest.BACKEND + "/info")).isEqualTo("4");
        var page = Segment.page(guest.grant(guest.page()));
        var ring = frontend.ring();
        for (int operation :
                new int[] {BLKIF_OP_WRITE, BLKIF_OP_WRITE_BARRIER, BLKIF_OP_FLUSH_DISKCACHE}) {
            assertThat(ring.perform(ring.direct(operation, 0, page)).status())
                    .isEqualTo(BLKIF_RSP_ERROR);
        }
        assertThat(ring.perform(ring.discard(0, 0, 8)).status()).isEqualTo(BLKIF_RSP_EOPNOTSUPP);
        assertThat(ring.perform(ring.direct(BLKIF_OP_FLUSH_DISKCACHE, 0)).status())
                .isEqualTo(BLKIF_RSP_OKAY);
        assertThat(disk.done()).doesNotContain("write 0");
        frontend.assertWorks();
    }

    @Test
    void largeSectorsAreMovedWhole() {
        disk = new MemoryDisk(DISK_BYTES + 512, 4096, false);
        attach(Options.PLAIN);
        assertThat(guest.read(BlockGuest.BACKEND + "/sector-size")).isEqualTo("4096");
        assertThat(guest.read(BlockGuest.BACKEND + "/sectors"))
                .isEqualTo(Integer.toString(SECTORS));
        int reference = guest.grant(guest.page());
        assertThat(frontend.read(8, Segment.page(reference)).status()).isEqualTo(BLKIF_RSP_OKAY);
        assertThat(frontend.read(4, Segment.page(reference)).status()).isEqualTo(BLKIF_RSP_ERROR);
        assertThat(frontend.read(8, new Segment(reference, 0, 3)).status())
                .isEqualTo(BLKIF_RSP_ERROR);
        assertThat(frontend.read(SECTORS, Segment.page(reference)).status())
                .isEqualTo(BLKIF_RSP_ERROR);
        var ring = frontend.ring();
        assertThat(ring.perform(ring.discard(0, 4, 8)).status()).isEqualTo(BLKIF_RSP_ERROR);
    }

    // ---------------------------------------------------------------- bad requests

    @Test
    void requestsThatCannotBeAreRefusedAndTheRingGoesOn() {
        attach(Options.PLAIN);
        var ring = frontend.ring();
        var good = Segment.page(guest.grant(guest.page()));
        var unfit = Segment.page(guest.grant(guest.page(), GrantTableAbi.GTF_readonly));
        var nowhere = Segment.page(guest.grant(1L << 34));
        long list = guest.page();
        guest.memory.write(list, BlockFrontend.pack(good, new Segment(good.reference(), 5, 4)));
        int listReference = guest.grant(list);
        var bad =
                List.of(
                        ring.direct(BLKIF_OP_READ, SECTORS, good),
                        ring.direct(BLKIF_OP_READ, SECTORS - 7, good),
                        ring.direct(BLKIF_OP_READ, -1, good),
                        ring.direct(BLKIF_OP_READ, Long.MAX_VALUE, good),
                        ring.direct(BLKIF_OP_WRITE, -8, good),
                        ring.direct(BLKIF_OP_READ, 0),
                        ring.direct(BLKIF_OP_WRITE, 0),
                        ring.direct(BLKIF_OP_READ, 12, 0, good),
                        ring.direct(BLKIF_OP_READ, 255, 0, good),
                        ring.direct(BLKIF_OP_READ, 0, new Segment(good.reference(), 3, 2)),
                        ring.direct(BLKIF_OP_READ, 0, new Segment(good.reference(), 0, 8)),
                        ring.direct(BLKIF_OP_READ, 0, new Segment(good.reference(), 255, 255)),
                        ring.direct(BLKIF_OP_READ, 0, Segment.page(4000)),
                        ring.direct(BLKIF_OP_READ, 0, Segment.page(-1)),
                        ring.direct(BLKIF_OP_READ, 0, Segment.page(Integer.MAX_VALUE)),
                        ring.direct(BLKIF_OP_READ, 0, good, unfit),
                        ring.direct(BLKIF_OP_WRITE, 0, good, nowhere),
                        ring.indirect(BLKIF_OP_READ, 0, 0, listReference),
                        ring.indirect(BLKIF_OP_READ, 257, 0, listReference),
                        ring.indirect(BLKIF_OP_READ, 65535, 0, listReference),
                        ring.indirect(BLKIF_OP_READ, 2, 0, listReference),
                        ring.indirect(BLKIF_OP_READ, 1, SECTORS, listReference),
                        ring.indirect(BLKIF_OP_WRITE, 1, 0, 4000));
        for (int i = 0; i < bad.size(); i++) {
            assertThat(ring.perform(bad.get(i)).status())
                    .as("request " + i)
                    .isEqualTo(BLKIF_RSP_ERROR);
            frontend.assertWorks();
        }
        assertThat(disk.done()).isEmpty();
        assertThat(backend.statistics().errors()).isEqualTo(bad.size());
    }

    @Test
    void unknownOperationsAreNotSupported() {
        attach(Options.PLAIN);
        var ring = frontend.ring();
        var page = Segment.page(guest.grant(guest.page()));
        for (int operation : new int[] {BLKIF_OP_RESERVED_1, 7, 255}) {
            var answer = ring.perform(ring.direct(operation, 0, page));
            assertThat(answer.status()).isEqualTo(BLKIF_RSP_EOPNOTSUPP);
            assertThat(answer.operation()).isEqualTo(operation);
        }
        for (int operation :
                new int[] {BLKIF_OP_INDIRECT, BLKIF_OP_DISCARD, BLKIF_OP_WRITE_BARRIER}) {
            assertThat(ring.perform(ring.indirect(operation, 1, 0, page.reference())).status())
                    .isEqualTo(BLKIF_RSP_EOPNOTSUPP);
        }
        frontend.assertWorks();
    }

    @Test
    void aRingWhoseIndexJumpsRestsUntilItIsPutRight() {
        attach(Options.PLAIN);
        var ring = frontend.ring();
        frontend.assertWorks();
        for (int jump : new int[] {33, 1000, -1, Integer.MIN_VALUE, Integer.MAX_VALUE}) {
            ring.setIndex("req_prod", ring.produced + jump);
            guest.send(ring.port);
            guest.await("the complaint", () -> !guest.log.isEmpty());
            assertThat(ring.hasResponse()).isFalse();
            ring.setIndex("req_prod", ring.produced);
            frontend.assertWorks();
            guest.log.clear();
        }
    }

    @Test
    void aFailingDiskIsAnErrorOfEachRequest() {
        attach(Options.PLAIN);
        var ring = frontend.ring();
        var page = Segment.page(guest.grant(guest.page()));
        disk.failing = true;
        for (int operation :
                new int[] {
                    BLKIF_OP_READ, BLKIF_OP_WRITE, BLKIF_OP_WRITE_BARRIER, BLKIF_OP_FLUSH_DISKCACHE
                }) {
            assertThat(ring.perform(ring.direct(operation, 0, page)).status())
                    .isEqualTo(BLKIF_RSP_ERROR);
        }
        assertThat(ring.perform(ring.discard(0, 0, 8)).status()).isEqualTo(BLKIF_RSP_ERROR);
        disk.failing = false;
        frontend.assertWorks();
        assertThat(backend.statistics()).isEqualTo(new BlockStatistics(2, 2, 1, 1, 8, 0, 5));
    }
}
