package org.xenolith.mirror;

import org.xenolith.base.Clock;
import org.xenolith.migration.Link;
import org.xenolith.mirror.protocol.Message;
import org.xenolith.mirror.protocol.Protocol;

import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/// What both sides have in common: one thread on which the protocol runs, one that writes what it
/// says. Events come from any thread.
///
/// @param <E> events
/// @param <A> actions
abstract class EventLoop<E, A> {
    /// Who has more to tell waits.
    private static final int EVENTS_MAX = 256;

    /// Messages that have not been written; beats beyond that are left out.
    private static final int MESSAGES_MAX = 64;

    private static final long WAIT_NANOS_MAX = TimeUnit.SECONDS.toNanos(1);

    /// A refusal gets so long to go out before the connection is closed.
    private static final long LAST_WORDS_MILLIS_MAX = 200;

    private final Clock clock;
    private final Protocol<E, A> protocol;
    private final E tick;
    private final E heard;
    private final ArrayBlockingQueue<E> events = new ArrayBlockingQueue<>(EVENTS_MAX);
    private final ArrayBlockingQueue<Message> messages = new ArrayBlockingQueue<>(MESSAGES_MAX);
    private final AtomicBoolean hearing = new AtomicBoolean();
    private final CountDownLatch lastWritten = new CountDownLatch(1);
    private volatile boolean lastSaid;

    /// A message had no room: the connection is as good as lost.
    private volatile Optional<E> unsent = Optional.empty();

    private volatile boolean ended;

    /// Events are not taken any more.
    private volatile boolean deaf;

    EventLoop(Clock clock, Protocol<E, A> protocol, E tick, E heard) {
        this.clock = clock;
        this.protocol = protocol;
        this.tick = tick;
        this.heard = heard;
    }

    /// Does what the protocol wants. On the loop's thread.
    abstract void perform(A action);

    /// Whether the protocol has come to its end, and nothing that it is owed is under way.
    abstract boolean isDone();

    /// The connection does not take what is said.
    abstract E cannotSend(String reason);

    // ---------------------------------------------------------------- any thread

    /// Something has happened. Not heard if all has ended.
    void post(E event) {
        boolean interrupted = false;
        while (!deaf) {
            try {
                if (events.offer(event, 100, TimeUnit.MILLISECONDS)) {
                    break;
                }
            } catch (InterruptedException _) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /// The same for what need not be heard, by a thread that must not wait.
    void mention(E event) {
        events.offer(event);
    }

    /// Something has come from the other side.
    void hear() {
        if (!hearing.getAndSet(true)) {
            post(heard);
        }
    }

    /// The protocol has come to its end: who has something to tell need not wait for the loop,
    /// which may wait for him.
    void hearNoMore() {
        deaf = true;
    }

    /// Has a message written some time.
    void say(Message message) {
        if (isLast(message)) {
            lastSaid = true;
        }
        if (!messages.offer(message) && !(message instanceof Message.Beat)) {
            unsent = Optional.of(cannotSend("the connection takes nothing"));
        }
    }

    // ---------------------------------------------------------------- its threads

    /// Runs the protocol to its end, on the calling thread.
    void run() {
        try {
            handle(tick);
            while (!isDone()) {
                handle(next());
            }
        } finally {
            deaf = true;
            ended = true;
        }
    }

    private E next() {
        if (unsent.isPresent()) {
            var event = unsent.get();
            unsent = Optional.empty();
            return event;
        }
        long wait = Math.clamp(protocol.wakeNanos() - clock.nanos(), 0, WAIT_NANOS_MAX);
        try {
            var event = events.poll(wait, TimeUnit.NANOSECONDS);
            return event == null ? tick : event;
        } catch (InterruptedException _) {
            return tick; // a mirror ends by its protocol alone
        }
    }

    private void handle(E event) {
        if (event == heard) {
            hearing.set(false);
        }
        protocol.on(clock.nanos(), event).forEach(this::perform);
    }

    /// Writes messages until the connection or the mirror ends.
    void writeMessages(FrameOutput out) {
        try {
            while (!ended || !messages.isEmpty()) {
                var message = messages.poll(100, TimeUnit.MILLISECONDS);
                if (message != null) {
                    out.send(message);
                    if (isLast(message)) {
                        lastWritten.countDown();
                    }
                }
            }
        } catch (IOException e) {
            lastWritten.countDown();
            post(cannotSend("the connection failed: " + e.getMessage()));
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private static boolean isLast(Message message) {
        return message instanceof Message.Refused;
    }

    /// Closes the connection: at once, or when the last words have gone.
    void close(Link link) {
        if (lastSaid) {
            Thread.ofVirtual().name("mirror-close").start(() -> closeLater(link));
        } else {
            closeNow(link);
        }
    }

    private void closeLater(Link link) {
        awaitLastWords();
        closeNow(link);
    }

    /// Waits, not for long, until the last words have gone, if there are some.
    void awaitLastWords() {
        try {
            if (lastSaid) {
                lastWritten.await(LAST_WORDS_MILLIS_MAX, TimeUnit.MILLISECONDS);
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private static void closeNow(Link link) {
        try {
            link.close();
        } catch (IOException _) {
            return; // whoever waits in it hears of it
        }
    }
}
