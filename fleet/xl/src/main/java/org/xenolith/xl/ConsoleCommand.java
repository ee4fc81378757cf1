package org.xenolith.xl;

import org.xenolith.xl.control.ControlClient;
import org.xenolith.xl.control.ControlException;

import java.io.IOException;

/// `xl console`.
final class ConsoleCommand {
    private ConsoleCommand() {}

    static int run(Session session, Arguments arguments)
            throws ControlException, UsageException, IOException, InterruptedException {
        var type = arguments.value("t").orElse("pv");
        if (!type.equals("pv") && !type.equals("serial")) {
            throw new UsageException("console type supported are: pv, serial");
        }
        if (!arguments.value("n").orElse("0").equals("0")) {
            throw new UsageException("there is console number 0 only");
        }
        int escape = escape(arguments.value("e").orElse("^]"));
        var entry = session.runtime().find(arguments.operands().getFirst());
        try (var console = new ControlClient(entry).console(type)) {
            ConsoleClient.attach(console, escape, System.in, session.out());
        }
        return 0;
    }

    /// `^X` for a control character, or the character itself, as xenconsole(1) takes it.
    private static int escape(String text) throws UsageException {
        if (text.length() == 2 && text.charAt(0) == '^') {
            return text.charAt(1) & 0x1F;
        }
        if (text.length() == 1 && text.charAt(0) < 0x80) {
            return text.charAt(0);
        }
        throw new UsageException("escape character must be one character, or ^ and one");
    }
}
