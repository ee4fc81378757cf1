package org.xenolith.xenstore;

import static org.xenolith.state.StateException.require;

import org.xenolith.state.Bytes;
import org.xenolith.state.StateException;
import org.xenolith.xenstore.StoreState.ConnectionState;
import org.xenolith.xenstore.StoreState.EditState;
import org.xenolith.xenstore.StoreState.NodeState;
import org.xenolith.xenstore.StoreState.SettingsState;
import org.xenolith.xenstore.StoreState.TouchState;
import org.xenolith.xenstore.StoreState.TransactionState;
import org.xenolith.xenstore.StoreState.TreeState;
import org.xenolith.xenstore.StoreState.WatchState;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// The way from a store to its state and back.
final class StoreStates {
    private static final List<StorePath> SPECIAL =
            List.of(StorePath.INTRODUCE_DOMAIN, StorePath.RELEASE_DOMAIN);

    private StoreStates() {}

    // ---------------------------------------------------------------- capture

    static StoreState capture(StoreCore core) {
        var trees = new ArrayList<TreeState>();
        var indices = new IdentityHashMap<Tree, Integer>();
        indices.put(core.tree, 0);
        trees.add(current(core));
        var connections = new ArrayList<ConnectionState>();
        core.domains.forEach(
                (number, domain) -> connections.add(connection(domain, trees, indices)));
        var settings = new ArrayList<SettingsState>();
        core.settings.forEach((number, own) ->
                settings.add(new SettingsState(number, own.features(), own.quotas())));
        return new StoreState(trees, core.usualQuotas, settings, connections);
    }

    private static TreeState current(StoreCore core) {
        var state =
                core.captured
                        .filter(last -> last.tree() == core.tree)
                        .map(StoreCore.CapturedTree::state)
                        .orElseGet(() -> tree(core.tree));
        core.captured = Optional.of(new StoreCore.CapturedTree(core.tree, state));
        return state;
    }

    private static int indexOf(Tree tree, List<TreeState> trees, Map<Tree, Integer> indices) {
        var known = indices.get(tree);
        if (known != null) {
            return known;
        }
        indices.put(tree, trees.size());
        trees.add(tree(tree));
        return trees.size() - 1;
    }

    private static TreeState tree(Tree tree) {
        var nodes = new ArrayList<NodeState>();
        tree.forEach((path, node) -> nodes.add(node(path, node)));
        for (var path : SPECIAL) {
            nodes.add(node(path, tree.find(path)));
        }
        return new TreeState(nodes, tree.generation());
    }

    private static NodeState node(StorePath path, Node node) {
        return new NodeState(
                Message.text(path.text()), node.value(), node.permissions(), node.generation());
    }

    private static ConnectionState connection(
            StoreCore.Domain domain, List<TreeState> trees, Map<Tree, Integer> indices) {
        var connection = domain.connection;
        return new ConnectionState(
                connection.domain(),
                connection.rights().target(),
                domain.shutDown,
                connection.isBroken(),
                connection.input().partial(),
                connection.partlySent(),
                connection.waiting(),
                connection.watches().stream().map(StoreStates::watch).toList(),
                connection.transactions().stream()
                        .map(open -> transaction(open, indexOf(open.base(), trees, indices)))
                        .toList(),
                connection.nextTransaction());
    }

    private static WatchState watch(Watch watch) {
        return new WatchState(
                Message.text(watch.path().text()),
                Message.text(watch.token()),
                watch.depth(),
                !watch.relativeTo().isEmpty());
    }

    private static TransactionState transaction(Transaction open, int base) {
        var touched = new ArrayList<TouchState>();
        open.touched()
                .forEach((path, children) ->
                        touched.add(new TouchState(Message.text(path.text()), children)));
        return new TransactionState(
                open.id(), base, open.edits().stream().map(StoreStates::edit).toList(), touched);
    }

    private static EditState edit(Edit edit) {
        var path = edit.path().text() + "\0";
        return switch (edit) {
            case Edit.Write write ->
                    new EditState(
                            Message.XS_WRITE, Message.text(path + Message.text(write.value())));
            case Edit.MakeDirectory make -> new EditState(Message.XS_MKDIR, Message.text(path));
            case Edit.Remove remove -> new EditState(Message.XS_RM, Message.text(path));
            case Edit.SetPermissions set ->
                    new EditState(
                            Message.XS_SET_PERMS,
                            Message.text(
                                    path + String.join("\0", set.permissions().spelled()) + "\0"));
        };
    }

    // ---------------------------------------------------------------- restore

    /// Puts `state` into `core`, whose domains have been introduced already. Changes nothing if the
    /// state is refused.
    static void restore(StoreState state, StoreCore core) {
        var trees = state.trees().stream().map(StoreStates::tree).toList();
        var settings = new TreeMap<Integer, StoreCore.Settings>();
        for (var own : state.settings()) {
            settings.put(own.domain(), new StoreCore.Settings(own.features(), own.quotas()));
        }
        var actions = new ArrayList<Runnable>();
        for (var connection : state.connections()) {
            var domain = core.domains.get(connection.domain());
            require(domain != null, "every domain of a store's state has a ring");
            actions.add(restoration(connection, trees, domain));
        }
        core.domains.values().forEach(domain -> domain.connection.reset());
        actions.forEach(Runnable::run);
        core.tree = trees.getFirst();
        core.usualQuotas = state.usualQuotas();
        core.settings.clear();
        core.settings.putAll(settings);
    }

    private static Runnable restoration(
            ConnectionState state, List<Tree> trees, StoreCore.Domain domain) {
        var rights = new Rights(state.domain(), state.target());
        var watches = state.watches().stream().map(watch -> watch(watch, state.domain())).toList();
        var transactions =
                state.transactions().stream()
                        .map(open -> transaction(open, trees, rights))
                        .toList();
        return () -> {
            domain.shutDown = state.shutDown();
            domain.connection.restoreStream(
                    state.partialInput(), state.partlySent(), state.waiting());
            domain.connection.restoreContent(
                    rights, state.broken(), watches, transactions, state.nextTransaction());
        };
    }

    private static Tree tree(TreeState state) {
        require(!state.nodes().isEmpty(), "a tree has a root");
        var first = state.nodes().getFirst();
        require(path(first.path()).isRoot(), "a tree's first node is its root");
        var bare = new Node(Bytes.EMPTY, Permissions.CONTROL_ONLY, 0, Children.NONE);
        var tree = Tree.of(node(first), bare, state.generation());
        for (var next : state.nodes().subList(1, state.nodes().size())) {
            var path = path(next.path());
            require(tree.find(path) == null, "a node is in its tree once");
            require(
                    path.isSpecial() ? SPECIAL.contains(path) : tree.find(path.parent()) != null,
                    "a node comes after its parent");
            tree = tree.grafted(path, node(next));
        }
        for (var special : SPECIAL) {
            require(tree.find(special) != null, "a tree has the nodes of the special watches");
        }
        return tree;
    }

    private static Node node(NodeState state) {
        require(
                state.value().length() <= Message.PAYLOAD_BYTES_MAX,
                "a node's value is at most 4096 bytes");
        return new Node(state.value(), state.permissions(), state.generation(), Children.NONE);
    }

    private static StorePath path(Bytes text) {
        return valid(StorePath.parse(Message.text(text), 0));
    }

    private static <T> T valid(Outcome<T> outcome) {
        return switch (outcome) {
            case Outcome.Done<T>(var value) -> value;
            case Outcome.Refused<T>(var error) ->
                    throw new StateException("a path or change of a store is malformed");
        };
    }

    private static Watch watch(WatchState state, int domain) {
        var path = path(state.path());
        var base = StorePath.ofDomain(domain);
        require(
                !state.relative() || path.text().startsWith(base + "/"),
                "a relative watch is within its domain's path");
        return new Watch(
                path, Message.text(state.token()), state.depth(), state.relative() ? base : "");
    }

    private static Transaction transaction(
            TransactionState state, List<Tree> trees, Rights rights) {
        require(
                state.base() >= 0 && state.base() < trees.size(),
                "a transaction began with a tree of its store");
        var edits =
                state.edits().stream()
                        .map(edit -> valid(RequestParser.edit(edit.type(), edit.payload(), 0)))
                        .toList();
        var touched = new TreeMap<StorePath, Boolean>();
        state.touched().forEach(touch -> touched.put(path(touch.path()), touch.children()));
        return Transaction.restored(state.id(), trees.get(state.base()), rights, edits, touched);
    }
}
