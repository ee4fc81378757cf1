package org.xenolith.xenstore;

import org.xenolith.state.StateException;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// A transaction of one client: a snapshot, what was changed on it, and what it was based on.
///
/// It commits exactly if everything that the client has seen through it would be the same had all
/// of it happened at the moment of the commit; then its changes are made again on the store as it
/// is by then. So committed transactions are serialisable, in the order of their commits.
final class Transaction {
    /// Bytes of paths and values that one transaction of a guest may hold.
    static final int BYTES_MAX = 256 * 1024;

    /// What an edit is counted as holding beside its path and value.
    private static final int EDIT_BYTES = 64;

    private final int id;
    private final Tree base;
    private Tree working;
    private final List<Edit> edits = new ArrayList<>();

    /// The paths that matter, with whether the list of children does too.
    private final Map<StorePath, Boolean> touched = new TreeMap<>();

    private long bytes;

    Transaction(int id, Tree base) {
        this.id = id;
        this.base = base;
        this.working = base;
    }

    /// A transaction as it was captured.
    static Transaction restored(
            int id, Tree base, Rights who, List<Edit> edits, Map<StorePath, Boolean> touched) {
        var transaction = new Transaction(id, base);
        for (var edit : edits) {
            switch (transaction.working.apply(who, Quotas.NONE, edit)) {
                case Outcome.Done<Tree>(var next) -> transaction.keep(edit, next);
                case Outcome.Refused<Tree> refused ->
                        throw new StateException("a transaction's changes do not fit its snapshot");
            }
        }
        touched.forEach(transaction::touch);
        return transaction;
    }

    int id() {
        return id;
    }

    Tree base() {
        return base;
    }

    List<Edit> edits() {
        return List.copyOf(edits);
    }

    Map<StorePath, Boolean> touched() {
        return Collections.unmodifiableMap(touched);
    }

    /// The store as the client sees it.
    Tree working() {
        return working;
    }

    /// Notes that the client learns about `path`. False, and the request must be refused, if the
    /// transaction has become too large.
    boolean observes(Rights who, Quotas quotas, StorePath path, boolean children) {
        var deepest = base.deepest(path);
        touch(deepest, children && deepest.equals(path));
        if (!deepest.equals(path)) {
            touch(path.prefix(deepest.names().size() + 1), false);
        }
        // Where the client has removed a node itself, what it learns hangs on the node above.
        var seen = working.deepest(path);
        if (base.find(seen) != null) {
            touch(seen, false);
        }
        return who.isPrivileged()
                || bytes <= BYTES_MAX && !quotas.exceeded(Quota.TRANSACTION_NODES, touched.size());
    }

    private void touch(StorePath path, boolean children) {
        if (!touched.containsKey(path)) {
            bytes += path.text().length();
        }
        touched.merge(path, children, Boolean::logicalOr);
    }

    /// Changes the snapshot.
    Outcome<Tree> apply(Rights who, Quotas quotas, Edit edit) {
        if (!observes(who, quotas, edit.path(), false)) {
            return Outcome.refused(StoreError.ENOSPC);
        }
        return working.apply(who, quotas, edit)
                .map(next -> {
                    keep(edit, next);
                    return next;
                });
    }

    private void keep(Edit edit, Tree next) {
        if (next != working) {
            edits.add(edit);
            bytes += EDIT_BYTES + edit.path().text().length();
            bytes += edit instanceof Edit.Write write ? write.value().length() : 0;
            working = next;
        }
    }

    /// Makes the changes on `current`. Answers them in order, or EAGAIN if the client would have
    /// seen something else by now.
    Outcome<List<Change>> commit(Rights who, Quotas quotas, Tree current) {
        if (edits.isEmpty()) {
            return Outcome.done(List.of());
        }
        for (var touch : touched.entrySet()) {
            if (!looksTheSame(touch.getKey(), touch.getValue(), current)) {
                return Outcome.refused(StoreError.EAGAIN);
            }
        }
        var changes = new ArrayList<Change>();
        var tree = current;
        for (var edit : edits) {
            switch (tree.apply(who, quotas, edit)) {
                case Outcome.Done<Tree>(var next) -> {
                    changes.add(new Change(edit.path(), tree, next));
                    tree = next;
                }
                case Outcome.Refused<Tree>(var error) -> {
                    return Outcome.refused(error);
                }
            }
        }
        return Outcome.done(changes);
    }

    private boolean looksTheSame(StorePath path, boolean children, Tree current) {
        var then = base.find(path);
        var now = current.find(path);
        if (then == now) {
            return true;
        }
        return then != null
                && now != null
                && then.value().equals(now.value())
                && then.permissions().equals(now.permissions())
                && (!children || then.generation() == now.generation());
    }
}
