package org.xenolith.board;

import org.xenolith.state.Bytes;
import org.xenolith.state.stream.StreamRecord;

import java.util.HashMap;
import java.util.Map;

/// The states that the reader of a stream has. For one thread.
final class SentStates {
    private record Key(String kind, int instance) {}

    private final Map<Key, Bytes> sent = new HashMap<>();

    /// Whether the reader has it not yet; it has from now on.
    boolean isNew(StreamRecord.State state) {
        var before = sent.put(new Key(state.kind(), state.instance()), state.encoded());
        return !state.encoded().equals(before);
    }
}
