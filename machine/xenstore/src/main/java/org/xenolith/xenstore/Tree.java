package org.xenolith.xenstore;

import org.xenolith.state.Bytes;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Predicate;

/// The whole store at one moment. Immutable, so that a snapshot is a reference; a change answers
/// with the tree that follows.
///
/// @param root the node `/`
/// @param special holds the nodes of the special watches, which have permissions only
/// @param owned how many nodes each domain owns
/// @param generation number of the last change; every change takes the next
record Tree(Node root, Node special, Map<Integer, Integer> owned, long generation) {
    /// A store with nothing in it.
    static Tree empty() {
        var bare = new Node(Bytes.EMPTY, Permissions.CONTROL_ONLY, 0, Children.NONE);
        var special =
                bare.withChild(StorePath.INTRODUCE_DOMAIN.text(), bare)
                        .withChild(StorePath.RELEASE_DOMAIN.text(), bare);
        return of(bare, special, 0);
    }

    /// A tree of these nodes, counted anew.
    static Tree of(Node root, Node special, long generation) {
        var owned = new HashMap<Integer, Integer>();
        count(root, 1, owned);
        return new Tree(root, special, Map.copyOf(owned), generation);
    }

    // ---------------------------------------------------------------- looking

    /// The node at `path`, or null.
    Node find(StorePath path) {
        var spine = spine(path);
        return spine.size() == path.names().size() + 1 ? spine.getLast() : null;
    }

    /// The nodes that exist on the way to `path`, the topmost first; never empty.
    private List<Node> spine(StorePath path) {
        var spine = new ArrayList<Node>();
        var node = path.isSpecial() ? special : root;
        spine.add(node);
        for (var name : path.names()) {
            node = node.children().get(name);
            if (node == null) {
                break;
            }
            spine.add(node);
        }
        return spine;
    }

    /// The deepest path that exists on the way to `path`; possibly `path` itself.
    StorePath deepest(StorePath path) {
        return path.prefix(spine(path).size() - 1);
    }

    /// The node at `path` for someone who needs `access` to it. Where it does not exist, that is
    /// told only to those who have that access to the nearest node above.
    Outcome<Node> look(Rights who, StorePath path, Access access) {
        var spine = spine(path);
        var nearest = spine.getLast();
        if (!nearest.permissions().allow(who, access)) {
            return Outcome.refused(StoreError.EACCES);
        }
        boolean exists = spine.size() == path.names().size() + 1;
        return exists ? Outcome.done(nearest) : Outcome.refused(StoreError.ENOENT);
    }

    /// Whether `who` may read the node or its parent, and so hear of changes to it.
    boolean mayHearOf(Rights who, StorePath path) {
        return mayRead(who, path) || !path.isSpecial() && mayRead(who, path.parent());
    }

    private boolean mayRead(Rights who, StorePath path) {
        var node = find(path);
        return node != null && node.permissions().allow(who, Access.READ);
    }

    int ownedBy(int domain) {
        return owned.getOrDefault(domain, 0);
    }

    /// Every node of the tree, parents before their children; not the special ones.
    void forEach(BiConsumer<StorePath, Node> action) {
        walk(StorePath.ROOT, root, action);
    }

    /// Goes without recursion: a guest decides how deep a tree is.
    private static void walk(StorePath top, Node node, BiConsumer<StorePath, Node> action) {
        record Place(StorePath path, Node node) {}
        var ahead = new ArrayDeque<Place>();
        ahead.push(new Place(top, node));
        while (!ahead.isEmpty()) {
            var place = ahead.pop();
            action.accept(place.path, place.node);
            var names = place.node.children().names().reversed();
            for (var name : names) {
                var child = place.node.children().get(name);
                ahead.push(new Place(place.path.child(name), child));
            }
        }
    }

    // ---------------------------------------------------------------- changing

    /// The tree after `edit`, which `who` asks for; this very tree if there was nothing to do.
    Outcome<Tree> apply(Rights who, Quotas quotas, Edit edit) {
        if (edit.path().isSpecial() && !(edit instanceof Edit.SetPermissions)) {
            return Outcome.refused(StoreError.EINVAL);
        }
        return switch (edit) {
            case Edit.Write write -> write(who, quotas, write.path(), write.value());
            case Edit.MakeDirectory make -> makeDirectory(who, quotas, make.path());
            case Edit.Remove remove -> remove(who, remove.path());
            case Edit.SetPermissions set ->
                    setPermissions(who, quotas, set.path(), set.permissions());
        };
    }

    private Outcome<Tree> write(Rights who, Quotas quotas, StorePath path, Bytes value) {
        if (!who.isPrivileged() && quotas.exceeded(Quota.NODE_SIZE, value.length())) {
            return Outcome.refused(StoreError.ENOSPC);
        }
        return switch (look(who, path, Access.WRITE)) {
            case Outcome.Done<Node>(var node) ->
                    Outcome.done(replaced(path, node.withValue(value, generation + 1)));
            case Outcome.Refused<Node>(var error) ->
                    error == StoreError.ENOENT
                            ? create(who, quotas, path, value)
                            : Outcome.refused(error);
        };
    }

    private Outcome<Tree> makeDirectory(Rights who, Quotas quotas, StorePath path) {
        return switch (look(who, path, Access.WRITE)) {
            case Outcome.Done<Node> existing -> Outcome.done(this);
            case Outcome.Refused<Node>(var error) ->
                    error == StoreError.ENOENT
                            ? create(who, quotas, path, Bytes.EMPTY)
                            : Outcome.refused(error);
        };
    }

    /// Makes a node that does not exist, with its missing parents; `who` may write to the nearest
    /// node above. New nodes inherit its permissions and belong to the domain that makes them.
    private Outcome<Tree> create(Rights who, Quotas quotas, StorePath path, Bytes value) {
        var names = path.names();
        var spine = spine(path);
        var nearest = spine.getLast();
        int made = names.size() + 1 - spine.size();
        int owner = who.isPrivileged() ? nearest.permissions().owner() : who.domain();
        if (!who.isPrivileged() && quotas.exceeded(Quota.NODES, (long) ownedBy(owner) + made)) {
            return Outcome.refused(StoreError.ENOSPC);
        }
        long next = generation + 1;
        var permissions = nearest.permissions().ownedInsteadBy(owner);
        var node = new Node(value, permissions, next, Children.NONE);
        for (int level = names.size() - 1; level >= spine.size(); level--) {
            var only = Children.NONE.with(names.get(level), node);
            node = new Node(Bytes.EMPTY, permissions, next, only);
        }
        var children = nearest.children().with(names.get(spine.size() - 1), node);
        spine.set(spine.size() - 1, nearest.withChildren(children, next));
        var counts = new HashMap<>(owned);
        counts.merge(owner, made, Integer::sum);
        return Outcome.done(rebuilt(path, names, spine, counts));
    }

    private Outcome<Tree> remove(Rights who, StorePath path) {
        var found = look(who, path, Access.WRITE);
        if (found instanceof Outcome.Refused<Node>(var error)) {
            // Not there already: fine, if its parent is.
            return error == StoreError.ENOENT && find(path.parent()) != null
                    ? Outcome.done(this)
                    : Outcome.refused(error);
        }
        if (path.isRoot()) {
            return Outcome.refused(StoreError.EINVAL);
        }
        return Outcome.done(without(path));
    }

    private Tree without(StorePath path) {
        var names = path.names();
        var spine = spine(path);
        var counts = new HashMap<>(owned);
        count(spine.removeLast(), -1, counts);
        var parent = spine.getLast();
        var children = parent.children().without(names.getLast());
        spine.set(spine.size() - 1, parent.withChildren(children, generation + 1));
        return rebuilt(path, names, spine, counts);
    }

    private Outcome<Tree> setPermissions(
            Rights who, Quotas quotas, StorePath path, Permissions permissions) {
        if (!who.isPrivileged() && quotas.exceeded(Quota.PERMISSIONS, permissions.count())) {
            return Outcome.refused(StoreError.ENOSPC);
        }
        return look(who, path, Access.WRITE)
                .then(node -> {
                    int owner = node.permissions().owner();
                    if (!who.isPrivileged() && !who.actsFor(owner)) {
                        return Outcome.refused(StoreError.EACCES);
                    }
                    if (!who.isPrivileged() && permissions.owner() != owner) {
                        return Outcome.refused(StoreError.EPERM);
                    }
                    return Outcome.done(
                            replaced(path, node.withPermissions(permissions, generation + 1)));
                });
    }

    /// This tree with another node at `path`, where there is one, that has the same children.
    private Tree replaced(StorePath path, Node node) {
        var spine = spine(path);
        var counts = owned;
        int before = spine.getLast().permissions().owner();
        int after = node.permissions().owner();
        if (before != after && !path.isSpecial()) {
            counts = new HashMap<>(owned);
            counts.merge(before, -1, Integer::sum);
            counts.merge(after, 1, Integer::sum);
        }
        spine.set(spine.size() - 1, node);
        return rebuilt(path, path.names(), spine, counts);
    }

    /// The tree whose nodes on the way to `path` are rebuilt from the lowest of `spine` upwards.
    private Tree rebuilt(
            StorePath path, List<String> names, List<Node> spine, Map<Integer, Integer> counts) {
        var node = spine.getLast();
        for (int level = spine.size() - 2; level >= 0; level--) {
            node = spine.get(level).withChild(names.get(level), node);
        }
        return path.isSpecial()
                ? new Tree(root, node, counts, generation + 1)
                : new Tree(node, special, counts, generation + 1);
    }

    /// This tree with one more node, complete as it is, under a parent that exists and has no such
    /// child. For trees that are put together again from their nodes.
    Tree grafted(StorePath path, Node node) {
        var names = path.names();
        var spine = spine(path);
        var parent = spine.getLast();
        spine.set(spine.size() - 1, parent.withChild(names.getLast(), node));
        var counts = new HashMap<>(owned);
        counts.merge(node.permissions().owner(), path.isSpecial() ? 0 : 1, Integer::sum);
        var next = rebuilt(path, names, spine, counts);
        return new Tree(next.root, next.special, next.owned, generation);
    }

    private static void count(Node top, int times, Map<Integer, Integer> counts) {
        walk(
                StorePath.ROOT,
                top,
                (path, node) -> counts.merge(node.permissions().owner(), times, Integer::sum));
    }

    // ---------------------------------------------------------------- a domain goes

    /// What happens when a domain goes: its nodes are removed with all that is below them, and its
    /// entries in the permissions of others. Answers the changes in order.
    List<Change> departureOf(int domain) {
        var changes = new ArrayList<Change>();
        var tree = this;
        for (var path : pathsWhere(node -> node.permissions().owner() == domain)) {
            if (!path.isRoot() && tree.find(path) != null) {
                var next = tree.without(path);
                changes.add(new Change(path, tree, next));
                tree = next;
            }
        }
        var mentioned =
                new ArrayList<>(List.of(StorePath.INTRODUCE_DOMAIN, StorePath.RELEASE_DOMAIN));
        mentioned.addAll(tree.pathsWhere(node -> true));
        for (var path : mentioned) {
            var node = tree.find(path);
            var permissions = node.permissions().without(domain);
            if (permissions != node.permissions()) {
                var next =
                        tree.replaced(path, node.withPermissions(permissions, tree.generation + 1));
                changes.add(new Change(path, tree, next));
                tree = next;
            }
        }
        return changes;
    }

    private List<StorePath> pathsWhere(Predicate<Node> wanted) {
        var paths = new ArrayList<StorePath>();
        forEach((path, node) -> {
            if (wanted.test(node)) {
                paths.add(path);
            }
        });
        return paths;
    }
}
