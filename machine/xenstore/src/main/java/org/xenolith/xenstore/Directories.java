package org.xenolith.xenstore;

import org.xenolith.state.Bytes;

import java.util.ArrayList;
import java.util.List;

/// How lists of children travel: names, each followed by a nul.
final class Directories {
    private Directories() {}

    /// The answer to DIRECTORY.
    static Bytes whole(Node node) {
        return Message.text(joined(node.children().names()));
    }

    /// The answer to DIRECTORY_PART: the node's generation, then as many names as fit, from byte
    /// `offset` of the whole list on. An empty name marks the end of the list.
    static Bytes part(Node node, int offset) {
        var generation = Long.toUnsignedString(node.generation()) + "\0";
        int room = Message.PAYLOAD_BYTES_MAX - generation.length() - 1;
        var part = new ArrayList<String>();
        long at = 0;
        for (var name : node.children().names()) {
            int length = name.length() + 1;
            if (at >= offset) {
                if (length > room) {
                    return Message.text(generation + joined(part));
                }
                part.add(name);
                room -= length;
            }
            at += length;
        }
        return Message.text(generation + joined(part) + "\0");
    }

    private static String joined(List<String> names) {
        var text = new StringBuilder();
        names.forEach(name -> text.append(name).append('\0'));
        return text.toString();
    }
}
