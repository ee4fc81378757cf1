package org.xenolith.guests;

import org.xenolith.base.Clock;
import org.xenolith.board.DiskConfig;
import org.xenolith.board.DomainConfig;
import org.xenolith.boot.PygrubOptions;

import java.nio.file.Path;
import java.util.List;

/// A process that holds a domain with the kernel that is on a disk, and the program `load.sh` there
/// in place of systemd, and tells what that says until it is killed. Its arguments are the image
/// and a directory.
final class LoadProcess {
    /// Where the program is.
    static final String PROGRAM = "/usr/local/sbin/load";

    private LoadProcess() {}

    public static void main(String[] arguments) throws Exception {
        var config =
                DomainConfig.builder("load")
                        .bootloader(PygrubOptions.NONE)
                        .commandLine("init=" + PROGRAM)
                        .memoryMib(512)
                        .disks(List.of(DiskConfig.raw("xvda", Path.of(arguments[0]))));
        long start = Clock.system().nanos();
        var domain = GuestProcess.create(config, Path.of(arguments[1]));
        try (var guest = Guest.started(domain, start)) {
            while (true) {
                System.out.println(guest.line());
            }
        }
    }
}
