package org.xenolith.x86;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.xenolith.ir.Verifier;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/// What must hold of every row, in every mode in which it exists.
class RowLawsTest {
    private static final Mode LONG_USER = new Mode(2 | 3 << 4 | 1 << 6 | 1 << 11 | 1 << 12);
    private static final Mode LONG_KERNEL = new Mode(2 | 1 << 6 | 1 << 11 | 1 << 12);
    private static final Mode PROTECTED_FLAT = new Mode(1 | 1 << 2 | 1 << 3 | 1 << 6 | 1 << 11);
    private static final Mode PROTECTED = new Mode(1 | 1 << 2 | 1 << 6 | 1 << 11);
    private static final Mode REAL = new Mode(1 << 11);
    private static final List<Mode> MODES =
            List.of(LONG_USER, LONG_KERNEL, PROTECTED_FLAT, PROTECTED, REAL);

    @Test
    void everyRowIsDecodedFromItsOwnEncodingAndKeepsTheLawsOfOps() {
        var broken = new ArrayList<String>();
        for (var row : InstructionSet.ALL.rows()) {
            int decoded = 0;
            for (var mode : MODES) {
                for (int modRm : modRms(row)) {
                    decoded += check(row, mode, bytes(row, mode, modRm), broken);
                }
            }
            if (decoded == 0) {
                broken.add("never decoded: " + row);
            }
        }
        assertThat(broken).isEmpty();
    }

    @Test
    void randomBytesDecodeToLawfulOpsOrATrap() {
        long seed = 20_261_123;
        var random = new SplittableRandom(seed);
        for (int round = 0; round < 60_000; round++) {
            var mode = MODES.get(random.nextInt(MODES.size()));
            var bytes = new byte[32];
            random.nextBytes(bytes);
            Instruction instruction;
            try {
                instruction = decode(bytes, mode);
            } catch (Trap trap) {
                continue;
            }
            var lifter = new Lifter(mode);
            lifter.lift(instruction);
            lifter.endAt(instruction.next());
            assertThat(Verifier.violations(lifter.unit()))
                    .as("seed %d round %d: %s", seed, round, instruction)
                    .isEmpty();
        }
    }

    private static int check(Row row, Mode mode, byte[] bytes, List<String> broken) {
        Instruction instruction;
        try {
            instruction = decode(bytes, mode);
        } catch (Trap trap) {
            return 0;
        }
        if (instruction.row() != row) {
            return 0;
        }
        var lifter = new Lifter(mode);
        lifter.lift(instruction);
        lifter.endAt(instruction.next());
        var violations = Verifier.violations(lifter.unit());
        if (!violations.isEmpty()) {
            broken.add(row + " in " + mode + ": " + violations + "\n" + lifter.unit());
        }
        return 1;
    }

    private static Instruction decode(byte[] bytes, Mode mode) {
        return new Decoder(InstructionSet.ALL)
                .decode(pc -> bytes[(int) pc - 0x1000] & 0xFF, 0x1000, mode);
    }

    private static int[] modRms(Row row) {
        var encoding = row.encoding();
        if (!encoding.hasModRm()) {
            return new int[] {-1};
        }
        if (encoding.wholeModRm() >= 0) {
            return new int[] {encoding.wholeModRm()};
        }
        int reg = encoding.digit() >= 0 ? encoding.digit() : 2;
        return new int[] {0xC1 | reg << 3, 0x03 | reg << 3, 0x43 | reg << 3};
    }

    private static byte[] bytes(Row row, Mode mode, int modRm) {
        var encoding = row.encoding();
        var bytes = new ByteArrayOutputStream();
        if (encoding.prefix() > 0) {
            bytes.write(encoding.prefix());
        }
        if (encoding.rexW() == 1 && mode.is64()) {
            bytes.write(0x48);
        }
        if (encoding.map() > 0) {
            bytes.write(0x0F);
        }
        if (encoding.map() > 1) {
            bytes.write(encoding.map() == 2 ? 0x38 : 0x3A);
        }
        bytes.write(encoding.opcode() | (encoding.opcodeRegister() ? 1 : 0));
        if (modRm >= 0) {
            bytes.write(modRm);
        }
        bytes.writeBytes(new byte[16]);
        return bytes.toByteArray();
    }
}
