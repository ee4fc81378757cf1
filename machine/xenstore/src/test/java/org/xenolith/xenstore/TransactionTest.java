package org.xenolith.xenstore;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

class TransactionTest {
    private final XenStore store = new XenStore();
    private final TestGuest guest = TestGuest.atHome(store, 1);

    private String in(int transaction, int type, String payload) {
        return guest.call(type, transaction, payload);
    }

    private String readIn(int transaction, String path) {
        return in(transaction, Message.XS_READ, path + "\0");
    }

    private String writeIn(int transaction, String path, String value) {
        return in(transaction, Message.XS_WRITE, path + "\0" + value);
    }

    @Test
    void changesAreSeenOutsideOnlyAfterTheCommit() {
        int id = guest.startTransaction();
        assertThat(writeIn(id, "x", "1")).isEqualTo("OK");
        assertThat(readIn(id, "x")).isEqualTo("1");
        assertThat(guest.read("x")).isEqualTo("ENOENT");
        assertThat(guest.endTransaction(id, true)).isEqualTo("OK");
        assertThat(guest.read("x")).isEqualTo("1");
    }

    @Test
    void anAbortedTransactionLeavesNothing() {
        int id = guest.startTransaction();
        writeIn(id, "x", "1");
        assertThat(guest.endTransaction(id, false)).isEqualTo("OK");
        assertThat(guest.read("x")).isEqualTo("ENOENT");
        assertThat(guest.endTransaction(id, true)).isEqualTo("ENOENT");
    }

    @Test
    void aTransactionSeesItsSnapshot() {
        guest.write("x", "before");
        int id = guest.startTransaction();
        store.write("/local/domain/1/x", "after");
        assertThat(readIn(id, "x")).isEqualTo("before");
        assertThat(guest.endTransaction(id, true)).isEqualTo("OK");
    }

    @Test
    void aChangeToWhatWasReadIsAConflict() {
        guest.write("x", "1");
        int id = guest.startTransaction();
        readIn(id, "x");
        writeIn(id, "y", "2");
        store.write("/local/domain/1/x", "3");
        assertThat(guest.endTransaction(id, true)).isEqualTo("EAGAIN");
        assertThat(guest.read("y")).isEqualTo("ENOENT");
        assertThat(guest.endTransaction(id, true)).isEqualTo("ENOENT");
    }

    @Test
    void changesElsewhereAreNoConflict() {
        guest.write("x", "1");
        guest.write("unrelated", "1");
        int id = guest.startTransaction();
        readIn(id, "x");
        writeIn(id, "dir/y", "2");
        store.write("/local/domain/1/unrelated", "9");
        store.write("/local/domain/1/new/z", "9");
        assertThat(guest.endTransaction(id, true)).isEqualTo("OK");
        assertThat(guest.read("dir/y")).isEqualTo("2");
        assertThat(guest.read("unrelated")).isEqualTo("9");
        assertThat(guest.read("new/z")).isEqualTo("9");
    }

    @Test
    void aNewChildIsAConflictForWhoListedTheParentOnly() {
        guest.makeDirectory("dir");
        int lists = guest.startTransaction();
        int reads = guest.startTransaction();
        in(lists, Message.XS_DIRECTORY, "dir\0");
        writeIn(lists, "a", "");
        readIn(reads, "dir");
        writeIn(reads, "b", "");
        guest.write("dir/new", "");
        assertThat(guest.endTransaction(lists, true)).isEqualTo("EAGAIN");
        assertThat(guest.endTransaction(reads, true)).isEqualTo("OK");
    }

    @Test
    void whatWasFoundMissingMustStillBeMissing() {
        int id = guest.startTransaction();
        assertThat(readIn(id, "a/b/c")).isEqualTo("ENOENT");
        writeIn(id, "found", "no");
        guest.write("a/other", "");
        assertThat(guest.endTransaction(id, true)).isEqualTo("EAGAIN");
    }

    @Test
    void transactionsDoNotNestAndUnknownOnesDoNotExist() {
        int id = guest.startTransaction();
        assertThat(in(id, Message.XS_TRANSACTION_START, "\0")).isEqualTo("EBUSY");
        assertThat(readIn(id + 1, "x")).isEqualTo("ENOENT");
        assertThat(guest.endTransaction(0, true)).isEqualTo("ENOENT");
        assertThat(in(id, Message.XS_TRANSACTION_END, "X\0")).isEqualTo("EINVAL");
        assertThat(guest.endTransaction(id, true)).isEqualTo("OK");
    }

    @Test
    void aTransactionBelongsToItsConnection() {
        var other = TestGuest.atHome(store, 2);
        int id = guest.startTransaction();
        assertThat(other.endTransaction(id, true)).isEqualTo("ENOENT");
        assertThat(guest.endTransaction(id, true)).isEqualTo("OK");
    }

    @Test
    void resetForgetsTransactions() {
        int id = guest.startTransaction();
        assertThat(guest.call(Message.XS_RESET_WATCHES, "\0")).isEqualTo("OK");
        assertThat(guest.endTransaction(id, true)).isEqualTo("ENOENT");
    }

    @Test
    void openTransactionsAreLimited() {
        for (int i = 0; i < Quota.TRANSACTIONS.usual(); i++) {
            guest.startTransaction();
        }
        assertThat(guest.call(Message.XS_TRANSACTION_START, "\0")).isEqualTo("ENOSPC");
    }

    @Test
    void theSizeOfATransactionIsLimited() {
        int id = guest.startTransaction();
        String answer = "OK";
        for (int i = 0; i < 1000 && answer.equals("OK"); i++) {
            answer = writeIn(id, "x", "v".repeat(2000));
        }
        assertThat(answer).isEqualTo("ENOSPC");
        int reads = guest.startTransaction();
        answer = "ENOENT";
        for (int i = 0; i < 3000 && answer.equals("ENOENT"); i++) {
            answer = readIn(reads, "x" + i);
        }
        assertThat(answer).isEqualTo("ENOSPC");
    }

    /// Two stores get the same requests, but one of them gets those of a transaction only when it
    /// has been committed in the other, and outside any transaction: nobody can tell the two apart.
    @Test
    void committedTransactionsAreSerialisable() {
        int committed = 0;
        int refused = 0;
        for (long seed = 100; seed < 140; seed++) {
            var history = new History(seed);
            history.run(300);
            committed += history.committed;
            refused += history.refused;
        }
        assertThat(committed).isGreaterThan(100);
        assertThat(refused).isGreaterThan(100);
    }

    private record Done(int type, String payload, String answer) {}

    private static final class History {
        private static final int GUESTS = 3;
        private final long seed;
        private final SplittableRandom random;
        private final XenStore concurrent = new XenStore();
        private final XenStore serial = new XenStore();
        private final List<String> concurrentEvents = new ArrayList<>();
        private final List<String> serialEvents = new ArrayList<>();
        private final List<TestGuest> concurrentGuests = new ArrayList<>();
        private final List<TestGuest> serialGuests = new ArrayList<>();
        private final int[] open = new int[GUESTS];
        private final List<List<Done>> underWay = new ArrayList<>();
        private int committed;
        private int refused;

        private History(long seed) {
            this.seed = seed;
            this.random = new SplittableRandom(seed);
            prepare(concurrent, concurrentGuests, concurrentEvents);
            prepare(serial, serialGuests, serialEvents);
        }

        private void prepare(XenStore store, List<TestGuest> guests, List<String> events) {
            store.makeDirectory("/s");
            store.setPermissions("/s", new Permissions(0, Access.BOTH, List.of()));
            for (int i = 0; i < GUESTS; i++) {
                guests.add(new TestGuest(store, i + 1));
                underWay.add(new ArrayList<>());
            }
            store.watch("/s", events::add);
        }

        private void run(int steps) {
            for (int step = 0; step < steps; step++) {
                int who = random.nextInt(GUESTS);
                if (open[who] == 0 && random.nextInt(4) == 0) {
                    open[who] = concurrentGuests.get(who).startTransaction();
                } else if (open[who] != 0 && random.nextInt(6) == 0) {
                    end(who);
                } else {
                    request(who);
                }
            }
            var there = concurrent.capture().trees().getFirst();
            var here = serial.capture().trees().getFirst();
            assertThat(shown(there)).as("seed %d", seed).isEqualTo(shown(here));
        }

        private void request(int who) {
            var path = "/s";
            int levels = random.nextInt(3);
            for (int i = 0; i <= levels; i++) {
                path += "/" + (char) ('a' + random.nextInt(3));
            }
            int type;
            var payload = path + "\0";
            switch (random.nextInt(8)) {
                case 0, 1 -> type = Message.XS_READ;
                case 2 -> type = Message.XS_DIRECTORY;
                case 3 -> type = Message.XS_GET_PERMS;
                case 4 -> type = Message.XS_RM;
                case 5 -> type = Message.XS_MKDIR;
                case 6 -> {
                    type = Message.XS_SET_PERMS;
                    payload += "brwn".charAt(random.nextInt(4)) + "" + (who + 1) + "\0b0\0";
                }
                default -> {
                    type = Message.XS_WRITE;
                    payload += random.nextInt(3);
                }
            }
            var answer = concurrentGuests.get(who).call(type, open[who], payload);
            if (open[who] == 0) {
                replay(who, new Done(type, payload, answer));
            } else {
                underWay.get(who).add(new Done(type, payload, answer));
            }
        }

        private void end(int who) {
            boolean commit = random.nextInt(5) > 0;
            long before = generation();
            var answer = concurrentGuests.get(who).endTransaction(open[who], commit);
            open[who] = 0;
            // One that changed nothing happened at its beginning rather than at its end.
            boolean changes = generation() != before;
            if (commit && answer.equals("OK")) {
                committed++;
                if (changes) {
                    underWay.get(who).forEach(done -> replay(who, done));
                }
            } else {
                assertThat(answer).as("seed %d", seed).isEqualTo(commit ? "EAGAIN" : "OK");
                refused += commit ? 1 : 0;
            }
            underWay.get(who).clear();
        }

        private void replay(int who, Done done) {
            var answer = serialGuests.get(who).call(done.type, done.payload);
            assertThat(answer).as("seed %d: %s", seed, done).isEqualTo(done.answer);
            if (open[who] == 0 && underWay.get(who).isEmpty()) {
                assertThat(concurrentEvents).as("seed %d", seed).isEqualTo(serialEvents);
            }
        }

        private long generation() {
            return concurrent.capture().trees().getFirst().generation();
        }

        private static List<String> shown(StoreState.TreeState tree) {
            return tree.nodes().stream()
                    .map(node ->
                            Message.text(node.path())
                                    + "="
                                    + Message.text(node.value())
                                    + node.permissions().spelled())
                    .toList();
        }
    }
}
