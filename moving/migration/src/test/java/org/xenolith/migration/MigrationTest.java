package org.xenolith.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.xenolith.base.Clock;
import org.xenolith.base.Sizes;
import org.xenolith.migration.testing.MemoryLink;
import org.xenolith.state.stream.PagePacking;
import org.xenolith.testkit.Fuzz;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/// Migrations of machines that are memory only, over connections that do what the test says.
@Timeout(180)
class MigrationTest {
    private static final int PAGES = 10;

    /// However slow the host is, one round is enough: each run sends the same octets.
    private static final int STILL_MILLIS = 600_000;

    private static final MigrationOptions SMALL = patient(20_000);

    private static MigrationOptions patient(int millis) {
        var packing = Optional.of(PagePacking.LZ4);
        return new MigrationOptions(
                STILL_MILLIS, STILL_MILLIS, 40, 95, packing, false, millis, millis, 1);
    }

    private final Claims claims = Claims.inMemory();
    private final FakeLanding landing = new FakeLanding();
    private final List<String> log = new ArrayList<>();
    private final List<MigrationProgress> progress = new ArrayList<>();
    private final Doubt doubt = new Doubt(log::add);

    private Departure departure(FakeMachine machine, MigrationOptions options) {
        return new Departure(
                machine,
                new UUID(1, 2),
                options,
                new Departure.Version(4, 17),
                Clock.system(),
                progress::add,
                doubt);
    }

    private static MemoryLink cutBehind(long octetsToTarget, long octetsToSource) {
        var link = new MemoryLink();
        link.cutBehind(octetsToTarget, octetsToSource);
        return link;
    }

    private static MemoryLink flipping(long bitToTarget, long bitToSource) {
        var link = new MemoryLink();
        link.flip(bitToTarget, bitToSource);
        return link;
    }

    /// What has come of a connection's other end; completes when that end is done.
    private CompletableFuture<Object> serve(MemoryLink link) {
        return CompletableFuture.supplyAsync(
                () -> {
                    try (var end = link.far()) {
                        return new Arrival(end, claims, Joins.inMemory(), landing).serve();
                    } catch (IOException | MigrationException e) {
                        return e;
                    }
                },
                task -> Thread.ofVirtual().start(task));
    }

    /// A migration whose first connection is `link`; later ones are whole. True if the machine is
    /// the target's.
    private boolean move(FakeMachine machine, MigrationOptions options, MemoryLink link)
            throws InterruptedException {
        var ends = new ArrayList<CompletableFuture<Object>>();
        Link.Dialer dialer =
                () -> {
                    var next = ends.isEmpty() ? link : new MemoryLink();
                    ends.add(serve(next));
                    return next.near();
                };
        boolean moved;
        try {
            departure(machine, options).run(dialer);
            moved = true;
        } catch (MigrationException _) {
            moved = false;
        }
        ends.forEach(CompletableFuture::join);
        return moved;
    }

    private void requireOne(FakeMachine machine, boolean moved, String what) {
        assertThat(machine.running).as(what).isEqualTo(!moved);
        assertThat(machine.gone).as(what).isEqualTo(moved);
        assertThat(landing.running).as(what).isEqualTo(moved);
        assertThat(machine.disksReleased).as(what).isEqualTo(moved);
        if (moved) {
            assertThat(landing.has(machine.memory)).as(what).isTrue();
        }
    }

    // ---------------------------------------------------------------- what arrives

    @Test
    void aGuestThatWritesArrivesAsItWas() throws Exception {
        try (var machine = new FakeMachine(2000)) {
            var writer = Thread.ofPlatform().start(() -> writeWhileRunning(machine));
            assertThat(move(machine, MigrationOptions.DEFAULT, new MemoryLink())).isTrue();
            writer.join();
            requireOne(machine, true, "moved");
            assertThat(landing.rounds)
                    .isEqualTo(progress.stream().filter(MigrationProgress::roundEnds).count());
        }
    }

    @Test
    void whatRehearsesIsTheMachineAsItWasAtOneMoment() throws Exception {
        try (var machine = new FakeMachine(2000)) {
            var writer = Thread.ofPlatform().start(() -> writeWhileRunning(machine));
            var patient =
                    new MigrationOptions(1000, 1000, 40, 0, SMALL.packing(), false, 5000, 5000, 1);
            assertThat(move(machine, patient, new MemoryLink())).isTrue();
            writer.join();
            requireOne(machine, true, "moved");
            assertThat(landing.rehearsals).hasSize(1);
            assertThat(machine.moments).hasSize(1);
            assertThat(
                            FakeLanding.areSame(
                                    landing.rehearsals.getFirst(), machine.moments.getFirst()))
                    .isTrue();
        }
    }

    private static void writeWhileRunning(FakeMachine machine) {
        var random = new SplittableRandom(3);
        for (int i = 0; i < 200_000; i++) {
            machine.write(random.nextInt(300) * 4096L + random.nextInt(511) * 8, i);
        }
    }

    @Test
    void pagesThatChangeTheirPlaceArriveWhereTheyAre() throws Exception {
        try (var machine = new FakeMachine(PAGES)) {
            var random = new SplittableRandom(4);
            landing.atRound(() -> shuffle(machine, random));
            var options =
                    new MigrationOptions(0, 1_000_000, 6, 0, SMALL.packing(), false, 5000, 5000, 1);
            assertThat(move(machine, options, new MemoryLink())).isTrue();
            requireOne(machine, true, "moved");
        }
    }

    /// Gives pages back, takes others, shows frames at two places, writes.
    private static void shuffle(FakeMachine machine, SplittableRandom random) {
        var memory = machine.memory;
        for (int i = 0; i < 4; i++) {
            long gfn = random.nextInt(2 * PAGES);
            if (memory.frameAt(gfn) >= 0 && gfn != FakeMachine.OWN_PAGE && random.nextBoolean()) {
                memory.freeFrame(memory.unmap(gfn));
            } else if (memory.frameAt(gfn) < 0 && memory.freeFrameCount() > 0) {
                memory.map(gfn, memory.allocateFrame());
            }
            memory.writeLong(random.nextInt(2 * PAGES) * 4096L, random.nextLong());
        }
    }

    @Test
    void onlyWhatHasChangedInAPageGoesAgain() throws Exception {
        try (var machine = new FakeMachine(200)) {
            var random = new SplittableRandom(5);
            var noise = new byte[100 * Sizes.PAGE_BYTES];
            random.nextBytes(noise);
            machine.memory.write(0, noise);
            var link = new MemoryLink();
            landing.atRound(() -> {
                for (int page = 0; page < 100; page++) {
                    machine.memory.writeLong(page * 4096L, random.nextLong());
                }
            });
            var options =
                    new MigrationOptions(
                            0, 1_000_000, 10, 0, Optional.empty(), false, 5000, 5000, 1);
            assertThat(move(machine, options, link)).isTrue();
            requireOne(machine, true, "moved");
            assertThat(landing.rounds).isGreaterThan(2);
            // Two times the noise; the rest is a few octets for each page.
            assertThat(link.sent()).isBetween(2L * noise.length, 3L * noise.length);
        }
    }

    // ---------------------------------------------------------------- when it does not

    private boolean moveWith(MemoryLink link, String what) throws InterruptedException {
        return moveWith(link, SMALL, what);
    }

    private boolean moveWith(MemoryLink link, MigrationOptions options, String what)
            throws InterruptedException {
        landing.running = false;
        try (var machine = new FakeMachine(PAGES)) {
            landing.atRound(() -> machine.write(4 * 4096L, landing.rounds));
            boolean moved = move(machine, options, link);
            requireOne(machine, moved, what);
            return moved;
        }
    }

    /// Each move is cut later than the one before until one goes through: how much one says depends
    /// on how long its rounds take.
    @Test
    void aConnectionThatIsCutBehindAnyOctetLeavesOneMachine() throws Exception {
        var whole = new MemoryLink();
        assertThat(new MigrationTest().moveWith(whole, "whole")).isTrue();
        var link = whole;
        boolean moved = false;
        for (long cut = 1; !moved; cut++) {
            link = cutBehind(cut, MemoryLink.NEVER);
            moved = new MigrationTest().moveWith(link, "cut behind octet " + cut);
        }
        // Only with the last octet the target may start.
        assertThat(link.hasSentAll()).isTrue();
        assertThat(link.sent()).isGreaterThan(whole.sent() / 2);
        for (long cut = 1; cut <= whole.answered(); cut++) {
            link = cutBehind(MemoryLink.NEVER, cut);
            new MigrationTest().moveWith(link, "answers cut behind octet " + cut);
        }
    }

    @Test
    @Tag("fuzz")
    void aBitThatIsFlippedAnywhereLeavesOneMachineAndItIsWhole() throws Exception {
        var whole = new MemoryLink();
        new MigrationTest().moveWith(whole, "whole");
        long bits = 8 * (whole.sent() + whole.answered());
        var fuzz = new Fuzz(80, 300);
        while (fuzz.goesOn()) {
            long bit = new SplittableRandom(fuzz.seed()).nextLong(bits);
            long inAnswers = bit - 8 * whole.sent();
            var link =
                    inAnswers < 0
                            ? flipping(bit, MemoryLink.NEVER)
                            : flipping(MemoryLink.NEVER, inAnswers);
            // In a length it makes the other end wait: not for long.
            new MigrationTest().moveWith(link, patient(300), fuzz + ", bit " + bit);
        }
    }

    @Test
    @Tag("fuzz")
    void whatIsNoMigrationIsRefusedWithAReason() {
        var fuzz = new Fuzz(81, 500);
        while (fuzz.goesOn()) {
            var random = new SplittableRandom(fuzz.seed());
            var link = new MemoryLink();
            var end = serve(link);
            var bytes = new byte[random.nextInt(400)];
            random.nextBytes(bytes);
            try (var source = link.near()) {
                if (random.nextBoolean()) {
                    Frames.write(source.output(), new Frame.Hello(new UUID(1, 2), 1, "x"));
                }
                source.output().write(ByteBuffer.wrap(bytes));
            } catch (IOException _) {
                assertThat(landing.running).isFalse(); // it has been refused already
            }
            assertThat(end.join())
                    .as(fuzz.toString())
                    .isInstanceOfAny(IOException.class, MigrationException.class);
            assertThat(landing.running).isFalse();
        }
    }

    @Test
    void aTargetThatRefusesSaysWhy() throws Exception {
        landing.refusal = Optional.of("a domain named \"fake\" exists");
        try (var machine = new FakeMachine(PAGES)) {
            var link = new MemoryLink();
            var end = serve(link);
            assertThatThrownBy(() -> departure(machine, SMALL).run(link::near))
                    .isInstanceOf(MigrationException.class)
                    .hasMessage("a domain named \"fake\" exists");
            end.join();
            requireOne(machine, false, "refused");
        }
    }

    @Test
    void aGuestThatWritesTooFastIsMadeSlowerAndStaysInTheEnd() throws Exception {
        try (var machine = new FakeMachine(2000)) {
            landing.atRound(() -> {
                for (int page = 0; page < 2000; page++) {
                    machine.write(page * 4096L, landing.rounds);
                }
            });
            var link = new MemoryLink();
            var end = serve(link);
            var options =
                    new MigrationOptions(0, 0, 15, 80, Optional.empty(), false, 5000, 5000, 1);
            assertThatThrownBy(() -> departure(machine, options).run(link::near))
                    .isInstanceOf(MigrationException.class)
                    .hasMessageContaining("the guest writes faster than it can be sent");
            assertThat(end.join()).isInstanceOfAny(IOException.class, MigrationException.class);
            assertThat(machine.throttled).isEqualTo(80);
            requireOne(machine, false, "given up");
        }
    }

    // ---------------------------------------------------------------- doubt

    /// The connection is cut when the target has been told to go and has not answered.
    private MemoryLink cutAfterGo() throws InterruptedException {
        var whole = new MemoryLink();
        new MigrationTest().moveWith(whole, "whole");
        return cutBehind(MemoryLink.NEVER, whole.answered() - 16);
    }

    @Test
    void whileTheTargetCannotBeAskedTheMachineStandsStillUntilTheOperatorDecides()
            throws Exception {
        for (boolean targetHasIt : new boolean[] {true, false}) {
            var open = new Doubt(log::add);
            try (var machine = new FakeMachine(PAGES)) {
                landing.atRound(() -> machine.write(4 * 4096L, landing.rounds));
                var link = cutAfterGo();
                var dials = new ArrayList<Link>();
                var end = serve(link);
                var departure =
                        new Departure(
                                machine,
                                new UUID(5, 6),
                                SMALL,
                                new Departure.Version(4, 17),
                                Clock.system(),
                                progress::add,
                                open);
                var moved =
                        CompletableFuture.supplyAsync(() ->
                                outcome(
                                        departure,
                                        () -> {
                                            dials.add(link.near());
                                            if (dials.size() > 1) {
                                                throw new IOException("no route to host");
                                            }
                                            return link.near();
                                        }));
                while (!open.isOpen()) {
                    TimeUnit.MILLISECONDS.sleep(1);
                }
                assertThat(machine.running).isFalse();
                open.decide(targetHasIt);
                assertThat(moved.get(20, TimeUnit.SECONDS)).isEqualTo(targetHasIt);
                assertThat(machine.running).isEqualTo(!targetHasIt);
                assertThat(dials).hasSizeGreaterThan(1);
                end.join();
            }
        }
    }

    private static boolean outcome(Departure departure, Link.Dialer dialer) {
        try {
            departure.run(dialer);
            return true;
        } catch (MigrationException _) {
            return false;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void whoeverIsToldFirstDecides() throws Exception {
        var id = new UUID(7, 8);
        assertThat(claims.giveUp(id)).isTrue();
        assertThat(claims.giveUp(id)).isTrue();
        assertThat(claims.take(id)).isFalse();
        var other = new UUID(7, 9);
        assertThat(claims.take(other)).isTrue();
        assertThat(claims.giveUp(other)).isFalse();
    }
}
