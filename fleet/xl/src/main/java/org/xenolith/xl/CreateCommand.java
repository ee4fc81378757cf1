package org.xenolith.xl;

import org.xenolith.board.DomainConfig;
import org.xenolith.boot.GuestKit;
import org.xenolith.xl.config.ConfigException;
import org.xenolith.xl.config.ConfigReader;
import org.xenolith.xl.control.ControlClient;
import org.xenolith.xl.control.ControlException;
import org.xenolith.xl.control.DomainDescription;
import org.xenolith.xl.control.DomainLauncher;
import org.xenolith.xl.control.Json;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Collectors;

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
        var file = configFile(arguments);
        var text = ConfigReader.readFile(file);
        var overrides = overrides(arguments);
        boolean quiet = arguments.has("quiet");
        if (!quiet) {
            session.err().println("Parsing config from " + file);
        }
        var result = ConfigReader.read(file, text, overrides);
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
        int id = launcher.start(file, text + "\n" + overrides, follow || arguments.has("p"));
        return follow ? follow(session, arguments, id) : 0;
    }

    private static int follow(Session session, Arguments arguments, int id)
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

    private static String configFile(Arguments arguments) throws UsageException {
        var files = arguments.operands().stream().filter(word -> !isSetting(word)).toList();
        var named = arguments.value("defconfig");
        if (files.size() > 1 || named.isPresent() && !files.isEmpty()) {
            throw new UsageException("more than one configuration file");
        }
        if (named.isPresent()) {
            return named.get();
        }
        if (files.isEmpty()) {
            throw new UsageException("config file not specified");
        }
        return files.getFirst();
    }

    /// `key=value` words are lines of configuration that follow the file's.
    private static String overrides(Arguments arguments) {
        return arguments.operands().stream()
                .filter(CreateCommand::isSetting)
                .collect(Collectors.joining("\n"));
    }

    private static boolean isSetting(String word) {
        return word.contains("=");
    }

    private static void checkFiles(DomainConfig config) throws ControlException {
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
