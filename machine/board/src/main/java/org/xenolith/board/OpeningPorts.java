package org.xenolith.board;

import org.xenolith.network.GuestInterface;
import org.xenolith.network.NetworkException;
import org.xenolith.network.Port;
import org.xenolith.network.PortKind;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.BiConsumer;

/// Ports that are opened while the machine that they are for is still being made: the host takes
/// some milliseconds for one. For one thread at a time.
final class OpeningPorts {
    private final PortOpener opener;

    /// By number of the interface.
    private final Map<Integer, CompletableFuture<Port>> opening = new HashMap<>();

    OpeningPorts(PortOpener opener) {
        this.opener = opener;
    }

    /// Begins to open the port of an interface, once for each.
    void begin(PortKind kind, GuestInterface owner) {
        var port = new CompletableFuture<Port>();
        opening.put(owner.device(), port);
        Thread.ofPlatform()
                .daemon()
                .name("open-" + owner.name())
                .start(() -> open(kind, owner, port));
    }

    private void open(PortKind kind, GuestInterface owner, CompletableFuture<Port> port) {
        try {
            port.complete(opener.open(kind, owner));
        } catch (NetworkException | RuntimeException | Error e) {
            port.completeExceptionally(e);
        }
    }

    /// Waits for the port of an interface and gives it away; empty if it has not been begun.
    ///
    /// @throws NetworkException if there can be none
    Optional<Port> take(int device) throws NetworkException {
        var port = opening.remove(device);
        if (port == null) {
            return Optional.empty();
        }
        try {
            return Optional.of(port.join());
        } catch (CompletionException e) {
            if (e.getCause() instanceof NetworkException reason) {
                throw reason;
            }
            throw e;
        }
    }

    /// Closes what nobody has taken, when it is open.
    ///
    /// @param failed told of those that cannot be closed, by the number of the interface
    void close(BiConsumer<Integer, IOException> failed) {
        opening.forEach((device, port) -> close(port).ifPresent(e -> failed.accept(device, e)));
        opening.clear();
    }

    private static Optional<IOException> close(CompletableFuture<Port> port) {
        var opened = port.exceptionally(_ -> null).join();
        if (opened == null) {
            return Optional.empty();
        }
        try {
            opened.close();
            return Optional.empty();
        } catch (IOException e) {
            return Optional.of(e);
        }
    }
}
