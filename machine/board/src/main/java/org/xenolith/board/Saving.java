package org.xenolith.board;

import java.io.IOException;

/// How a machine is saved, and where to. Called on the domain's own thread while the machine is
/// paused.
@FunctionalInterface
public interface Saving {
    /// Calls [Machine#save], once, and makes what was written last. When this returns the machine
    /// may be destroyed.
    void save(Machine machine) throws IOException, DomainException;
}
