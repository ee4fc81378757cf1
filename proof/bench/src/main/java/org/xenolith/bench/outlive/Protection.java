package org.xenolith.bench.outlive;

import org.xenolith.xl.control.ControlException;
import org.xenolith.xl.control.MirrorClient;

import java.io.IOException;
import java.time.Duration;

/// `xl remus` while it runs: a guest of which the other host keeps a copy.
final class Protection implements AutoCloseable {
    /// From one checkpoint to the next.
    static final int EPOCH_MILLIS = 25;

    private static final Duration BEGIN_MAX = Duration.ofSeconds(30);

    private final Host primary;
    private final Background remus;

    private Protection(Host primary, Background remus) {
        this.primary = primary;
        this.remus = remus;
    }

    /// Waits until the copy is whole.
    static Protection begin(Lab lab, Host primary, Host backup)
            throws IOException, InterruptedException {
        var command =
                primary.xl(
                        "remus",
                        "-i",
                        Integer.toString(EPOCH_MILLIS),
                        "--arbiter=" + lab.arbiter(),
                        "-s",
                        "",
                        Lab.NAME,
                        backup.receiver("-r"));
        var protection = new Protection(primary, lab.start(command));
        try {
            protection.remus.awaitLine("is protected", BEGIN_MAX);
            return protection;
        } catch (IOException | InterruptedException e) {
            protection.close();
            throw e;
        }
    }

    /// How it is doing: means of the last epochs.
    ///
    /// @param epochs that are committed in a second
    /// @param pages with content, of an epoch
    /// @param bytes of the stream, of an epoch
    record Status(double epochs, double pages, double bytes, double pauseMillis) {}

    Status status() throws IOException {
        try {
            var status = new MirrorClient(primary.find(Lab.NAME)).status();
            return new Status(
                    status.epochsPerSecond(),
                    status.pagesPerEpoch(),
                    status.bytesPerEpoch(),
                    status.pauseNanos() / 1e6);
        } catch (ControlException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    /// The guest goes on without.
    void stop() throws IOException, InterruptedException {
        try {
            new MirrorClient(primary.find(Lab.NAME)).stop();
        } catch (ControlException e) {
            throw new IOException(e.getMessage(), e);
        }
        remus.awaitEnd();
    }

    @Override
    public void close() {
        remus.close();
    }
}
