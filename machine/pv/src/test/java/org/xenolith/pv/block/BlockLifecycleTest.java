package org.xenolith.pv.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.xenolith.xen.abi.BlkifAbi.*;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.pv.block.BlockFrontend.Options;
import org.xenolith.pv.block.BlockFrontend.Segment;
import org.xenolith.pv.xenbus.LimitedLog;
import org.xenolith.pv.xenbus.XenbusState;
import org.xenolith.xen.abi.Abi;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// How front ends come and go, and what the operator does meanwhile.
@Timeout(60)
class BlockLifecycleTest {
    private static final int DISK_BYTES = 1 << 20;
    private static final int TRIES_MAX = 50;

    private final BlockGuest guest = new BlockGuest();
    private final MemoryDisk disk = new MemoryDisk(DISK_BYTES);
    private BlockBackend backend;

    @AfterEach
    void nothingIsLeftBehind() throws IOException {
        if (backend != null) {
            backend.close();
        }
        assertThat(guest.failures).isEmpty();
        assertThat(guest.mappedGrants()).isEmpty();
    }

    private String back(String name) {
        return guest.read(BlockGuest.BACKEND + "/" + name);
    }

    private String front(String name) {
        return guest.read(BlockGuest.FRONTEND + "/" + name);
    }

    private List<String> permissions(String path) {
        return guest.store.permissions(path).orElseThrow().spelled();
    }

    // ---------------------------------------------------------------- nodes

    @Test
    void theNodesAreThoseOfXensTools() {
        backend = guest.attach(disk);
        guest.awaitBackend(XenbusState.INIT_WAIT);
        Map.of(
                        "backend", BlockGuest.BACKEND,
                        "backend-id", "0",
                        "state", "1",
                        "virtual-device", "51712",
                        "device-type", "disk")
                .forEach((name, value) -> assertThat(front(name)).as(name).isEqualTo(value));
        Map.ofEntries(
                        Map.entry("frontend", BlockGuest.FRONTEND),
                        Map.entry("frontend-id", "7"),
                        Map.entry("online", "1"),
                        Map.entry("removable", "0"),
                        Map.entry("bootable", "1"),
                        Map.entry("dev", "xvda"),
                        Map.entry("type", "file"),
                        Map.entry("params", "/disk"),
                        Map.entry("mode", "w"),
                        Map.entry("device-type", "disk"),
                        Map.entry("discard-enable", "1"),
                        Map.entry("feature-barrier", "1"),
                        Map.entry("feature-flush-cache", "1"),
                        Map.entry("feature-discard", "1"),
                        Map.entry("discard-granularity", "512"),
                        Map.entry("discard-alignment", "0"),
                        Map.entry("discard-secure", "0"),
                        Map.entry("feature-persistent", "1"),
                        Map.entry("feature-max-indirect-segments", "256"),
                        Map.entry("max-ring-page-order", "4"),
                        Map.entry("max-ring-pages", "16"),
                        Map.entry("multi-queue-max-queues", "8"))
                .forEach((name, value) -> assertThat(back(name)).as(name).isEqualTo(value));
        BlockFrontend.connect(guest);
        Map.of("sectors", "2048", "info", "0", "sector-size", "512", "physical-sector-size", "512")
                .forEach((name, value) -> assertThat(back(name)).as(name).isEqualTo(value));
    }

    @Test
    void eachEndWritesItsOwnNodesAndReadsTheOthers() {
        backend = guest.attach(disk);
        for (var name : List.of("", "/state", "/backend", "/virtual-device")) {
            assertThat(permissions(BlockGuest.FRONTEND + name)).containsExactly("n7", "r0");
        }
        for (var name : List.of("", "/state", "/params", "/mode")) {
            assertThat(permissions(BlockGuest.BACKEND + name)).containsExactly("n0", "r7");
        }
    }

    // ---------------------------------------------------------------- connections

    @Test
    void whatCannotBeConnectedIsRefusedAndTriedAnewByAFrontEndThatBeginsAnew() {
        backend = guest.attach(disk);
        guest.awaitBackend(XenbusState.INIT_WAIT);
        int ring = guest.grant(guest.page());
        int port = guest.allocatePort();
        var good = Map.of("ring-ref", Integer.toString(ring), "event-channel", "" + port);
        var wrong =
                List.of(
                        Map.entry("ring-ref", "4000"),
                        Map.entry("ring-ref", ""),
                        Map.entry("ring-ref", "-1"),
                        Map.entry("ring-ref", "99999999999999999999"),
                        Map.entry("ring-ref", "12x"),
                        Map.entry("event-channel", "999"),
                        Map.entry("event-channel", "one"),
                        Map.entry("protocol", "ia64-abi"),
                        Map.entry("feature-persistent", "yes"),
                        Map.entry("multi-queue-num-queues", "0"),
                        Map.entry("multi-queue-num-queues", "9"),
                        Map.entry("multi-queue-num-queues", "2"),
                        Map.entry("ring-page-order", "5"),
                        Map.entry("ring-page-order", "1"),
                        Map.entry("num-ring-pages", "3"),
                        Map.entry("num-ring-pages", "0"));
        for (var setting : wrong) {
            good.forEach(
                    (name, value) -> guest.store.write(BlockGuest.FRONTEND + "/" + name, value));
            guest.store.write(BlockGuest.FRONTEND + "/" + setting.getKey(), setting.getValue());
            guest.frontendState(XenbusState.INITIALISED);
            guest.awaitBackend(XenbusState.CLOSING);
            assertThat(guest.mappedGrants()).as(setting.toString()).isEmpty();
            guest.frontendState(XenbusState.CLOSED);
            guest.awaitBackend(XenbusState.CLOSED);
            guest.store.remove(BlockGuest.FRONTEND + "/" + setting.getKey());
            guest.frontendState(XenbusState.INITIALISING);
            guest.awaitBackend(XenbusState.INIT_WAIT);
        }
        assertThat(guest.log)
                .hasSize(LimitedLog.LINES_MAX)
                .allMatch(line -> line.startsWith("cannot connect vbd-51712: "));
        BlockFrontend.connect(guest).assertWorks();
    }

    @Test
    void aRingWithImpossibleIndicesIsRefused() {
        backend = guest.attach(disk);
        guest.awaitBackend(XenbusState.INIT_WAIT);
        long page = guest.page();
        guest.memory.write(page, new byte[4096]);
        guest.memory.writeInt(page, 100);
        guest.store.write(BlockGuest.FRONTEND + "/ring-ref", "" + guest.grant(page));
        guest.store.write(BlockGuest.FRONTEND + "/event-channel", "" + guest.allocatePort());
        guest.frontendState(XenbusState.INITIALISED);
        guest.awaitBackend(XenbusState.CLOSING);
        assertThat(guest.mappedGrants()).isEmpty();
    }

    @Test
    void aRingThatIsTakenOverGoesOnWhereItWas() {
        backend = guest.attach(disk);
        var frontend = BlockFrontend.connect(guest);
        for (int i = 0; i < 40; i++) {
            frontend.assertWorks();
        }
        // As after a restore: the same nodes, the same ring, another back end.
        guest.frontendState(XenbusState.CLOSED);
        guest.awaitBackend(XenbusState.CLOSED);
        guest.frontendState(XenbusState.INITIALISING);
        guest.awaitBackend(XenbusState.INIT_WAIT);
        guest.frontendState(XenbusState.CONNECTED);
        guest.awaitBackend(XenbusState.CONNECTED);
        for (int i = 0; i < 40; i++) {
            frontend.assertWorks();
        }
    }

    @Test
    void aDriverThatIsLoadedAgainConnectsAgain() {
        backend = guest.attach(disk);
        for (int round = 0; round < 5; round++) {
            var frontend =
                    BlockFrontend.connect(guest, new Options(Abi.X86_64, 1, 0, round % 2 == 0));
            frontend.assertWorks();
            frontend.close();
            assertThat(guest.mappedGrants()).isEmpty();
            guest.frontendState(XenbusState.INITIALISING);
        }
        assertThat(backend.statistics().reads()).isEqualTo(5);
    }

    @Test
    void aKernelThatWasStartedByAnotherTakesTheDeviceOver() {
        backend = guest.attach(disk);
        BlockFrontend.connect(guest).assertWorks();
        // What Linux' xenbus does with a device that it finds connected.
        guest.frontendState(XenbusState.CLOSING);
        guest.awaitBackend(XenbusState.CLOSING);
        guest.frontendState(XenbusState.CLOSED);
        guest.awaitBackend(XenbusState.CLOSED);
        guest.frontendState(XenbusState.INITIALISING);
        BlockFrontend.connect(guest).assertWorks();
        // And one that does not care.
        guest.frontendState(XenbusState.INITIALISING);
        BlockFrontend.connect(guest).assertWorks();
    }

    @Test
    void requestsUnderWayAreAnsweredBeforeTheRingIsGivenBack() throws Exception {
        backend = guest.attach(disk);
        var frontend = BlockFrontend.connect(guest);
        var ring = frontend.ring();
        disk.gate = new CountDownLatch(1);
        ring.put(ring.direct(BLKIF_OP_WRITE, 0, Segment.page(guest.grant(guest.page()))));
        ring.push();
        guest.await("the mapping", () -> guest.mappedGrants().size() == 2);
        guest.frontendState(XenbusState.CLOSED);
        TimeUnit.MILLISECONDS.sleep(20);
        assertThat(guest.backendState()).isEqualTo(XenbusState.CONNECTED);
        disk.gate.countDown();
        guest.awaitBackend(XenbusState.CLOSED);
        assertThat(ring.take().status()).isEqualTo(BLKIF_RSP_OKAY);
    }

    // ---------------------------------------------------------------- the operator

    @Test
    void aDiskThatGrowsIsAnnounced() {
        backend = guest.attach(disk);
        var frontend = BlockFrontend.connect(guest);
        var events = new java.util.concurrent.atomic.AtomicInteger();
        try (var watch =
                guest.store.watch(BlockGuest.BACKEND + "/state", _ -> events.incrementAndGet())) {
            assertThat(watch).isNotNull();
            int before = events.get();
            disk.resize(2 * DISK_BYTES);
            // Nobody says that it has: it is noticed.
            guest.await("the new size", () -> back("sectors").equals("4096"));
            guest.await("the event", () -> events.get() > before);
            assertThat(guest.backendState()).isEqualTo(XenbusState.CONNECTED);
        }
        var page = Segment.page(guest.grant(guest.page()));
        assertThat(frontend.read(4088, page).status()).isEqualTo(BLKIF_RSP_OKAY);
        disk.resize(DISK_BYTES);
        backend.resized();
        guest.await("the old size", () -> back("sectors").equals("2048"));
        assertThat(frontend.read(4088, page).status()).isEqualTo(BLKIF_RSP_ERROR);
    }

    @Test
    void theDiskInACdRomDriveIsExchanged() throws Exception {
        backend = guest.attach(null, true, true, false);
        var frontend = BlockFrontend.connect(guest);
        assertThat(back("device-type")).isEqualTo("cdrom");
        // Linux leaves what is called a CD-ROM here to an IDE controller, which is not there.
        assertThat(front("device-type")).isEqualTo("disk");
        assertThat(back("info")).isEqualTo("7");
        assertThat(back("sectors")).isEqualTo("0");
        var page = Segment.page(guest.grant(guest.page()));
        assertThat(frontend.read(0, page).status()).isEqualTo(BLKIF_RSP_ERROR);

        var first = new MemoryDisk(DISK_BYTES, 512, true);
        var source = new BlockBackend.Source("file", "/first.iso");
        assertThat(backend.insert(Optional.of(first), source)).isEmpty();
        guest.await("the disk", () -> back("params").equals("/first.iso"));
        assertThat(back("sectors")).isEqualTo("2048");
        assertThat(frontend.read(0, page).status()).isEqualTo(BLKIF_RSP_OKAY);

        var none = new BlockBackend.Source("file", "");
        assertThat(backend.insert(Optional.empty(), none)).contains(first);
        guest.await("no disk", () -> back("sectors").equals("0"));
        assertThat(frontend.read(0, page).status()).isEqualTo(BLKIF_RSP_ERROR);

        var large = new MemoryDisk(DISK_BYTES, 4096, true);
        assertThatThrownBy(() -> backend.insert(Optional.of(large), source))
                .hasMessage("the drive has sectors of 512 bytes, not 4096");
    }

    @Test
    void aDeviceIsUnpluggedWhenItsFrontEndHasClosed() throws Exception {
        backend = guest.attach(disk);
        var frontend = BlockFrontend.connect(guest);
        var unplugged = backend.unplug();
        guest.awaitBackend(XenbusState.CLOSING);
        assertThat(back("online")).isEqualTo("0");
        frontend.assertWorks(); // it has to write back what it holds
        assertThat(unplugged).isNotDone();
        guest.frontendState(XenbusState.CLOSING);
        frontend.assertWorks();
        guest.frontendState(XenbusState.CLOSED);
        unplugged.get(10, TimeUnit.SECONDS);
        assertThat(guest.mappedGrants()).isEmpty();
        guest.frontendState(XenbusState.INITIALISING);
        TimeUnit.MILLISECONDS.sleep(20);
        assertThat(guest.backendState()).isEqualTo(XenbusState.CLOSED);
    }

    @Test
    void aDeviceThatNobodyUsesIsUnpluggedAtOnce() throws Exception {
        backend = guest.attach(disk);
        backend.unplug().get(10, TimeUnit.SECONDS);
        backend.close();
        assertThat(disk.closed).isTrue();
        assertThat(guest.store.exists(BlockGuest.FRONTEND)).isFalse();
    }

    @Test
    void aFrontEndThatDoesNotLetGoIsOvercome() throws Exception {
        backend = guest.attach(disk);
        BlockFrontend.connect(guest, new Options(Abi.X86_64, 4, 1, true)).assertWorks();
        assertThatThrownBy(() -> backend.unplug().get(50, TimeUnit.MILLISECONDS))
                .isInstanceOf(TimeoutException.class);
        backend.close();
        assertThat(guest.mappedGrants()).isEmpty();
        assertThat(disk.closed).isTrue();
    }

    // ---------------------------------------------------------------- leaks

    @Test
    void fiftyRoundsLeaveNothingBehind(@TempDir Path directory) throws Exception {
        round(0);
        long descriptors = openDescriptors();
        for (int i = 1; i <= 50; i++) {
            round(i);
        }
        assertThat(guest.mappedGrants()).isEmpty();
        assertThat(guest.store.list("/local/domain/0/backend/vbd/7")).isEmpty();
        assertThat(openDescriptors()).isLessThanOrEqualTo(descriptors + 3);
        var threads = threads(directory.resolve("threads"));
        assertThat(threads).contains("main");
        // One that has done its last step may not have ended yet.
        for (int tries = 0; tries < TRIES_MAX && hasOurs(threads); tries++) {
            Thread.sleep(100);
            threads = threads(directory.resolve("again-" + tries));
        }
        assertThat(hasOurs(threads)).as(threads).isFalse();
    }

    private static boolean hasOurs(String threads) {
        return threads.contains("\"vbd-51712") || threads.contains("\"xenbus-vbd-51712");
    }

    private static String threads(Path file) throws IOException, InterruptedException {
        dumpThreads(file);
        return Files.readString(file);
    }

    private void round(int number)
            throws IOException, InterruptedException, ExecutionException, TimeoutException {
        var own = new MemoryDisk(DISK_BYTES);
        var attached = guest.attach(own);
        var options = new Options(Abi.X86_64, 1 + number % 3, number % 2, number % 4 == 0);
        var frontend = BlockFrontend.connect(guest, options);
        frontend.assertWorks();
        if (number % 5 != 0) {
            var unplugged = attached.unplug();
            frontend.close();
            unplugged.get(10, TimeUnit.SECONDS);
        }
        attached.close();
        assertThat(own.closed).isTrue();
        guest.forgetGrants();
    }

    private static long openDescriptors() throws IOException {
        try (var descriptors = Files.list(Path.of("/proc/self/fd"))) {
            return descriptors.count();
        }
    }

    /// Virtual threads included.
    private static void dumpThreads(Path file) throws IOException, InterruptedException {
        var jcmd =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                                Long.toString(ProcessHandle.current().pid()),
                                "Thread.dump_to_file",
                                file.toString())
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start();
        assertThat(jcmd.waitFor()).isZero();
    }
}
