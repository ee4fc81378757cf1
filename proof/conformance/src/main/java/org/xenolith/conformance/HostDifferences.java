package org.xenolith.conformance;

import org.xenolith.conformance.InstructionForm.Immediate;

import java.util.HashSet;
import java.util.Set;

/// What processors of other vendors do otherwise than Intel's, which ours follows: cases that such
/// a host cannot judge are not made for it. Where part of an outcome can be compared, it is: see
/// [Freedom].
final class HostDifferences {
    private static final Set<String> STACKED_SELECTORS =
            Set.of("06", "0E", "16", "1E", "0F A0", "0F A8");

    private HostDifferences() {}

    /// Whether the host does what ours is to do in this case.
    static boolean judges(HostFeatures host, CaseBuilder test) {
        return host.isIntel()
                || !(isNarrowBranch(test)
                        || isWideFarPointer(test)
                        || isLockedElsewhere(test)
                        || isOtherInstruction(test)
                        || keepsHighHalves(test)
                        || isNarrowExtension(test)
                        || isOffsetBeyond(test)
                        || isWideSelector(test));
    }

    /// A POP of a selector reads 2 bytes on Intel's, the whole slot on AMD's.
    static boolean alignmentIsKnown(HostFeatures host, InstructionForm form) {
        return host.isIntel() || !form.name().equals("POPSEG");
    }

    /// What else than ours an outcome of the host may be.
    static Set<Freedom> freedoms(HostFeatures host, CaseBuilder test) {
        if (host.isIntel()) {
            return Set.of();
        }
        var freedoms = new HashSet<>(test.form.freedoms());
        if (test.compatibility) {
            freedoms.add(Freedom.ACROSS_4_GIB);
        }
        return freedoms;
    }

    /// Intel's ignore the operand size of near branches in 64-bit mode (SDM vol. 2, JMP), AMD's
    /// obey it (APM vol. 3, JMP (Near)).
    private static boolean isNarrowBranch(CaseBuilder test) {
        var form = test.form;
        boolean branch =
                form.immediates().contains(Immediate.CB)
                        || form.immediates().contains(Immediate.CZ)
                        || form.is("branch")
                        || form.is("ret");
        return branch && !test.compatibility && test.operandPrefix;
    }

    /// Far pointers in memory have offsets of up to 64 bits on Intel's (SDM vol. 2, CALL, JMP,
    /// LSS), of up to 32 on AMD's.
    private static boolean isWideFarPointer(CaseBuilder test) {
        var form = test.form;
        return test.isWide() && (form.name().equals("LFP") || form.is("far") && form.modrm());
    }

    /// AMD's know LOCK MOV CR0 as MOV CR8 (APM vol. 3, MOV CRn), and touch VERW's operand before
    /// they refuse LOCK.
    private static boolean isLockedElsewhere(CaseBuilder test) {
        return test.lock && (test.form.name().equals("MOVCR") || test.form.name().equals("VER"));
    }

    /// AMD's have SYSRET outside of 64-bit mode (APM vol. 3, SYSRET). INT1 traps, but with the
    /// address of the instruction under KVM on AMD's.
    private static boolean isOtherInstruction(CaseBuilder test) {
        return switch (test.form.title()) {
            case "SYSTEM 0F 07" -> test.compatibility;
            case "INT F1" -> true;
            default -> false;
        };
    }

    /// A repeated string instruction with 32-bit addresses clears the high halves of its registers
    /// on Intel's even if it does nothing.
    private static boolean keepsHighHalves(CaseBuilder test) {
        return test.form.is("string")
                && test.repeat != 0
                && test.addressBits() == 32
                && (test.registers[CaseBuilder.RCX]
                                        | test.registers[CaseBuilder.RSI]
                                        | test.registers[CaseBuilder.RDI])
                                >>> 32
                        != 0;
    }

    /// MOVSXD without REX.W reads 16 bits of memory into 16 on Intel's (SDM vol. 2, MOVSXD), 32 on
    /// AMD's.
    private static boolean isNarrowExtension(CaseBuilder test) {
        return test.form.name().equals("MOVSXD") && test.operandPrefix && !test.isWide();
    }

    /// On AMD's an offset must be canonical even if a negative segment base makes it an address
    /// that is.
    private static boolean isOffsetBeyond(CaseBuilder test) {
        long offset = test.registers[CaseBuilder.RSI];
        return test.form.is("string")
                && test.segment >= 0x64
                && test.addressBits() == 64
                && offset << 16 >> 16 != offset;
    }

    /// A selector on the stack is 2 bytes of a slot of 4 on Intel's, all 4 on AMD's; either is
    /// right (SDM vol. 2, PUSH).
    private static boolean isWideSelector(CaseBuilder test) {
        boolean push =
                test.form.name().equals("PUSH") && STACKED_SELECTORS.contains(test.form.encoding());
        return push && test.compatibility && !test.isNarrow();
    }
}
