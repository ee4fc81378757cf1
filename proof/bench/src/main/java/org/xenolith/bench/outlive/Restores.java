package org.xenolith.bench.outlive;

import org.xenolith.board.Domain;
import org.xenolith.board.DomainException;
import org.xenolith.board.VcpuInfo;
import org.xenolith.board.Xenolith;
import org.xenolith.xl.config.ConfigException;
import org.xenolith.xl.config.ConfigReader;
import org.xenolith.xl.control.SavedFile;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.time.Duration;

/// A guest that computes is saved, and goes on from its file: in this process, and by `xl restore`.
/// It has no network here, since this process is not where the bridge is.
final class Restores {
    private static final int TIMES_EACH_ROUND = 2;

    /// Times that are not counted: the second run of a build and all later ones are what counts.
    private static final int FIRST_TIMES = 2;

    private static final Duration FIRST_INSTRUCTION_MAX = Duration.ofSeconds(20);

    private final Lab lab;
    private final Readings readings;

    Restores(Lab lab, Readings readings) {
        this.lab = lab;
        this.readings = readings;
    }

    void run(int rounds) throws IOException, InterruptedException {
        var file = lab.directory().resolve("saved");
        try (var guest = lab.bootAlone()) {
            guest.type("while :; do :; done & true");
            lab.first().run(lab.clock(), "save", Lab.NAME, file.toString());
        }
        for (int i = -FIRST_TIMES; i < rounds * TIMES_EACH_ROUND; i++) {
            double seconds = command(file);
            if (i >= 0) {
                readings.add(Figures.RESTORE_XL, seconds);
            }
        }
        for (int i = -FIRST_TIMES; i < rounds * TIMES_EACH_ROUND; i++) {
            double millis = firstInstruction(file);
            if (i >= 0) {
                readings.add(Figures.RESTORE_FIRST, millis);
            }
        }
    }

    /// Seconds from the command's start to its end, at which the domain runs.
    private double command(Path file) throws IOException, InterruptedException {
        try {
            return lab.first().run(lab.clock(), "restore", file.toString()).nanos() / 1e9;
        } finally {
            lab.first().destroyAll();
        }
    }

    /// Milliseconds from the file to the guest's first instruction.
    private double firstInstruction(Path file) throws IOException {
        long start = lab.clock().nanos();
        try (var domain = restore(file)) {
            long before = instructions(domain);
            while (instructions(domain) == before) {
                if (lab.clock().nanos() - start > FIRST_INSTRUCTION_MAX.toNanos()) {
                    throw new IOException("the restored guest does nothing");
                }
                Thread.onSpinWait();
            }
            return (lab.clock().nanos() - start) / 1e6;
        }
    }

    private static long instructions(Domain domain) {
        return domain.vcpus().stream().mapToLong(VcpuInfo::instructions).sum();
    }

    private static Domain restore(Path file) throws IOException {
        try {
            var config = ConfigReader.read(file.toString(), header(file).config()).config();
            var machine = Xenolith.restoring(file, all -> SavedFile.read(all).streamPosition());
            return Xenolith.restore(config, machine);
        } catch (ConfigException | DomainException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    private static SavedFile.Header header(Path file) throws IOException, DomainException {
        try (var arena = Arena.ofConfined();
                var channel = FileChannel.open(file)) {
            return SavedFile.read(channel.map(MapMode.READ_ONLY, 0, channel.size(), arena));
        }
    }
}
