package org.xenolith.board;

import org.xenolith.state.Bytes;
import org.xenolith.state.stream.StreamWriter;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;

/// The states that the reader of a stream has. For one thread.
final class SentStates {
    private record Key(String kind, int instance) {}

    private record Sent(Record state, Bytes encoded) {}

    private final Map<Key, Sent> sent = new HashMap<>();

    /// Has the reader have it: whole, or as what has changed, or as it has it already.
    void write(CapturedState<?> captured, StreamWriter out) throws IOException {
        var key = new Key(captured.codec().kind(), captured.instance());
        var before = sent.get(key);
        if (before != null && before.state.equals(captured.state())) {
            return;
        }
        var now = captured.encode();
        sent.put(key, new Sent(captured.state(), now.encoded()));
        if (before != null && before.encoded.length() == now.encoded().length()) {
            out.change(now, before.encoded);
        } else {
            out.write(now);
        }
    }
}
