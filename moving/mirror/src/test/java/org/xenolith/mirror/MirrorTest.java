package org.xenolith.mirror;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.xenolith.base.Clock;
import org.xenolith.migration.Departure;
import org.xenolith.migration.Link;
import org.xenolith.migration.testing.MemoryLink;
import org.xenolith.mirror.protocol.Decision;
import org.xenolith.mirror.protocol.Message;
import org.xenolith.mirror.protocol.MirrorOptions;
import org.xenolith.testkit.Fuzz;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.WritableByteChannel;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/// Both sides on threads, with machines that are memory only.
@Timeout(180)
class MirrorTest {
    /// Patient: a host that is busy is not a lost one.
    private static final MirrorOptions OPTIONS =
            new MirrorOptions(5, 500, 100, 2000, 20_000, 20_000, 300, 20);

    private final Map<UUID, Decision> decisions = new ConcurrentHashMap<>();
    private volatile boolean unreachable;

    /// A backup has asked when the arbiter was not reachable: it does nothing else then.
    private volatile boolean backupAsks;

    private volatile boolean confused;
    private final List<String> log = new CopyOnWriteArrayList<>();

    private final Arbiter arbiter =
            new Arbiter() {
                @Override
                public Decision claim(UUID session, Decision wanted) throws IOException {
                    if (unreachable) {
                        backupAsks |= wanted == Decision.PROMOTED;
                        throw new IOException("no route to host");
                    }
                    if (confused) {
                        throw new IllegalStateException("no number");
                    }
                    var before = decisions.putIfAbsent(session, wanted);
                    return before == null ? wanted : before;
                }

                @Override
                public Optional<Decision> read(UUID session) {
                    return Optional.ofNullable(decisions.get(session));
                }
            };

    /// One session.
    private final class Session implements AutoCloseable {
        final FakeMirrored machine = new FakeMirrored();
        final FakeStandby standby = new FakeStandby();
        final CompletableFuture<Object> backup;
        final Primary primary;
        private volatile boolean over;
        private final Thread guest;

        Session(Link primarysEnd, Link backupsEnd, MirrorOptions options) {
            backup = serve(backupsEnd, options);
            primary =
                    Primary.start(
                            machine,
                            primarysEnd,
                            new Message.Hello(new UUID(1, 2), "there", machine.config()),
                            options,
                            new Primary.Surroundings(
                                    arbiter,
                                    new Departure.Version(4, 17),
                                    Clock.system(),
                                    log::add));
            guest = Thread.ofPlatform().start(this::live);
        }

        private CompletableFuture<Object> serve(Link end, MirrorOptions options) {
            var surroundings =
                    new Backup.Surroundings(
                            config -> {
                                if (!config.contains("fake")) {
                                    throw new MirrorException("what is this?");
                                }
                                return standby;
                            },
                            _ -> arbiter,
                            options,
                            Clock.system(),
                            log::add);
            return CompletableFuture.supplyAsync(
                    () -> {
                        try {
                            return Backup.serve(end, surroundings);
                        } catch (IOException | MirrorException e) {
                            return e;
                        }
                    },
                    task -> Thread.ofPlatform().daemon().start(task));
        }

        private void live() {
            while (!over) {
                machine.step();
                Thread.yield();
            }
        }

        void awaitEpoch(long epoch) {
            await(() -> standby.committed() >= epoch || primary.end().isDone());
            assertThat(standby.committed()).as("%s", log).isGreaterThanOrEqualTo(epoch);
        }

        /// Both ends come to theirs, and there is one machine, with one past.
        void requireOne(String what) throws Exception {
            var outcome = backup.get(60, TimeUnit.SECONDS);
            var end = primary.end().get(60, TimeUnit.SECONDS);
            over = true;
            guest.join();
            assertThat(machine.isFenced()).as(what).isEqualTo(end.fenced());
            assertThat(machine.isUnprotected()).as(what).isEqualTo(!end.fenced());
            assertThat(standby.isPromoted()).as(what + outcome).isEqualTo(end.fenced());
            if (end.fenced()) {
                assertThat(outcome).as(what).isInstanceOf(Backup.Outcome.class);
                assertThat(standby.isWhole()).as(what).isTrue();
                assertThat(standby.count())
                        .as(what)
                        .isEqualTo(machine.countAt(standby.committed()))
                        .isGreaterThanOrEqualTo(machine.seen());
            } else {
                assertThat(machine.seen()).as(what).isEqualTo(machine.count());
            }
        }

        @Override
        public void close() throws InterruptedException {
            over = true;
            guest.join();
            machine.close();
        }
    }

    private static void await(BooleanSupplier holds) {
        while (!holds.getAsBoolean()) {
            try {
                TimeUnit.MILLISECONDS.sleep(1);
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }
    }

    private Session session(MemoryLink link, MirrorOptions options) {
        return new Session(link.near(), link.far(), options);
    }

    // ---------------------------------------------------------------- while all is well

    @Test
    void epochsFollowEachOtherAndWhatIsSeenIsWhatTheBackupHas() throws Exception {
        var link = new MemoryLink();
        try (var session = session(link, OPTIONS)) {
            session.primary.isProtected().get(30, TimeUnit.SECONDS);
            for (int i = 0; i < 20; i++) {
                session.awaitEpoch(session.standby.committed() + 1);
                assertThat(session.machine.seen()).isLessThanOrEqualTo(session.machine.count());
            }
            var status = session.primary.status();
            assertThat(status.epochsPerSecond()).isPositive();
            assertThat(status.bytesPerEpoch()).isPositive();
            assertThat(status.committed()).isGreaterThan(10);
            session.primary.stop("the operator has asked");
            session.requireOne("stopped");
            assertThat(session.machine.isUnprotected()).isTrue();
            assertThat(session.standby.isDiscarded()).isTrue();
            assertThat(decisions).isEmpty(); // nobody needed the arbiter
        }
    }

    @Test
    void aGuestThatEndsEndsItsMirror() throws Exception {
        try (var session = session(new MemoryLink(), OPTIONS)) {
            session.awaitEpoch(5);
            session.machine.failNextCheckpoint();
            var end = session.primary.end().get(30, TimeUnit.SECONDS);
            assertThat(end).isEqualTo(new Primary.End(false, "the guest has ended"));
            session.requireOne("ended");
        }
    }

    @Test
    void aBackupThatCannotKeepTheCopyGivesItUp() throws Exception {
        try (var session = session(new MemoryLink(), OPTIONS)) {
            session.awaitEpoch(5);
            session.standby.failNextCommit();
            var end = session.primary.end().get(30, TimeUnit.SECONDS);
            assertThat(end).isEqualTo(new Primary.End(false, "the disk is full"));
            session.requireOne("given up");
        }
    }

    @Test
    void aCheckpointThatIsBrokenEndsTheMirror() throws Exception {
        try (var session = session(new MemoryLink(), OPTIONS)) {
            session.awaitEpoch(5);
            session.machine.breakNextCheckpoint();
            var end = session.primary.end().get(15, TimeUnit.SECONDS);
            assertThat(end.reason()).contains("a checkpoint failed").contains("OutOfMemory");
            session.requireOne("broken");
        }
    }

    @Test
    void aBackupWhoseReaderBreaksGivesTheCopyUp() throws Exception {
        try (var session = session(new MemoryLink(), OPTIONS)) {
            session.awaitEpoch(5);
            session.standby.breakDown();
            var end = session.primary.end().get(15, TimeUnit.SECONDS);
            assertThat(end.reason()).contains("the copy cannot be kept").contains("OutOfMemory");
            session.requireOne("broken");
        }
    }

    @Test
    void aBackupThatIsFloodedComesToItsEnd() throws Exception {
        var link = new MemoryLink();
        var standby = new FakeStandby();
        try (var primary = link.near()) {
            Frames.write(primary.output(), new Message.Hello(new UUID(3, 4), "", "x"));
            for (int i = 0; i < 2000; i++) {
                Frames.write(primary.output(), new Message.GiveUp());
            }
            var surroundings =
                    new Backup.Surroundings(
                            _ -> standby, _ -> arbiter, OPTIONS, Clock.system(), log::add);
            var outcome =
                    CompletableFuture.supplyAsync(
                            () -> {
                                try {
                                    return Backup.serve(link.far(), surroundings);
                                } catch (IOException | MirrorException e) {
                                    throw new AssertionError(e);
                                }
                            },
                            task -> Thread.ofPlatform().daemon().start(task));
            assertThat(outcome.get(15, TimeUnit.SECONDS).promoted()).isFalse();
            assertThat(standby.isDiscarded()).isTrue();
        }
    }

    @Test
    void aBackupThatRefusesSaysWhy() {
        var link = new MemoryLink();
        try (var end = link.far()) {
            var backup =
                    CompletableFuture.supplyAsync(() -> {
                        try {
                            Frames.read(end.input());
                            Frames.write(end.output(), new Message.Refused("there is no room"));
                            return true;
                        } catch (IOException e) {
                            throw new AssertionError(e);
                        }
                    });
            try (var machine = new FakeMirrored()) {
                var primary =
                        Primary.start(
                                machine,
                                link.near(),
                                new Message.Hello(new UUID(1, 2), "", ""),
                                OPTIONS,
                                new Primary.Surroundings(
                                        arbiter,
                                        new Departure.Version(4, 17),
                                        Clock.system(),
                                        log::add));
                assertThatThrownBy(() -> primary.isProtected().get(30, TimeUnit.SECONDS))
                        .isInstanceOf(ExecutionException.class)
                        .hasMessageContaining("there is no room");
                assertThat(backup.join()).isTrue();
                assertThat(machine.isUnprotected()).isTrue();
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    // ---------------------------------------------------------------- while it is not

    @Test
    void aConnectionThatIsCutBehindAnyOctetLeavesOneMachine() throws Exception {
        var random = new SplittableRandom(7);
        int promoted = 0;
        for (int i = 0; i < 60; i++) {
            decisions.clear();
            var link = new MemoryLink();
            long behind = 1 + random.nextLong(i % 3 == 0 ? 20_000 : 200_000);
            if (i % 5 == 4) {
                link.cutBehind(MemoryLink.NEVER, 1 + random.nextLong(600));
            } else {
                link.cutBehind(behind, MemoryLink.NEVER);
            }
            try (var session = session(link, OPTIONS)) {
                session.requireOne("cut %d behind octet %d".formatted(i, behind));
                promoted += session.standby.isPromoted() ? 1 : 0;
            }
        }
        assertThat(promoted).isBetween(1, 59); // both happen
    }

    @Test
    @Tag("fuzz")
    void aBitThatIsFlippedLeavesOneMachineAndItIsWhole() throws Exception {
        var fuzz = new Fuzz(90, 20);
        while (fuzz.goesOn()) {
            decisions.clear();
            var link = new MemoryLink();
            link.flip(new SplittableRandom(fuzz.seed()).nextLong(8 * 60_000), MemoryLink.NEVER);
            var quick = new MirrorOptions(5, 500, 50, 300, 1000, 1000, 300, 20);
            try (var session = session(link, quick)) {
                session.requireOne(fuzz.toString());
            }
        }
    }

    @Test
    void aSilentLinkIsALostOneAndTheArbiterDecides() throws Exception {
        var link = new MemoryLink();
        var quick = new MirrorOptions(5, 500, 50, 300, 20_000, 20_000, 300, 20);
        try (var session = session(link, quick)) {
            session.awaitEpoch(10);
            link.fallSilent();
            session.requireOne("silent");
        }
    }

    @Test
    void withoutAnArbiterNobodyGoesOnUntilItIsThereAgain() throws Exception {
        var link = new MemoryLink();
        try (var session = session(link, OPTIONS)) {
            session.awaitEpoch(10);
            unreachable = true;
            link.cut();
            await(session.machine::isStill);
            long seen = session.machine.seen();
            TimeUnit.MILLISECONDS.sleep(200);
            assertThat(session.machine.seen()).isEqualTo(seen);
            assertThat(session.standby.isPromoted()).isFalse();
            assertThat(session.primary.end()).isNotDone();
            unreachable = false;
            session.requireOne("arbiter back");
        }
    }

    @Test
    void anArbiterThatIsConfusedIsAskedAgain() throws Exception {
        var link = new MemoryLink();
        try (var session = session(link, OPTIONS)) {
            session.awaitEpoch(10);
            confused = true;
            link.cut();
            await(session.machine::isStill);
            TimeUnit.MILLISECONDS.sleep(100);
            assertThat(session.primary.end()).isNotDone();
            confused = false;
            session.requireOne("arbiter sound again");
        }
    }

    @Test
    void aCopyThatCannotGoOnIsThrownAwayAndTheOperatorIsTold() throws Exception {
        var link = new MemoryLink();
        try (var session = session(link, OPTIONS)) {
            session.awaitEpoch(10);
            decisions.put(new UUID(1, 2), Decision.PROMOTED);
            unreachable = true;
            link.cut();
            await(session.machine::isStill);
            await(() -> backupAsks);
            session.standby.breakDown();
            unreachable = false;
            assertThat(session.backup.get(15, TimeUnit.SECONDS))
                    .asInstanceOf(InstanceOfAssertFactories.type(MirrorException.class))
                    .extracting(Throwable::getMessage, InstanceOfAssertFactories.STRING)
                    .contains("the machine cannot go on");
            assertThat(session.standby.isDiscarded()).isTrue();
        }
    }

    /// A clock that ends the protocol's thread, when it is told to.
    private static final class Stopwatch implements Clock {
        volatile boolean broken;

        @Override
        public long nanos() {
            if (broken && Thread.currentThread().getName().equals("mirror-primary")) {
                throw new IllegalStateException("a mistake of ours");
            }
            return Clock.system().nanos();
        }

        @Override
        public long wallNanos() {
            return Clock.system().wallNanos();
        }
    }

    /// The other side has nothing yet to go on from, and nobody can know that.
    @Test
    void aMistakeOfOursBeforeTheFirstEpochCountsLeavesTheMachineWhereItIs() throws Exception {
        var link = new MemoryLink();
        var clock = new Stopwatch();
        try (var machine = new FakeMirrored();
                var end = link.far()) {
            var primary =
                    Primary.start(
                            machine,
                            link.near(),
                            new Message.Hello(new UUID(1, 2), "", ""),
                            OPTIONS,
                            new Primary.Surroundings(
                                    arbiter, new Departure.Version(4, 17), clock, log::add));
            Frames.read(end.input());
            Frames.write(end.output(), new Message.Welcome());
            Frames.write(end.output(), new Message.RoundTaken(1));
            Frames.Incoming next;
            do {
                next = Frames.read(end.input());
            } while (!next.equals(new Frames.Incoming.Said(new Message.EpochEnd(0))));
            unreachable = true;
            clock.broken = true;
            await(() -> log.stream().anyMatch(line -> line.contains("does not answer")));
            assertThat(machine.isFenced()).isFalse();
            unreachable = false;
            assertThat(primary.end().get(15, TimeUnit.SECONDS).fenced()).isFalse();
            assertThat(machine.isUnprotected()).isTrue();
            assertThat(decisions).containsValue(Decision.ALONE);
        }
    }

    @Test
    void aPrimaryThatIsGoneIsReplacedAtOnce() throws Exception {
        var link = new MemoryLink();
        try (var session = session(link, OPTIONS)) {
            session.awaitEpoch(10);
            decisions.put(new UUID(1, 2), Decision.PROMOTED); // as if it were too slow to ask
            long start = Clock.system().nanos();
            link.cut();
            assertThat(session.backup.get(30, TimeUnit.SECONDS))
                    .isInstanceOfSatisfying(
                            Backup.Outcome.class,
                            outcome -> assertThat(outcome.promoted()).isTrue());
            long millis = (Clock.system().nanos() - start) / 1_000_000;
            assertThat(millis).isLessThan(2000); // a few, on a host that is not busy
            session.requireOne("replaced");
            assertThat(log).anyMatch(line -> line.contains("promoted from epoch"));
        }
    }

    // ---------------------------------------------------------------- hostile ends, real sockets

    @Test
    @Tag("fuzz")
    void whatIsNoMirrorIsRefusedWithAReason() {
        var fuzz = new Fuzz(91, 300);
        while (fuzz.goesOn()) {
            var random = new SplittableRandom(fuzz.seed());
            var bytes = new byte[random.nextInt(400)];
            random.nextBytes(bytes);
            var link = new MemoryLink();
            var standby = new FakeStandby();
            var surroundings =
                    new Backup.Surroundings(
                            _ -> standby, _ -> arbiter, OPTIONS, Clock.system(), log::add);
            try (var primary = link.near()) {
                boolean greets = random.nextBoolean();
                if (greets) {
                    Frames.write(primary.output(), new Message.Hello(new UUID(3, 4), "", "x"));
                    if (random.nextBoolean()) {
                        Frames.writeStream(primary.output(), ByteBuffer.wrap(bytes.clone()));
                    }
                }
                primary.output().write(ByteBuffer.wrap(bytes));
            } catch (IOException _) {
                assertThat(standby.isPromoted()).isFalse(); // it has been refused already
            }
            try {
                var outcome = Backup.serve(link.far(), surroundings);
                assertThat(outcome.promoted()).as(fuzz.toString()).isFalse();
            } catch (IOException | MirrorException e) {
                assertThat(e.getMessage()).as(fuzz.toString()).isNotBlank();
            }
            assertThat(standby.isPromoted()).as(fuzz.toString()).isFalse();
        }
        assertThat(decisions).isEmpty(); // without an epoch nothing is asked for
    }

    private record SocketLink(SocketChannel socket) implements Link {
        @Override
        public ReadableByteChannel input() {
            return socket;
        }

        @Override
        public WritableByteChannel output() {
            return socket;
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    @Test
    void overSocketsAMachineIsProtectedAndGoesOnWhenTheConnectionIsReset() throws Exception {
        try (var server =
                ServerSocketChannel.open()
                        .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
            for (int i = 0; i < 10; i++) {
                decisions.clear();
                var primary = new SocketLink(SocketChannel.open(server.getLocalAddress()));
                var backup = new SocketLink(server.accept());
                try (var session = new Session(primary, backup, OPTIONS)) {
                    session.awaitEpoch(3 * i);
                    (i % 2 == 0 ? primary : backup).close();
                    session.requireOne("closed by " + i % 2);
                }
            }
        }
    }
}
