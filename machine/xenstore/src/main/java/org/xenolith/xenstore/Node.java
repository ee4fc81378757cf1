package org.xenolith.xenstore;

import org.xenolith.state.Bytes;

/// A node of the tree. Immutable: a change makes new nodes from the root down to the changed one.
///
/// @param value what READ answers; possibly empty
/// @param permissions who may use the node
/// @param generation number of the change that last touched the value, the permissions or the list
///   of children; changes inside a child do not count
/// @param children the nodes below
record Node(Bytes value, Permissions permissions, long generation, Children children) {
    Node withValue(Bytes newValue, long newGeneration) {
        return new Node(newValue, permissions, newGeneration, children);
    }

    Node withPermissions(Permissions newPermissions, long newGeneration) {
        return new Node(value, newPermissions, newGeneration, children);
    }

    /// With a child added or removed.
    Node withChildren(Children newChildren, long newGeneration) {
        return new Node(value, permissions, newGeneration, newChildren);
    }

    /// With a child in another state than before.
    Node withChild(String name, Node child) {
        return new Node(value, permissions, generation, children.with(name, child));
    }
}
