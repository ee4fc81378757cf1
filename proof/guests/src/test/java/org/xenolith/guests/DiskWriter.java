package org.xenolith.guests;

import org.xenolith.board.DiskConfig;

import java.nio.file.Path;
import java.util.List;

/// A process with a domain that writes to its disk and tells when a part of it is said to be
/// durable; then it goes on writing until it is killed.
final class DiskWriter {
    static final String SYNCED = "synced";

    private DiskWriter() {}

    public static void main(String[] arguments) throws Exception {
        var config =
                DebianKernel.CLOUD
                        .config(1)
                        .disks(List.of(DiskConfig.raw("xvda", Path.of(arguments[0]))))
                        .build();
        try (var guest = Guest.boot(config)) {
            guest.run("until test -b /dev/xvda; do sleep 0.1; done; mount -t ext4 /dev/xvda /mnt");
            System.out.println(guest.run("seq 1 3000 > /mnt/numbers; sync; echo " + SYNCED));
            guest.run(
                    "i=0; while :; do i=$((i + 1)); seq 1 5000 > /mnt/more$i; rm -f /mnt/more$((i - 3));"
                            + " sync; done");
        }
    }
}
