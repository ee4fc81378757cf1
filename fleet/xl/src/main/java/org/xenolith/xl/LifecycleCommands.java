package org.xenolith.xl;

import org.xenolith.xl.control.ControlClient;
import org.xenolith.xl.control.ControlException;

import java.util.LinkedHashMap;
import java.util.List;
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
        var ends = new LinkedHashMap<Integer, CompletableFuture<String>>();
        for (var entry : chosen) {
            session.err().println(doing + " " + entry.id());
            var client = new ControlClient(entry);
            if (arguments.has("wait")) {
                ends.put(entry.id(), client.ended());
            }
            request.send(client);
        }
        ends.forEach((id, ended) -> {
            ended.join();
            session.err().printf("Domain %d has been destroyed%n", id);
        });
        return 0;
    }
}
