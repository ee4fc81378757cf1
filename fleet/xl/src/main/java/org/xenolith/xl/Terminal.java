package org.xenolith.xl;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The terminal on standard input, in raw mode until closed, whatever ends the process.
final class Terminal implements AutoCloseable {
    private final String settings;
    private final Thread restoreAtExit = new Thread(this::restore);

    private Terminal(String settings) {
        this.settings = settings;
    }

    /// Empty if standard input is no terminal.
    static Optional<Terminal> makeRaw() throws InterruptedException {
        var settings = stty(List.of("-g"));
        if (settings.isEmpty()) {
            return Optional.empty();
        }
        var terminal = new Terminal(settings.get());
        Runtime.getRuntime().addShutdownHook(terminal.restoreAtExit);
        stty(List.of("raw", "-echo"));
        return Optional.of(terminal);
    }

    @Override
    public void close() {
        restore();
        try {
            Runtime.getRuntime().removeShutdownHook(restoreAtExit);
        } catch (IllegalStateException _) {
            return; // shutting down: the hook does no harm
        }
    }

    private void restore() {
        try {
            stty(List.of(settings));
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    /// What stty(1) says about standard input; empty if it is no terminal.
    private static Optional<String> stty(List<String> arguments) throws InterruptedException {
        var command = new ArrayList<>(List.of("stty"));
        command.addAll(arguments);
        try {
            var process =
                    new ProcessBuilder(command)
                            .redirectInput(Redirect.INHERIT)
                            .redirectError(Redirect.DISCARD)
                            .start();
            var output =
                    new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
            return process.waitFor() == 0 ? Optional.of(output.strip()) : Optional.empty();
        } catch (IOException _) {
            return Optional.empty();
        }
    }
}
