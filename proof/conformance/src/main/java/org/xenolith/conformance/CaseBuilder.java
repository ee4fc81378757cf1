package org.xenolith.conformance;

import org.xenolith.base.Sizes;
import org.xenolith.conformance.InstructionForm.Immediate;
import org.xenolith.state.Bytes;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// Makes one random case of one form: prefixes, operands, immediates, and a state in which
/// something interesting happens.
final class CaseBuilder {
    static final int RAX = 0;
    static final int RCX = 1;
    static final int RDX = 2;
    static final int RBX = 3;
    static final int RSP = 4;
    static final int RBP = 5;
    static final int RSI = 6;
    static final int RDI = 7;

    private static final int INSTRUCTION_BYTES_MAX = 15;
    private static final long SINGLE_STEP = 1 << 8;
    private static final long DIRECTION = 1 << 10;
    private static final long ALIGNMENT_CHECK = 1 << 18;

    final InstructionForm form;
    final Dice dice;
    final Values values;
    final CodeMode mode;
    final HostFeatures features;
    final boolean compatibility;
    final boolean sixteen;

    /// The offset in the code segment of the first code page.
    final long codeStart;

    /// How far a processor reads an instruction that does not exist is its own affair.
    private final boolean exists;

    final long[] registers = new long[16];
    final List<MemoryPatch> patches = new ArrayList<>();

    /// Registers that must keep their value, one bit each.
    int fixed;

    boolean operandPrefix;
    boolean addressPrefix;
    boolean lock;
    int repeat;
    int segment;
    long rip;

    private int rex;
    private long fsBase;
    private long gsBase;
    private MemoryOperand memory;
    private int modrm;
    private long immediate;

    CaseBuilder(InstructionForm form, HostFeatures features, Dice dice) {
        this(form, features, dice, chooseMode(form, features, dice));
    }

    CaseBuilder(InstructionForm form, HostFeatures features, Dice dice, CodeMode mode) {
        this.form = form;
        this.features = features;
        this.dice = dice;
        this.values = new Values(dice);
        this.mode = mode;
        this.compatibility = mode.isCompatibility();
        this.sixteen = mode == CodeMode.COMPATIBILITY_16;
        this.codeStart = Arena.CODE - mode.base();
        this.exists = !form.name().equals("INVALID") && !form.name().equals("UD");
    }

    private static CodeMode chooseMode(InstructionForm form, HostFeatures features, Dice dice) {
        if (!form.is("legacy") && (form.is("long") || dice.chance(70))) {
            return CodeMode.LONG;
        }
        boolean code16 = features.code16() && features.lowData();
        return code16 && dice.chance(35) ? CodeMode.COMPATIBILITY_16 : CodeMode.COMPATIBILITY_32;
    }

    /// Only the bytes of an instruction that touches no memory; empty if it does, or cannot run.
    Optional<byte[]> registerCode() {
        rip = codeStart;
        choosePrefixes();
        chooseRegisters();
        if (form.modrm()) {
            chooseModRm(new Scenario(this));
        }
        boolean address = form.name().equals("LEA");
        if (lock || memory != null && !address || address && memory.ripRelative) {
            return Optional.empty();
        }
        var code = encode(0);
        boolean runs =
                code.length <= INSTRUCTION_BYTES_MAX
                        && defined(code)
                        && HostDifferences.judges(features, this);
        return runs ? Optional.of(code) : Optional.empty();
    }

    /// Empty if chance made something whose result the manual does not define.
    Optional<CpuCase> build() {
        rip = codeStart + 0x8000 + dice.below(0x1000);
        choosePrefixes();
        chooseRegisters();
        var scenario = new Scenario(this);
        scenario.prepareRegisters();
        long target = 0;
        if (form.modrm()) {
            target = chooseModRm(scenario);
        } else if (form.immediates().contains(Immediate.MOFFS)) {
            target = scenario.target(addressBits());
        }
        var code = encode(target);
        if (dice.below(200) == 0 && memory == null && exists) {
            rip = codeStart + Arena.CODE_BYTES - dice.below(code.length + 1);
        }
        boolean register = form.modrm() && memory == null;
        scenario.prepareOperands(target, register ? modrm & 7 | (rex & 1) << 3 : -1);
        return defined(code) && HostDifferences.judges(features, this)
                ? Optional.of(finish(code, scenario))
                : Optional.empty();
    }

    private CpuCase finish(byte[] code, Scenario scenario) {
        if (compatibility) {
            for (int i = 0; i < 16; i++) {
                registers[i] = i < 8 ? registers[i] & 0xFFFF_FFFFL : 0;
            }
        }
        long rflags = 0x202 | dice.anyLong() & UndefinedFlags.STATUS;
        rflags |= dice.chance(form.is("string") ? 30 : 3) ? DIRECTION : 0;
        rflags |= dice.chance(1) ? SINGLE_STEP : 0;
        // What is checked of vector and x87 operands differs from processor to processor.
        boolean scalar =
                form.attributes().stream()
                        .noneMatch(a ->
                                a.startsWith("sse") || a.startsWith("x87") || a.startsWith("fx"));
        scalar &= HostDifferences.alignmentIsKnown(features, form);
        rflags |= scalar && dice.chance(2) ? ALIGNMENT_CHECK : 0;
        return new CpuCase(
                form.title(),
                mode,
                Bytes.of(code),
                Arrays.stream(registers).boxed().toList(),
                rip,
                rflags,
                fsBase,
                gsBase,
                patches,
                scenario.floatingState(),
                new Allowance(
                        UndefinedFlags.of(form.undefined(), shiftCount(), operandBits()),
                        form.is("tolerant"),
                        form.is("partial"),
                        HostDifferences.freedoms(features, this)));
    }

    // ---------------------------------------------------------------- choices

    private void choosePrefixes() {
        operandPrefix = !form.plain() && dice.chance(20);
        addressPrefix = dice.chance(8) && (!compatibility || features.lowData());
        if (form.is("string") && dice.chance(60)) {
            repeat = dice.chance(50) ? 0xF2 : 0xF3;
        }
        if (dice.chance(8)) {
            segment = (int) dice.pick(0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65);
        }
        if (features.baseAddressInstructions()) {
            fsBase = dice.below(0x10000);
            gsBase = dice.chance(80) ? dice.below(0x10000) : -(long) dice.below(0x10000);
        } else if (segment >= 0x64) {
            segment = 0;
        }
        if (!compatibility) {
            int bits = dice.chance(50) ? dice.below(16) : -1;
            rex = form.rexW() ? 0x48 | Math.max(bits, 0) : bits < 0 ? 0 : 0x40 | bits;
        }
    }

    private void chooseRegisters() {
        for (int i = 0; i < 16; i++) {
            registers[i] = values.integer();
        }
        if (dice.chance(80)) {
            registers[RSP] = Arena.DATA + 64 + dice.below(Arena.WRITABLE_BYTES - 128) / 8 * 8;
        }
    }

    private long chooseModRm(Scenario scenario) {
        int reg = form.digit() >= 0 ? form.digit() : dice.below(8);
        boolean inMemory = form.memoryAllowed() && (!form.registerAllowed() || dice.chance(55));
        if (!inMemory) {
            modrm = 0xC0 | reg << 3 | dice.below(8);
            lock = dice.below(200) == 0;
            return 0;
        }
        long target = scenario.target(addressBits());
        lock = form.lockable() ? dice.chance(20) : dice.below(200) == 0;
        if (lock || form.locksImplicitly()) {
            target &= -16; // within a cache line: hosts may punish split locks
        }
        long mask = addressBits() == 64 ? -1L : (1L << addressBits()) - 1;
        memory =
                new MemoryOperand(
                        dice,
                        registers,
                        compatibility,
                        addressBits(),
                        rex != 0,
                        target - segmentBase() & mask);
        fixed |= memory.used;
        if (rex != 0) {
            rex = rex & ~3 | memory.rexBits;
        }
        modrm = memory.mod << 6 | reg << 3 | memory.rm;
        return target;
    }

    private long segmentBase() {
        return compatibility ? 0 : segment == 0x64 ? fsBase : segment == 0x65 ? gsBase : 0;
    }

    int addressBits() {
        if (compatibility) {
            return addressPrefix == sixteen ? 32 : 16;
        }
        return addressPrefix ? 32 : 64;
    }

    /// The operand's width where the opcode's lowest bit tells bytes from words.
    int operandBits() {
        int opcode = lastOpcodeByte();
        boolean word = form.opcode().length() > 1 || (opcode & 1) != 0;
        return !word ? 8 : isWide() ? 64 : isNarrow() ? 16 : 32;
    }

    /// The operand size is 16 bits, REX.W left aside.
    boolean isNarrow() {
        return operandPrefix != sixteen;
    }

    /// REX.W is there.
    boolean isWide() {
        return (rex & 8) != 0;
    }

    int lastOpcodeByte() {
        return form.opcode().get(form.opcode().length() - 1) & 0xFF;
    }

    private int shiftCount() {
        return switch (lastOpcodeByte()) {
            case 0xD0, 0xD1 -> 1;
            case 0xD2, 0xD3, 0xA5, 0xAD -> (int) registers[RCX] & 0xFF;
            default -> (int) immediate & 0xFF;
        };
    }

    /// SHLD and SHRD by more than the operand's width, and BSWAP of 16 bits, have no defined
    /// result.
    private boolean defined(byte[] code) {
        return switch (form.undefined()) {
            case "shld" -> (shiftCount() & (operandBits() == 64 ? 63 : 31)) <= operandBits();
            case "bswap" -> operandBits() != 16;
            default -> code.length <= CpuCase.CODE_MAX;
        };
    }

    // ---------------------------------------------------------------- encoding

    private byte[] encode(long target) {
        var code = new Code();
        emitPrefixes(code);
        if (form.secondPrefix()) {
            code.emit(0x66);
        }
        if (form.mandatoryPrefix() != 0) {
            code.emit(form.mandatoryPrefix());
        }
        if (rex != 0) {
            code.emit(rex);
        }
        for (int i = 0; i < form.opcode().length(); i++) {
            boolean last = i == form.opcode().length() - 1;
            int register = last && form.opcodeRegister() ? dice.below(8) : 0;
            code.emit(form.opcode().get(i) + register);
        }
        int displacementAt = -1;
        if (form.modrm()) {
            code.emit(modrm);
            if (memory != null) {
                if (memory.sib >= 0) {
                    code.emit(memory.sib);
                }
                displacementAt = code.length;
                code.emit(memory.displacement, memory.displacementBytes);
            }
        }
        for (var kind : form.immediates()) {
            emitImmediate(code, kind, target);
        }
        if (memory != null && memory.ripRelative) {
            code.patch(displacementAt, memory.displacement - (rip + code.length), 4);
        }
        return code.toBytes();
    }

    private void emitPrefixes(Code code) {
        var prefixes = new ArrayList<Integer>();
        if (operandPrefix) {
            prefixes.add(0x66);
        }
        if (addressPrefix) {
            prefixes.add(0x67);
        }
        if (segment != 0) {
            prefixes.add(segment);
        }
        if (lock) {
            prefixes.add(0xF0);
        }
        if (repeat != 0) {
            prefixes.add(repeat);
        }
        for (int left = prefixes.size(); left > 0; left--) {
            code.emit(prefixes.remove(dice.below(left)));
        }
        if (dice.below(300) == 0 && segment == 0 && exists) {
            int padding = dice.between(1, INSTRUCTION_BYTES_MAX - code.length);
            for (int i = 0; i < padding; i++) {
                code.emit(0x3E);
            }
        }
    }

    private void emitImmediate(Code code, Immediate kind, long target) {
        boolean wide = isWide();
        boolean narrow = isNarrow() && !wide;
        switch (kind) {
            case IB -> {
                immediate =
                        form.is("shift") || form.is("bit")
                                ? dice.below(dice.chance(50) ? 70 : 256)
                                : form.is("ssecmp") ? dice.below(8) : values.integer();
                code.emit(immediate, 1);
            }
            case IW ->
                    code.emit(
                            form.is("ret") || form.is("far") || form.is("stack")
                                    ? dice.below(128)
                                    : values.integer(),
                            2);
            case ID -> code.emit(values.integer(), 4);
            case IZ -> code.emit(values.integer(), narrow ? 2 : 4);
            case IV -> code.emit(values.integer(), wide ? 8 : narrow ? 2 : 4);
            case CB -> code.emit(shortDisplacement(code.length), 1);
            case CZ -> code.emit(nearDisplacement(code.length), compatibility && narrow ? 2 : 4);
            case MOFFS -> code.emit(target - segmentBase(), addressBits() / 8);
            case PTR -> {
                code.emit(codeStart + dice.below(0x7000), narrow ? 2 : 4);
                code.emit(Scenario.selector(dice), 2);
            }
        }
    }

    /// Not back into the instruction itself.
    private long shortDisplacement(int lengthSoFar) {
        return dice.chance(50) ? dice.between(0, 127) : dice.between(-128, -2 - lengthSoFar);
    }

    private long nearDisplacement(int lengthSoFar) {
        if (dice.chance(5)) {
            return (int) dice.anyLong() | 0x1000_0000L;
        }
        return dice.chance(50) ? dice.between(0, 0x5000) : dice.between(-0x7000, -5 - lengthSoFar);
    }

    /// The bytes of an instruction under construction.
    private static final class Code {
        private final byte[] bytes = new byte[CpuCase.CODE_MAX];
        private int length;

        void emit(int value) {
            bytes[length++] = (byte) value;
        }

        void emit(long value, int count) {
            patch(length, value, count);
            length += count;
        }

        void patch(int at, long value, int count) {
            for (int i = 0; i < count; i++) {
                bytes[at + i] = (byte) (value >>> 8 * i);
            }
        }

        byte[] toBytes() {
            return Arrays.copyOf(bytes, length);
        }
    }

    /// Whether a linear address lies in the data pages; if so, its offset there.
    static Optional<Integer> arenaOffset(long linear) {
        for (long start : new long[] {Arena.DATA, Arena.LOW_DATA}) {
            if (linear >= start && linear < start + Arena.PAGES * (long) Sizes.PAGE_BYTES) {
                return Optional.of((int) (linear - start));
            }
        }
        return Optional.empty();
    }
}
