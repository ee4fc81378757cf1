package org.xenolith.pv.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.xenolith.xen.abi.BlkifAbi.*;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.xenolith.device.Worker;
import org.xenolith.device.Workers;
import org.xenolith.pv.block.BlockFrontend.Segment;

import java.io.IOException;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/// Who performs requests: whoever notifies of them while they are prompt, else others. The time is
/// the test's own.
@Timeout(60)
class PromptRequestsTest {
    /// After so many that took no time requests are prompt, whatever was before.
    private static final int MANY = 64;

    private final BlockGuest guest = new BlockGuest();
    private final MemoryDisk disk = new MemoryDisk(1 << 20);

    /// By whom requests were performed.
    private final Queue<Thread> performers = new ConcurrentLinkedQueue<>();

    private final ObedientWorkers workers = new ObedientWorkers(guest.workers);
    private BlockBackend backend;
    private BlockFrontend frontend;
    private int page;

    @AfterEach
    void nothingIsLeftBehind() throws IOException {
        backend.close();
        assertThat(guest.failures).isEmpty();
        assertThat(guest.mappedGrants()).isEmpty();
        assertThat(guest.buffers.taken()).isZero();
    }

    private void attach() {
        disk.vectored = true;
        disk.onMove = this::note;
        backend = guest.attach(disk, workers);
        frontend = BlockFrontend.connect(guest);
        page = guest.grant(guest.page());
    }

    private void attachPrompt() {
        attach();
        perform(MANY);
        awaitRest();
        performers.clear();
    }

    /// Until the ring's worker has done its turn, which may last longer than the answers take.
    private void awaitRest() {
        guest.await("the worker", workers::isAtRest);
    }

    private void perform(int count) {
        for (int i = 0; i < count; i++) {
            assertThat(frontend.read(0, Segment.page(page)).status()).isEqualTo(BLKIF_RSP_OKAY);
        }
    }

    private void put(int operation, long sector) {
        frontend.ring().put(frontend.ring().direct(operation, sector, Segment.page(page)));
    }

    private void assertAnswered(int count) {
        for (int i = 0; i < count; i++) {
            assertThat(frontend.ring().take().status()).isEqualTo(BLKIF_RSP_OKAY);
        }
    }

    private void note() {
        performers.add(Thread.currentThread());
    }

    /// What takes longer than to wake another thread.
    private void takesLong() {
        note();
        guest.clock.advance(2 * Promptness.PROMPT_NANOS);
    }

    @Test
    void promptOnesArePerformedByWhoNotifiesOfThem() {
        attachPrompt();
        put(BLKIF_OP_READ, 8);
        put(BLKIF_OP_WRITE, 16);
        frontend.ring().push();
        assertThat(performers).containsExactly(Thread.currentThread(), Thread.currentThread());
        assertThat(frontend.ring().index("rsp_prod")).isEqualTo(MANY + 2);
        assertAnswered(2);
    }

    @Test
    void theFirstOnesArePerformedByOthers() {
        attach();
        perform(1);
        assertThat(performers).hasSize(1).doesNotContain(Thread.currentThread());
    }

    @Test
    void thoseThatTakeLongArePerformedByOthers() {
        attachPrompt();
        disk.onMove = this::takesLong;
        perform(MANY);
        performers.clear();
        perform(MANY);
        assertThat(performers).hasSize(MANY).doesNotContain(Thread.currentThread());
        disk.onMove = this::note;
        perform(MANY);
        awaitRest();
        performers.clear();
        perform(MANY);
        assertThat(performers).hasSize(MANY).containsOnly(Thread.currentThread());
    }

    @Test
    void oneThatWouldWaitIsPerformedByAnotherAsAreThoseBehindIt() {
        attachPrompt();
        disk.inMemory = false;
        put(BLKIF_OP_READ, 8);
        put(BLKIF_OP_READ, 16);
        frontend.ring().push();
        assertAnswered(2);
        assertThat(performers).hasSize(2).doesNotContain(Thread.currentThread());
        disk.inMemory = true;
        performers.clear();
        perform(8);
        assertThat(performers).hasSize(8).doesNotContain(Thread.currentThread());
    }

    @Test
    void theGuestsProgramIsNotKeptFromRunningForLong() {
        attachPrompt();
        disk.onMove =
                () -> {
                    note();
                    guest.clock.advance(Promptness.PROMPT_NANOS / 2);
                };
        int count = 4 * (int) (Promptness.TURN_NANOS / (Promptness.PROMPT_NANOS / 2));
        for (int i = 0; i < count; i++) {
            put(BLKIF_OP_READ, i);
        }
        frontend.ring().push();
        assertAnswered(count);
        var here = performers.stream().filter(Thread.currentThread()::equals).count();
        assertThat(here).isBetween(1L, count / 4L + 1);
    }

    @Test
    void aFlushIsPerformedByAnotherAfterTheWritesBeforeIt() {
        attachPrompt();
        put(BLKIF_OP_WRITE, 8);
        frontend.ring().put(frontend.ring().direct(BLKIF_OP_FLUSH_DISKCACHE, 0));
        put(BLKIF_OP_WRITE, 16);
        frontend.ring().push();
        assertAnswered(3);
        assertThat(performers.poll()).isEqualTo(Thread.currentThread());
        assertThat(disk.done())
                .containsExactlyInAnyOrder("write 8", "flush", "write 16")
                .startsWith("write 8");
        awaitRest();
        perform(1);
        assertThat(performers).last().isEqualTo(Thread.currentThread());
    }

    @Test
    void othersPerformWhatComesWhileABarrierHoldsTheRing() {
        attachPrompt();
        disk.gate = new CountDownLatch(1);
        put(BLKIF_OP_WRITE_BARRIER, 0);
        frontend.ring().push();
        guest.await("the barrier", () -> !performers.isEmpty());
        put(BLKIF_OP_READ, 8);
        frontend.ring().push();
        assertThat(frontend.ring().hasResponse()).isFalse();
        disk.gate.countDown();
        assertAnswered(2);
        assertThat(performers).hasSize(2).doesNotContain(Thread.currentThread());
    }

    @Test
    void oneThatFailsIsAnsweredAndTheRingGoesOn() {
        attachPrompt();
        disk.failing = true;
        assertThat(frontend.read(0, Segment.page(page)).status()).isEqualTo(BLKIF_RSP_ERROR);
        disk.failing = false;
        perform(1);
        assertThat(backend.statistics().errors()).isEqualTo(1);
        assertThat(performers).containsExactly(Thread.currentThread());
    }

    @Test
    void aPauseLeavesNothingThatWasTakenWithoutAnAnswer() {
        attachPrompt();
        for (int round = 0; round < 100; round++) {
            disk.inMemory = round % 2 == 0;
            int before = frontend.ring().index("rsp_prod");
            put(BLKIF_OP_READ, 8);
            put(BLKIF_OP_READ, 16);
            frontend.ring().push();
            backend.pause();
            int performed = performers.size();
            assertThat(frontend.ring().index("rsp_prod")).isEqualTo(before + performed);
            backend.resume();
            assertAnswered(2);
            disk.inMemory = true;
            perform(MANY);
            performers.clear();
        }
    }

    @Test
    void theCallerPerformsNothingWhereTheMachineDecidesWhatIsDoneWhen() {
        attachPrompt();
        workers.allowed = () -> false;
        perform(1);
        assertThat(performers).hasSize(1).doesNotContain(Thread.currentThread());
    }

    @Test
    void oneThatIsToStopLeavesTheRestToOthers() {
        attachPrompt();
        workers.allowed = performers::isEmpty;
        put(BLKIF_OP_READ, 8);
        put(BLKIF_OP_READ, 16);
        put(BLKIF_OP_READ, 24);
        frontend.ring().push();
        assertAnswered(3);
        assertThat(performers.poll()).isEqualTo(Thread.currentThread());
        assertThat(performers).hasSize(2).doesNotContain(Thread.currentThread());
    }

    /// The ring is the guest's again by then.
    @Test
    void whoNotifiesTooLateLeavesAClosedRingAlone() throws Exception {
        attachPrompt();
        var asked = new CountDownLatch(1);
        var closed = new CountDownLatch(1);
        workers.allowed =
                () -> {
                    asked.countDown();
                    awaitQuietly(closed);
                    return true;
                };
        put(BLKIF_OP_READ, 8);
        var vcpu = Thread.ofPlatform().start(frontend.ring()::push);
        asked.await();
        frontend.close();
        assertThat(guest.mappedGrants()).isEmpty();
        frontend.ring().setIndex("req_event", 0x1234);
        closed.countDown();
        vcpu.join();
        assertThat(frontend.ring().index("req_event")).isEqualTo(0x1234);
    }

    @Test
    void whatWasTakenIsAnsweredAtTheEnd() {
        attachPrompt();
        workers.deaf = true;
        put(BLKIF_OP_WRITE_BARRIER, 0);
        frontend.ring().push();
        assertThat(frontend.ring().hasResponse()).isFalse();
        frontend.close();
        assertAnswered(1);
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /// Workers that the test makes deaf, and that say what it wants.
    private static final class ObedientWorkers implements Workers {
        private final Workers workers;
        volatile BooleanSupplier allowed = () -> true;
        volatile boolean deaf;

        /// Turns of the ring's worker that have not ended, one for each wake.
        private final AtomicInteger due = new AtomicInteger();

        ObedientWorkers(Workers workers) {
            this.workers = workers;
        }

        @Override
        public Worker worker(String name, Runnable step) {
            if (!name.equals("vbd-" + BlockGuest.VDEV)) {
                return workers.worker(name, step);
            }
            return new Worker() {
                private final ReentrantLock lock = new ReentrantLock();
                private volatile boolean closed;

                @Override
                public void wake() {
                    if (!deaf) {
                        due.incrementAndGet();
                        workers.execute(name, this::turn);
                    }
                }

                private void turn() {
                    lock.lock();
                    try {
                        if (!closed) {
                            step.run();
                        }
                    } finally {
                        lock.unlock();
                        due.decrementAndGet();
                    }
                }

                @Override
                public void close() {
                    closed = true;
                    lock.lock();
                    lock.unlock();
                }
            };
        }

        boolean isAtRest() {
            return due.get() == 0;
        }

        @Override
        public Worker periodic(String name, long periodNanos, Runnable step) {
            return workers.periodic(name, periodNanos, step);
        }

        @Override
        public void execute(String name, Runnable task) {
            workers.execute(name, task);
        }

        @Override
        public boolean mayBeDoneByCaller() {
            return allowed.getAsBoolean();
        }
    }
}
