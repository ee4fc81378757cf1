package org.xenolith.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.xenolith.base.Clock;
import org.xenolith.base.Entropy;
import org.xenolith.engine.soft.SoftEngine;
import org.xenolith.engine.soft.SoftEngine.Options;
import org.xenolith.memory.GuestMemory;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/// Cases that have failed once never fail again; on every host, since a fixture knows its outcome.
class FixtureTest {
    private static final Path DIRECTORY = Path.of("src", "test", "resources", "fixtures");
    private static final GuestMemory MEMORY = EngineExecutor.memory();
    private static final EngineExecutor EXECUTOR =
            new EngineExecutor(
                    MEMORY,
                    new SoftEngine(MEMORY, Clock.system(), Entropy.seeded(1), Options.DEFAULT));

    @AfterAll
    static void close() {
        EXECUTOR.close();
        MEMORY.close();
    }

    @TestFactory
    Stream<DynamicTest> everyFixtureHasTheOutcomeThatItRecords() throws IOException {
        try (var files = Files.list(DIRECTORY)) {
            return files.filter(file -> file.toString().endsWith(".txt")).sorted().toList().stream()
                    .map(file ->
                            DynamicTest.dynamicTest(
                                    file.getFileName().toString(), () -> check(file)));
        }
    }

    private static void check(Path file) throws IOException {
        var fixture = Fixture.parse(Files.readString(file));
        var actual = EXECUTOR.run(List.of(fixture.test())).getFirst();
        assertThat(Comparison.differences(fixture.test(), fixture.expected(), actual)).isEmpty();
    }
}
