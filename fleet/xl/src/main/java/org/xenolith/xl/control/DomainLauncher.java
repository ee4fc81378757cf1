package org.xenolith.xl.control;

import org.xenolith.xl.config.ConfigException;
import org.xenolith.xl.config.ConfigReader;
import org.xenolith.xl.control.StartupCache.Device;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/// Starts the process of a domain, in a session of its own where the host can, so that the
/// terminal's signals do not reach it.
public final class DomainLauncher {
    // What a domain needs beside its guest's memory: at most 250 MB, see docs/map.md.
    private static final List<String> JVM_OPTIONS =
            List.of(
                    "-Xms16m",
                    "-Xmx160m",
                    "-Xss512k",
                    "-XX:+UseSerialGC",
                    "-XX:MinHeapFreeRatio=10",
                    "-XX:MaxHeapFreeRatio=25",
                    "-XX:ReservedCodeCacheSize=64m",
                    // Or whatever adds some 8 MB of code stops everything for a full collection.
                    "-XX:SweeperThreshold=50",
                    // Or C2 takes twice as long while a guest begins.
                    "-XX:InlineSmallCode=1000",
                    "-XX:MaxMetaspaceSize=96m",
                    "-XX:-UsePerfData",
                    "--enable-native-access=ALL-UNNAMED",
                    "--sun-misc-unsafe-memory-access=allow");

    /// What processes of domains say that nobody listens to, in the runtime directory.
    static final String ERRORS = "process-errors.log";

    private final RuntimeDirectory runtime;
    private final Consumer<String> progress;

    /// `progress` is told, in a few words, what a long start is doing.
    public DomainLauncher(RuntimeDirectory runtime, Consumer<String> progress) {
        this.runtime = runtime;
        this.progress = progress;
    }

    /// Starts a domain and waits until it runs, or is ready to run if `paused`. Returns its id.
    public int start(String source, String configText, boolean paused) throws ControlException {
        return start(source, configText, paused, Optional.empty());
    }

    /// The same for one that goes on from a saved file.
    public int restore(String source, String configText, boolean paused, Path saved)
            throws ControlException {
        return start(source, configText, paused, Optional.of(saved));
    }

    /// Starts a process that speaks the protocol of migrations on this one's standard input and
    /// output, and waits until a domain has arrived or a question has been answered. Returns the
    /// domain's id, if there is one.
    ///
    /// @param beginning what has been read of standard input already
    public Optional<Integer> receive(boolean paused, byte[] beginning) throws ControlException {
        return arrive(paused, beginning, ProcessBuilder.Redirect.INHERIT, _ -> {});
    }

    /// The same with a connection of whoever calls: `carrier` is given the process, and is to carry
    /// its standard input and output. Does not wait for it.
    public Optional<Integer> receive(boolean paused, Consumer<Process> carrier)
            throws ControlException {
        return arrive(paused, new byte[0], ProcessBuilder.Redirect.PIPE, carrier);
    }

    private Optional<Integer> arrive(
            boolean paused,
            byte[] beginning,
            ProcessBuilder.Redirect standard,
            Consumer<Process> carrier)
            throws ControlException {
        var arguments = List.of(paused ? "paused" : "running", HexFormat.of().formatHex(beginning));
        return speak(ArrivalProcess.class, arguments, standard, carrier);
    }

    /// Starts a process that keeps the copy of a domain, by the protocol of mirrors on this one's
    /// standard input and output, and waits until it is the domain or is not needed. Returns the
    /// domain's id, if there is one.
    public Optional<Integer> keepCopy(int silenceMillis) throws ControlException {
        return keepCopy(silenceMillis, ProcessBuilder.Redirect.INHERIT, _ -> {});
    }

    /// The same with a connection of whoever calls, as with [#receive].
    public Optional<Integer> keepCopy(int silenceMillis, Consumer<Process> carrier)
            throws ControlException {
        return keepCopy(silenceMillis, ProcessBuilder.Redirect.PIPE, carrier);
    }

    private Optional<Integer> keepCopy(
            int silenceMillis, ProcessBuilder.Redirect standard, Consumer<Process> carrier)
            throws ControlException {
        var arguments = List.of(Integer.toString(silenceMillis));
        return speak(BackupProcess.class, arguments, standard, carrier);
    }

    /// Starts a process that speaks with another host by its standard input and output.
    private Optional<Integer> speak(
            Class<?> main,
            List<String> arguments,
            ProcessBuilder.Redirect standard,
            Consumer<Process> carrier)
            throws ControlException {
        var errors = runtime.root().resolve(ERRORS).toFile();
        // Nothing of the JVM's own may get between what the two hosts say.
        var command = command(main, List.of("-XX:+DisplayVMOutputToStderr"), Set.of());
        command.add(runtime.root().toString());
        command.addAll(arguments);
        try {
            var process =
                    new ProcessBuilder(command)
                            .redirectInput(standard)
                            .redirectOutput(standard)
                            .start();
            carrier.accept(process);
            try (var reports = process.errorReader(StandardCharsets.UTF_8)) {
                return followReports(reports, errors);
            }
        } catch (IOException e) {
            throw new ControlException("cannot start a process: " + e.getMessage(), e);
        }
    }

    private int start(String source, String configText, boolean paused, Optional<Path> saved)
            throws ControlException {
        var errors = runtime.root().resolve(ERRORS).toFile();
        // One that goes on with what is saved has not booted: others are not to learn from it.
        var devices = saved.isPresent() ? Set.<Device>of() : devices(source, configText);
        var command = command(DomainProcess.class, List.of(), devices);
        command.addAll(List.of(runtime.root().toString(), source, paused ? "paused" : "running"));
        saved.ifPresent(file -> command.add(file.toString()));
        Process process;
        try {
            process =
                    new ProcessBuilder(command)
                            .redirectError(ProcessBuilder.Redirect.appendTo(errors))
                            .start();
        } catch (IOException e) {
            throw new ControlException("cannot start a process: " + e.getMessage(), e);
        }
        // Whoever interrupts `xl create` before the domain is there leaves none behind.
        var abort = new Thread(process::destroyForcibly);
        Runtime.getRuntime().addShutdownHook(abort);
        try {
            return converse(process, configText, errors);
        } catch (IOException e) {
            process.destroyForcibly();
            throw new ControlException("domain's process broke off: " + e.getMessage(), e);
        } finally {
            removeHook(abort);
        }
    }

    private static Set<Device> devices(String source, String configText) {
        try {
            return StartupCache.devices(ConfigReader.read(source, configText).config());
        } catch (ConfigException e) {
            return Set.of(); // the process says what is wrong
        }
    }

    private int converse(Process process, String configText, File errors)
            throws IOException, ControlException {
        try (var input = process.getOutputStream()) {
            input.write(configText.getBytes(StandardCharsets.UTF_8));
        }
        try (var reports = process.inputReader(StandardCharsets.UTF_8)) {
            return followReports(reports, errors).orElseThrow();
        }
    }

    /// The domain's id, if there is one.
    private Optional<Integer> followReports(BufferedReader reports, File errors)
            throws IOException, ControlException {
        // Slow the first time: while the process starts, not when it has.
        Json.parseObject("{}");
        Leaving.prepare();
        for (var line = reports.readLine(); line != null; line = reports.readLine()) {
            var report = Json.parseObject(line);
            if (report.isEmpty()) {
                continue; // something of the JVM's own
            }
            if (report.get().has("ready")) {
                return Optional.of(report.get().path("ready").asInt());
            }
            if (report.get().has("answered")) {
                return Optional.empty();
            }
            if (report.get().has("error")) {
                throw new ControlException(report.get().path("error").asText());
            }
            progress.accept(report.get().path("progress").asText());
        }
        throw new ControlException("domain's process ended before it was ready; see " + errors);
    }

    /// @param devices that the domain has from its start on, as far as they are known
    private List<String> command(Class<?> main, List<String> options, Set<Device> devices) {
        var classPath = System.getProperty("java.class.path");
        var command = new ArrayList<String>();
        if (hasSetsid()) {
            command.add("setsid");
        }
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(JVM_OPTIONS);
        command.add("-Djdk.virtualThreadScheduler.parallelism=" + carriers());
        command.addAll(options);
        var kept = BuildCache.of("jvm", classPath, System.getenv());
        command.addAll(new CompilerDirectives(kept).options());
        command.addAll(StartupCache.of(classPath, kept).options(devices));
        command.add("-XX:ErrorFile=" + runtime.root().resolve("hs_err_%p.log"));
        command.add("-cp");
        command.add(classPath);
        command.add(main.getName());
        return command;
    }

    /// Threads that carry the back ends'. One processor is left for the vCPUs: where there are two,
    /// a second carrier takes from the vCPU what it adds for the disk, and the two wake each other.
    private static int carriers() {
        return Math.max(1, Runtime.getRuntime().availableProcessors() - 1);
    }

    private static boolean hasSetsid() {
        var path = System.getenv().getOrDefault("PATH", "");
        for (var directory : path.split(File.pathSeparator)) {
            if (!directory.isEmpty() && Files.isExecutable(Path.of(directory, "setsid"))) {
                return true;
            }
        }
        return false;
    }

    private static void removeHook(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException _) {
            return; // shutting down already
        }
    }
}
