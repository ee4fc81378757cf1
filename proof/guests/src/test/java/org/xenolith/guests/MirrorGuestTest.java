package org.xenolith.guests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.base.Clock;
import org.xenolith.board.CompilerChoice;
import org.xenolith.board.DiskConfig;
import org.xenolith.board.DomainConfig;
import org.xenolith.board.VifConfig;
import org.xenolith.network.PortKind;
import org.xenolith.network.Ports;
import org.xenolith.pv.network.MacAddress;

import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;

/// A Debian kernel that runs, writes to memory and to a disk, and is kept in step; its machine dies
/// and the copy goes on.
@Tag("slow")
@Timeout(1200)
class MirrorGuestTest {
    private static final int FAIL_OVERS = Integer.getInteger("xenolith.failovers", 3);

    @TempDir private Path directory;

    private final SplittableRandom random = new SplittableRandom(5);

    @BeforeAll
    static void fetchKernel() {
        var missing = DebianKernel.CLOUD.missing();
        assumeTrue(missing.isEmpty(), () -> missing.orElse(""));
    }

    private static DomainConfig.Builder config(int number) {
        return DebianKernel.CLOUD
                .config(2)
                .memoryMib(256)
                .vifs(
                        List.of(
                                VifConfig.of(new PortKind.Network("lab"))
                                        .withMac(MacAddress.xen(number))));
    }

    private DomainConfig mirrored(int copies) {
        var disk = DiskConfig.raw("xvda", disk(copies));
        return config(1).disks(List.of(disk)).build();
    }

    private Path disk(int copies) {
        return directory.resolve("disk" + copies);
    }

    @Test
    void aGuestUnderLoadLosesNothingWhenItsMachineDies() throws Exception {
        try (var file = new RandomAccessFile(disk(0).toFile(), "rw")) {
            file.setLength(32 << 20);
        }
        try (var ports = new Ports(directory.resolve("networks"), Clock.system(), _ -> {});
                var other =
                        Guest.boot(config(2).build(), CompilerChoice.ofThisRun(), ports::open)) {
            var guest = Guest.boot(mirrored(0), CompilerChoice.ofThisRun(), ports::open);
            try {
                setUp(guest, 1);
                setUp(other, 2);
                begin(guest, other);
                for (int copies = 1; copies <= FAIL_OVERS; copies++) {
                    guest = failOver(guest, copies, ports);
                }
                check(guest, other);
            } finally {
                guest.close();
            }
        }
    }

    private Guest failOver(Guest guest, int copies, Ports ports) throws Exception {
        var loop = MirrorLoop.start(guest.domain(), mirrored(copies), ports::open);
        loop.awaitCommit(20);
        // What is seen of it is of the past that the copy has.
        assertThat(guest.run("echo $((seen+%d))".formatted(copies)))
                .isEqualTo(Integer.toString(copies));
        loop.awaitCommit(loop.committed() + random.nextInt(60));
        var there = Guest.adopt(loop.failOver());
        System.out.printf("fail-over %d: %s%n", copies, loop.report());
        assertThat(there.run("echo $((alive+%d))".formatted(copies)))
                .isEqualTo(Integer.toString(copies));
        return there;
    }

    private static void setUp(Guest guest, int number) throws InterruptedException {
        var command =
                "dmesg -n 1; until [ -e /sys/class/net/eth0 ]; do sleep 0.1; done;"
                        + " ip link set eth0 up; ip addr add 10.0.0.%d/24 dev eth0; echo done";
        assertThat(guest.run(command.formatted(number))).isEqualTo("done");
    }

    /// Memory and the disk are written and compared; numbers go both ways.
    private static void begin(Guest guest, Guest other) throws InterruptedException {
        for (var end : List.of(guest, other)) {
            end.run("(tail -f /dev/null | (nc -l -p 5001 > /tmp/received; touch /tmp/all)) & true");
            end.run("until grep -q :1389 /proc/net/tcp*; do sleep 0.1; done"); // 5001
        }
        guest.run("(" + COUNT + " | nc 10.0.0.2 5001) & true");
        other.run("(" + COUNT + " | nc 10.0.0.1 5001) & true");
        guest.run("while ! [ -b /dev/xvda ]; do sleep 0.1; done");
        guest.run(MigrationGuestTest.LOAD);
    }

    /// Numbers from 1 on, a hundred at a time; the last is left in a file.
    private static final String COUNT =
            "{ i=0; while test ! -e /stop; do seq $((i + 1)) $((i + 100)); i=$((i + 100));"
                    + " sleep 0.01; done; echo $i > /tmp/sent; }";

    private void check(Guest guest, Guest other) throws Exception {
        for (var end : List.of(guest, other)) {
            end.run("touch /stop");
        }
        for (var end : List.of(guest, other)) {
            end.run("until [ -e /tmp/sent -a -e /tmp/all ]; do sleep 0.1; done");
        }
        assertThat(received(guest)).isEqualTo(other.run("cat /tmp/sent"));
        assertThat(received(other)).isEqualTo(guest.run("cat /tmp/sent"));
        guest.run("until [ $(wc -l </done) = 3 ]; do sleep 0.1; done");
        assertThat(guest.run("cat /bad 2>/dev/null")).isEmpty();
        assertThat(guest.lines("cat /done")).hasSize(3).noneMatch(line -> line.endsWith(" 0"));
        assertThat(guest.run("dmesg | grep -i -E 'i.o error|corrupt|lockup|oops'")).isEmpty();
        guest.run("sync; echo 3 >/proc/sys/vm/drop_caches");
        var seen = guest.run("md5sum </dev/xvda | cut -c1-32");
        var digest = MessageDigest.getInstance("MD5").digest(Files.readAllBytes(disk(FAIL_OVERS)));
        assertThat(seen).isEqualTo(HexFormat.of().formatHex(digest));
    }

    /// The last of the numbers that have arrived, if none is missing and none is there twice.
    private static String received(Guest guest) throws InterruptedException {
        return guest.run("awk '$1 != NR { print \"gap at \" NR } END { print NR }' /tmp/received");
    }
}
