package org.xenolith.xenstore;

import org.xenolith.base.Bug;

import java.util.List;

/// The store as one request sees it: as it is now, or through a transaction.
sealed interface View {
    /// The node at `path`, to read it.
    ///
    /// @param children whether the list of children is read, and not only value and permissions
    Outcome<Node> look(StorePath path, boolean children);

    Outcome<Tree> apply(Edit edit);

    Outcome<Integer> startTransaction();

    Outcome<Tree> endTransaction(boolean commit);

    static View of(StoreCore store, Connection client) {
        return new Present(store, client, client.rights());
    }

    static View of(StoreCore store, Connection client, Transaction transaction) {
        return new Through(store, client, transaction);
    }

    /// As the control domain itself sees it, without a connection.
    static View control(StoreCore store) {
        return new Present(store, null, Rights.CONTROL);
    }

    /// Outside transactions.
    record Present(StoreCore store, Connection client, Rights who) implements View {
        @Override
        public Outcome<Node> look(StorePath path, boolean children) {
            return store.tree.look(who, path, Access.READ);
        }

        @Override
        public Outcome<Tree> apply(Edit edit) {
            var quotas = store.settingsOf(who.domain()).quotas();
            var before = store.tree;
            return before.apply(who, quotas, edit)
                    .map(after -> {
                        store.commit(List.of(new Change(edit.path(), before, after)));
                        return after;
                    });
        }

        @Override
        public Outcome<Integer> startTransaction() {
            Bug.check(client != null, "transactions belong to a connection");
            return client.startTransaction(store.settingsOf(who.domain()).quotas(), store.tree)
                    .map(Transaction::id);
        }

        @Override
        public Outcome<Tree> endTransaction(boolean commit) {
            return Outcome.refused(StoreError.ENOENT);
        }
    }

    /// Inside a transaction.
    record Through(StoreCore store, Connection client, Transaction transaction) implements View {
        @Override
        public Outcome<Node> look(StorePath path, boolean children) {
            return transaction.observes(client.rights(), quotas(), path, children)
                    ? transaction.working().look(client.rights(), path, Access.READ)
                    : Outcome.refused(StoreError.ENOSPC);
        }

        @Override
        public Outcome<Tree> apply(Edit edit) {
            return transaction.apply(client.rights(), quotas(), edit);
        }

        @Override
        public Outcome<Integer> startTransaction() {
            return Outcome.refused(StoreError.EBUSY);
        }

        @Override
        public Outcome<Tree> endTransaction(boolean commit) {
            client.endTransaction(transaction);
            if (!commit) {
                return Outcome.done(store.tree);
            }
            return transaction
                    .commit(client.rights(), quotas(), store.tree)
                    .map(changes -> {
                        store.commit(changes);
                        return store.tree;
                    });
        }

        private Quotas quotas() {
            return store.settingsOf(client.domain()).quotas();
        }
    }
}
