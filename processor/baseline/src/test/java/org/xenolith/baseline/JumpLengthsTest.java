package org.xenolith.baseline;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.Arrays;
import java.util.HexFormat;

class JumpLengthsTest {
    private final Assembler code = new Assembler();

    private void nothing(int times) {
        for (int time = 0; time < times; time++) {
            code.bytes(0x90);
        }
    }

    /// The code as hexadecimal digits, without what does nothing.
    private String linked() {
        code.link();
        var bytes = Arrays.copyOf(code.buffer(), code.size());
        return HexFormat.of().formatHex(bytes).replaceAll("(90)+", ".");
    }

    private String over(int distance) {
        int label = code.label();
        code.jump(label);
        nothing(distance);
        code.bind(label);
        code.ret();
        return linked();
    }

    @Test
    void aJumpIsShortUpTo127Bytes() {
        assertThat(over(127)).isEqualTo("eb7f.c3");
    }

    @Test
    void aJumpIsLongFrom128Bytes() {
        assertThat(over(128)).isEqualTo("e980000000.c3");
    }

    private String back(int distance) {
        int label = code.label();
        code.bind(label);
        nothing(distance);
        code.jumpIf(Assembler.NOT_EQUAL, label);
        return linked();
    }

    @Test
    void aBranchBackIsShortDownTo128Bytes() {
        assertThat(back(126)).isEqualTo(".7580");
    }

    @Test
    void aBranchBackIsLongBeyond() {
        assertThat(back(127)).isEqualTo(".0f857bffffff");
    }

    /// The second does not reach its label; so it is long, and the first does not reach either.
    @Test
    void oneThatGrowsMakesOthersGrow() {
        int near = code.label();
        int far = code.label();
        code.jump(near);
        code.jumpIf(Assembler.EQUAL, far);
        nothing(124);
        code.bind(near);
        nothing(10);
        code.bind(far);
        assertThat(linked()).startsWith("e9820000000f8486000000.");
    }

    /// The number of a long jump lies within eight bytes at a multiple of eight, with as little
    /// before it as that takes.
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatIsAlignedStaysSo(boolean hasCondition) {
        var opcode = hasCondition ? "0f84" : "e9";
        int opcodeBytes = opcode.length() / 2;
        for (int before = 0; before < 8; before++) {
            var assembler = new Assembler();
            int behind = assembler.label();
            int end = assembler.label();
            assembler.jump(end);
            for (int more = 0; more < before; more++) {
                assembler.bytes(0xC3);
            }
            assembler.pad(opcodeBytes);
            if (hasCondition) {
                assembler.longJumpIf(Assembler.EQUAL, behind);
            } else {
                assembler.longJump(behind);
            }
            assembler.bind(behind);
            assembler.bytes(0xF4);
            assembler.bind(end);
            assembler.link();
            var bytes = Arrays.copyOf(assembler.buffer(), assembler.size());
            int least = 2 + before + opcodeBytes;
            int number = least % 8 > 4 ? (least + 7) / 8 * 8 : least;
            assertThat(HexFormat.of().formatHex(bytes, number - opcodeBytes, bytes.length))
                    .isEqualTo(opcode + "00000000f4");
            assertThat(bytes[1]).isEqualTo((byte) (bytes.length - 2));
        }
    }

    @Test
    void anAddressIsThatOfItsLabel() {
        int label = code.label();
        int other = code.label();
        code.loadAddress(Assembler.RCX, label);
        code.jump(other);
        code.bind(other);
        code.bind(label);
        code.ret();
        assertThat(linked()).isEqualTo("488d0d02000000eb00c3");
    }
}
