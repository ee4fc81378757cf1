package org.xenolith.xl.control;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/// Domain processes in this process, with [EchoMachine]s.
public final class DomainsForTests implements AutoCloseable {
    private final RuntimeDirectory runtime;
    private final List<CompletableFuture<Boolean>> running = new ArrayList<>();

    public DomainsForTests(RuntimeDirectory runtime) {
        this.runtime = runtime;
    }

    public void start(String name, boolean paused) throws InterruptedException {
        start(name, "", paused);
    }

    /// A domain with further lines of configuration.
    public void start(String name, String settings, boolean paused) throws InterruptedException {
        var reports = new ByteArrayOutputStream();
        var process =
                new DomainProcess(
                        runtime,
                        EchoMachine.builder(),
                        (_, _) -> {
                            throw new ControlException("there is no other process");
                        },
                        new PrintStream(reports));
        var text = "name='" + name + "'; kernel='none'; memory=64\n" + settings;
        var run =
                CompletableFuture.supplyAsync(() ->
                        process.run(
                                "c",
                                new ByteArrayInputStream(text.getBytes()),
                                paused,
                                Optional.empty()));
        running.add(run);
        while (!reports.toString().contains("ready") && !run.isDone()) {
            TimeUnit.MILLISECONDS.sleep(2);
        }
    }

    @Override
    public void close() throws Exception {
        for (var entry : runtime.list()) {
            new ControlClient(entry).destroy();
        }
        for (var run : running) {
            run.get(10, TimeUnit.SECONDS);
        }
    }
}
