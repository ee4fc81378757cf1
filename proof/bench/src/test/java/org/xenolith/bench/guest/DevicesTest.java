package org.xenolith.bench.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.bench.HostCommand;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/// The guest's program, as a program of the host, against a disk and the host's end of a network.
class DevicesTest {
    @TempDir private Path directory;

    private String bench;

    @BeforeEach
    void compile() throws Exception {
        try {
            HostCommand.run(directory, List.of("gcc", "--version"));
        } catch (IOException e) {
            Assumptions.abort("no gcc: " + e.getMessage());
        }
        bench = new GuestProgram(directory).bench().toString();
    }

    private static void overwrite(Path file, long place, byte[] bytes) throws IOException {
        try (var channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(bytes), place);
        }
    }

    @Test
    void writesLeaveEveryLabelAsItWas() throws Exception {
        try (var devices = new SampleDevices(directory)) {
            var before = Files.readAllBytes(devices.disk());
            devices.run(bench + " write 8");
            devices.run(bench + " write-4k-x16 20");
            var after = Files.readAllBytes(devices.disk());
            assertThat(after).hasSize(SampleDevices.DISK_BYTES).isNotEqualTo(before);
            for (int page = 0; page < SampleDevices.DISK_BYTES; page += Pages.PAGE_BYTES) {
                assertThat(after[page]).isEqualTo(before[page]);
                assertThat(after[page + 7]).isEqualTo(before[page + 7]);
            }
        }
    }

    @Test
    void aPageThatIsNotWhatItShouldBeIsNoticed() throws Exception {
        try (var devices = new SampleDevices(directory)) {
            overwrite(devices.disk(), 5 << 20, new byte[1]);
            assertThatThrownBy(() -> devices.run(bench + " read 8"))
                    .hasMessageContaining("@failed content of the disk");
        }
    }

    @Test
    void aDiskThatIsNotOursIsNotWrittenTo() throws Exception {
        try (var devices = new SampleDevices(directory)) {
            overwrite(devices.disk(), 0, new byte[8]);
            var before = Files.readAllBytes(devices.disk());
            assertThatThrownBy(() -> devices.run(bench + " write 8"))
                    .hasMessageContaining("@failed content of the disk");
            assertThat(Files.readAllBytes(devices.disk())).isEqualTo(before);
        }
    }

    @Test
    void whatStreamsHaveCarriedIsSummedOnBothSides() throws Exception {
        try (var devices = new SampleDevices(directory)) {
            assertThat(sum(devices, "tcp-out 3")).isEqualTo(sum(devices, "tcp-in 3"));
            assertThat(sum(devices, "tcp-out-x4 3")).isEqualTo(sum(devices, "tcp-in 12"));
        }
    }

    private String sum(SampleDevices devices, String row) throws Exception {
        var said = devices.run(bench + " " + row);
        return said.substring(said.indexOf("@end"));
    }
}
