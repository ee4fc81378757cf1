package org.xenolith.x86;

import static org.xenolith.ir.Width.W16;
import static org.xenolith.ir.Width.W32;
import static org.xenolith.ir.Width.W64;
import static org.xenolith.ir.Width.W8;

import org.xenolith.ir.Width;

/// Bytes become instructions (SDM vol. 2A, chapter 2). One decoder serves one thread.
public final class Decoder {
    /// Bytes of an instruction at most; a longer one is #GP(0).
    public static final int LENGTH_MAX = 15;

    private final Table table;
    private CodeSource source;
    private Mode mode;
    private long start;
    private long at;

    private int rex;
    private boolean operandPrefix;
    private boolean addressPrefix;
    private int repeat;
    private boolean lock;
    private int segment;

    public Decoder(Table table) {
        this.table = table;
    }

    /// Decodes the instruction at `pc`. Throws [Trap]: #UD for what no row describes, #GP(0) for
    /// more than 15 bytes, or what `source` throws.
    public Instruction decode(CodeSource source, long pc, Mode mode) {
        this.source = source;
        this.mode = mode;
        start = pc;
        at = pc;
        int opcode = prefixes();
        int map = 0;
        if (opcode == 0x0F) {
            map = 1;
            opcode = next();
            if (opcode == 0x38 || opcode == 0x3A) {
                map = opcode == 0x38 ? 2 : 3;
                opcode = next();
            }
        }
        return operands(select(map, opcode), opcode);
    }

    private int prefixes() {
        rex = 0;
        operandPrefix = false;
        addressPrefix = false;
        repeat = 0;
        lock = false;
        segment = -1;
        while (true) {
            int value = next();
            switch (value) {
                case 0x66 -> operandPrefix = true;
                case 0x67 -> addressPrefix = true;
                case 0xF0 -> lock = true;
                case 0xF2, 0xF3 -> repeat = value;
                case 0x26, 0x2E, 0x36, 0x3E -> {
                    if (!mode.is64()) {
                        segment = value >>> 3 & 3;
                    }
                }
                case 0x64, 0x65 -> segment = value - 0x60;
                default -> {
                    if (!mode.is64() || (value & 0xF0) != 0x40) {
                        return value;
                    }
                    rex = value;
                    continue;
                }
            }
            rex = 0; // SDM vol. 2A, 2.2.1: a REX prefix counts only directly before the opcode
        }
    }

    /// The row, and ModRM peeked at; the byte stays unread.
    private Row select(int map, int opcode) {
        var candidates = table.at(map, opcode);
        int prefix = repeat != 0 ? repeat : operandPrefix ? 0x66 : 0;
        boolean w = (rex & 8) != 0;
        int modRm = -1;
        for (var row : candidates) {
            if (mode.is64() ? row.isNot64() : row.isOnly64()) {
                continue;
            }
            if (row.encoding().hasModRm() && modRm < 0) {
                modRm = next();
                at--;
            }
            if (row.encoding().matches(prefix, w, modRm)) {
                return row;
            }
        }
        throw Trap.invalidOpcode();
    }

    private Instruction operands(Row row, int opcode) {
        var encoding = row.encoding();
        int modRm = encoding.hasModRm() ? next() : -1;
        var operandSize = operandSize(row);
        var addressSize = addressSize();
        var specs = row.operands();
        var operands = new Operand[specs.size()];
        Operand.Memory memory = null;
        if (modRm >= 0 && modRm < 0xC0 && readsMemoryForm(row)) {
            memory = memory(modRm, addressSize);
        }
        for (int index = 0; index < operands.length; index++) {
            operands[index] =
                    operand(specs.get(index), modRm, opcode, operandSize, addressSize, memory);
        }
        // A RIP-relative displacement counts from the end of the instruction.
        long length = at - start;
        if (memory != null && memory.base() == Operand.RIP) {
            long sum = memory.displacement() + at;
            for (int index = 0; index < operands.length; index++) {
                if (operands[index] instanceof Operand.Memory m && m.base() == Operand.RIP) {
                    operands[index] =
                            new Operand.Memory(
                                    m.segment(), m.base(), -1, 1, sum, addressSize, m.bytes());
                }
            }
        }
        if (lock && !(row.isLockable() && memory != null && isMemory(operands))) {
            throw Trap.invalidOpcode();
        }
        return new Instruction(
                row,
                start,
                (int) length,
                operandSize,
                addressSize,
                (rex & 8) != 0,
                repeat,
                lock,
                segment,
                modRm,
                operands);
    }

    private static boolean isMemory(Operand[] operands) {
        return operands.length > 0 && operands[0] instanceof Operand.Memory;
    }

    /// MOV to and from control and debug registers takes ModRM.rm as a register whatever mod says.
    private static boolean readsMemoryForm(Row row) {
        return row.operands().stream()
                .noneMatch(spec ->
                        spec.place == Spec.Place.CONTROL_REGISTER
                                || spec.place == Spec.Place.DEBUG_REGISTER);
    }

    private Width operandSize(Row row) {
        if (mode.is64()) {
            if (row.isForced64() || (rex & 8) != 0) {
                return W64;
            }
            if (operandPrefix && row.encoding().prefix() != 0x66) {
                return W16;
            }
            return row.isDefault64() ? W64 : W32;
        }
        boolean is32 = (mode.codeSize() == W32) ^ operandPrefix;
        return is32 ? W32 : W16;
    }

    private Width addressSize() {
        if (mode.is64()) {
            return addressPrefix ? W32 : W64;
        }
        return (mode.codeSize() == W32) ^ addressPrefix ? W32 : W16;
    }

    private Operand operand(
            Spec spec,
            int modRm,
            int opcode,
            Width operandSize,
            Width addressSize,
            Operand.Memory memory) {
        int reg = modRm >>> 3 & 7;
        int regExtended = reg | (rex & 4) << 1;
        int rmExtended = modRm & 7 | (rex & 1) << 3;
        return switch (spec.place) {
            case RM ->
                    memory != null
                            ? withBytes(memory, memoryBytes(spec.size, operandSize))
                            : general(rmExtended, registerWidth(spec.size, operandSize));
            case REG -> general(regExtended, registerWidth(spec.size, operandSize));
            case RM_REGISTER -> general(rmExtended, registerWidth(spec.size, operandSize));
            case OPCODE ->
                    general(opcode & 7 | (rex & 1) << 3, registerWidth(spec.size, operandSize));
            case MEMORY -> withBytes(memory, memoryBytes(spec.size, operandSize));
            case IMMEDIATE -> {
                var width = registerWidth(spec.size, operandSize);
                yield new Operand.Immediate(width, immediate(width));
            }
            case IMMEDIATE_SIGNED -> {
                var width = registerWidth(spec.size, operandSize);
                long value = width.signExtend(immediate(width));
                yield new Operand.Immediate(operandSize, operandSize.zeroExtend(value));
            }
            case RELATIVE -> {
                var width = registerWidth(spec.size, operandSize);
                long displacement = width.signExtend(immediate(width));
                yield new Operand.Target(at + displacement);
            }
            case FAR_POINTER -> {
                long offset = immediate(operandSize);
                yield new Operand.FarPointer((int) immediate(W16), offset);
            }
            case OFFSET -> {
                long offset = immediate(addressSize);
                yield new Operand.Memory(
                        segment < 0 ? Segments.DS : segment,
                        -1,
                        -1,
                        1,
                        offset,
                        addressSize,
                        memoryBytes(spec.size, operandSize));
            }
            case SEGMENT_REGISTER -> new Operand.SegmentRegister(reg);
            case CONTROL_REGISTER -> {
                if (regExtended == 1 || regExtended > 4 && regExtended != 8) {
                    throw Trap.invalidOpcode();
                }
                yield new Operand.ControlRegister(regExtended);
            }
            case DEBUG_REGISTER -> {
                if (regExtended > 7) {
                    throw Trap.invalidOpcode();
                }
                yield new Operand.DebugRegister(regExtended);
            }
            case VECTOR_REG -> new Operand.Vector(regExtended, memoryBytes(spec.size, operandSize));
            case VECTOR_RM ->
                    memory != null
                            ? withBytes(memory, memoryBytes(spec.size, operandSize))
                            : new Operand.Vector(rmExtended, memoryBytes(spec.size, operandSize));
            case VECTOR_RM_REGISTER ->
                    new Operand.Vector(rmExtended, memoryBytes(spec.size, operandSize));
            case MMX_REG -> new Operand.Mmx(reg);
            case MMX_RM ->
                    memory != null
                            ? withBytes(memory, memoryBytes(spec.size, operandSize))
                            : new Operand.Mmx(modRm & 7);
            case MMX_RM_REGISTER -> new Operand.Mmx(modRm & 7);
            case FIXED_RAX -> general(Registers.RAX, registerWidth(spec.size, operandSize));
            case FIXED_RCX -> general(Registers.RCX, registerWidth(spec.size, operandSize));
            case FIXED_RDX -> general(Registers.RDX, registerWidth(spec.size, operandSize));
            case FIXED_ONE -> new Operand.Immediate(W8, 1);
        };
    }

    private Operand general(int number, Width width) {
        if (width == W8 && rex == 0 && number >= 4 && number < 8) {
            return new Operand.Register(number - 4, W8, true);
        }
        return new Operand.Register(number, width, false);
    }

    private static Operand.Memory withBytes(Operand.Memory memory, int bytes) {
        return new Operand.Memory(
                memory.segment(),
                memory.base(),
                memory.index(),
                memory.scale(),
                memory.displacement(),
                memory.addressSize(),
                bytes);
    }

    private Width registerWidth(Spec.Size size, Width operandSize) {
        return switch (size) {
            case B -> W8;
            case W -> W16;
            case D, D_OR_B, D_OR_W -> W32;
            case Q -> W64;
            case V, V_OR_W, NONE, T, DQ -> operandSize;
            case Z -> operandSize == W16 ? W16 : W32;
            case Y -> (rex & 8) != 0 ? W64 : W32;
            case NATIVE -> mode.is64() ? W64 : W32;
        };
    }

    private int memoryBytes(Spec.Size size, Width operandSize) {
        return switch (size) {
            case NONE -> 0;
            case D_OR_B -> 1;
            case D_OR_W, V_OR_W -> 2;
            case T -> 10;
            case DQ -> 16;
            case B, W, D, Q, V, Y, Z, NATIVE -> registerWidth(size, operandSize).bytes();
        };
    }

    // ---------------------------------------------------------------- memory forms

    private Operand.Memory memory(int modRm, Width addressSize) {
        return addressSize == W16 ? memory16(modRm) : memory32(modRm, addressSize);
    }

    private static final int[] BASES_16 = {3, 3, 5, 5, 6, 7, 5, 3};
    private static final int[] INDEXES_16 = {6, 7, 6, 7, -1, -1, -1, -1};

    /// SDM vol. 2A, table 2-1.
    private Operand.Memory memory16(int modRm) {
        int mod = modRm >>> 6;
        int rm = modRm & 7;
        int base = BASES_16[rm];
        if (mod == 0 && rm == 6) {
            base = -1;
        }
        long displacement =
                switch (mod) {
                    case 1 -> (byte) immediate(W8);
                    case 2 -> (short) immediate(W16);
                    default -> base < 0 ? (short) immediate(W16) : 0;
                };
        return new Operand.Memory(segmentFor(base), base, INDEXES_16[rm], 1, displacement, W16, 0);
    }

    /// SDM vol. 2A, tables 2-2 and 2-3.
    private Operand.Memory memory32(int modRm, Width addressSize) {
        int mod = modRm >>> 6;
        int rm = modRm & 7;
        int base = rm | (rex & 1) << 3;
        int index = -1;
        int scale = 1;
        boolean noBase = false;
        if (rm == 4) {
            int sib = next();
            index = sib >>> 3 & 7 | (rex & 2) << 2;
            index = index == 4 ? -1 : index;
            scale = 1 << (sib >>> 6);
            base = sib & 7 | (rex & 1) << 3;
            noBase = (sib & 7) == 5 && mod == 0;
        } else if (rm == 5 && mod == 0) {
            long displacement = (int) immediate(W32);
            return new Operand.Memory(
                    segmentFor(-1),
                    mode.is64() ? Operand.RIP : -1,
                    -1,
                    1,
                    displacement,
                    addressSize,
                    0);
        }
        long displacement =
                switch (mod) {
                    case 1 -> (byte) immediate(W8);
                    case 2 -> (int) immediate(W32);
                    default -> noBase ? (int) immediate(W32) : 0;
                };
        base = noBase ? -1 : base;
        return new Operand.Memory(
                segmentFor(base), base, index, scale, displacement, addressSize, 0);
    }

    private int segmentFor(int base) {
        if (segment >= 0) {
            return segment;
        }
        return base == Registers.RSP || base == Registers.RBP ? Segments.SS : Segments.DS;
    }

    // ---------------------------------------------------------------- bytes

    private int next() {
        if (at - start >= LENGTH_MAX) {
            throw Trap.generalProtection(0);
        }
        return source.byteAt(at++);
    }

    private long immediate(Width width) {
        long value = 0;
        for (int shift = 0; shift < width.bits(); shift += 8) {
            value |= (long) next() << shift;
        }
        return value;
    }
}
