package org.xenolith.xenstore;

import org.xenolith.state.Bytes;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/// What the store knows of one client: the stream of messages in both directions, watches and
/// transactions. Guarded by the store's lock.
final class Connection {
    /// Replies that may wait for a client; with so many, its requests are not taken.
    static final int REPLIES_MAX = 20;

    /// Watch events that may wait for a client, and their bytes; what comes on top is lost.
    static final int EVENTS_MAX = 1024;

    static final int EVENT_BYTES_MAX = 256 * 1024;

    private final Runnable wake;
    private Rights rights;

    private final MessageAssembler input = new MessageAssembler();
    private final ArrayDeque<Message> output = new ArrayDeque<>();

    /// Cache: the events in `output`, so that none waits there twice.
    private final Set<Message> waitingEvents = new HashSet<>();

    /// Cache: bytes of the payloads of `waitingEvents`.
    private int waitingEventBytes;

    /// The message that is being handed over, already taken from `output`.
    private byte[] leaving = new byte[0];

    private int left;

    private final Map<Watch.Key, Watch> watches = new LinkedHashMap<>();
    private final TreeMap<Integer, Transaction> transactions = new TreeMap<>();
    private int nextTransaction = 1;

    /// The client has broken the protocol and is not listened to before it reconnects.
    private boolean broken;

    /// @param wake tells the transport that there is output; called without the store's lock
    Connection(int domain, Runnable wake) {
        this.rights = Rights.of(domain);
        this.wake = wake;
    }

    Rights rights() {
        return rights;
    }

    int domain() {
        return rights.domain();
    }

    Runnable wake() {
        return wake;
    }

    /// Changes as whom the client may act. A narrower right ends the transactions made with the
    /// wider one.
    void target(int target) {
        rights = new Rights(rights.domain(), target);
        if (target == Rights.NO_TARGET) {
            transactions.clear();
        }
    }

    boolean isBroken() {
        return broken;
    }

    void breakOff() {
        reset();
        broken = true;
    }

    /// Forgets everything, as if the client had just come.
    void reset() {
        broken = false;
        input.clear();
        output.clear();
        waitingEvents.clear();
        waitingEventBytes = 0;
        leaving = new byte[0];
        left = 0;
        forgetWatchesAndTransactions();
    }

    void forgetWatchesAndTransactions() {
        watches.clear();
        transactions.clear();
    }

    // ---------------------------------------------------------------- the stream

    MessageAssembler input() {
        return input;
    }

    /// Whether the client has read enough to be served on.
    boolean takesRequests() {
        return output.size() - waitingEvents.size() < REPLIES_MAX;
    }

    void reply(Message message) {
        output.add(message);
    }

    void event(String path, String token) {
        var payload = Message.text(path + '\0' + token + '\0');
        if (payload.length() > Message.PAYLOAD_BYTES_MAX) {
            return;
        }
        var event = new Message(Message.XS_WATCH_EVENT, 0, 0, payload);
        boolean room =
                waitingEvents.size() < EVENTS_MAX
                        && waitingEventBytes + payload.length() <= EVENT_BYTES_MAX;
        if (room && waitingEvents.add(event)) {
            waitingEventBytes += payload.length();
            output.add(event);
        }
    }

    boolean hasOutput() {
        return left < leaving.length || !output.isEmpty();
    }

    /// Hands over up to `length` bytes; returns how many.
    int drain(byte[] into, int from, int length) {
        int given = 0;
        while (given < length && hasOutput()) {
            if (left == leaving.length) {
                nextLeaves();
            }
            int part = Math.min(length - given, leaving.length - left);
            System.arraycopy(leaving, left, into, from + given, part);
            left += part;
            given += part;
        }
        return given;
    }

    private void nextLeaves() {
        var message = output.remove();
        if (message.isEvent() && waitingEvents.remove(message)) {
            waitingEventBytes -= message.payload().length();
        }
        leaving = message.encoded();
        left = 0;
    }

    // ---------------------------------------------------------------- watches

    Collection<Watch> watches() {
        return watches.values();
    }

    Outcome<Watch> add(Quotas quotas, Watch watch) {
        if (watches.containsKey(watch.key())) {
            return Outcome.refused(StoreError.EEXIST);
        }
        if (!rights.isPrivileged() && quotas.exceeded(Quota.WATCHES, watches.size() + 1L)) {
            return Outcome.refused(StoreError.ENOSPC);
        }
        watches.put(watch.key(), watch);
        return Outcome.done(watch);
    }

    Outcome<Watch> remove(Watch.Key key) {
        var watch = watches.remove(key);
        return watch == null ? Outcome.refused(StoreError.ENOENT) : Outcome.done(watch);
    }

    // ---------------------------------------------------------------- transactions

    Collection<Transaction> transactions() {
        return transactions.values();
    }

    Outcome<Transaction> startTransaction(Quotas quotas, Tree tree) {
        if (!rights.isPrivileged()
                && quotas.exceeded(Quota.TRANSACTIONS, transactions.size() + 1L)) {
            return Outcome.refused(StoreError.ENOSPC);
        }
        // There are far fewer transactions than numbers, so a free one is near.
        while (nextTransaction == 0 || transactions.containsKey(nextTransaction)) {
            nextTransaction++;
        }
        var transaction = new Transaction(nextTransaction++, tree);
        transactions.put(transaction.id(), transaction);
        return Outcome.done(transaction);
    }

    Outcome<Transaction> transaction(int id) {
        var transaction = transactions.get(id);
        return transaction == null ? Outcome.refused(StoreError.ENOENT) : Outcome.done(transaction);
    }

    void endTransaction(Transaction transaction) {
        transactions.remove(transaction.id());
    }

    // ---------------------------------------------------------------- state

    int nextTransaction() {
        return nextTransaction;
    }

    Bytes partlySent() {
        return Bytes.of(Arrays.copyOfRange(leaving, left, leaving.length));
    }

    List<Message> waiting() {
        return List.copyOf(output);
    }

    void restoreStream(Bytes partialInput, Bytes partlySent, List<Message> waiting) {
        reset();
        input.feed(partialInput.toArray(), 0, partialInput.length());
        leaving = partlySent.toArray();
        for (var message : waiting) {
            output.add(message);
            if (message.isEvent() && waitingEvents.add(message)) {
                waitingEventBytes += message.payload().length();
            }
        }
    }

    void restoreContent(
            Rights as,
            boolean isBroken,
            List<Watch> allWatches,
            List<Transaction> open,
            int transactionNumber) {
        rights = as;
        broken = isBroken;
        allWatches.forEach(watch -> watches.put(watch.key(), watch));
        open.forEach(transaction -> transactions.put(transaction.id(), transaction));
        nextTransaction = transactionNumber;
    }
}
