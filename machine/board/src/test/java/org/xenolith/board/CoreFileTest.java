package org.xenolith.board;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.xen.abi.Abi;
import org.xenolith.xen.abi.CoreDumpAbi;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/// The core file of a guest whose registers and memory are known; `readelf` judges its form.
@Timeout(60)
class CoreFileTest {
    private static final int PLACE = 0x30_0000;

    @TempDir private Path root;

    private Path dump() throws Exception {
        var file = root.resolve("core");
        var kernel = new TinyKernel().storeWord(PLACE + 8, 0x1234_5678).load(6, 0x5EED_BEAD);
        kernel.print("ready");
        var config =
                DomainConfig.builder("core")
                        .kernel(kernel.jump(kernel.here()).write(root.resolve("kernel")))
                        .memoryMib(8)
                        .vcpus(2)
                        .build();
        try (var domain = Xenolith.create(config)) {
            domain.serial().reader().awaitText("ready", Duration.ofSeconds(30));
            domain.dumpCore(file);
            assertThat(domain.state()).isEqualTo(DomainState.RUNNING);
            assertThatThrownBy(() -> domain.dumpCore(root.resolve("none/core")))
                    .isInstanceOf(DomainException.class)
                    .hasMessageStartingWith("cannot write core file " + root);
            assertThatThrownBy(() -> domain.dumpCore(root)).isInstanceOf(DomainException.class);
            assertThat(root).isDirectory();
            assertThat(Files.getPosixFilePermissions(file)).hasSize(2);
        }
        return file;
    }

    /// Sections by name: offset and length.
    private static Map<String, long[]> sections(ByteBuffer elf) {
        var sections = new HashMap<String, long[]>();
        int headers = (int) elf.getLong(0x28);
        int count = elf.getShort(0x3C);
        int names = (int) elf.getLong(headers + 64 * elf.getShort(0x3E) + 0x18);
        for (int i = 1; i < count; i++) {
            int header = headers + 64 * i;
            int from = names + elf.getInt(header);
            int to = from;
            while (elf.get(to) != 0) {
                to++;
            }
            var name = new byte[to - from];
            elf.get(from, name);
            sections.put(
                    new String(name, StandardCharsets.US_ASCII),
                    new long[] {elf.getLong(header + 0x18), elf.getLong(header + 0x20)});
        }
        return sections;
    }

    @Test
    void registersAndMemoryAreFoundInTheCoreFile() throws Exception {
        var elf = ByteBuffer.wrap(Files.readAllBytes(dump())).order(ByteOrder.LITTLE_ENDIAN);
        var sections = sections(elf);

        int contextBytes = CoreDumpAbi.VCPU_GUEST_CONTEXT.size(Abi.X86_64);
        assertThat(sections.get(".xen_prstatus")[1]).isEqualTo(2L * contextBytes);
        var first = new byte[contextBytes];
        elf.get((int) sections.get(".xen_prstatus")[0], first);
        var context = CoreDumpAbi.VCPU_GUEST_CONTEXT.view(Abi.X86_64, first);
        assertThat(context.get("user_regs.rsi")).isEqualTo(0x5EED_BEADL);
        assertThat(context.get("user_regs.rip")).isBetween(0x10_0000L, 0x10_1000L);
        assertThat(context.get("ctrlreg") & 1).isEqualTo(1);
        assertThat(context.get("flags") & CoreDumpAbi.VGCF_online).isNotZero();

        int frames = (int) sections.get(".xen_pfn")[0];
        int pages = (int) sections.get(".xen_pages")[0];
        long count = sections.get(".xen_pfn")[1] / 8;
        assertThat(sections.get(".xen_pages")[1]).isEqualTo(count * 4096);
        assertThat(count).isGreaterThanOrEqualTo(8 << 20 >> 12);
        int index = 0;
        while (elf.getLong(frames + 8 * index) != PLACE >> 12) {
            index++;
        }
        assertThat(elf.getInt(pages + 4096 * index + 8)).isEqualTo(0x1234_5678);

        int notes = (int) sections.get(".note.Xen")[0];
        assertThat(elf.getInt(notes + 8)).isEqualTo(CoreDumpAbi.XEN_ELFNOTE_DUMPCORE_NONE);
        assertThat(elf.getInt(notes + 24)).isEqualTo(CoreDumpAbi.XEN_ELFNOTE_DUMPCORE_HEADER);
        assertThat(elf.getLong(notes + 32)).isEqualTo(0xF00F_EBEEL);
        assertThat(elf.getLong(notes + 40)).isEqualTo(2);
        assertThat(elf.getLong(notes + 48)).isEqualTo(count);
    }

    @Test
    void readelfUnderstandsIt() throws Exception {
        var file = dump();
        String shown;
        try {
            var process =
                    new ProcessBuilder("readelf", "-h", "-S", "-W", file.toString())
                            .redirectErrorStream(true)
                            .start();
            shown = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(process.waitFor()).isZero();
        } catch (IOException e) {
            Assumptions.abort("readelf is not installed");
            return;
        }
        assertThat(shown)
                .contains("CORE (Core file)")
                .contains("Advanced Micro Devices X86-64")
                .containsPattern("\\.note\\.Xen +NOTE")
                .containsPattern("\\.xen_pages +PROGBITS .* 4096\n")
                .doesNotContainIgnoringCase("warning")
                .doesNotContainIgnoringCase("error");
    }
}
