package org.xenolith.xl;

import org.xenolith.xl.config.ConfigException;
import org.xenolith.xl.control.ControlException;
import org.xenolith.xl.control.DomainDescription;
import org.xenolith.xl.control.GuestClient;
import org.xenolith.xl.control.Json;

/// `xl config-update`: what a domain is made of from its next boot on.
final class ConfigUpdateCommand {
    private ConfigUpdateCommand() {}

    static int run(Session session, Arguments arguments)
            throws UsageException, ConfigException, ControlException {
        var words = arguments.operands();
        var entry = session.runtime().find(words.getFirst());
        var source = ConfigSource.of(words.subList(1, words.size()), arguments.value("defconfig"));
        var result = source.read();
        result.warnings().forEach(session.err()::println);
        if (arguments.has("d") || session.dryRun()) {
            session.out().println(Json.pretty(DomainDescription.toJson(result.config())));
        }
        if (!session.dryRun()) {
            session.err().printf("setting dom%d configuration%n", entry.id());
            new GuestClient(entry).updateConfig(source.file(), source.whole());
        }
        return 0;
    }
}
