package org.xenolith.guests;

import static org.assertj.core.api.Assertions.assertThat;

import org.xenolith.base.Clock;
import org.xenolith.network.testing.Namespace;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32C;

/// Asks a guest that sends back what it gets, over one TCP connection, all the time. A question is
/// a number, octets by chance and a checksum over both; answers come in the order of questions.
final class EchoClient implements AutoCloseable {
    private static final int PORT = 7;
    private static final int OCTETS = 500;
    private static final int QUESTION_BYTES = 8 + OCTETS + 4;

    /// Questions without an answer.
    private static final int OPEN_MAX = 16;

    private static final long PACE_MILLIS = 5;
    private static final long ANSWER_SECONDS_MAX = 120;

    private final Clock clock = Clock.system();
    private final Socket socket;
    private final Semaphore room = new Semaphore(OPEN_MAX);

    /// When each of the last questions has been asked. Guarded by this object, as is what follows.
    private final long[] askedAt = new long[OPEN_MAX];

    private long answers;
    private long lastAnswerAt;
    private long lastAnswerAskedAt;
    private long gapNanosMax;
    private boolean closed;
    private Optional<String> broken = Optional.empty();

    private EchoClient(Socket socket) {
        this.socket = socket;
    }

    /// Connects from a namespace and begins to ask.
    static EchoClient connect(Namespace from, String address) throws Exception {
        var socket = from.call(() -> new Socket(InetAddress.ofLiteral(address), PORT));
        socket.setTcpNoDelay(true);
        var client = new EchoClient(socket);
        Thread.ofPlatform().daemon().name("echo-asks").start(() -> client.guarded(client::ask));
        Thread.ofPlatform().daemon().name("echo-hears").start(() -> client.guarded(client::hear));
        return client;
    }

    private interface Work {
        void run() throws IOException, InterruptedException;
    }

    private void guarded(Work work) {
        try {
            work.run();
        } catch (IOException | InterruptedException | RuntimeException e) {
            synchronized (this) {
                if (!closed && broken.isEmpty()) {
                    broken = Optional.of("after %d answers: %s".formatted(answers, e));
                }
                notifyAll();
            }
        }
    }

    private static byte[] question(long number) {
        var octets = new byte[OCTETS];
        new SplittableRandom(number).nextBytes(octets);
        var question = ByteBuffer.allocate(QUESTION_BYTES).putLong(number).put(octets);
        var sum = new CRC32C();
        sum.update(question.array(), 0, question.position());
        return question.putInt((int) sum.getValue()).array();
    }

    private void ask() throws IOException, InterruptedException {
        var out = new DataOutputStream(socket.getOutputStream());
        for (long number = 0; ; number++) {
            room.acquire();
            synchronized (this) {
                askedAt[(int) (number % OPEN_MAX)] = clock.nanos();
            }
            out.write(question(number));
            out.flush();
            TimeUnit.MILLISECONDS.sleep(PACE_MILLIS);
        }
    }

    private void hear() throws IOException {
        var in = new DataInputStream(socket.getInputStream());
        var answer = new byte[QUESTION_BYTES];
        for (long number = 0; ; number++) {
            in.readFully(answer);
            assertEqual(number, answer);
            heard(number);
            room.release();
        }
    }

    private static void assertEqual(long number, byte[] answer) throws IOException {
        if (!Arrays.equals(answer, question(number))) {
            throw new IOException("answer %d is not what was asked".formatted(number));
        }
    }

    private synchronized void heard(long number) {
        long now = clock.nanos();
        if (answers > 0) {
            gapNanosMax = Math.max(gapNanosMax, now - lastAnswerAt);
        }
        answers++;
        lastAnswerAt = now;
        lastAnswerAskedAt = askedAt[(int) (number % OPEN_MAX)];
        notifyAll();
    }

    /// How many answers have come.
    synchronized long answers() {
        return answers;
    }

    /// Waits for so many more answers.
    synchronized void awaitAnswers(int count) throws Exception {
        long enough = answers + count;
        while (answers < enough) {
            awaitOne();
        }
    }

    /// Waits for an answer to what is asked from now on; returns when it came.
    synchronized long awaitNewAnswer() throws Exception {
        long now = clock.nanos();
        while (answers == 0 || lastAnswerAskedAt < now) {
            awaitOne();
        }
        return lastAnswerAt;
    }

    private void awaitOne() throws Exception {
        long before = answers;
        long deadline = clock.nanos() + TimeUnit.SECONDS.toNanos(ANSWER_SECONDS_MAX);
        while (answers == before) {
            assertThat(broken).as("the connection stays").isEmpty();
            long left = deadline - clock.nanos();
            assertThat(left).as("the guest answers, after %d answers", answers).isPositive();
            TimeUnit.NANOSECONDS.timedWait(this, left);
        }
    }

    /// The longest time between two answers since this was asked last, in milliseconds.
    synchronized long longestGapMillis() {
        long millis = TimeUnit.NANOSECONDS.toMillis(gapNanosMax);
        gapNanosMax = 0;
        return millis;
    }

    @Override
    public void close() throws IOException {
        synchronized (this) {
            closed = true;
        }
        socket.close();
    }
}
