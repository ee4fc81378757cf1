package org.xenolith.platform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenolith.platform.AcpiTables.Part;
import org.xenolith.platform.AcpiTables.Processor;

import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

class AcpiTablesTest {
    private static final long ADDRESS = 0xFC00_0000L;

    private static byte[] bytesOf(AcpiTables tables, Part part) {
        var all = tables.content().toArray();
        return Arrays.copyOfRange(all, part.offset(), part.offset() + part.bytes());
    }

    private static ByteBuffer table(AcpiTables tables, String signature) {
        return tables.parts().stream()
                .filter(part -> part.signature().equals(signature))
                .reduce((earlier, later) -> later)
                .map(part -> ByteBuffer.wrap(bytesOf(tables, part)))
                .orElseThrow()
                .order(ByteOrder.LITTLE_ENDIAN);
    }

    private static int sum(byte[] bytes, int length) {
        int sum = 0;
        for (int i = 0; i < length; i++) {
            sum += bytes[i];
        }
        return sum & 0xFF;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4, 128, 300})
    void everyTableSumsUpToZeroAndKnowsItsLength(int vcpus) {
        var tables = AcpiTables.pvh(vcpus, vcpus);
        for (var part : tables.parts()) {
            var bytes = bytesOf(tables, part);
            if (part.signature().equals("RSD PTR ")) {
                assertThat(sum(bytes, 20)).isZero();
                assertThat(sum(bytes, 36)).isZero();
            } else {
                assertThat(new String(bytes, 0, 4, StandardCharsets.US_ASCII))
                        .isEqualTo(part.signature());
                assertThat(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt(4))
                        .isEqualTo(part.bytes());
                if (!part.signature().equals("FACS")) {
                    assertThat(sum(bytes, bytes.length)).as(part.signature()).isZero();
                }
            }
        }
    }

    @Test
    void thePointersLeadFromTheRsdpToEveryTable() {
        var tables = AcpiTables.pvh(2, 2);
        assertThat(tables.rsdpAddress()).isEqualTo(ADDRESS);
        var rsdp = table(tables, "RSD PTR ");
        assertThat(at(tables, Integer.toUnsignedLong(rsdp.getInt(16)))).isEqualTo("RSDT");
        assertThat(at(tables, rsdp.getLong(24))).isEqualTo("XSDT");
        var xsdt = table(tables, "XSDT");
        assertThat(xsdt.capacity()).isEqualTo(36 + 2 * 8);
        assertThat(at(tables, xsdt.getLong(36))).isEqualTo("FACP");
        assertThat(at(tables, xsdt.getLong(44))).isEqualTo("APIC");
        var fadt = table(tables, "FACP");
        assertThat(fadt.capacity()).isEqualTo(268);
        assertThat(at(tables, Integer.toUnsignedLong(fadt.getInt(36)))).isEqualTo("FACS");
        assertThat(at(tables, Integer.toUnsignedLong(fadt.getInt(40)))).isEqualTo("DSDT");
        assertThat(at(tables, fadt.getLong(132))).isEqualTo("FACS");
        assertThat(at(tables, fadt.getLong(140))).isEqualTo("DSDT");
    }

    private static String at(AcpiTables tables, long address) {
        int offset = (int) (address - ADDRESS);
        return new String(tables.content().toArray(), offset, 4, StandardCharsets.US_ASCII);
    }

    @Test
    void theFadtDeniesVgaCmosClockAndPmTimer() {
        var fadt = table(AcpiTables.pvh(1, 1), "FACP");
        assertThat(fadt.get(8)).isEqualTo((byte) 5);
        assertThat(fadt.getShort(109)).isEqualTo((short) 0x24);
        assertThat(fadt.getInt(76)).isZero();
        assertThat(fadt.getInt(112)).isEqualTo(0x8175);
    }

    @Test
    void theMadtHasALocalApicForEveryProcessorAndX2apicsFromId255() {
        var processors =
                List.of(
                        new Processor(0, 0, true),
                        new Processor(1, 254, false),
                        new Processor(2, 255, true));
        var madt = table(AcpiTables.build(ADDRESS, processors), "APIC");
        assertThat(madt.getInt(36)).isEqualTo(0xFEE0_0000);
        assertThat(madt.position(44).remaining()).isEqualTo(8 + 8 + 16);
        assertThat(madt.getLong(44)).isEqualTo(0x0000_0001_0000_0800L);
        assertThat(madt.getLong(52)).isEqualTo(0x0000_0000_FE01_0800L);
        assertThat(madt.getInt(60)).isEqualTo(0x0000_1009);
        assertThat(List.of(madt.getInt(64), madt.getInt(68), madt.getInt(72)))
                .containsExactly(255, 1, 2);
    }

    @Test
    void tablesForTheMostProcessorsFitTheirPlace() {
        assertThat(AcpiTables.pvh(AcpiTables.PROCESSORS_MAX, 1).pageBytes())
                .isLessThanOrEqualTo(PvhLayout.ACPI_TABLES_BYTES_MAX);
    }

    /// The judge is `iasl` of ACPICA (Debian package acpica-tools): it disassembles each table, and
    /// what it makes of the DSDT it compiles again.
    @ParameterizedTest
    @ValueSource(ints = {1, 4, 200})
    void acpicaUnderstandsTheTables(int vcpus, @TempDir Path directory) throws Exception {
        var iasl = find("iasl");
        assumeTrue(iasl != null, "iasl is not installed");
        var tables = AcpiTables.pvh(vcpus, vcpus - vcpus / 2);
        for (var signature : List.of("DSDT", "APIC", "FACP", "FACS", "XSDT", "RSDT")) {
            var file = directory.resolve(signature.toLowerCase(Locale.ROOT) + ".dat");
            Files.write(file, table(tables, signature).array());
            var log = run(directory, iasl, "-d", file.toString());
            assertThat(log).doesNotContainIgnoringCase("error").doesNotContain("Incorrect");
        }
        var dsdt = directory.resolve("dsdt.dsl");
        assertThat(Files.readString(dsdt)).contains("Device (C000)", "\"ACPI0007\"", "ToBuffer");
        assertThat(Files.readString(dsdt).contains("Offset (0x08)")).isEqualTo(vcpus > 128);
        assertThat(run(directory, iasl, "-p", "again", dsdt.toString())).contains("0 Errors");
        assertThat(Files.readString(directory.resolve("apic.dsl")))
                .contains("Processor Enabled : 1");
    }

    private static String find(String program) {
        return Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
                .map(directory -> Path.of(directory, program))
                .filter(Files::isExecutable)
                .map(Path::toString)
                .findFirst()
                .orElse(null);
    }

    private static String run(Path directory, String... command)
            throws IOException, InterruptedException {
        var log = directory.resolve("log");
        var process =
                new ProcessBuilder(command)
                        .directory(directory.toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(log.toFile())
                        .start();
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        return Files.readString(log);
    }
}
