package org.xenolith.conformance;

import org.xenolith.state.Bytes;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// Random cases of several instructions on registers: what one leaves in the flags, the next ones
/// read. Only instructions that define all flags but AF, which nothing here reads.
public final class SequenceGenerator implements CaseSource {
    private static final int INSTRUCTIONS_MAX = 10;
    private static final long STATUS = UndefinedFlags.STATUS;

    private static final Set<String> NAMES =
            Set.of(
                    "ADD", "OR", "ADC", "SBB", "AND", "SUB", "XOR", "CMP", "TEST", "NOT", "NEG",
                    "INC", "DEC", "XADD", "MOV", "MOVSX", "MOVZX", "MOVSXD", "LEA", "CBW", "CWD",
                    "BSWAP", "CMC", "CLC", "STC", "CMPXCHG", "ROL", "ROR", "RCL", "RCR", "SHL",
                    "SHR", "SAL", "SAR", "XCHG");

    private final HostFeatures features;
    private final Dice dice;
    private final List<InstructionForm> forms;
    private final List<InstructionForm> jumps;

    public SequenceGenerator(HostFeatures features, long seed) {
        this.features = features;
        this.dice = new Dice(seed);
        this.forms = InstructionForm.all().stream().filter(SequenceGenerator::isSuitable).toList();
        this.jumps =
                InstructionForm.all().stream()
                        .filter(form ->
                                form.name().startsWith("J") && form.encoding().endsWith("cb"))
                        .toList();
    }

    static boolean isSuitable(InstructionForm form) {
        boolean conditional = form.name().startsWith("SET") || form.name().startsWith("CMOV");
        boolean shift = form.is("shift");
        boolean byOne = form.encoding().startsWith("D0") || form.encoding().startsWith("D1");
        return (conditional || NAMES.contains(form.name()))
                && (!shift || byOne)
                && !form.encoding().contains("moffs")
                && !form.encoding().equals("8C /r");
    }

    @Override
    public CpuCase next() {
        int kind = dice.below(8);
        boolean code16 = kind == 0 && features.code16();
        var mode =
                code16
                        ? CodeMode.COMPATIBILITY_16
                        : kind < 3 ? CodeMode.COMPATIBILITY_32 : CodeMode.LONG;
        var code = new ByteArrayOutputStream();
        for (int count = dice.between(2, INSTRUCTIONS_MAX); count > 0; count--) {
            append(code, forms, mode);
        }
        if (dice.chance(40)) {
            append(code, jumps, mode);
        }
        return wrap(code.toByteArray(), mode);
    }

    private void append(ByteArrayOutputStream code, List<InstructionForm> from, CodeMode mode) {
        var form = from.get(dice.below(from.size()));
        if (form.is(mode.isCompatibility() ? "long" : "legacy")) {
            return;
        }
        new CaseBuilder(form, features, dice, mode)
                .registerCode()
                .filter(bytes -> code.size() + bytes.length <= CpuCase.CODE_MAX)
                .filter(bytes -> from != jumps || isForward(bytes))
                .ifPresent(code::writeBytes);
    }

    /// A jump back would make a loop.
    private static boolean isForward(byte[] jump) {
        return jump[jump.length - 1] >= 0;
    }

    private CpuCase wrap(byte[] code, CodeMode mode) {
        var values = new Values(dice);
        var registers = new ArrayList<Long>(16);
        for (int i = 0; i < 16; i++) {
            long value = values.integer();
            registers.add(!mode.isCompatibility() ? value : i < 8 ? value & 0xFFFF_FFFFL : 0);
        }
        return new CpuCase(
                "sequence",
                mode,
                Bytes.of(code),
                registers,
                Arena.CODE - mode.base() + 0x8000,
                0x202 | dice.anyLong() & STATUS,
                0,
                0,
                List.of(),
                FloatingState.initial(),
                new Allowance(UndefinedFlags.ADJUST, false, false, Set.of()));
    }
}
