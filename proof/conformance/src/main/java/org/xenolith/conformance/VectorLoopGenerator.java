package org.xenolith.conformance;

import org.xenolith.state.Bytes;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// Random loops as those of [LoopGenerator], most of whose instructions are on XMM registers, with
/// all kinds of numbers in these and in MXCSR.
public final class VectorLoopGenerator implements CaseSource {
    private static final int TURNS_MAX = 12;
    private static final int BODY_MAX = 8;
    private static final int BODY_BYTES_MAX = 56;

    /// Forms that may change a general register: only RAX to RDI without RSP are there for that.
    private static final Set<String> GENERAL =
            Set.of("CVTSS", "CVTSI", "MOVMSK", "PINSRW", "SSEMOVI", "SSE41", "SSE42");

    /// Forms on MMX registers, or on general ones alone.
    private static final Set<String> NOT_VECTORS = Set.of("CVTPI", "MOVNT");

    private static final int[] LOW = {0, 1, 2, 3, 5, 6, 7};

    private final Dice dice;
    private final Values values;
    private final LoopGenerator others;
    private final List<InstructionForm> forms;

    public VectorLoopGenerator(HostFeatures features, long seed) {
        dice = new Dice(seed);
        values = new Values(dice);
        others = new LoopGenerator(dice);
        forms =
                InstructionForm.all().stream()
                        .filter(form -> form.is("sse") || form.is("ssecmp"))
                        .filter(form -> form.feature().map(features::has).orElse(true))
                        .filter(form -> !form.is("tolerant") && form.freedoms().isEmpty())
                        .filter(form -> !NOT_VECTORS.contains(form.name()))
                        .toList();
    }

    @Override
    public CpuCase next() {
        var code = new ByteArrayOutputStream();
        for (int count = dice.between(2, BODY_MAX); count > 0; count--) {
            byte[] instruction = dice.chance(80) ? instruction() : others.instruction();
            if (code.size() + instruction.length <= BODY_BYTES_MAX) {
                code.writeBytes(instruction);
            }
        }
        LoopGenerator.close(code);
        var registers = new ArrayList<Long>(16);
        for (int i = 0; i < 16; i++) {
            registers.add(i >= 8 && i < 12 ? pointer() : values.integer());
        }
        registers.set(15, (long) dice.between(1, TURNS_MAX));
        return new CpuCase(
                "vector loop",
                CodeMode.LONG,
                Bytes.of(code.toByteArray()),
                registers,
                Arena.CODE + 0x8000,
                0x202 | dice.anyLong() & UndefinedFlags.STATUS,
                0,
                0,
                List.of(),
                Bytes.of(FloatingState.random(dice, values, false, false, true)),
                new Allowance(UndefinedFlags.ADJUST, false, false, Set.of()));
    }

    /// Mostly aligned, and in the middle of the writable pages.
    private long pointer() {
        long place = Arena.DATA + dice.between(0x100, 0x1E00);
        return dice.chance(90) ? place & -16 : place;
    }

    private byte[] instruction() {
        var form = forms.get(dice.below(forms.size()));
        var code = new ByteArrayOutputStream();
        boolean inMemory = form.memoryAllowed() && (!form.registerAllowed() || dice.chance(40));
        boolean low = GENERAL.contains(form.name());
        int reg = form.digit() >= 0 ? form.digit() : register(low);
        int rm = inMemory ? 8 + dice.below(4) : register(low);
        if (form.mandatoryPrefix() != 0) {
            code.write(form.mandatoryPrefix());
        }
        code.write(0x40 | (form.rexW() ? 8 : 0) | reg >>> 3 << 2 | rm >>> 3);
        for (int i = 0; i < form.opcode().length(); i++) {
            code.write(form.opcode().get(i));
        }
        if (inMemory) {
            code.write(0x40 | (reg & 7) << 3 | rm & 7);
            code.write(dice.chance(95) ? 16 * dice.between(-4, 4) : dice.between(-64, 64));
        } else {
            code.write(0xC0 | (reg & 7) << 3 | rm & 7);
        }
        for (int count = form.immediates().size(); count > 0; count--) {
            code.write((int) values.integer());
        }
        return code.toByteArray();
    }

    private int register(boolean low) {
        return low ? LOW[dice.below(LOW.length)] : dice.below(16);
    }
}
