package org.xenolith.xl;

import org.xenolith.xen.ShutdownReason;
import org.xenolith.xl.control.ControlClient;
import org.xenolith.xl.control.ControlException;

import java.io.PrintStream;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;

/// Verbs that change what a domain does.
final class LifecycleCommands {
    private LifecycleCommands() {}

    private interface Request {
        void send(ControlClient client) throws ControlException;
    }

    static int pause(Session session, Arguments arguments) throws ControlException {
        return send(session, arguments, ControlClient::pause);
    }

    static int unpause(Session session, Arguments arguments) throws ControlException {
        return send(session, arguments, ControlClient::unpause);
    }

    static int destroy(Session session, Arguments arguments) throws ControlException {
        return send(session, arguments, ControlClient::destroy);
    }

    static int shutdown(Session session, Arguments arguments)
            throws ControlException, UsageException {
        return ask(session, arguments, "Shutting down domain", ControlClient::shutdown);
    }

    static int reboot(Session session, Arguments arguments)
            throws ControlException, UsageException {
        return ask(session, arguments, "Rebooting domain", ControlClient::reboot);
    }

    private static int send(Session session, Arguments arguments, Request request)
            throws ControlException {
        var entry = session.runtime().find(arguments.operands().getFirst());
        request.send(new ControlClient(entry));
        return 0;
    }

    private static int ask(Session session, Arguments arguments, String doing, Request request)
            throws ControlException, UsageException {
        if (arguments.operands().isEmpty() && !arguments.has("all")) {
            throw new UsageException("you must specify -a or a domain id");
        }
        var chosen =
                arguments.has("all")
                        ? session.runtime().list()
                        : List.of(session.runtime().find(arguments.operands().getFirst()));
        var waits = new LinkedHashMap<Integer, Waits>();
        for (var entry : chosen) {
            session.err().println(doing + " " + entry.id());
            var client = new ControlClient(entry);
            if (arguments.has("wait")) {
                waits.put(entry.id(), new Waits(client.shutDown(), client.ended()));
            }
            request.send(client);
        }
        if (!waits.isEmpty()) {
            session.err().printf("Waiting for %d domains%n", waits.size());
        }
        boolean untilDeath = arguments.count("wait") > 1;
        waits.forEach((id, each) -> each.await(session.err(), id, untilDeath));
        return 0;
    }

    /// What is waited for of one domain: its guest's shutdown, and its own end.
    private record Waits(CompletableFuture<String> shutDown, CompletableFuture<String> ended) {
        void await(PrintStream err, int id, boolean untilDeath) {
            var code = reasonCode(shutDown.join());
            if (code.isPresent()) {
                err.printf("Domain %d has been shut down, reason code %d%n", id, code.getAsInt());
                if (!untilDeath) {
                    return;
                }
                err.printf("Domain %d continue waiting for death%n", id);
            }
            ended.join();
            err.printf("Domain %d has been destroyed%n", id);
        }

        /// Empty if the guest did not shut down by itself.
        private static OptionalInt reasonCode(String word) {
            return Arrays.stream(ShutdownReason.values())
                    .filter(reason -> reason.name().toLowerCase(Locale.ROOT).equals(word))
                    .mapToInt(ShutdownReason::code)
                    .findFirst();
        }
    }
}
