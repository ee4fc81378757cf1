package org.xenolith.guests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.board.DiskConfig;
import org.xenolith.board.DomainConfig;
import org.xenolith.board.PortOpener;
import org.xenolith.migration.Migration;
import org.xenolith.migration.MigrationOptions;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// A Debian kernel that is moved while it runs and writes, over a connection of the loopback.
@Tag("slow")
@Timeout(1200)
class MigrationGuestTest {
    private static final int MOVES = Integer.getInteger("xenolith.moves", 6);

    /// Two programs write, copy and compare memory, a third writes to the disk and reads it back,
    /// until the file `stop` is there.
    static final String LOAD =
            "m() { n=0; while [ ! -e /stop ]; do head -c $2 /dev/urandom >$1.a;"
                    + " s=$(md5sum <$1.a); cp $1.a $1.b;"
                    + " [ \"$s\" = \"$(md5sum <$1.b)\" ] || echo $1 $n >>/bad;"
                    + " n=$((n+1)); done; echo $1 $n >>/done; };"
                    + " d() { n=0; while [ ! -e /stop ]; do head -c 262144 /dev/urandom >$1.a;"
                    + " dd if=$1.a of=/dev/xvda bs=64k seek=$((n%64*4)) 2>/dev/null; sync;"
                    + " echo 1 >/proc/sys/vm/drop_caches;"
                    + " s=$(dd if=/dev/xvda bs=64k skip=$((n%64*4)) count=4 2>/dev/null | md5sum);"
                    + " [ \"$s\" = \"$(md5sum <$1.a)\" ] || echo $1 $n >>/bad;"
                    + " n=$((n+1)); done; echo $1 $n >>/done; };"
                    + " m /x 2000000 & m /y 300000 & d /z & true";

    @TempDir private Path directory;

    @BeforeAll
    static void fetchKernel() {
        var missing = DebianKernel.CLOUD.missing();
        assumeTrue(missing.isEmpty(), () -> missing.orElse(""));
    }

    private DomainConfig config() throws IOException {
        var disk = directory.resolve("disk");
        try (var file = new RandomAccessFile(disk.toFile(), "rw")) {
            file.setLength(32 << 20);
        }
        return DebianKernel.CLOUD
                .config(2)
                .memoryMib(256)
                .disks(List.of(DiskConfig.raw("xvda", disk)))
                .build();
    }

    @Test
    void aGuestUnderLoadIsMovedAgainAndAgainAndLosesNothing() throws Exception {
        var config = config();
        var guest = Guest.boot(config);
        try (var one = new MigrationHost(config, PortOpener.NONE);
                var other = new MigrationHost(config, PortOpener.NONE)) {
            guest.run("dmesg -n 1; while ! [ -b /dev/xvda ]; do :; done");
            guest.run(LOAD);
            for (int move = 1; move <= MOVES; move++) {
                var host = move % 2 == 0 ? one : other;
                var report =
                        Migration.send(
                                guest.domain(), host::dial, MigrationOptions.DEFAULT, _ -> {});
                assertThat(guest.domain().ended().get(20, TimeUnit.SECONDS)).isEmpty();
                guest = Guest.adopt(host.take());
                System.out.printf("move %d: %s%n", move, report);
                assertThat(guest.run("echo $((move+%d))".formatted(move)))
                        .isEqualTo(Integer.toString(move));
            }
            assertThat(guest.run("touch /stop; wait; cat /bad 2>/dev/null")).isEmpty();
            assertThat(guest.lines("cat /done")).hasSize(3).noneMatch(line -> line.endsWith(" 0"));
            assertThat(guest.run("dmesg | grep -i -E 'i.o error|corrupt|stalls|lockup|oops'"))
                    .isEmpty();
        } finally {
            guest.close();
        }
    }

    @Test
    void aDiskIsCopiedWhileItIsWritten() throws Exception {
        var config = config();
        var copy = directory.resolve("copy");
        var there = config.withDisks(List.of(DiskConfig.raw("xvda", copy)));
        var guest = Guest.boot(config);
        try (var host = new MigrationHost(there, PortOpener.NONE)) {
            guest.run("dmesg -n 1; while ! [ -b /dev/xvda ]; do :; done");
            guest.run("head -c 20000000 /dev/urandom >/dev/xvda; sync; " + LOAD);
            var options = MigrationOptions.DEFAULT.withDisks(true);
            System.out.println(Migration.send(guest.domain(), host::dial, options, _ -> {}));
            guest = Guest.adopt(host.take());
            guest.run("sleep 1; touch /stop; wait; sync; echo 3 >/proc/sys/vm/drop_caches");
            assertThat(guest.run("cat /bad 2>/dev/null")).isEmpty();
            var seen = guest.run("md5sum </dev/xvda | cut -c1-32");
            var digest = MessageDigest.getInstance("MD5").digest(Files.readAllBytes(copy));
            assertThat(seen).isEqualTo(HexFormat.of().formatHex(digest));
        } finally {
            guest.close();
        }
    }
}
