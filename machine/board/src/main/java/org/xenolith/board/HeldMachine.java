package org.xenolith.board;

import org.xenolith.state.stream.StreamWriter;

import java.io.IOException;
import java.util.Set;

/// The states of a machine's devices at the instant at which it was held, see [Machine#hold].
public interface HeldMachine {
    /// The gfns of pages that are part of these states: whoever copies the memory leaves them out.
    Set<Long> ownPages();

    /// Writes the states, up to a CHECKPOINT. Memory has been written.
    void save(StreamWriter out) throws IOException;
}
