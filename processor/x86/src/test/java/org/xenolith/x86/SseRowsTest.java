package org.xenolith.x86;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.xenolith.ir.HostInstruction;
import org.xenolith.ir.Op;
import org.xenolith.ir.Ops;
import org.xenolith.ir.Verifier;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.stream.Collectors;

class SseRowsTest {
    private static final int CODE_32 = 1 | Mode.FLAT | Mode.PROTECTED | Mode.OS_FXSAVE;
    private static final int CODE_64 = 2 | Mode.PROTECTED | Mode.OS_FXSAVE | Mode.LONG_ACTIVE;

    /// Segments have limits: addresses come from a helper.
    private static final int SEGMENTED_32 = 1 | Mode.PROTECTED | Mode.OS_FXSAVE;

    @Test
    void everyRowIsFoundByItsOwnBytesAndLiftsToALawfulUnit() {
        for (var row : rows()) {
            for (int bits : new int[] {CODE_64, CODE_32, SEGMENTED_32}) {
                for (var code : forms(row.encoding())) {
                    var mode = new Mode(bits);
                    var instruction = decode(code, mode);
                    assertThat(instruction.row()).isSameAs(row);
                    var lifter = new Lifter(mode);
                    lifter.lift(instruction);
                    lifter.endAt(lifter.next());
                    assertThat(Verifier.violations(lifter.unit()))
                            .as("%s in mode %x:%n%s", instruction, bits, lifter.unit())
                            .isEmpty();
                }
            }
        }
    }

    @Test
    void withoutOsfxsrNoRowIsThere() {
        for (var row : rows()) {
            var off = new Mode(CODE_64 & ~Mode.OS_FXSAVE);
            assertThat(Availability.faultOf(row, off)).isEqualTo(Trap.INVALID_OPCODE);
        }
    }

    @Test
    void allRowsButTheseAreAHostsOwn() {
        var others =
                rows().stream()
                        .filter(row -> row.host().isEmpty())
                        .map(Row::name)
                        .collect(Collectors.toSet());
        assertThat(others)
                .containsExactlyInAnyOrder(
                        "RCPPS",
                        "RCPSS",
                        "RSQRTPS",
                        "RSQRTSS", // approximations
                        "DPPS",
                        "DPPD", // which NaN comes through
                        "PCMPESTRI",
                        "PCMPESTRM",
                        "PCMPISTRM",
                        "MASKMOVDQU",
                        "LDMXCSR",
                        "STMXCSR",
                        "CVTPI2PS",
                        "CVTPS2PI",
                        "CVTTPS2PI", // MMX registers
                        "CVTPI2PD",
                        "CVTPD2PI",
                        "CVTTPD2PI",
                        "MOVQ2DQ",
                        "MOVDQ2Q");
    }

    @Test
    void anInstructionOfAHostSaysAllThatItReadsAndWrites() {
        for (var row : rows()) {
            for (var code : forms(row.encoding())) {
                var lifter = new Lifter(new Mode(CODE_64));
                lifter.lift(decode(code, lifter.mode()));
                var ops = lifter.unit().ops();
                for (int index = 0; index < ops.size(); index++) {
                    if (ops.get(index) instanceof Op.Host host) {
                        checkAccesses(row, ops.subList(0, index), host);
                    }
                }
                assertThat(ops.stream().filter(Op.Host.class::isInstance))
                        .as("%s", row)
                        .hasSize(row.host().isPresent() ? 1 : 0);
            }
        }
    }

    private static void checkAccesses(Row row, List<Op> ops, Op.Host host) {
        var instruction = host.instruction();
        var read = new HashSet<Integer>();
        var written = new HashSet<Integer>();
        for (var vector : instruction.vectors()) {
            (vector.use().reads() ? read : new HashSet<Integer>()).addAll(halves(vector.slot()));
            (vector.use().writes() ? written : new HashSet<Integer>())
                    .addAll(halves(vector.slot()));
        }
        boolean stores = false;
        for (var op : ops) {
            stores |= op instanceof Op.Store || op instanceof Op.StorePair;
            if (op instanceof Op.ReadRegister(int slot) && slot >= Registers.XMM) {
                assertThat(read).as("read by %s", row).contains(slot);
            }
            if (op instanceof Op.WriteRegister(int slot, _)) {
                assertThat(written).as("written by %s", row).contains(slot);
            }
        }
        boolean accesses = ops.stream().anyMatch(Ops::accessesMemory);
        var memory = instruction.rm() instanceof HostInstruction.Part.Memory m ? m : null;
        assertThat(memory != null).as("%s", row).isEqualTo(accesses);
        assertThat(host.address() != Op.Host.NONE).as("%s", row).isEqualTo(accesses);
        assertThat(memory != null && memory.written()).as("%s", row).isEqualTo(stores);
    }

    private static List<Integer> halves(int slot) {
        return List.of(slot, slot + 1);
    }

    private static List<Row> rows() {
        return InstructionSet.ALL.rows().stream()
                .filter(row -> row.unit() == Row.Unit.SSE && row.encoding().hasModRm())
                .toList();
    }

    private static Instruction decode(byte[] code, Mode mode) {
        return new Decoder(InstructionSet.ALL)
                .decode(at -> at < code.length ? code[(int) at] & 0xFF : 0x55, 0, mode);
    }

    /// The row's register and memory forms, as far as it has them.
    private static List<byte[]> forms(Encoding encoding) {
        var forms = new ArrayList<byte[]>();
        int digit = Math.max(encoding.digit(), 0) << 3;
        if (encoding.register()) {
            forms.add(bytes(encoding, 0xC1 | digit));
        }
        if (encoding.memory()) {
            forms.add(bytes(encoding, 0x43 | digit));
        }
        return forms;
    }

    private static byte[] bytes(Encoding encoding, int modRm) {
        var code = new ByteArrayOutputStream();
        if (encoding.prefix() > 0) {
            code.write(encoding.prefix());
        }
        code.write(0x0F);
        if (encoding.map() > 1) {
            code.write(encoding.map() == 2 ? 0x38 : 0x3A);
        }
        code.write(encoding.opcode());
        code.write(modRm);
        return code.toByteArray();
    }
}
