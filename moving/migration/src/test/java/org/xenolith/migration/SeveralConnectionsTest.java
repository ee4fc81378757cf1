package org.xenolith.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.xenolith.base.Clock;
import org.xenolith.migration.testing.MemoryLink;
import org.xenolith.state.stream.PagePacking;
import org.xenolith.testkit.Fuzz;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/// A machine whose pages go by several connections is moved as by one, or not, whatever becomes of
/// any of them.
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class SeveralConnectionsTest {
    /// Enough for each of four connections to have some.
    private static final int PAGES = 520;

    private static final int STILL_MILLIS = 600_000;

    /// The frame with which a further connection begins.
    private static final long JOIN_OCTETS = 72;

    private static MigrationOptions by(int connections, int answerMillis) {
        return new MigrationOptions(
                STILL_MILLIS,
                STILL_MILLIS,
                40,
                95,
                Optional.of(PagePacking.LZ4),
                false,
                answerMillis,
                answerMillis,
                connections);
    }

    /// All are whole, but one.
    private static TestMove.Prepared but(int number, MemoryLink other) {
        return asked -> asked == number ? other : new MemoryLink();
    }

    private static MemoryLink cutBehind(long octetsToTarget, long octetsToSource) {
        var link = new MemoryLink();
        link.cutBehind(octetsToTarget, octetsToSource);
        return link;
    }

    /// A guest that writes a page of each of four connections after each round.
    private static TestMove writing(FakeMachine machine, TestMove.Prepared links) {
        var move = new TestMove(links);
        move.limits = TestMove.SHORT;
        move.landing.pagesMax = PAGES;
        move.landing.atRound(() -> {
            for (int page = 0; page < PAGES; page += 64) {
                machine.write(page * 4096L, move.landing.rounds);
            }
        });
        return move;
    }

    private static TestMove moved(TestMove.Prepared links, MigrationOptions options)
            throws InterruptedException {
        try (var machine = new FakeMachine(PAGES)) {
            var move = writing(machine, links);
            move.run(machine, options);
            return move;
        }
    }

    /// Threads of connections end with them.
    @AfterEach
    void nothingIsLeft() throws InterruptedException {
        while (Thread.getAllStackTraces().keySet().stream()
                .anyMatch(thread -> thread.getName().startsWith("migration-connection"))) {
            TimeUnit.MILLISECONDS.sleep(1);
        }
    }

    // ---------------------------------------------------------------- what arrives

    @Test
    void aGuestThatWritesArrivesAsItWas() throws Exception {
        for (int connections : new int[] {2, 3, 4, MigrationOptions.CONNECTIONS_MAX}) {
            try (var machine = new FakeMachine(4000)) {
                var move = new TestMove(_ -> new MemoryLink());
                var writer = Thread.ofPlatform().start(() -> writeWhileRunning(machine));
                var options = MigrationOptions.DEFAULT.withConnections(connections);
                assertThat(move.run(machine, options)).isTrue();
                writer.join();
                assertThat(move.landing.rehearsals).hasSizeLessThan(2);
                assertThat(move.links).hasSize(connections);
                assertThat(move.links).allSatisfy(link -> assertThat(link.sent()).isPositive());
            }
        }
    }

    private static void writeWhileRunning(FakeMachine machine) {
        var random = new SplittableRandom(3);
        for (int i = 0; i < 200_000; i++) {
            machine.write(random.nextInt(1000) * 4096L + random.nextInt(511) * 8, i);
        }
    }

    @Test
    void whatRehearsesIsTheMachineAsItWasAtOneMoment() throws Exception {
        try (var machine = new FakeMachine(2000)) {
            var move = new TestMove(_ -> new MemoryLink());
            var writer = Thread.ofPlatform().start(() -> writeWhileRunning(machine));
            assertThat(move.run(machine, by(3, 20_000))).isTrue();
            writer.join();
            assertThat(move.landing.rehearsals).hasSize(1);
            assertThat(
                            FakeLanding.areSame(
                                    move.landing.rehearsals.getFirst(), machine.moments.getFirst()))
                    .isTrue();
        }
    }

    /// The target has no more frames than the machine: who takes a page's place must not come
    /// before it has gone, by whatever connection.
    @Test
    void pagesThatChangeTheirPlaceArriveWhereTheyAre() throws Exception {
        try (var machine = new FakeMachine(PAGES)) {
            var random = new SplittableRandom(4);
            var move = new TestMove(_ -> new MemoryLink());
            move.landing.pagesMax = machine.memory.frameCount() - 1; // one is its own page's
            move.landing.atRound(() -> shuffle(machine, random));
            var options =
                    new MigrationOptions(
                            0, 1_000_000, 30, 0, Optional.empty(), false, 5000, 5000, 4);
            assertThat(move.run(machine, options)).as(move.reason.toString()).isTrue();
        }
    }

    private static void shuffle(FakeMachine machine, SplittableRandom random) {
        var memory = machine.memory;
        for (int i = 0; i < 64; i++) {
            long gfn = random.nextInt(2 * PAGES);
            if (memory.frameAt(gfn) >= 0 && gfn != FakeMachine.OWN_PAGE) {
                memory.freeFrame(memory.unmap(gfn));
            }
        }
        while (memory.freeFrameCount() > 0) {
            long gfn = random.nextInt(2 * PAGES);
            if (memory.frameAt(gfn) < 0) {
                memory.map(gfn, memory.allocateFrame());
                memory.writeLong(gfn * 4096L, random.nextLong());
            }
        }
    }

    // ---------------------------------------------------------------- when it does not

    /// Which a source and a target that have heard of it name.
    private static void requireReasons(TestMove move, String what) {
        assertThat(move.reason.orElseThrow()).as(what).isNotBlank();
        assertThat(move.targetReason()).as(what).isNotBlank();
    }

    @Test
    void aFurtherConnectionThatIsCutBehindAnyOctetLeavesOneMachine() throws Exception {
        for (int connections = 2; connections <= 3; connections++) {
            int number = connections - 1;
            var options = by(connections, 20_000);
            var whole = moved(_ -> new MemoryLink(), options);
            long sent = whole.links.get(number).sent();
            // Behind the last octet it is of no use any more.
            for (long cut = 1; cut < sent; cut += step(cut, sent)) {
                var move = moved(but(number, cutBehind(cut, MemoryLink.NEVER)), options);
                requireReasons(move, "cut behind octet " + cut);
                assertThat(move.reason.get()).contains("connection ");
            }
            for (long cut = 1; cut <= whole.links.get(number).answered(); cut++) {
                moved(but(number, cutBehind(MemoryLink.NEVER, cut)), options);
            }
        }
    }

    /// The target waits for a connection that does not say which it is.
    private static long step(long cut, long sent) {
        if (cut < JOIN_OCTETS) {
            return 13;
        }
        return cut < 250 || cut > sent - 250 ? 1 : 41;
    }

    @Test
    @Tag("fuzz")
    void whateverBecomesOfAnyConnectionThereIsOneMachine() throws Exception {
        var sent = new long[5][];
        for (int connections = 1; connections <= 4; connections++) {
            var whole = moved(_ -> new MemoryLink(), by(connections, 20_000));
            sent[connections] = whole.links.stream().mapToLong(MemoryLink::sent).toArray();
        }
        var fuzz = new Fuzz(82, 150);
        while (fuzz.goesOn()) {
            var random = new SplittableRandom(fuzz.seed());
            int connections = random.nextInt(1, 5);
            int number = random.nextInt(connections);
            long octet = random.nextLong(1, sent[connections][number] + 1);
            var link = new MemoryLink();
            switch (random.nextInt(4)) {
                case 0 -> link.cutBehind(octet, MemoryLink.NEVER);
                case 1 -> link.cutBehind(MemoryLink.NEVER, random.nextLong(1, 100));
                case 2 -> link.flip(8 * octet - random.nextInt(8), MemoryLink.NEVER);
                default -> link.flip(MemoryLink.NEVER, random.nextInt(8 * 48));
            }
            // A bit in a length makes the other end wait: not for long.
            try {
                moved(but(number, link), by(connections, 300));
            } catch (AssertionError e) {
                throw new AssertionError(
                        "%s: %d connections, octet %d of %d"
                                .formatted(fuzz, connections, octet, number),
                        e);
            }
        }
    }

    @Test
    void aFurtherConnectionThatFallsSilentIsGivenUp() throws Exception {
        try (var machine = new FakeMachine(PAGES)) {
            var silent = new MemoryLink();
            var move = writing(machine, but(1, silent));
            move.landing.atRound(() -> {
                machine.write(64 * 4096L, 5);
                silent.fallSilent();
            });
            assertThat(move.run(machine, by(2, 10_000))).isFalse();
            assertThat(move.targetReason())
                    .isEqualTo("nothing comes by other connections any more");
            assertThat(move.reason).hasValue(move.targetReason());
        }
    }

    @Test
    void aFurtherConnectionThatCannotBeMadeIsNamed() throws Exception {
        try (var machine = new FakeMachine(PAGES)) {
            var move =
                    writing(
                            machine,
                            number -> {
                                if (number == 2) {
                                    throw new IOException("no route to host");
                                }
                                return new MemoryLink();
                            });
            assertThat(move.run(machine, by(3, 1000))).isFalse();
            assertThat(move.reason.orElseThrow())
                    .contains("connection 3 of 3 cannot be had: no route to host");
        }
    }

    /// As a release before this one does with a frame that it does not know.
    @Test
    void aTargetThatKnowsOfOneConnectionAloneIsNamed() throws Exception {
        try (var machine = new FakeMachine(PAGES)) {
            var link = new MemoryLink();
            var old =
                    CompletableFuture.runAsync(() -> {
                        try (var end = link.far()) {
                            end.input().read(ByteBuffer.allocate(16));
                        } catch (IOException e) {
                            throw new AssertionError(e);
                        }
                    });
            var departure =
                    new Departure(
                            machine,
                            new UUID(1, 2),
                            by(2, 1000),
                            new Departure.Version(4, 17),
                            Clock.system(),
                            _ -> {},
                            new Doubt(_ -> {}));
            assertThatThrownBy(() -> departure.run(link::near))
                    .isInstanceOf(MigrationException.class)
                    .hasMessageContaining("perhaps it is of a release that knows of one alone");
            old.join();
            assertThat(machine.running).isTrue();
        }
    }

    // ---------------------------------------------------------------- who may join

    private static final UUID ID = new UUID(7, 8);

    private final FakeLanding landing = new FakeLanding();
    private final Joins joins = Joins.inMemory();
    private final MemoryLink first = new MemoryLink();

    /// Patient: a host that is busy is not a source that says nothing.
    private Arrival.Limits limits = new Arrival.Limits(20_000, 20_000, 20_000, 20_000);

    private CompletableFuture<Object> serve(MemoryLink link) {
        return CompletableFuture.supplyAsync(
                () -> {
                    try (var end = link.far()) {
                        return new Arrival(end, Claims.inMemory(), joins, landing, limits).serve();
                    } catch (IOException | MigrationException e) {
                        return e;
                    }
                },
                task -> Thread.ofVirtual().start(task));
    }

    /// Says that a machine comes by so many connections; returns the target's token.
    private UUID begin(int connections) throws IOException {
        serve(first);
        Frames.write(first.near().output(), new Frame.Hello(ID, connections, ""));
        return ((Frame.Token) Frames.read(first.near().input())).token();
    }

    private Frame answer(Frame word) throws IOException {
        var link = new MemoryLink();
        serve(link);
        Frames.write(link.near().output(), word);
        return Frames.read(link.near().input());
    }

    @Test
    void onlyWhoeverHasTheTokenJoinsAndOnce() throws Exception {
        var token = begin(3);
        var other = new UUID(token.getMostSignificantBits(), token.getLeastSignificantBits() ^ 1);
        assertThat(answer(new Frame.Join(ID, other, 1)))
                .isEqualTo(new Frame.Refused("nobody waits for this connection of a migration"));
        assertThat(answer(new Frame.Join(ID, token, 2))).isEqualTo(new Frame.Joined());
        assertThat(answer(new Frame.Join(ID, token, 1))).isEqualTo(new Frame.Joined());
        assertThat(Frames.read(first.near().input())).isEqualTo(new Frame.Welcome());
        assertThat(answer(new Frame.Join(ID, token, 1)))
                .as("too late")
                .isEqualTo(new Frame.Refused("nobody waits for this connection of a migration"));
        first.cut();
    }

    private void requireRefused(String reason) throws IOException {
        assertThat(Frames.read(first.near().input()))
                .isInstanceOfSatisfying(
                        Frame.Refused.class,
                        refused -> assertThat(refused.reason()).contains(reason));
    }

    /// Asked by who has the token, that is, the source.
    private void requireRefused(Frame.Join join, String reason) throws IOException {
        assertThat(answer(join)).isEqualTo(new Frame.Refused(reason));
        requireRefused(reason);
    }

    @Test
    void aConnectionOfAnotherMigrationIsRefused() throws Exception {
        requireRefused(
                new Frame.Join(new UUID(7, 9), begin(3), 1),
                "this is a connection of another migration");
    }

    @Test
    void aNumberThatThereIsNotIsRefused() throws Exception {
        requireRefused(new Frame.Join(ID, begin(3), 0), "there is no connection 1 of 3");
    }

    @Test
    void aNumberBehindTheLastIsRefused() throws Exception {
        requireRefused(new Frame.Join(ID, begin(3), 3), "there is no connection 4 of 3");
    }

    @Test
    void aConnectionThatComesTwiceIsRefused() throws Exception {
        var join = new Frame.Join(ID, begin(3), 2);
        assertThat(answer(join)).isEqualTo(new Frame.Joined());
        requireRefused(join, "connection 3 comes twice");
    }

    @Test
    void garbageIsRefusedAtThePlace() throws Exception {
        var token = begin(2);
        var link = new MemoryLink();
        Thread.ofVirtual().start(() -> bring(token, link));
        link.near().output().write(ByteBuffer.wrap(new byte[100]));
        requireRefused("connection 2 of 2 has not joined: what has come is no frame");
    }

    @Test
    void whoeverSaysNothingIsNotWaitedForWithoutEnd() throws Exception {
        limits = new Arrival.Limits(20_000, 200, 1000, 1000);
        var token = begin(2);
        var link = new MemoryLink();
        Thread.ofVirtual().start(() -> bring(token, link));
        requireRefused("connection 2 of 2 has not joined");
    }

    private void bring(UUID token, MemoryLink link) {
        try {
            joins.bring(token, link.far());
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aConnectionThatNeverComesIsNotWaitedForWithoutEnd() throws Exception {
        limits = new Arrival.Limits(300, 20_000, 1000, 1000);
        begin(3);
        requireRefused("connection 2 of 3 has not joined: no connection comes");
    }

    @Test
    void aNumberOfConnectionsThatCannotBeIsRefused() throws Exception {
        for (int connections : new int[] {0, -1, MigrationOptions.CONNECTIONS_MAX + 1}) {
            var link = new MemoryLink();
            var end = serve(link);
            Frames.write(link.near().output(), new Frame.Hello(ID, connections, ""));
            assertThat(end.join()).isInstanceOf(IOException.class);
        }
    }
}
