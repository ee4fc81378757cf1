package org.xenolith.xenstore;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;

class TreeTest {
    private static final List<String> NAMES = List.of("a", "b", "c", "vif", "0");

    private static StorePath randomPath(SplittableRandom random) {
        var path = StorePath.ROOT;
        int levels = 1 + random.nextInt(4);
        for (int level = 0; level < levels; level++) {
            path = path.child(NAMES.get(random.nextInt(NAMES.size())));
        }
        return path;
    }

    private static TreeMap<String, String> content(Tree tree) {
        var content = new TreeMap<String, String>();
        tree.forEach((path, node) -> content.put(path.text(), Message.text(node.value())));
        return content;
    }

    private static void modelEdit(TreeMap<String, String> model, Edit edit) {
        var path = edit.path();
        switch (edit) {
            case Edit.Write write -> {
                makeParents(model, path);
                model.put(path.text(), Message.text(write.value()));
            }
            case Edit.MakeDirectory make -> {
                makeParents(model, path);
                model.putIfAbsent(path.text(), "");
            }
            case Edit.Remove remove ->
                    model.keySet()
                            .removeIf(key -> key.equals(path.text()) || key.startsWith(path + "/"));
            case Edit.SetPermissions set -> {}
        }
    }

    private static void makeParents(TreeMap<String, String> model, StorePath path) {
        for (var p = path.parent(); !p.isRoot(); p = p.parent()) {
            model.putIfAbsent(p.text(), "");
        }
    }

    private static Edit randomEdit(SplittableRandom random) {
        var path = randomPath(random);
        return switch (random.nextInt(5)) {
            case 0, 1 -> new Edit.Write(path, Message.text("v" + random.nextInt(100)));
            case 2 -> new Edit.MakeDirectory(path);
            case 3 -> new Edit.Remove(path);
            default -> new Edit.SetPermissions(path, Permissions.ownedBy(random.nextInt(4)));
        };
    }

    @Test
    void aTreeAnswersLikeAMapOfPaths() {
        long seed = 21;
        var random = new SplittableRandom(seed);
        var model = new TreeMap<String, String>();
        model.put("/", "");
        var tree = Tree.empty();
        for (int round = 0; round < 5000; round++) {
            var edit = randomEdit(random);
            boolean parentExists = model.containsKey(edit.path().parent().text());
            switch (tree.apply(Rights.CONTROL, Quotas.USUAL, edit)) {
                case Outcome.Done<Tree>(var next) -> {
                    tree = next;
                    modelEdit(model, edit);
                }
                case Outcome.Refused<Tree>(var error) -> {
                    assertThat(error).isEqualTo(StoreError.ENOENT);
                    boolean mayFail =
                            switch (edit) {
                                case Edit.Remove remove -> !parentExists;
                                case Edit.SetPermissions set ->
                                        !model.containsKey(set.path().text());
                                case Edit.Write write -> false;
                                case Edit.MakeDirectory make -> false;
                            };
                    assertThat(mayFail).as("seed %d: %s", seed, edit).isTrue();
                }
            }
            assertThat(content(tree)).as("seed %d, round %d", seed, round).isEqualTo(model);
        }
    }

    @Test
    void theNodesOfEachDomainAreCountedRightly() {
        long seed = 22;
        var random = new SplittableRandom(seed);
        var tree = Tree.empty();
        for (int round = 0; round < 3000; round++) {
            var who = random.nextBoolean() ? Rights.CONTROL : Rights.of(random.nextInt(4));
            if (tree.apply(who, Quotas.USUAL, randomEdit(random))
                    instanceof Outcome.Done<Tree>(var next)) {
                tree = next;
            }
            if (random.nextInt(200) == 0) {
                var changes = tree.departureOf(1 + random.nextInt(3));
                tree = changes.isEmpty() ? tree : changes.getLast().after();
            }
            var counted = new HashMap<Integer, Integer>();
            tree.forEach(
                    (path, node) -> counted.merge(node.permissions().owner(), 1, Integer::sum));
            for (int domain = 0; domain < 4; domain++) {
                assertThat(tree.ownedBy(domain))
                        .as("seed %d, round %d", seed, round)
                        .isEqualTo(counted.getOrDefault(domain, 0));
            }
        }
    }

    @Test
    void aSnapshotNeverChanges() {
        long seed = 23;
        var random = new SplittableRandom(seed);
        var tree = Tree.empty();
        var snapshots = new ArrayList<Tree>();
        var contents = new ArrayList<TreeMap<String, String>>();
        for (int round = 0; round < 1000; round++) {
            if (tree.apply(Rights.CONTROL, Quotas.USUAL, randomEdit(random))
                    instanceof Outcome.Done<Tree>(var next)) {
                tree = next;
            }
            if (round % 50 == 0) {
                snapshots.add(tree);
                contents.add(content(tree));
            }
        }
        for (int i = 0; i < snapshots.size(); i++) {
            assertThat(content(snapshots.get(i))).as("seed %d", seed).isEqualTo(contents.get(i));
        }
    }

    @Test
    void anUnchangedSubtreeIsShared() {
        var tree = Tree.empty();
        for (var path : List.of("/a/b", "/c/d")) {
            var edit = new Edit.MakeDirectory(new StorePath(path));
            tree = ((Outcome.Done<Tree>) tree.apply(Rights.CONTROL, Quotas.USUAL, edit)).value();
        }
        var edit = new Edit.Write(new StorePath("/a/b"), Message.text("x"));
        var next = ((Outcome.Done<Tree>) tree.apply(Rights.CONTROL, Quotas.USUAL, edit)).value();
        var untouched = new StorePath("/c");
        assertThat(next.find(untouched)).isSameAs(tree.find(untouched));
    }

    @Test
    void theDeepestPathOfTheProtocolIsNoTrouble() {
        var path = new StorePath("/a".repeat(StorePath.ABSOLUTE_BYTES_MAX / 2));
        var made = Tree.empty().apply(Rights.CONTROL, Quotas.NONE, new Edit.MakeDirectory(path));
        var tree = ((Outcome.Done<Tree>) made).value();
        assertThat(tree.ownedBy(0)).isEqualTo(StorePath.ABSOLUTE_BYTES_MAX / 2 + 1);
        var top = new Edit.Remove(new StorePath("/a"));
        var rest = ((Outcome.Done<Tree>) tree.apply(Rights.CONTROL, Quotas.NONE, top)).value();
        assertThat(rest.ownedBy(0)).isEqualTo(1);
    }
}
