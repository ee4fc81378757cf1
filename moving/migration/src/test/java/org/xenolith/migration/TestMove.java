package org.xenolith.migration;

import static org.assertj.core.api.Assertions.assertThat;

import org.xenolith.base.Clock;
import org.xenolith.migration.testing.MemoryLink;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;

/// One migration within a test, by connections that the test prepares.
final class TestMove {
    /// For moves that are to fail: a busy host exceeds them now and then.
    static final Arrival.Limits SHORT = new Arrival.Limits(2_000, 500, 500, 2_000);

    final FakeLanding landing = new FakeLanding();
    Arrival.Limits limits = Arrival.Limits.USUAL;
    private final Claims claims = Claims.inMemory();
    private final Joins joins = Joins.inMemory();
    private final Prepared prepared;
    private final List<CompletableFuture<Object>> ends = new ArrayList<>();

    /// Connections by their numbers.
    @FunctionalInterface
    interface Prepared {
        MemoryLink link(int number) throws IOException;
    }

    /// In the order in which they were made.
    final List<MemoryLink> links = new ArrayList<>();

    /// Why it has come to nothing here, if it has.
    Optional<String> reason = Optional.empty();

    /// @param prepared the connections, from the first, 0, on; more than the migration has are
    ///   asked for when it is in doubt
    TestMove(Prepared prepared) {
        this.prepared = prepared;
    }

    /// Whether it is the target's.
    boolean run(FakeMachine machine, MigrationOptions options) throws InterruptedException {
        var departure =
                new Departure(
                        machine,
                        new UUID(1, 2),
                        options,
                        new Departure.Version(4, 17),
                        Clock.system(),
                        _ -> {},
                        new Doubt(_ -> {}));
        boolean moved;
        try {
            departure.run(this::dial);
            moved = true;
        } catch (MigrationException e) {
            reason = Optional.of(e.getMessage());
            moved = false;
        }
        ends.forEach(CompletableFuture::join);
        requireOne(machine, moved);
        return moved;
    }

    private Link dial() throws IOException {
        var link = prepared.link(links.size());
        links.add(link);
        ends.add(
                CompletableFuture.supplyAsync(
                        () -> serve(link), task -> Thread.ofVirtual().start(task)));
        return link.near();
    }

    private Object serve(MemoryLink link) {
        try (var end = link.far()) {
            return new Arrival(end, claims, joins, landing, limits).serve();
        } catch (IOException | MigrationException e) {
            return e;
        }
    }

    /// Why the target says that it has come to nothing.
    String targetReason() {
        return ((Exception) ends.getFirst().join()).getMessage();
    }

    private void requireOne(FakeMachine machine, boolean moved) {
        assertThat(machine.running).isEqualTo(!moved);
        assertThat(machine.gone).isEqualTo(moved);
        assertThat(landing.running).isEqualTo(moved);
        assertThat(machine.disksReleased).isEqualTo(moved);
        assertThat(moved).isEqualTo(reason.isEmpty());
        if (moved) {
            assertThat(landing.has(machine.memory)).isTrue();
        }
    }
}
