package org.xenolith.pv.block;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.xenolith.pv.RandomNodes;
import org.xenolith.pv.block.BlockFrontend.Options;
import org.xenolith.testkit.Fuzz;
import org.xenolith.xen.abi.Abi;
import org.xenolith.xen.abi.BlkifAbi;

import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;

/// Front ends that do anything: none breaks the back end, which serves a decent one afterwards and
/// gives everything back.
@Tag("fuzz")
class BlockFuzzTest {
    private static final int DISK_BYTES = 1 << 20;

    private static final List<String> NODES =
            List.of(
                    "ring-ref",
                    "ring-ref0",
                    "ring-ref1",
                    "event-channel",
                    "queue-0/ring-ref",
                    "queue-0/event-channel",
                    "queue-1/ring-ref",
                    "queue-1/event-channel",
                    "multi-queue-num-queues",
                    "ring-page-order",
                    "num-ring-pages",
                    "protocol",
                    "feature-persistent");

    private static MemoryDisk disk(SplittableRandom random) {
        var disk = new MemoryDisk(DISK_BYTES);
        disk.vectored = random.nextInt(4) > 0;
        disk.inMemory = random.nextInt(4) > 0;
        return disk;
    }

    @Test
    @Timeout(value = 10, unit = TimeUnit.MINUTES)
    void aFrontEndThatChangesItsNodesAtRandomBreaksNothing() throws Exception {
        var fuzz = new Fuzz(2024, 60);
        while (fuzz.goesOn()) {
            var random = new SplittableRandom(fuzz.seed());
            var guest = new BlockGuest();
            var backend = guest.attach(disk(random));
            var nodes = new RandomNodes(guest, BlockGuest.FRONTEND, NODES, random);
            for (int i = 0; i < 300; i++) {
                nodes.change();
            }
            guest.replaceFrontend();
            BlockFrontend.connect(guest).assertWorks();
            backend.close();
            guest.assertNothingIsLeft(fuzz);
        }
    }

    @Test
    @Timeout(value = 10, unit = TimeUnit.MINUTES)
    void randomRequestsAndIndicesBreakNothing() throws Exception {
        var fuzz = new Fuzz(4711, 60);
        while (fuzz.goesOn()) {
            var random = new SplittableRandom(fuzz.seed());
            var guest = new BlockGuest();
            var backend = guest.attach(disk(random));
            var abi = random.nextBoolean() ? Abi.X86_64 : Abi.X86_32;
            var options = new Options(abi, 1, random.nextInt(3), random.nextBoolean());
            var frontend = BlockFrontend.connect(guest, options);
            var ring = frontend.ring();
            for (int i = 0; i < 20; i++) {
                guest.grant(guest.page(), random.nextInt(8) == 0 ? 4 : 0);
            }
            for (int i = 0; i < 500; i++) {
                ring.put(request(random, abi));
                if (random.nextInt(20) == 0) {
                    ring.setIndex("req_prod", random.nextInt());
                }
                if (random.nextInt(4) == 0) {
                    ring.push();
                }
            }
            guest.replaceFrontend();
            BlockFrontend.connect(guest).assertWorks();
            backend.close();
            guest.assertNothingIsLeft(fuzz);
        }
    }

    /// Noise in which the operation, the segments and their grants often make sense.
    private static byte[] request(SplittableRandom random, Abi abi) {
        var bytes = new byte[BlkifAbi.REQUEST.size(abi)];
        random.nextBytes(bytes);
        bytes[0] = (byte) random.nextInt(random.nextInt(10) == 0 ? 256 : 7);
        bytes[1] = (byte) random.nextInt(random.nextInt(10) == 0 ? 256 : 13);
        int sector = BlkifAbi.REQUEST.offset(abi, "sector_number");
        if (random.nextInt(5) > 0) {
            for (int i = 2; i < 8; i++) {
                bytes[sector + i] = 0;
            }
        }
        int segments = BlkifAbi.REQUEST.offset(abi, "seg");
        for (int at = segments; at + 8 <= bytes.length; at += 4) {
            if (random.nextInt(8) > 0) {
                bytes[at] = (byte) random.nextInt(32);
                bytes[at + 1] = bytes[at + 2] = bytes[at + 3] = 0;
                bytes[at + 4] = (byte) random.nextInt(9);
                bytes[at + 5] = (byte) random.nextInt(9);
                at += 4;
            }
        }
        return bytes;
    }
}
