package org.xenolith.xl;

import org.xenolith.board.Trigger;
import org.xenolith.xl.control.ControlException;
import org.xenolith.xl.control.GuestClient;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/// Verbs that change what a running guest has, or press its keys.
final class GuestCommands {
    private GuestCommands() {}

    static int memSet(Session session, Arguments arguments) throws ControlException {
        long kibibytes = MemorySize.parseKib(arguments.operands().get(1));
        guest(session, arguments).setMemory(kibibytes);
        return 0;
    }

    static int memMax(Session session, Arguments arguments) throws ControlException {
        long kibibytes = MemorySize.parseKib(arguments.operands().get(1));
        guest(session, arguments).setMaxMemory(kibibytes);
        return 0;
    }

    static int vcpuSet(Session session, Arguments arguments) throws ControlException {
        int count = number(arguments.operands().get(1));
        int processors = Runtime.getRuntime().availableProcessors();
        if (count > processors && !arguments.has("ignore-host")) {
            throw new ControlException(
                    ("this host has %d CPUs and you want %d vCPUs; use --ignore-host to have them"
                                    + " all the same")
                            .formatted(processors, count));
        }
        guest(session, arguments).setVcpus(count);
        return 0;
    }

    static int trigger(Session session, Arguments arguments) throws ControlException {
        var words = arguments.operands();
        var trigger =
                Trigger.ofWord(words.get(1))
                        .orElseThrow(() ->
                                new ControlException("invalid trigger \"" + words.get(1) + "\""));
        guest(session, arguments).trigger(trigger, words.size() > 2 ? number(words.get(2)) : 0);
        return 0;
    }

    static int sysrq(Session session, Arguments arguments) throws ControlException, UsageException {
        var key = arguments.operands().get(1);
        if (key.length() != 1) {
            throw new UsageException("invalid sysrq \"" + key + "\": it is one letter");
        }
        guest(session, arguments).pressSysrq(key.charAt(0));
        return 0;
    }

    /// All domains together are what Xen would be.
    static int debugKeys(Session session, Arguments arguments) throws ControlException {
        for (var entry : session.runtime().list()) {
            new GuestClient(entry).pressDebugKeys(arguments.operands().getFirst());
        }
        return 0;
    }

    static int dumpCore(Session session, Arguments arguments) throws ControlException {
        try {
            guest(session, arguments).dumpCore(Path.of(arguments.operands().get(1)));
            return 0;
        } catch (InvalidPathException e) {
            throw new ControlException("not a path: " + e.getMessage(), e);
        }
    }

    static int rename(Session session, Arguments arguments) throws ControlException {
        guest(session, arguments).rename(arguments.operands().get(1));
        return 0;
    }

    private static int number(String text) throws ControlException {
        if (!text.matches("[0-9]{1,9}")) {
            throw new ControlException("not a number of vCPUs, nor of one: " + text);
        }
        return Integer.parseInt(text);
    }

    private static GuestClient guest(Session session, Arguments arguments) throws ControlException {
        return new GuestClient(session.runtime().find(arguments.operands().getFirst()));
    }
}
