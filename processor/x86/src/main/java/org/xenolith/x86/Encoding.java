package org.xenolith.x86;

import org.xenolith.base.Bug;

import java.util.List;

/// How a row's bytes look; see [Row] for the notation.
///
/// `map` is 0 for one-byte opcodes, 1 for 0F, 2 for 0F 38, 3 for 0F 3A. `prefix` is the mandatory
/// prefix byte, 0 for "none of 66, F2, F3", or -1 where they have their general meaning. `rexW` is
/// 1, 0, or -1 where it does not select the row. `digit` is ModRM.reg, or -1. `wholeModRm` is the
/// whole byte, or -1. `register`/`memory` tell which forms of ModRM.rm belong to the row.
public record Encoding(
        int map,
        int opcode,
        boolean opcodeRegister,
        int prefix,
        int rexW,
        boolean hasModRm,
        int digit,
        int wholeModRm,
        boolean register,
        boolean memory,
        String text) {

    static Encoding parse(String text, List<Spec> operands) {
        int prefix = -1;
        int rexW = -1;
        int digit = -1;
        int whole = -1;
        boolean modRm = operands.stream().anyMatch(Spec::needsModRm);
        boolean register = true;
        boolean memory = true;
        boolean plus = false;
        int map = -1;
        int opcode = -1;
        boolean escape = false;
        for (var token : text.split(" ")) {
            if (token.equals("NP")) {
                prefix = 0;
            } else if (token.equals("REX.W")) {
                rexW = 1;
            } else if (token.equals("W0")) {
                rexW = 0;
            } else if (token.equals("/r")) {
                modRm = true;
            } else if (token.startsWith("/")) {
                modRm = true;
                digit = Integer.parseInt(token.substring(1));
            } else if (token.equals("reg")) {
                memory = false;
            } else if (token.equals("mem")) {
                register = false;
            } else {
                plus = token.endsWith("+r");
                int value = Integer.parseInt(plus ? token.substring(0, 2) : token, 16);
                if (opcode >= 0 && modRm) {
                    whole = value;
                } else if (map < 0
                        && isPrefix(value)
                        && opcode < 0
                        && !escape
                        && text.trim().length() > 2) {
                    prefix = value;
                } else if (value == 0x0F && map < 0) {
                    map = 1;
                    escape = true;
                } else if (map == 1 && escape && (value == 0x38 || value == 0x3A)) {
                    map = value == 0x38 ? 2 : 3;
                    escape = false;
                } else {
                    Bug.check(opcode < 0, "encoding " + text + " has one opcode");
                    opcode = value;
                    map = Math.max(map, 0);
                    escape = false;
                }
            }
        }
        // With these, ModRM.rm is a register whatever mod says (SDM vol. 2B, MOV to control
        // registers).
        boolean ignoresMod =
                operands.stream()
                        .anyMatch(o ->
                                o.place == Spec.Place.CONTROL_REGISTER
                                        || o.place == Spec.Place.DEBUG_REGISTER);
        for (var operand : operands) {
            switch (operand.place) {
                case MEMORY -> register = false;
                case RM_REGISTER, VECTOR_RM_REGISTER, MMX_RM_REGISTER -> memory = ignoresMod;
                default -> {}
            }
        }
        Bug.check(opcode >= 0, "encoding " + text + " has an opcode");
        if (whole >= 0) {
            memory = false;
        }
        return new Encoding(
                map, opcode, plus, prefix, rexW, modRm, digit, whole, register, memory, text);
    }

    private static boolean isPrefix(int value) {
        return value == 0x66 || value == 0xF2 || value == 0xF3;
    }

    /// Whether some bytes would match both encodings.
    boolean overlaps(Encoding other) {
        return overlap(prefix, other.prefix)
                && overlap(rexW, other.rexW)
                && overlap(digit, other.digit)
                && overlap(wholeModRm, other.wholeModRm)
                && (register && other.register || memory && other.memory);
    }

    private static boolean overlap(int one, int other) {
        return one < 0 || other < 0 || one == other;
    }

    /// Rows that say more are tried first.
    int specificity() {
        return (prefix >= 0 ? 8 : 0)
                + (wholeModRm >= 0 ? 4 : 0)
                + (digit >= 0 ? 2 : 0)
                + (rexW >= 0 ? 1 : 0);
    }

    boolean matches(int foundPrefix, boolean foundW, int modRm) {
        if (prefix >= 0 && prefix != foundPrefix || rexW >= 0 && (rexW == 1) != foundW) {
            return false;
        }
        if (!hasModRm) {
            return true;
        }
        boolean isRegister = modRm >= 0xC0;
        return (isRegister ? register : memory)
                && (digit < 0 || digit == (modRm >>> 3 & 7))
                && (wholeModRm < 0 || wholeModRm == modRm);
    }

    @Override
    public String toString() {
        return text;
    }
}
