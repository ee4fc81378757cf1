package org.xenolith.mirror;

import org.xenolith.migration.pages.PageSink;
import org.xenolith.state.stream.StreamWriter;

import java.io.IOException;

/// What has changed in an epoch, copied aside: the machine runs on. At most two are open at a time;
/// each is written once, in the order of their epochs, and closed.
public interface Checkpoint extends AutoCloseable {
    /// For how long the machine has stood still.
    long pauseNanos();

    /// Pages with content.
    long pages();

    /// Writes all of it: pages into `pages`, which writes to `out` and is flushed, then what has
    /// been written to disks, states, and CHECKPOINT at the end.
    void write(PageSink pages, StreamWriter out) throws IOException;

    /// Frees the copies. From any thread, once, and not while it is being written.
    @Override
    void close();
}
