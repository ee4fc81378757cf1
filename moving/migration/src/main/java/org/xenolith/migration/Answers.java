package org.xenolith.migration;

import java.io.IOException;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.TimeUnit;

/// What the target says, read by a thread of its own, so that a refusal is seen while the source is
/// writing. For one thread.
final class Answers {
    /// More answers than that are waiting only if nobody has asked.
    private static final int WAITING_MAX = 64;

    private sealed interface Event {
        record Said(Frame frame) implements Event {}

        record Ended(IOException reason) implements Event {}
    }

    private final Link link;
    private final ArrayBlockingQueue<Event> events = new ArrayBlockingQueue<>(WAITING_MAX);

    private Answers(Link link) {
        this.link = link;
    }

    static Answers of(Link link) {
        var answers = new Answers(link);
        Thread.ofVirtual().name("migration-answers").start(answers::read);
        return answers;
    }

    private void read() {
        try {
            while (true) {
                put(new Event.Said(Frames.read(link.input())));
            }
        } catch (IOException e) {
            events.offer(new Event.Ended(e));
        }
    }

    private void put(Event event) throws IOException {
        if (!events.offer(event)) {
            events.clear();
            throw new IOException("the target says too much");
        }
    }

    /// The next frame.
    ///
    /// @throws IOException if there is none in time, or the connection has ended
    Frame next(long millisMax) throws IOException, InterruptedException {
        var event = events.poll(millisMax, TimeUnit.MILLISECONDS);
        return switch (event) {
            case null -> throw new IOException("the target does not answer");
            case Event.Said(var frame) -> frame;
            case Event.Ended(var reason) -> {
                events.offer(event); // nothing else comes
                throw new IOException(reason.getMessage(), reason);
            }
        };
    }

    /// The reason that the target gives if it refuses; `otherwise` if it does not within this time.
    String refusalWithin(long millisMax, String otherwise) throws InterruptedException {
        try {
            while (true) {
                if (next(millisMax) instanceof Frame.Refused(var reason)) {
                    return reason;
                }
            }
        } catch (IOException _) {
            return otherwise;
        }
    }

    /// The reason that the target has given if it has refused, without waiting for it.
    String refusalOr(String otherwise) {
        for (var event : events) {
            if (event instanceof Event.Said(Frame.Refused(var reason))) {
                return reason;
            }
        }
        return otherwise;
    }
}
