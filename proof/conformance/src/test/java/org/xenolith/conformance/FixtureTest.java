package org.xenolith.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.xenolith.ir.Evaluator;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/// Cases that have failed once never fail again; on every host, since a fixture knows its outcome.
class FixtureTest {
    private static final Path DIRECTORY = Path.of("src", "test", "resources", "fixtures");

    @TestFactory
    Stream<DynamicTest> everyFixtureHasTheOutcomeThatItRecords() throws IOException {
        var executor = new MeaningExecutor(Evaluator::new, false);
        try (var files = Files.list(DIRECTORY)) {
            return files.filter(file -> file.toString().endsWith(".txt")).sorted().toList().stream()
                    .map(file ->
                            DynamicTest.dynamicTest(
                                    file.getFileName().toString(), () -> check(executor, file)));
        }
    }

    private static void check(MeaningExecutor executor, Path file) throws IOException {
        var fixture = Fixture.parse(Files.readString(file));
        var actual = executor.run(List.of(fixture.test())).getFirst();
        assertThat(Comparison.differences(fixture.test(), fixture.expected(), actual)).isEmpty();
    }
}
