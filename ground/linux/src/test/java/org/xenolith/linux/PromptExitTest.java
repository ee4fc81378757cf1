package org.xenolith.linux;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Path;
import java.util.List;

@Timeout(60)
class PromptExitTest {
    private static final int CODE = 7;

    /// A JVM that leaves a process behind, which speaks with whoever started it no more.
    public static final class Parent {
        private Parent() {}

        public static void main(String[] arguments) throws IOException {
            new ProcessBuilder("sleep", "20")
                    .redirectInput(Redirect.PIPE)
                    .redirectOutput(Redirect.DISCARD)
                    .redirectError(Redirect.DISCARD)
                    .start();
            var exit = PromptExit.prepare();
            Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.println("hook")));
            System.out.println("leaves");
            System.out.flush();
            if (arguments[0].equals("prompt")) {
                exit.exit(CODE);
            }
            Runtime.getRuntime().exit(CODE);
        }
    }

    private record End(List<String> said, int code) {}

    private static End run(String how) throws Exception {
        var process =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "--enable-native-access=ALL-UNNAMED",
                                "-cp",
                                System.getProperty("java.class.path"),
                                Parent.class.getName(),
                                how)
                        .redirectError(Redirect.INHERIT)
                        .start();
        var child = process.inputReader();
        var first = child.readLine();
        var children = process.children().toList();
        int code = process.waitFor();
        children.forEach(ProcessHandle::destroyForcibly);
        var rest = child.readLine();
        return new End(rest == null ? List.of(first) : List.of(first, rest), code);
    }

    @Test
    void nobodyIsWaitedForAndNoHookRuns() throws Exception {
        var end = run("prompt");
        assertThat(end.said).containsExactly("leaves");
        assertThat(end.code).isEqualTo(CODE);
    }

    /// Else the other test would show nothing.
    @Test
    void aJvmThatEndsInItsOwnWayRunsItsHooks() throws Exception {
        var end = run("usual");
        assertThat(end.said).containsExactly("leaves", "hook");
        assertThat(end.code).isEqualTo(CODE);
    }
}
