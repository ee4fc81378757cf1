package org.xenolith.guests;

import org.xenolith.base.Clock;
import org.xenolith.board.DiskConfig;
import org.xenolith.board.DomainConfig;
import org.xenolith.board.VifConfig;
import org.xenolith.boot.PygrubOptions;
import org.xenolith.network.PortForward;
import org.xenolith.network.PortKind;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/// A process that holds a domain with a whole system on its disk, on passt, and does at its console
/// what it is told: the other end is [DebianSystem].
///
/// Its arguments are the image, a directory, the port of the host at which ssh is reached, the
/// user, the password, and a seed for cloud-init, empty if there is none. It says [#READY] when the
/// user is logged in. Then it answers to each line: `run COMMAND` with the lines of what the
/// command prints, each behind a blank, and [#DONE]; `reboot COMMAND` with [#DONE] when the user is
/// logged in again; `end COMMAND` with the reason for which the domain has ended.
final class SystemProcess {
    static final String READY = "ready ";
    static final String DONE = "done";
    static final String RUN = "run ";
    static final String REBOOT = "reboot ";
    static final String END = "end ";

    private SystemProcess() {}

    public static void main(String[] arguments) throws Exception {
        var forward = PortForward.parse("tcp:127.0.0.1:%s:22".formatted(arguments[2]));
        var passt = new PortKind.Passt(List.of(forward), List.of(), false);
        var config =
                DomainConfig.builder("system")
                        .bootloader(PygrubOptions.NONE)
                        .memoryMib(512)
                        .disks(disks(arguments[0], arguments[5]))
                        .vifs(List.of(VifConfig.of(passt)));
        long start = Clock.system().nanos();
        var domain = GuestProcess.create(config, Path.of(arguments[1]));
        try (var guest = Guest.login(domain, start, arguments[3], arguments[4])) {
            System.out.println(READY + guest.bootTime());
            obey(guest, arguments[3], arguments[4]);
        }
    }

    private static List<DiskConfig> disks(String image, String seed) {
        var disk = DiskConfig.raw("xvda", Path.of(image));
        return seed.isEmpty()
                ? List.of(disk)
                : List.of(disk, DiskConfig.raw("xvdb", Path.of(seed)).readOnly());
    }

    private static void obey(Guest guest, String user, String password) throws Exception {
        var orders = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (var order = orders.readLine(); order != null; order = orders.readLine()) {
            if (order.startsWith(RUN)) {
                guest.lines(order.substring(RUN.length()))
                        .forEach(line -> System.out.println(" " + line));
                System.out.println(DONE);
            } else if (order.startsWith(REBOOT)) {
                guest.begin(order.substring(REBOOT.length()));
                guest.login(user, password);
                System.out.println(DONE);
            } else if (order.startsWith(END)) {
                guest.begin(order.substring(END.length()));
                System.out.println(guest.awaitEnd());
            }
        }
    }
}
