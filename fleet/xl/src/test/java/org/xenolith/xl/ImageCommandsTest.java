package org.xenolith.xl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.xl.control.RuntimeDirectory;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

@Timeout(60)
class ImageCommandsTest {
    @TempDir private Path root;
    private RuntimeDirectory runtime;
    private String out;
    private String err;

    @BeforeEach
    void open() throws Exception {
        runtime = RuntimeDirectory.open(root.resolve("run"));
    }

    private int xl(Object... words) {
        var outBytes = new ByteArrayOutputStream();
        var errBytes = new ByteArrayOutputStream();
        var all = new ArrayList<>(List.of("image"));
        Arrays.stream(words).map(Object::toString).forEach(all::add);
        int code =
                Main.run(all, () -> runtime, new PrintStream(outBytes), new PrintStream(errBytes));
        out = outBytes.toString();
        err = errBytes.toString();
        return code;
    }

    private void must(Object... words) {
        assertThat(xl(words)).as("%s: %s", List.of(words), err).isZero();
    }

    private Path file(String name) {
        return root.resolve(name);
    }

    private static JsonNode qemu(String... words) throws Exception {
        assumeTrue(
                Files.isExecutable(Path.of("/usr/bin/qemu-img")),
                "qemu-img is not installed (package qemu-utils)");
        var command = new ArrayList<>(List.of("qemu-img"));
        command.addAll(List.of(words));
        var process = new ProcessBuilder(command).start();
        var output = new String(process.getInputStream().readAllBytes());
        var errors = new String(process.getErrorStream().readAllBytes());
        assertThat(process.waitFor()).as("%s: %s", command, errors).isZero();
        return new ObjectMapper()
                .readTree(output.startsWith("[") || output.startsWith("{") ? output : "{}");
    }

    private JsonNode printed() throws Exception {
        return new ObjectMapper().readTree(out);
    }

    private static void write(Path raw, long offset, int bytes) throws Exception {
        try (var channel = Files.newByteChannel(raw, StandardOpenOption.WRITE)) {
            var data = new byte[bytes];
            Arrays.fill(data, (byte) 0x5A);
            channel.position(offset).write(ByteBuffer.wrap(data));
        }
    }

    /// A chain of three with data in each, made by our words alone.
    private void makeChain() throws Exception {
        must("create", "-f", "raw", file("base.raw"), "4M");
        write(file("base.raw"), 65_536, 100_000);
        must("clone", "-f", "raw", file("base.raw"), file("middle.qcow2"));
        must("create", "-b", "middle.qcow2", "-F", "qcow2", file("top.qcow2"), "5M");
    }

    @Test
    void informationIsQemusInQemusWords() throws Exception {
        makeChain();
        must("info", "--json", file("top.qcow2"));
        var theirs = qemu("info", "--output=json", file("top.qcow2").toString());
        for (var name :
                List.of(
                        "virtual-size",
                        "filename",
                        "cluster-size",
                        "format",
                        "actual-size",
                        "backing-filename",
                        "full-backing-filename",
                        "backing-filename-format",
                        "dirty-flag")) {
            assertThat(printed().get(name)).as(name).isEqualTo(theirs.get(name));
        }
        for (var name : List.of("compat", "compression-type", "refcount-bits", "corrupt")) {
            assertThat(printed().at("/format-specific/data/" + name))
                    .isEqualTo(theirs.at("/format-specific/data/" + name));
        }
        must("info", file("top.qcow2"));
        assertThat(out)
                .contains("virtual size: 5 MiB (5242880 bytes)")
                .contains("backing file: middle.qcow2 (actual path: " + file("middle.qcow2"));
        must("info", "--backing-chain", "--json", file("top.qcow2"));
        assertThat(printed()).hasSize(3);
    }

    @Test
    void aMapIsQemusMap() throws Exception {
        makeChain();
        must("convert", "-O", "qcow2", file("top.qcow2"), file("copy.qcow2"));
        for (var name : List.of("top.qcow2", "copy.qcow2", "base.raw")) {
            var format = name.endsWith("raw") ? "raw" : "qcow2";
            must("map", "--json", "-f", format, file(name));
            var theirs = qemu("map", "--output=json", "-f", format, file(name).toString());
            assertThat(dataOf(printed())).as(name).isEqualTo(dataOf(theirs));
        }
        must("map", file("top.qcow2"));
        assertThat(out).contains("0x10000").contains("data");
    }

    /// Begin, end and depth of what is data. QEMU looks for holes inside of clusters too.
    private static List<String> dataOf(JsonNode map) {
        var found = new ArrayList<String>();
        for (var extent : map) {
            if (extent.get("data").asBoolean() && !extent.get("zero").asBoolean()) {
                found.add(extent.get("start") + " " + extent.get("depth"));
            }
        }
        return found;
    }

    @Test
    void aCheckHasQemusExitCodes() throws Exception {
        must("create", file("disk.qcow2"), "1M");
        must("check", "--json", file("disk.qcow2"));
        var theirs = qemu("check", "--output=json", file("disk.qcow2").toString());
        for (var name : List.of("image-end-offset", "check-errors", "filename", "format")) {
            assertThat(printed().get(name)).as(name).isEqualTo(theirs.get(name));
        }
        try (var channel = Files.newByteChannel(file("disk.qcow2"), StandardOpenOption.WRITE)) {
            channel.position((2 << 16) + 200).write(ByteBuffer.wrap(new byte[] {0, 1}));
        }
        assertThat(xl("check", file("disk.qcow2"))).isEqualTo(3);
        assertThat(out).contains("1 leaked clusters");
        must("check", "-r", "leaks", file("disk.qcow2"));
        must("check", file("disk.qcow2"));
        assertThat(out).contains("No errors were found");
    }

    @Test
    void snapshotsAreTakenListedAppliedAndDeleted() throws Exception {
        must("create", file("disk.qcow2"), "1M");
        must("snapshot", "-c", "one", file("disk.qcow2"));
        must("snapshot", "-l", file("disk.qcow2"));
        assertThat(out).contains("one").contains("1 MiB");
        must("snapshot", "-a", "one", file("disk.qcow2"));
        must("snapshot", "-d", "one", file("disk.qcow2"));
        must("snapshot", file("disk.qcow2"));
        assertThat(out).isEmpty();
        must("create", "-f", "raw", file("disk.raw"), "1M");
        assertThat(xl("snapshot", "-f", "raw", "-c", "one", file("disk.raw"))).isEqualTo(1);
        assertThat(err).contains("raw has no internal snapshots").hasLineCount(1);
    }

    @Test
    void conversionsReadAlike() throws Exception {
        makeChain();
        for (var words :
                List.of(
                        List.of("-O", "raw"),
                        List.of("-O", "qcow2", "-c"),
                        List.of("-O", "qcow2", "-c", "-o", "compression_type=zstd"),
                        List.of("-O", "qcow2", "-o", "compat=0.10,cluster_size=4k"),
                        List.of("-O", "vhd"),
                        List.of("-O", "vpc", "-o", "subformat=fixed"))) {
            var arguments = new ArrayList<Object>(List.of("convert", "--force", "-p"));
            arguments.addAll(words);
            arguments.add(file("top.qcow2"));
            arguments.add(file("copy"));
            must(arguments.toArray());
            assertThat(err).contains("(100/100%)");
            var format = words.get(1).equals("vhd") ? "vpc" : words.get(1);
            qemu(
                    "compare",
                    "-f",
                    "qcow2",
                    "-F",
                    format,
                    file("top.qcow2").toString(),
                    file("copy").toString());
        }
    }

    @Test
    void aCommitGoesDown() throws Exception {
        makeChain();
        must("commit", file("middle.qcow2"));
        must("resize", "-f", "raw", file("base.raw"), "+1M");
        assertThat(Files.size(file("base.raw"))).isEqualTo(5 << 20);
        assertThat(xl("resize", "-f", "raw", file("base.raw"), "1M")).isEqualTo(1);
        assertThat(err).contains("--shrink");
        must("resize", "-f", "raw", "--shrink", file("base.raw"), "1M");
        assertThat(Files.size(file("base.raw"))).isEqualTo(1 << 20);
    }

    @Test
    void changesAreNotedAndPrinted() throws Exception {
        must("create", "-f", "raw", file("base.raw"), "1M");
        must("create", "-b", "base.raw", "-F", "raw", file("disk.qcow2"));
        must("changed", "--start", "monday", file("disk.qcow2"));
        must("resize", file("disk.qcow2"), "+64k");
        must("changed", "--since", "monday", "--json", file("disk.qcow2"));
        assertThat(printed().get(0).get("start").asLong()).isEqualTo(1 << 20);
        assertThat(printed().get(0).get("length").asLong()).isEqualTo(1 << 16);
        must("changed", file("disk.qcow2"));
        assertThat(out).contains("monday").contains("64 KiB").contains("complete");
        must("changed", "--remove", "monday", file("disk.qcow2"));
        assertThat(xl("changed", "--since", "monday", file("disk.qcow2"))).isEqualTo(1);
        assertThat(err).contains("there is no point \"monday\"");
    }

    @Test
    void everyMistakeIsOneLine() throws Exception {
        assertThat(xl("info", file("none"))).isEqualTo(1);
        assertThat(err).isEqualTo("xl: " + file("none") + ": cannot open the file: no such file\n");
        assertThat(xl("paint", file("none"))).isEqualTo(2);
        assertThat(err).contains("there is no command 'xl image paint'");
        assertThat(xl("create", file("disk"), "12 parsecs")).isEqualTo(2);
        assertThat(xl("create", file("disk"))).isEqualTo(2);
        assertThat(xl("create", "-o", "colour=red", file("disk"), "1M")).isEqualTo(2);
        assertThat(xl("create", "-o", "cluster_size=3k", file("disk"), "1M")).isEqualTo(2);
        assertThat(xl("create", "-f", "vmdk", file("disk"), "1M")).isEqualTo(2);
        must("create", file("disk"), "1M");
        assertThat(xl("create", file("disk"), "1M")).isEqualTo(1);
        assertThat(err).isEqualTo("xl: " + file("disk") + ": exists already\n");
        assertThat(xl("info", root)).isEqualTo(1);
        assertThat(err).hasLineCount(1);
    }

    @Test
    void everyImageCommandHasItsHelp() {
        assertThat(xl("--help")).isZero();
        for (var verb : ImageVerbs.ROWS) {
            assertThat(out).contains(" " + verb.name() + " ");
        }
        for (var verb : ImageVerbs.ROWS) {
            must(verb.name().substring("image ".length()), "--help");
            assertThat(out).startsWith("Usage: xl [-vfNtT] " + verb.name());
        }
    }
}
