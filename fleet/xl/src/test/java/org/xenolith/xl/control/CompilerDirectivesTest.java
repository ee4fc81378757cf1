package org.xenolith.xl.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

class CompilerDirectivesTest {
    @TempDir private Path home;

    private List<String> options(String classPath) {
        var environment = Map.of("XDG_CACHE_HOME", home.toString());
        return new CompilerDirectives(BuildCache.of("jvm", classPath, environment)).options();
    }

    private List<Path> files() throws IOException {
        try (var files = Files.list(home.resolve("xenolith").resolve("jvm"))) {
            return files.toList();
        }
    }

    /// A JVM that did not would not start: no domain would.
    @Test
    void theJvmTakesThem() throws IOException, InterruptedException {
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(options("a.jar"));
        command.addAll(List.of("-XX:+CompilerDirectivesPrint", "-version"));
        var output = home.resolve("output").toFile();
        var process =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(output)
                        .start();
        assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
        assertThat(process.exitValue()).isZero();
        assertThat(output).content().contains("java/lang/invoke/LambdaForm*.*", "Exclude:true");
    }

    @Test
    void aBuildHasOneFile() throws IOException {
        var first = options("a.jar");
        assertThat(options("a.jar")).isEqualTo(first).isNotEmpty();
        assertThat(files()).hasSize(1);
        options("b.jar");
        assertThat(files()).hasSize(2);
    }

    @Test
    void aFileThatIsNotAsItShouldBeIsReplaced() throws IOException {
        options("a.jar");
        var file = files().getFirst();
        var text = Files.readString(file);
        Files.write(file, new byte[] {'[', (byte) 0xFF});
        options("a.jar");
        assertThat(file).content().isEqualTo(text);
        assertThat(files()).hasSize(1);
    }

    @Test
    void whereTheyCannotBeWrittenThereAreNone() throws IOException {
        Files.writeString(home.resolve("xenolith"), "no directory");
        assertThat(options("a.jar")).isEmpty();
    }

    /// Whatever is renamed would be left out without a word.
    @ParameterizedTest
    @MethodSource("org.xenolith.xl.control.CompilerDirectives#notForC2")
    void whatTheyNameIsThere(String pattern) throws ClassNotFoundException {
        int end = pattern.lastIndexOf('.');
        var name = pattern.substring(0, end).replace('/', '.').replace("*", "");
        if (name.endsWith(".")) {
            assertThat(ModuleLayer.boot().modules())
                    .anySatisfy(module ->
                            assertThat(module.getPackages())
                                    .anyMatch(all -> (all + '.').startsWith(name)));
            return;
        }
        var method = pattern.substring(end + 1);
        assertThatCode(() -> Class.forName(name)).doesNotThrowAnyException();
        if (!method.equals("*")) {
            assertThat(Arrays.stream(Class.forName(name).getDeclaredMethods()).map(Method::getName))
                    .contains(method);
        }
    }
}
