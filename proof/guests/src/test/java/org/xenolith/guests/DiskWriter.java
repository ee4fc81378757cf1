package org.xenolith.guests;

import org.xenolith.base.Clock;
import org.xenolith.board.DiskConfig;
import org.xenolith.images.ImageFormat;

import java.nio.file.Path;
import java.util.List;

/// A process whose guest runs the program `writer` on its disk and tells what it says, until it is
/// killed. Its arguments are the image, its format, a directory, and the first step.
final class DiskWriter {
    private DiskWriter() {}

    public static void main(String[] arguments) throws Exception {
        var format = ImageFormat.valueOf(arguments[1]);
        var config =
                DebianKernel.CLOUD
                        .config(1)
                        .memoryMib(256)
                        .disks(List.of(DiskConfig.of("xvda", format, Path.of(arguments[0]))));
        long start = Clock.system().nanos();
        var domain = GuestProcess.create(config, Path.of(arguments[2]));
        try (var guest = Guest.atPrompt(domain, start)) {
            guest.run("until test -b /dev/xvda; do sleep 0.1; done; mount -t ext4 /dev/xvda /mnt");
            guest.begin("/mnt/writer /mnt " + arguments[3]);
            while (true) {
                System.out.println(guest.line());
            }
        }
    }
}
