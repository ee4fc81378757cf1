package org.xenolith.guests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// What must be in a directory in which the program `files.pl` has said to have made files. The
/// numbers are that program's.
final class FilesRecord {
    private static final int PLACES = 64;

    private FilesRecord() {}

    /// Each place has a whole file, and one that is no older than what was said of it.
    ///
    /// @param last number that was said to be durable
    static void assertKept(Path directory, long last) throws IOException {
        for (int place = 0; place < PLACES; place++) {
            long least = last - Math.floorMod(last - place, PLACES);
            var file = directory.resolve("" + place);
            if (least > 0) {
                assertThat(file).exists();
            }
            if (Files.exists(file)) {
                assertThat(number(file, place)).as("place %d", place).isGreaterThanOrEqualTo(least);
            }
        }
    }

    private static long number(Path file, int place) throws IOException {
        var lines = Files.readAllLines(file);
        assertThat(lines).as("%s", file).isNotEmpty().containsOnly(lines.getFirst());
        long number = Long.parseLong(lines.getFirst());
        assertThat(lines).as("%s", file).hasSize((int) (1 + number * 7919 % 5000));
        assertThat(number % PLACES).as("%s", file).isEqualTo(place);
        return number;
    }
}
