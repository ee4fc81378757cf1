package org.xenolith.migration;

import org.xenolith.base.Bug;

import java.io.IOException;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/// What a source does that has said Go and not heard the end of it: it asks the target until that
/// answers, or until the operator decides. Meanwhile the machine stands still. May be used from any
/// thread.
public final class Doubt {
    /// Between two questions, at first and at most.
    private static final long FIRST_WAIT_MILLIS = 100;

    private static final long WAIT_MILLIS_MAX = 5_000;

    /// For one answer.
    private static final long ANSWER_MILLIS_MAX = 60_000;

    private final Consumer<String> log;

    /// Whether the target has it, by the operator's word.
    private final CompletableFuture<Boolean> decision = new CompletableFuture<>();

    private volatile boolean open;

    /// `log` is told that there is a doubt, and how it ends.
    public Doubt(Consumer<String> log) {
        this.log = log;
    }

    /// Whether the machine stands still because of it.
    public boolean isOpen() {
        return open;
    }

    /// The operator knows what has become of the machine. Does nothing if there is no doubt any
    /// more.
    public void decide(boolean targetHasIt) {
        decision.complete(targetHasIt);
    }

    /// Whether the target has the machine.
    boolean settle(UUID id, Link.Dialer dialer, Exception reason) {
        open = true;
        log.accept(
                "migration %s: the target may have the machine, which stands still here: %s"
                        .formatted(id, reason.getMessage()));
        boolean interrupted = Thread.interrupted();
        long wait = FIRST_WAIT_MILLIS;
        var answer = ask(id, dialer);
        while (answer.isEmpty()) {
            try {
                answer = Optional.of(decision.get(wait, TimeUnit.MILLISECONDS));
            } catch (TimeoutException _) {
                wait = Math.min(2 * wait, WAIT_MILLIS_MAX);
                answer = ask(id, dialer);
            } catch (InterruptedException _) {
                interrupted = true;
            } catch (ExecutionException e) {
                throw new Bug("a decision does not fail", e);
            }
        }
        open = false;
        log.accept(
                "migration %s: the machine is %s"
                        .formatted(id, answer.get() ? "the target's" : "here"));
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return answer.get();
    }

    /// What the target says; empty if it does not.
    private static Optional<Boolean> ask(UUID id, Link.Dialer dialer) {
        try (var link = dialer.dial();
                var _ = Deadline.closing(link, ANSWER_MILLIS_MAX)) {
            Frames.write(link.output(), new Frame.Ask(id));
            return switch (Frames.read(link.input())) {
                case Frame.Running() -> Optional.of(true);
                case Frame.Refused(_) -> Optional.of(false);
                default -> Optional.empty();
            };
        } catch (IOException _) {
            return Optional.empty();
        }
    }
}
