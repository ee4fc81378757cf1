package org.xenolith.xl;

import org.xenolith.xl.control.ControlClient;
import org.xenolith.xl.control.ControlException;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.TimeUnit;

/// `xl top`: the table again and again, until a key ends it. In batch mode it takes no keys.
final class TopCommand {
    private static final int DELAY_SECONDS = 3;
    private static final int DELAY_SECONDS_MAX = 3600;
    private static final int FOREVER = -1;

    /// ECMA-48: cursor home, and erase to the end of the screen.
    private static final String HOME = "\033[H";

    private static final String CLEAR = "\033[J";

    private static final int ESCAPE = 0x1B;
    private static final int CONTROL_C = 3;

    private final Session session;
    private final int delaySeconds;
    private TopTable table;
    private TopSample before = new TopSample(0, List.of());

    private TopCommand(Session session, TopTable table, int delaySeconds) {
        this.session = session;
        this.table = table;
        this.delaySeconds = delaySeconds;
    }

    static int run(Session session, Arguments arguments)
            throws UsageException, ControlException, InterruptedException {
        int delay = number(arguments, "delay", DELAY_SECONDS, 1, DELAY_SECONDS_MAX);
        int iterations = number(arguments, "iterations", FOREVER, 1, Integer.MAX_VALUE);
        var table =
                new TopTable(
                        hostKib(),
                        arguments.has("vcpus"),
                        arguments.has("vbds"),
                        arguments.has("repeat-header"),
                        arguments.has("full-name"));
        var command = new TopCommand(session, table, delay);
        if (arguments.has("batch")) {
            command.batch(iterations);
        } else {
            command.live(iterations);
        }
        return 0;
    }

    private static int number(Arguments arguments, String key, int byDefault, int min, int max)
            throws UsageException {
        var text = arguments.value(key);
        if (text.isEmpty()) {
            return byDefault;
        }
        if (!text.get().matches("[0-9]{1,9}")
                || Integer.parseInt(text.get()) < min
                || Integer.parseInt(text.get()) > max) {
            throw new UsageException(
                    "%s must be a number from %d to %d, not \"%s\""
                            .formatted(key, min, max, text.get()));
        }
        return Integer.parseInt(text.get());
    }

    private void batch(int iterations) throws ControlException, InterruptedException {
        for (int done = 0; done != iterations; done++) {
            if (done > 0) {
                TimeUnit.SECONDS.sleep(delaySeconds);
            }
            next().forEach(session.out()::println);
            session.out().flush();
        }
    }

    private void live(int iterations) throws ControlException, InterruptedException {
        var keys = new SynchronousQueue<Integer>();
        try (var _ = Terminal.makeRaw().orElse(null)) {
            Thread.ofPlatform().daemon().name("top-keys").start(() -> read(System.in, keys));
            boolean goesOn = true;
            for (int done = 0; done != iterations && goesOn; done++) {
                paint(session.out());
                var key = keys.poll(delaySeconds, TimeUnit.SECONDS);
                goesOn = key == null || press(key);
            }
        }
        session.out().println();
    }

    private static void read(InputStream in, SynchronousQueue<Integer> keys) {
        try {
            for (int key = in.read(); key >= 0; key = in.read()) {
                keys.put(key);
            }
        } catch (IOException e) {
            return; // no more keys; the table goes on
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// False if the key ends it.
    private boolean press(int key) {
        switch (Character.toLowerCase(key)) {
            case 'q', ESCAPE, CONTROL_C -> {
                return false;
            }
            case 'v' -> table = table.toggleVcpus();
            case 'b' -> table = table.toggleDisks();
            case 'r' -> table = table.toggleHeader();
            default -> {} // any other key shows the table at once
        }
        return true;
    }

    private void paint(PrintStream out) throws ControlException {
        var screen = new StringBuilder(HOME + CLEAR);
        next().forEach(line -> screen.append(line).append("\r\n"));
        screen.append("\r\n  v(B)ds  (V)CPUs  (R)epeat header  (Q)uit");
        out.print(screen);
        out.flush();
    }

    private List<String> next() throws ControlException {
        var rows = new ArrayList<TopSample.Row>();
        for (var entry : session.runtime().list()) {
            var client = new ControlClient(entry);
            try {
                rows.add(new TopSample.Row(client.info(), client.disks()));
            } catch (ControlException _) {
                continue; // it is being built, or has just gone
            }
        }
        var now = new TopSample(session.clock().nanos(), rows);
        var lines = table.lines(before, now);
        before = now;
        return lines;
    }

    /// The host's memory; 0 where it does not tell.
    private static long hostKib() {
        try (var lines = Files.lines(Path.of("/proc/meminfo"))) {
            return lines.filter(line -> line.startsWith("MemTotal:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                    .findFirst()
                    .orElse(0);
        } catch (IOException _) {
            return 0;
        }
    }
}
