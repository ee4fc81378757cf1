package org.xenolith.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.xenolith.bench.guest.FakeHypervisor;
import org.xenolith.bench.table.Comparison;
import org.xenolith.bench.table.Row;

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

    private Session session(String ours, String theirs, String words) throws Exception {
        var session =
                new Session(
                        new FakeHypervisor("ours", ours),
                        new FakeHypervisor("theirs", theirs),
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
