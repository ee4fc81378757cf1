package org.xenolith.bench;

import org.xenolith.base.Clock;
import org.xenolith.bench.guest.Devices;
import org.xenolith.bench.guest.GuestFiles;
import org.xenolith.bench.guest.Hypervisor;
import org.xenolith.bench.guest.InstalledSystem;
import org.xenolith.bench.guest.Tcg;
import org.xenolith.bench.guest.Xenolith;
import org.xenolith.bench.outlive.OutliveSession;
import org.xenolith.bench.table.Table;

import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/// `./dev bench`. The property `xenolith.root` is the directory of `xl`.
public final class Main {
    private static final int WRONG_USE = 2;

    private Main() {}

    public static void main(String[] arguments) throws InterruptedException {
        try {
            var options = Options.parse(List.of(arguments));
            if (options.help()) {
                System.out.print(Options.usage());
                return;
            }
            System.exit(run(options) ? 0 : 1);
        } catch (IllegalArgumentException e) {
            say(e.getMessage());
            System.exit(WRONG_USE);
        } catch (IOException e) {
            say(e.getMessage());
            System.exit(1);
        }
    }

    private static void say(String what) {
        System.err.println("bench: " + what);
    }

    private static Path image(Path root, WorkDirectory directory, Options options)
            throws IOException, InterruptedException {
        if (options.image().isPresent()) {
            return options.image().get();
        }
        say("making a whole system");
        return InstalledSystem.make(root.resolve("xl"), directory.path());
    }

    private static boolean run(Options options) throws IOException, InterruptedException {
        var root = Path.of(System.getProperty("xenolith.root", "")).toAbsolutePath();
        double load = ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
        try (var directory = new WorkDirectory();
                var devices =
                        new Devices(directory.path(), () -> image(root, directory, options))) {
            var clock = Clock.system();
            var files = GuestFiles.make(directory.path(), options.devices(), Main::say);
            var out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
            out.println(HostDescription.of(root, files, options.rounds(), load));
            boolean good = true;
            if (!options.rows().isEmpty()) {
                var ours = new Xenolith(root, files, devices, directory.path(), clock);
                var theirs = new Tcg(files, devices, directory.path(), clock);
                good = compare(ours, theirs, files, options, out);
            }
            if (!options.figures().isEmpty()) {
                var outlive = new OutliveSession(root, files, directory.path(), clock, Main::say);
                outlive.run(options.figures(), options.rounds());
                out.print(outlive.table(options.figures()));
                good &= outlive.isGood();
            }
            return good;
        }
    }

    /// Prints the table in which each row is on both hypervisors.
    private static boolean compare(
            Hypervisor ours, Hypervisor theirs, GuestFiles files, Options options, PrintStream out)
            throws InterruptedException {
        var session = new Session(ours, theirs, files.program(), options, Main::say);
        session.run();
        out.print(Table.of(session.comparisons(), session.failures()));
        out.print(session.host());
        out.println(session.clocks());
        return session.isGood();
    }
}
