package org.xenolith.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.bench.outlive.Figure;
import org.xenolith.bench.outlive.Figures;
import org.xenolith.bench.table.Row;
import org.xenolith.bench.table.Rows;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

class OptionsTest {
    private static Options parse(String line) {
        return Options.parse(line.isEmpty() ? List.of() : List.of(line.split(" ")));
    }

    @Test
    void withoutWordsEverythingIsRunThreeTimes() {
        assertThat(parse(""))
                .isEqualTo(new Options(false, 3, Rows.ALL, Figures.ALL, Optional.empty()));
    }

    @Test
    void rowsComeInTheTablesOrder() {
        assertThat(parse("pipe boot crc pipe").rows())
                .extracting(Row::name)
                .containsExactly("boot-init", "boot-shell", "crc", "pipe");
    }

    @Test
    void oneTableDoesNotAskForTheOther() {
        assertThat(parse("outlive").rows()).isEmpty();
        assertThat(parse("outlive").figures()).isEqualTo(Figures.ALL);
        assertThat(parse("crc").figures()).isEmpty();
        assertThat(parse("fail-over crc restore-xl").figures())
                .extracting(Figure::name)
                .containsExactly("restore-xl", "fail-over");
    }

    @Test
    void roundsAreANumber() {
        assertThat(parse("--rounds 5").rounds()).isEqualTo(5);
        assertThat(parse("--rounds=1 crc").rounds()).isEqualTo(1);
        for (var wrong : List.of("--rounds", "--rounds=", "--rounds 0", "--rounds x")) {
            assertThatThrownBy(() -> parse(wrong))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("--rounds");
        }
    }

    @Test
    void anImageIsAFile(@TempDir Path directory) throws Exception {
        var image = Files.createFile(directory.resolve("system.img"));
        assertThat(parse("login --image " + image).image()).contains(image);
        assertThat(parse("--image=" + image).image()).contains(image);
        for (var wrong : List.of("--image", "--image " + directory, "--image=" + image + "s")) {
            assertThatThrownBy(() -> parse(wrong))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("--image");
        }
    }

    @Test
    void otherWordsAreRefused() {
        assertThatThrownBy(() -> parse("crc doom"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("\"doom\"");
    }

    @Test
    void helpNamesEveryRow() {
        assertThat(parse("--help").help()).isTrue();
        assertThat(Rows.ALL).allSatisfy(row -> assertThat(Options.usage()).contains(row.name()));
        assertThat(Figures.ALL)
                .allSatisfy(figure -> assertThat(Options.usage()).contains(figure.name()));
    }

    @Test
    void devicesAreMadeForThoseWhoNeedThem() {
        assertThat(parse("crc tcp-rr").devices()).isTrue();
        assertThat(parse("disk").devices()).isTrue();
        assertThat(parse("kernels scaling").devices()).isFalse();
    }
}
