package org.xenolith.xen.abi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// Our numbers and layouts are those of Xen's C headers: each becomes a static assertion, and the
/// compiler judges. Skipped where there is no gcc or no Xen headers.
class HeadersTest {
    private static final List<String> HEADERS =
            List.of(
                    "xen.h",
                    "event_channel.h",
                    "sched.h",
                    "vcpu.h",
                    "version.h",
                    "features.h",
                    "memory.h",
                    "grant_table.h",
                    "physdev.h",
                    "hvm/hvm_op.h",
                    "hvm/params.h",
                    "hvm/hvm_vcpu.h",
                    "io/blkif.h",
                    "io/netif.h",
                    "io/xenbus.h",
                    "arch-x86/cpuid.h",
                    "elfnote.h");
    private static final List<Class<?>> TABLES =
            List.of(
                    XenAbi.class,
                    EventChannelAbi.class,
                    SchedAbi.class,
                    VcpuAbi.class,
                    VersionAbi.class,
                    MemoryAbi.class,
                    GrantTableAbi.class,
                    PhysdevAbi.class,
                    HvmAbi.class,
                    HvmVcpuAbi.class,
                    BlkifAbi.class,
                    NetifAbi.class,
                    CpuidAbi.class);

    /// Described in part: the rest is of no use, or differs in length.
    private static final Set<Struct> PARTS =
            Set.of(XenAbi.VCPU_INFO, BlkifAbi.SRING, NetifAbi.SRING);

    @TempDir Path directory;

    @Test
    void everyNumberIsTheHeadersNumber() throws Exception {
        var program = includes();
        var tables = Stream.concat(TABLES.stream(), Stream.of(CoreDumpAbi.class)).toList();
        for (var table : tables) {
            for (var field : table.getFields()) {
                if (field.getType() != Struct.class && Modifier.isStatic(field.getModifiers())) {
                    boolean wide = field.getType() == long.class;
                    program.append("#ifdef ").append(field.getName()).append('\n');
                    program.append(
                            wide
                                    ? holds("(uint64_t)", field.getName(), field.getLong(null))
                                    : holds("(uint32_t)", field.getName(), field.getInt(null)));
                    program.append("#endif\n");
                }
            }
        }
        for (var state : XenbusAbi.class.getFields()) {
            program.append(holds("", state.getName(), state.getInt(null)));
        }
        for (var errno : XenErrno.values()) {
            program.append(holds("", "XEN_" + errno, errno.code()));
        }
        assertThat(compile(program, "-m64")).isEmpty();
    }

    @Test
    void everyLayoutIsTheHeadersLayoutIn64BitMode() throws Exception {
        var program = layouts(Abi.X86_64);
        append(program, Abi.X86_64, CoreDumpAbi.USER_REGS);
        append(program, Abi.X86_64, CoreDumpAbi.VCPU_GUEST_CONTEXT);
        assertThat(compile(program, "-m64")).isEmpty();
    }

    @Test
    void everyLayoutIsTheHeadersLayoutIn32BitMode() throws Exception {
        assertThat(compile(layouts(Abi.X86_32), "-m32")).isEmpty();
    }

    @Test
    void aWrongNumberIsNoticed() throws Exception {
        var program = includes().append(holds("", "__HYPERVISOR_memory_op", 13));
        assertThat(compile(program, "-m64")).isNotEmpty();
    }

    private static StringBuilder layouts(Abi abi) throws IllegalAccessException {
        var program = includes();
        for (var table : TABLES) {
            for (var field : table.getFields()) {
                if (field.getType() == Struct.class) {
                    append(program, abi, (Struct) field.get(null));
                }
            }
        }
        var shared = "__builtin_offsetof(struct shared_info, ";
        for (var field : List.of("evtchn_pending", "evtchn_mask", "wc_version", "wc_nsec")) {
            program.append(holds("", shared + field + ")", XenAbi.sharedInfoOffset(abi, field)));
        }
        program.append(
                holds(
                        "",
                        shared + "xen_wc_sec_hi)",
                        abi == Abi.X86_64
                                ? XenAbi.sharedInfoOffset(abi, "wc_sec_hi")
                                : XenAbi.SHARED_INFO_WC_SEC_HI_OFFSET_32));
        program.append(holds("", "sizeof(struct vcpu_info)", XenAbi.VCPU_INFO_BYTES));
        program.append(
                holds(
                        "",
                        "__builtin_offsetof(struct blkif_sring, ring)",
                        BlkifAbi.SRING_ENTRIES_OFFSET));
        program.append(holds("", "sizeof(union blkif_sring_entry)", BlkifAbi.REQUEST.size(abi)));
        program.append(holds("", "sizeof(union netif_tx_sring_entry)", NetifAbi.TX_ENTRY_BYTES));
        program.append(holds("", "sizeof(union netif_rx_sring_entry)", NetifAbi.RX_ENTRY_BYTES));
        program.append(
                holds("", "sizeof(union xen_netif_ctrl_sring_entry)", NetifAbi.CTRL_ENTRY_BYTES));
        for (var sring : List.of("netif_tx_sring", "netif_rx_sring", "xen_netif_ctrl_sring")) {
            for (var field : NetifAbi.SRING.fields()) {
                program.append(
                        holds(
                                "",
                                "__builtin_offsetof(struct %s, %s)".formatted(sring, field),
                                NetifAbi.SRING.offset(abi, field)));
            }
            program.append(
                    holds(
                            "",
                            "__builtin_offsetof(struct " + sring + ", ring)",
                            NetifAbi.SRING_ENTRIES_OFFSET));
        }
        program.append(holds("", "sizeof(struct blkif_request_segment)", BlkifAbi.SEGMENT_BYTES));
        program.append(
                holds(
                        "",
                        "__builtin_offsetof(struct vcpu_info, time)",
                        XenAbi.VCPU_INFO_TIME_OFFSET));
        return program;
    }

    private static void append(StringBuilder program, Abi abi, Struct struct) {
        if (!PARTS.contains(struct)) {
            program.append(holds("", "sizeof(" + struct.name() + ")", struct.size(abi)));
        }
        for (var field : struct.fields()) {
            program.append(
                    holds(
                            "",
                            "__builtin_offsetof(" + struct.name() + ", " + field + ")",
                            struct.offset(abi, field)));
        }
    }

    private static StringBuilder includes() {
        var program = new StringBuilder();
        program.append("#include <stdint.h>\n#define __XEN_INTERFACE_VERSION__ 0x00040d00\n");
        // The headers name the second byte of vcpu_info by what the guest uses it for.
        program.append("#define XEN_HAVE_PV_UPCALL_MASK 1\n");
        for (var header : HEADERS) {
            program.append("#include <xen/").append(header).append(">\n");
        }
        return program.append("#include <xen/errno.h>\n");
    }

    private static String holds(String cast, String expression, long value) {
        return "_Static_assert(%s(%s) == %s(%dLL), \"%s is not %d\");%n"
                .formatted(cast, expression, cast, value, expression, value);
    }

    /// What the compiler says; empty if it accepts.
    private List<String> compile(StringBuilder program, String mode)
            throws IOException, InterruptedException {
        assumeTrue(Files.isReadable(Path.of("/usr/include/xen/xen.h")), "no Xen headers");
        assumeTrue(
                Arrays.stream(System.getenv("PATH").split(":"))
                        .anyMatch(path -> Files.isExecutable(Path.of(path, "gcc"))),
                "no gcc");
        var source = Files.writeString(directory.resolve("abi.c"), program);
        var output = directory.resolve("messages");
        var compiler =
                new ProcessBuilder(
                                "gcc", "-ffreestanding", "-fsyntax-only", mode, source.toString())
                        .redirectErrorStream(true)
                        .redirectOutput(output.toFile())
                        .start();
        assertThat(compiler.waitFor(20, TimeUnit.SECONDS)).isTrue();
        var lines = Files.readAllLines(output);
        return compiler.exitValue() == 0
                ? List.of()
                : lines.stream().filter(line -> line.contains("error")).toList();
    }
}
