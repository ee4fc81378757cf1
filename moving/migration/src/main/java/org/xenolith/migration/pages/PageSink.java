package org.xenolith.migration.pages;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/// Where the pages of a round go. What is given is copied before the call returns.
public interface PageSink {
    /// A page with its content.
    ///
    /// @param again it may come once more, so that it is worth keeping what has been sent of it
    void content(long gfn, MemorySegment content, boolean again) throws IOException;

    /// A page of zeros that the other side does not have yet.
    void allocated(long gfn) throws IOException;

    /// A page that is no longer there.
    void hole(long gfn) throws IOException;

    /// Nothing that was added stays here.
    void flush() throws IOException;
}
