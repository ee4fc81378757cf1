package org.xenolith.guests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;

/// The file system of a machine that was killed, as ext4's authors recover it.
///
/// @param volume a copy of the disk, after recovery and with nothing wrong
/// @param orphans files that were open and had no name any more
record Recovery(Path volume, long orphans) implements AutoCloseable {
    private static final String ORPHAN = "Clearing orphaned inode";
    private static final Pattern EXPECTED =
            Pattern.compile(
                    "[^:]+: (recovering journal|"
                            + ORPHAN
                            + " .*|\\d+/\\d+ files \\(.*\\), \\d+/\\d+ blocks)");

    /// Works on a copy, since the machine is to recover by itself. Its journal must be all that is
    /// needed, and what a mount does after that: files without names are removed.
    static Recovery of(Path image, Path directory) throws Exception {
        var volume = directory.resolve("copy");
        HostTool.run("cp", "--sparse=always", image.toString(), volume.toString());
        // 1: something was done, which is looked at.
        var said = HostTool.run(1, "e2fsck", "-f", "-p", volume.toString()).lines().toList();
        assertThat(said).allMatch(line -> EXPECTED.matcher(line).matches());
        HostTool.run("e2fsck", "-f", "-n", volume.toString());
        return new Recovery(volume, said.stream().filter(line -> line.contains(ORPHAN)).count());
    }

    /// The files in a directory, as e2fsprogs read them.
    Path dump(String directory) throws Exception {
        var target = Files.createTempDirectory(volume.getParent(), "files");
        HostTool.run("debugfs", "-R", "rdump " + directory + " " + target, volume.toString());
        return target.resolve(Path.of(directory).getFileName());
    }

    @Override
    public void close() throws IOException {
        Files.delete(volume);
    }
}
