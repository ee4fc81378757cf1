package org.xenolith.x86;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.xenolith.ir.Verifier;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;

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
