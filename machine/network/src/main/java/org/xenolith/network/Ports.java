package org.xenolith.network;

import org.xenolith.base.Clock;

import java.nio.file.Path;
import java.util.function.Consumer;

/// Opens ports. One for a process is enough; domains whose networks are to meet within the process
/// must share it. May be used from any thread.
public final class Ports implements AutoCloseable {
    /// @param directory where the processes of one user's domains meet; made when it is needed
    /// @param log gets lines for the operator, without an end; must not wait
    public Ports(Path directory, Clock clock, Consumer<String> log) {}

    /// Plugs an interface in. Nothing of it is left behind if this throws, and all of it is given
    /// back by [Port#close] or the end of the process, however it ends.
    public Port open(PortKind kind, GuestInterface owner) throws NetworkException {
        throw new NetworkException.Refused("no port of the kind " + kind + " for " + owner.name());
    }

    /// Closes what is still open.
    @Override
    public void close() {}
}
