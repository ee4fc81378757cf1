package org.xenolith.xenstore;

import java.util.Arrays;
import java.util.List;
import java.util.function.BiConsumer;

/// The children of a node by name, in the order of their names. Immutable.
final class Children {
    static final Children NONE = new Children(new String[0], new Node[0]);

    private final String[] names;
    private final Node[] nodes;

    private Children(String[] names, Node[] nodes) {
        this.names = names;
        this.nodes = nodes;
    }

    /// The child of that name, or null.
    Node get(String name) {
        int index = Arrays.binarySearch(names, name);
        return index < 0 ? null : nodes[index];
    }

    Children with(String name, Node node) {
        int index = Arrays.binarySearch(names, name);
        if (index >= 0) {
            var changed = nodes.clone();
            changed[index] = node;
            return new Children(names, changed);
        }
        int at = -index - 1;
        var moreNames = new String[names.length + 1];
        var moreNodes = new Node[nodes.length + 1];
        System.arraycopy(names, 0, moreNames, 0, at);
        System.arraycopy(nodes, 0, moreNodes, 0, at);
        moreNames[at] = name;
        moreNodes[at] = node;
        System.arraycopy(names, at, moreNames, at + 1, names.length - at);
        System.arraycopy(nodes, at, moreNodes, at + 1, nodes.length - at);
        return new Children(moreNames, moreNodes);
    }

    Children without(String name) {
        int at = Arrays.binarySearch(names, name);
        if (at < 0) {
            return this;
        }
        var lessNames = new String[names.length - 1];
        var lessNodes = new Node[nodes.length - 1];
        System.arraycopy(names, 0, lessNames, 0, at);
        System.arraycopy(nodes, 0, lessNodes, 0, at);
        System.arraycopy(names, at + 1, lessNames, at, lessNames.length - at);
        System.arraycopy(nodes, at + 1, lessNodes, at, lessNodes.length - at);
        return new Children(lessNames, lessNodes);
    }

    List<String> names() {
        return List.of(names);
    }

    void forEach(BiConsumer<String, Node> action) {
        for (int i = 0; i < names.length; i++) {
            action.accept(names[i], nodes[i]);
        }
    }
}
