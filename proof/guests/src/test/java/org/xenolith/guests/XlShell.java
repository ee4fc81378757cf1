package org.xenolith.guests;

import org.xenolith.base.Bug;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;

/// The shell of a guest, by `xl console`. For one thread.
final class XlShell implements AutoCloseable {
    private static final int WAIT_SECONDS_MAX = 300;
    private static final String PROMPT = "~ # ";

    /// A console repeats what it has said before, other shells' marks too.
    private static final AtomicInteger COMMANDS = new AtomicInteger();

    private final XlHost.Started console;
    private final PrintStream input;

    private XlShell(XlHost.Started console) {
        this.console = console;
        this.input = new PrintStream(console.process().getOutputStream(), true);
    }

    static XlShell attach(XlHost host, String name) throws Exception {
        return new XlShell(host.converse("console", name));
    }

    /// Waits for the shell of a guest that boots.
    void awaitPrompt() throws Exception {
        await(Pattern.compile(PROMPT));
    }

    /// What a command prints, which is one line, without the last line's end.
    String run(String command) throws Exception {
        int number = COMMANDS.incrementAndGet();
        // The shell computes the marks, so that they are not found in the echo of this line.
        input.printf("echo \"<$((%d))>\"; %s; echo \"<$((%d)):$?>\"%n", number, command, number);
        var output =
                await(
                        Pattern.compile(
                                "<%d>\r*\n(?<output>.*)<%d:\\d+>\r*\n".formatted(number, number),
                                Pattern.DOTALL));
        return output.replace("\r", "").stripTrailing();
    }

    private String await(Pattern pattern) throws Exception {
        for (int i = 0; i < WAIT_SECONDS_MAX * 20; i++) {
            var text = new String(Files.readAllBytes(console.log()), StandardCharsets.ISO_8859_1);
            var found = pattern.matcher(text);
            if (found.find()) {
                return pattern.namedGroups().isEmpty() ? "" : found.group("output");
            }
            if (!console.process().isAlive()) {
                break;
            }
            TimeUnit.MILLISECONDS.sleep(50);
        }
        throw new Bug("%s does not come: %s".formatted(pattern, console.text()));
    }

    @Override
    public void close() throws InterruptedException {
        console.process().destroy();
        console.process().waitFor();
    }
}
