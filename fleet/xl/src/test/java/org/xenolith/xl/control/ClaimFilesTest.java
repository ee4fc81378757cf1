package org.xenolith.xl.control;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.base.Clock;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;

class ClaimFilesTest {
    @TempDir private Path root;

    private ClaimFiles claims(Clock clock) throws Exception {
        return new ClaimFiles(RuntimeDirectory.open(root), clock);
    }

    /// As two processes do.
    @Test
    void ofTwoWhoDecideAtTheSameTimeOneDoes() throws Exception {
        var target = claims(Clock.system());
        var asked = claims(Clock.system());
        for (int round = 0; round < 500; round++) {
            var id = new UUID(3, round);
            var taken = CompletableFuture.supplyAsync(() -> take(target, id));
            boolean givenUp = asked.giveUp(id);
            assertThat(taken.get()).isEqualTo(!givenUp);
            assertThat(asked.giveUp(id)).isEqualTo(givenUp);
            assertThat(target.take(id)).isEqualTo(!givenUp);
        }
    }

    private static boolean take(ClaimFiles claims, UUID id) {
        try {
            return claims.take(id);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void claimsOfMoreThanAMonthAgoAreRemoved() throws Exception {
        var id = new UUID(4, 4);
        claims(Clock.system()).take(id);
        var claim = root.resolve("migrations").resolve(id.toString());
        claims(Clock.system());
        assertThat(Files.isSymbolicLink(claim)).isTrue();
        var now = Clock.system();
        claims(
                new Clock() {
                    @Override
                    public long nanos() {
                        return now.nanos();
                    }

                    @Override
                    public long wallNanos() {
                        return now.wallNanos() + 31L * 24 * 3600 * 1_000_000_000L;
                    }
                });
        assertThat(Files.isSymbolicLink(claim)).isFalse();
    }
}
