package org.xenolith.xtf;

import org.xenolith.base.Clock;
import org.xenolith.board.Domain;
import org.xenolith.board.DomainConfig;
import org.xenolith.board.DomainException;
import org.xenolith.board.Xenolith;
import org.xenolith.xl.config.ConfigException;
import org.xenolith.xl.config.ConfigReader;

import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// Runs one test after the other, each in a new machine.
final class XtfRunner {
    private final Duration deadline;
    private final Clock clock = Clock.system();

    XtfRunner(Duration deadline) {
        this.deadline = deadline;
    }

    Outcome run(XtfTest test) throws InterruptedException {
        long start = clock.nanos();
        DomainConfig config;
        try {
            config = config(test);
        } catch (ConfigException e) {
            return outcome(test, Verdict.BROKEN, start, "", e.getMessage());
        }
        try (var domain = Xenolith.create(config)) {
            boolean ended = awaitEnd(domain);
            var console = domain.console().text();
            var log = String.join("\n", domain.log().lines());
            return outcome(test, verdict(ended, console, log), start, console, log);
        } catch (DomainException e) {
            return outcome(test, Verdict.BROKEN, start, "", e.getMessage());
        }
    }

    private static Verdict verdict(boolean ended, String console, String log) {
        if (log.contains("invariant is broken")) {
            return Verdict.BROKEN;
        }
        return ended ? Verdict.of(console) : Verdict.HANG;
    }

    private Outcome outcome(XtfTest test, Verdict verdict, long start, String console, String log) {
        return new Outcome(test, verdict, Duration.ofNanos(clock.nanos() - start), console, log);
    }

    /// The kernel is the one in the tree, wherever the tree has been moved to since it was built.
    private static DomainConfig config(XtfTest test) throws ConfigException {
        var file = test.config().toString();
        var text = ConfigReader.readFile(file);
        var kernel = "\nfirmware_override=\"" + test.kernel().toAbsolutePath() + "\"\n";
        return ConfigReader.read(file, text + kernel).config();
    }

    private boolean awaitEnd(Domain domain) throws InterruptedException {
        try {
            domain.ended().get(deadline.toMillis(), TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException late) {
            return false;
        } catch (ExecutionException e) {
            return true;
        }
    }
}
