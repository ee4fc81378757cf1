package org.xenolith.xl.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.base.Clock;

import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

class RuntimeDirectoryTest {
    @TempDir private Path root;
    private RuntimeDirectory runtime;

    @BeforeEach
    void open() throws Exception {
        runtime = RuntimeDirectory.open(root.resolve("run"));
    }

    @Test
    void aDomainIsFoundByNameAndByIdUntilItsPlaceIsClosed() throws Exception {
        try (var place = register("web")) {
            assertThat(runtime.find("web")).isEqualTo(place.entry());
            assertThat(runtime.find("1")).isEqualTo(place.entry());
        }
        assertThat(runtime.list()).isEmpty();
        assertThatThrownBy(() -> runtime.find("web"))
                .isInstanceOf(ControlException.class)
                .hasMessageContaining("web is an invalid domain identifier");
    }

    @Test
    void idsGrowAndAreNotReusedAtOnce() throws Exception {
        var ids = new HashSet<Integer>();
        for (int i = 0; i < 5; i++) {
            try (var place = register("d")) {
                ids.add(place.entry().id());
            }
        }
        assertThat(ids).containsExactlyInAnyOrder(1, 2, 3, 4, 5);
    }

    @Test
    void aNameInUseIsRefused() throws Exception {
        try (var _ = register("web")) {
            assertThatThrownBy(() -> register("web"))
                    .isInstanceOf(ControlException.class)
                    .hasMessage("a domain named \"web\" exists");
        }
        register("web").close();
    }

    @Test
    void theEntryOfADeadProcessIsSweptAway() throws Exception {
        var stale = Files.createDirectories(root.resolve("run/domains/7"));
        Files.writeString(stale.resolve("lock"), "");
        Files.writeString(stale.resolve("domain.json"), "{\"domid\":7,\"name\":\"dead\"}");
        Files.createDirectories(root.resolve("run/domains/8"));
        assertThat(runtime.list()).isEmpty();
        assertThat(stale).doesNotExist();
    }

    @Test
    void theLockOfAnotherProcessKeepsItsEntry() throws Exception {
        var directory = Files.createDirectories(root.resolve("run/domains/9"));
        Files.writeString(
                directory.resolve("domain.json"),
                "{\"domid\":9,\"name\":\"other\",\"uuid\":\"" + new UUID(1, 2) + "\",\"pid\":1}");
        var holder =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-cp",
                                System.getProperty("java.class.path"),
                                LockHolder.class.getName(),
                                directory.resolve("lock").toString())
                        .start();
        try {
            assertThat(holder.inputReader().readLine()).isEqualTo("held");
            assertThat(runtime.list()).extracting(DomainEntry::name).containsExactly("other");
        } finally {
            holder.destroyForcibly();
        }
        assertThat(holder.waitFor(10, TimeUnit.SECONDS)).isTrue();
        assertThat(runtime.list()).isEmpty();
    }

    @Test
    void theEnvironmentSaysWhereDomainsAreFound() throws Exception {
        var found = RuntimeDirectory.find(Map.of("XDG_RUNTIME_DIR", root.toString()));
        assertThat(found.root()).isEqualTo(root.resolve("xenolith"));
    }

    @Test
    void theLogForgetsItsOlderHalf() throws Exception {
        var log = runtime.log();
        var line = "x".repeat(1000);
        for (int i = 0; i < 3 * HypervisorLog.BYTES_MAX / 1000; i++) {
            log.append(i + line);
        }
        List<String> lines = log.lines();
        assertThat(lines.size()).isBetween(1000, 2 * HypervisorLog.BYTES_MAX / 1000 + 2);
        assertThat(lines.getLast()).startsWith(3 * HypervisorLog.BYTES_MAX / 1000 - 1 + "x");
        log.clear();
        assertThat(log.lines()).isEmpty();
    }

    /// Another process that lives.
    public static final class LockHolder {
        private LockHolder() {}

        public static void main(String[] arguments) throws Exception {
            try (var channel =
                            FileChannel.open(
                                    Path.of(arguments[0]),
                                    StandardOpenOption.CREATE,
                                    StandardOpenOption.WRITE);
                    var _ = channel.lock()) {
                System.out.println("held");
                TimeUnit.SECONDS.sleep(60);
            }
        }
    }

    private RuntimeDirectory.Registration register(String name) throws ControlException {
        return runtime.register(name, UUID.nameUUIDFromBytes(name.getBytes()), Clock.system());
    }
}
