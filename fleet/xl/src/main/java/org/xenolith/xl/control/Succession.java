package org.xenolith.xl.control;

import org.xenolith.base.Clock;
import org.xenolith.board.Domain;
import org.xenolith.board.DomainConfig;
import org.xenolith.board.DomainException;
import org.xenolith.xl.config.ConfigWriter;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.function.Consumer;

/// `rename-restart`: a domain that has shut down is kept under another name, as Xen's `xl` names
/// it, and another UUID, and a new process gets its old ones.
final class Succession implements Consumer<DomainConfig> {
    private static final DateTimeFormatter SUFFIX =
            DateTimeFormatter.ofPattern("-uuuuMMdd'T'HHmm'Z'").withZone(ZoneOffset.UTC);

    /// How the new domain comes to be.
    @FunctionalInterface
    interface Launcher {
        /// Returns its id.
        int start(String source, String configText) throws ControlException;
    }

    private final Domain domain;
    private final RuntimeDirectory.Registration registration;
    private final Launcher launcher;

    Succession(Domain domain, RuntimeDirectory.Registration registration, Launcher launcher) {
        this.domain = domain;
        this.registration = registration;
        this.launcher = launcher;
    }

    @Override
    public void accept(DomainConfig config) {
        Thread.ofPlatform().daemon().name("succession").start(() -> succeed(config));
    }

    private void succeed(DomainConfig config) {
        try {
            var name = config.name() + SUFFIX.format(now());
            var uuid = DomainConfig.randomUuid();
            registration.identify(name, uuid);
            domain.rename(name, uuid);
            int id = launcher.start(config.name(), ConfigWriter.text(config));
            domain.log().add("is kept as %s; domain %d goes on".formatted(name, id));
        } catch (ControlException | DomainException e) {
            domain.log().add("cannot restart: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static Instant now() {
        return Instant.EPOCH.plusNanos(Clock.system().wallNanos());
    }
}
