package org.xenolith.xl;

import org.xenolith.board.DomainConfig;
import org.xenolith.boot.GuestKit;
import org.xenolith.xl.config.ConfigException;
import org.xenolith.xl.control.ControlClient;
import org.xenolith.xl.control.ControlException;
import org.xenolith.xl.control.DomainDescription;
import org.xenolith.xl.control.DomainLauncher;
import org.xenolith.xl.control.Json;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;

/// `xl create`.
final class CreateCommand {
    /// Ends of a followed domain that are exit code 0.
    private static final Set<String> GOOD_ENDS =
            Set.of("poweroff", "reboot", "suspend", "soft_reset", "destroyed");

    private CreateCommand() {}

    static int run(Session session, Arguments arguments)
            throws UsageException,
                    ConfigException,
                    ControlException,
                    IOException,
                    InterruptedException {
        var source = ConfigSource.of(arguments.operands(), arguments.value("defconfig"));
        boolean quiet = arguments.has("quiet");
        if (!quiet) {
            session.err().println("Parsing config from " + source.file());
        }
        var result = source.read();
        if (!quiet) {
            result.warnings().forEach(session.err()::println);
        }
        checkFiles(result.config());
        if (arguments.has("dryrun") || session.dryRun()) {
            session.out().println(Json.pretty(DomainDescription.toJson(result.config())));
            return 0;
        }
        var launcher =
                new DomainLauncher(
                        session.runtime(),
                        what -> {
                            if (!quiet) {
                                session.err().println("xl: " + what);
                            }
                        });
        boolean console = arguments.has("c");
        boolean follow = console || arguments.has("F");
        // Who wants to see the end must be there before the beginning.
        int id = launcher.start(source.file(), source.whole(), follow || arguments.has("p"));
        return follow ? follow(session, arguments, id) : 0;
    }

    /// Stays with a domain that has been started paused, until its end.
    static int follow(Session session, Arguments arguments, int id)
            throws ControlException, IOException, InterruptedException {
        var client = new ControlClient(session.runtime().find(Integer.toString(id)));
        var ended = client.ended();
        if (arguments.has("c")) {
            try (var channel = client.console("pv")) {
                if (!arguments.has("p")) {
                    client.unpause();
                }
                boolean gone =
                        ConsoleClient.attach(
                                channel, ConsoleClient.ESCAPE, System.in, session.out());
                if (!gone) {
                    return 0;
                }
            }
        } else if (!arguments.has("p")) {
            client.unpause();
        }
        var reason = ended.join();
        boolean failed = !GOOD_ENDS.contains(reason);
        if (failed) {
            session.err().printf("xl: domain %d: %s; see 'xl dmesg'%n", id, reason);
        }
        return failed ? Main.FAILED : 0;
    }

    private static void checkFiles(DomainConfig config) throws ControlException {
        if (config.bootloader().isPresent()) {
            return;
        }
        checkReadable("kernel", config.kernel());
        if (config.ramdisk().isPresent()) {
            checkReadable("ramdisk", config.ramdisk().get());
        }
    }

    private static void checkReadable(String what, String file) throws ControlException {
        if (GuestKit.isMeant(file)) {
            return;
        }
        var path = Path.of(file);
        if (!Files.exists(path)) {
            throw new ControlException("cannot read " + what + " " + path + ": no such file");
        }
        if (Files.isDirectory(path)) {
            throw new ControlException("cannot read " + what + " " + path + ": is a directory");
        }
        if (!Files.isReadable(path)) {
            throw new ControlException("cannot read " + what + " " + path + ": permission denied");
        }
    }
}
