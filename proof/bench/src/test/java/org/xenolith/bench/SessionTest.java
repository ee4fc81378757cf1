package org.xenolith.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.bench.guest.FakeHypervisor;
import org.xenolith.bench.table.Comparison;
import org.xenolith.bench.table.Row;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

class SessionTest {
    private static final String GOOD =
            "*syscall*) "
                    + FakeHypervisor.laps("1")
                    + " ;; *crc*) "
                    + FakeHypervisor.laps("2")
                    + " ;;";

    private final List<String> progress = new ArrayList<>();

    /// The guests' program on the host: two processes do 1.6 times as much as one.
    @TempDir Path directory;

    private Path program() throws Exception {
        var program = directory.resolve("bench");
        Files.writeString(
                program,
                """
                #!/bin/sh
                printf '@begin\\n@lap 900\\n@lap 100\\n@lap 125\\n@end %s\\n' "$1$2"
                """);
        program.toFile().setExecutable(true);
        return program;
    }

    private Session session(String ours, String theirs, String words) throws Exception {
        var session =
                new Session(
                        new FakeHypervisor("ours", ours),
                        new FakeHypervisor("theirs", theirs),
                        program(),
                        Options.parse(List.of(words.split(" "))),
                        progress::add);
        session.run();
        return session;
    }

    @Test
    void everyRowGetsItsSamples() throws Exception {
        var session = session(GOOD, GOOD, "boot-shell crc --rounds 2");
        assertThat(session.failures()).isEmpty();
        assertThat(session.isGood()).isTrue();
        assertThat(session.comparisons())
                .extracting(comparison -> comparison.row().name())
                .containsExactly("boot-shell", "crc");
        assertThat(session.comparisons())
                .allSatisfy(comparison -> {
                    assertThat(comparison.ours()).hasSize(2);
                    assertThat(comparison.theirs()).hasSize(2);
                });
        assertThat(progress).anyMatch(line -> line.startsWith("run 2 of 2: crc"));
    }

    @Test
    void oursHasHadAGuestOfEachKindBeforeTheTrial() throws Exception {
        session(GOOD, GOOD, "crc syscall --rounds 1");
        assertThat(progress.getFirst()).startsWith("rehearsal: starting guests");
        assertThat(progress)
                .filteredOn(line -> line.startsWith("rehearsal: "))
                .hasSameSizeAs(
                        progress.stream().filter(line -> line.startsWith("trial: ")).toList());
    }

    @Test
    void systemsBootOnceMoreThanIsMeasured() throws Exception {
        var session = session(GOOD, GOOD, "boot-login --rounds 2");
        assertThat(session.isGood()).isTrue();
        assertThat(session.comparisons())
                .hasSize(1)
                .allSatisfy(comparison -> {
                    assertThat(comparison.ours()).hasSize(2);
                    assertThat(comparison.ours())
                            .allSatisfy(sample -> {
                                assertThat(sample.value()).isPositive();
                                assertThat(sample.cold()).isPositive();
                                assertThat(sample.instructions()).isEqualTo(1000);
                            });
                });
        assertThat(progress).filteredOn(line -> line.contains("booting on ours")).hasSize(3);
    }

    @Test
    void theHostItselfScalesToo() throws Exception {
        var scales =
                GOOD.replace("*crc*) ", "*sieve*) ").replace("echo @end", "echo @lap; echo @end");
        var session = session(scales, scales, "sieve-x2 --rounds 2");
        assertThat(session.failures()).isEmpty();
        assertThat(session.host()).contains("sieve-x2 1.60 (1.60 to 1.60)");
        assertThat(session(GOOD, GOOD, "crc --rounds 1").host()).isEmpty();
    }

    @Test
    void aRowThatFailsIsLeftOutAndTheOthersAreNot() throws Exception {
        var ours = GOOD.replace("*crc*) ", "*crc*) exit; ");
        var session = session(ours, GOOD, "crc syscall --rounds 1");
        assertThat(session.failures().keySet()).extracting(Row::name).containsExactly("crc");
        assertThat(session.failures().values())
                .allSatisfy(reason -> assertThat(reason).contains("ours").contains("ended"));
        assertThat(session.comparisons())
                .extracting(comparison -> comparison.row().name())
                .containsExactly("syscall");
        assertThat(session.isGood()).isFalse();
    }

    @Test
    void whatIsComputedMustBeTheSame() throws Exception {
        var session = session(GOOD, GOOD.replace("@end 2", "@end 3"), "crc --rounds 1");
        assertThat(session.comparisons()).hasSize(1).allMatch(Comparison::isWrong);
        assertThat(session.isGood()).isFalse();
    }
}
