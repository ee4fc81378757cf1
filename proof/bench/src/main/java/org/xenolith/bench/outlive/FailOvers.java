package org.xenolith.bench.outlive;

import java.io.IOException;

/// The process of a mirrored guest is killed, again and again: at the first host, then at the
/// second, and so on. A client of the network sees when the guest answers again.
final class FailOvers {
    private static final int PORT = 8080;
    private static final int TIMES_EACH_ROUND = 2;

    /// A mirror that has run for a while.
    private static final long SETTLE_MILLIS = 2000;

    private final Lab lab;
    private final Readings readings;

    FailOvers(Lab lab, Readings readings) {
        this.lab = lab;
        this.readings = readings;
    }

    void run(int rounds) throws IOException, InterruptedException {
        try (var guest = lab.boot()) {
            guest.type("/bench/serve web %d >/dev/null & true".formatted(PORT));
            for (int i = 0; i < rounds * TIMES_EACH_ROUND; i++) {
                boolean there = i % 2 == 0;
                failOver(there ? lab.first() : lab.second(), there ? lab.second() : lab.first());
            }
        }
    }

    private void failOver(Host primary, Host backup) throws IOException, InterruptedException {
        try (var _ = Protection.begin(lab, primary, backup)) {
            Lab.await(SETTLE_MILLIS);
            long process = primary.find(Lab.NAME).pid();
            var nanos = lab.client("kill", process, Network.GUEST, PORT);
            readings.add(Figures.REPLY, nanos.getFirst() / 1e6);
            readings.add(Figures.REPLY_TCP, nanos.getLast() / 1e6);
        }
    }
}
