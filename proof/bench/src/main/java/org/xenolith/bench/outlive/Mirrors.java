package org.xenolith.bench.outlive;

import org.xenolith.bench.guest.Guest;
import org.xenolith.bench.guest.Run;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/// A guest compiles and serves pages, with a copy at the other host and without. The two alternate,
/// and which comes first changes; each is compared with the one beside it.
final class Mirrors {
    private static final int PORT_OWN = 8080;
    private static final int PORT_HTTPD = 80;
    private static final double PAGE_BYTES = 4096;

    /// HTTP requests of each kind in a turn, and how far they are apart.
    private static final int REQUESTS = 100;

    private static final int REQUEST_MILLIS = 50;

    /// Requests that go before, so that nothing is done for the first time.
    private static final int REQUESTS_FIRST = 20;

    private static final String SERVERS =
            "mkdir /www; head -c 8192 /dev/urandom >/www/index.html; httpd -p %d -h /www;"
                    + " /bench/serve web %d >/dev/null & true";

    private final Lab lab;
    private final Readings readings;
    private final List<Turn> with = new ArrayList<>();
    private final List<Turn> without = new ArrayList<>();

    Mirrors(Lab lab, Readings readings) {
        this.lab = lab;
        this.readings = readings;
    }

    /// What one of the two has taken. Times of requests are in milliseconds.
    private record Turn(double compileSeconds, String sum, List<Double> kept, List<Double> fresh) {}

    void run(int rounds) throws IOException, InterruptedException {
        try (var guest = lab.boot()) {
            guest.type(SERVERS.formatted(PORT_HTTPD, PORT_OWN));
            warmUp(guest);
            for (int round = 0; round < rounds; round++) {
                boolean aloneFirst = round % 2 == 0;
                if (aloneFirst) {
                    without.add(turn(compile(guest)));
                }
                with.add(mirrored(guest));
                if (!aloneFirst) {
                    without.add(turn(compile(guest)));
                }
                compare(with.getLast(), without.getLast());
            }
        }
        readings.note(sentence());
    }

    private void warmUp(Guest guest) throws IOException, InterruptedException {
        compile(guest);
        compile(guest);
        try (var protection = Protection.begin(lab, lab.first(), lab.second())) {
            compile(guest);
            requests("kept", PORT_OWN, REQUESTS_FIRST);
            requests("new", PORT_HTTPD, REQUESTS_FIRST);
            protection.stop();
        }
    }

    private Turn turn(Run compiled) throws IOException, InterruptedException {
        return new Turn(
                compiled.laps().getFirst().nanos() / 1e9,
                compiled.sum(),
                requests("kept", PORT_OWN, REQUESTS),
                requests("new", PORT_HTTPD, REQUESTS));
    }

    private Turn mirrored(Guest guest) throws IOException, InterruptedException {
        try (var protection = Protection.begin(lab, lab.first(), lab.second());
                var watch = Watch.over(protection)) {
            var compiled = compile(guest);
            read(watch.end());
            var turn = turn(compiled);
            protection.stop();
            return turn;
        }
    }

    private static Run compile(Guest guest) throws IOException, InterruptedException {
        return guest.run("/bench/compile.sh 1");
    }

    private List<Double> requests(String kind, int port, int count)
            throws IOException, InterruptedException {
        return lab.client(kind, Network.GUEST, port, count, REQUEST_MILLIS).stream()
                .map(nanos -> nanos / 1e6)
                .toList();
    }

    private void read(List<Protection.Status> seen) {
        double pages = mean(seen, Protection.Status::pages);
        double bytes = mean(seen, Protection.Status::bytes);
        readings.add(Figures.COMPILE_STREAM, 100 * bytes / (pages * PAGE_BYTES));
        readings.add(Figures.COMPILE_PAGES, pages);
        readings.add(Figures.COMPILE_EPOCHS, mean(seen, Protection.Status::epochs));
        readings.add(Figures.COMPILE_PAUSE, mean(seen, Protection.Status::pauseMillis));
    }

    private static <T> double mean(List<T> all, ToDoubleFunction<T> of) {
        return all.stream().mapToDouble(of).average().orElseThrow();
    }

    // ---------------------------------------------------------------- beside each other

    private void compare(Turn mirrored, Turn alone) throws IOException {
        if (!mirrored.sum.equals(alone.sum)) {
            throw new IOException("the mirrored guest has compiled something else");
        }
        readings.add(Figures.COMPILE, 100 * (mirrored.compileSeconds / alone.compileSeconds - 1));
        longer(Figures.WEB_KEPT, mirrored.kept, alone.kept, 0.5);
        longer(Figures.WEB_KEPT_P99, mirrored.kept, alone.kept, 0.99);
        longer(Figures.WEB_NEW, mirrored.fresh, alone.fresh, 0.5);
        longer(Figures.WEB_NEW_P99, mirrored.fresh, alone.fresh, 0.99);
    }

    private void longer(Figure figure, List<Double> mirrored, List<Double> alone, double part) {
        double millis = quantile(mirrored, part) - quantile(alone, part);
        readings.add(figure, millis / Protection.EPOCH_MILLIS);
    }

    /// The least value that `part` of all do not exceed.
    static double quantile(List<Double> all, double part) {
        int place = (int) Math.ceil(part * all.size()) - 1;
        return all.stream().sorted().skip(Math.max(0, place)).findFirst().orElseThrow();
    }

    private String sentence() {
        return String.format(
                Locale.ROOT,
                "Means of the turns: a compile took %.2f s without a copy and %.2f s with one; the"
                        + " median answer by a connection that is there %.1f ms and %.1f ms, by a new"
                        + " one %.1f ms and %.1f ms.",
                mean(without, Turn::compileSeconds),
                mean(with, Turn::compileSeconds),
                mean(without, turn -> quantile(turn.kept, 0.5)),
                mean(with, turn -> quantile(turn.kept, 0.5)),
                mean(without, turn -> quantile(turn.fresh, 0.5)),
                mean(with, turn -> quantile(turn.fresh, 0.5)));
    }
}
