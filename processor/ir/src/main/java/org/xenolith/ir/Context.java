package org.xenolith.ir;

/// What a unit acts on: registers, lazy flags, the program counter, memory. **Hot path.** Public
/// fields, because compiled code reads and writes them.
///
/// A memory access that cannot be done throws [Abort]; nothing of it has then happened.
public abstract class Context {
    /// How many register slots there are.
    public static final int SLOTS = 296;

    /// From here on slots are no registers but a compiler's own.
    public static final int COMPILER_SLOTS = 120;

    /// So are some from here on, among those that code reaches by shorter instructions,
    public static final int NEAR_COMPILER_SLOTS = 16;

    /// up to here.
    public static final int NEAR_COMPILER_SLOTS_END = 22;

    /// The registers; what each slot means is the front end's to say.
    public final long[] registers = new long[SLOTS];

    /// Something that a compiler keeps with the context; of no meaning to others.
    public Object compilerState;

    /// Where execution goes on, in the front end's address space.
    public long pc;

    /// The status flags in lazy form: a [Flags#kind] and values, of which the left one counts only
    /// where the rule does not imply it ([Flags#isLeftImplied]).
    public int flagKind = Flags.kind(Flags.EXPLICIT, 8);

    public long flagLeft;
    public long flagRight;
    public long flagResult;

    /// From what CF and OF follow, if the kind says so.
    public long flagCarry;

    /// Whether a slot is one of [#NEAR_COMPILER_SLOTS].
    static boolean isNearCompilers(int slot) {
        return slot >= NEAR_COMPILER_SLOTS && slot < NEAR_COMPILER_SLOTS_END;
    }

    public final void setFlags(int rule, int bits, long left, long right, long result) {
        flagKind = Flags.kind(rule, bits);
        flagLeft = left;
        flagRight = right;
        flagResult = result;
    }

    /// The six status flags at their places in RFLAGS.
    public final int statusFlags() {
        return Flags.allLazy(flagKind, flagLeft, flagRight, flagResult, flagCarry);
    }

    /// See [Op.SetCarry].
    public final void setCarry(int rule, int bits, long value) {
        if (Flags.losesOverflow(flagKind, rule)) {
            setStatusFlags(statusFlags());
        }
        flagKind = Flags.withCarry(flagKind, rule, bits);
        flagCarry = value;
    }

    public final void setStatusFlags(long flags) {
        flagKind = Flags.kind(Flags.EXPLICIT, 8);
        flagResult = flags & Flags.STATUS;
    }

    /// Whether the condition with x86 code `code` holds.
    public final boolean test(int code) {
        return Flags.testLazy(code, flagKind, flagLeft, flagRight, flagResult, flagCarry);
    }

    /// Whether the quick forms of helpers count, see [Quick].
    public abstract boolean isPlain();

    /// Compiled code has stopped within an instruction, since it found no translation of a page for
    /// reading, or writing. Answers whether there is one now where it looks; if not, it leaves that
    /// instruction to others. What else the context knows may be as it was when the code was
    /// entered, but for the registers.
    ///
    /// @param page the linear address of a page, which may be none that there can be
    public boolean translate(long page, boolean write) {
        return false;
    }

    public abstract long load8(long address);

    public abstract long load16(long address);

    public abstract long load32(long address);

    public abstract long load64(long address);

    public abstract void store8(long address, long value);

    public abstract void store16(long address, long value);

    public abstract void store32(long address, long value);

    public abstract void store64(long address, long value);

    /// Stores 16 bytes, all or none.
    public abstract void storePair(long address, long low, long high);

    /// See [Op.StoreConditional]; throws [Abort#restart] when memory has changed.
    public abstract void storeConditional(int bits, long address, long expected, long value);

    /// Loads a value of `bits` bits, zero-extended.
    public final long load(int bits, long address) {
        return switch (bits) {
            case 8 -> load8(address);
            case 16 -> load16(address);
            case 32 -> load32(address);
            default -> load64(address);
        };
    }

    public final void store(int bits, long address, long value) {
        switch (bits) {
            case 8 -> store8(address, value);
            case 16 -> store16(address, value);
            case 32 -> store32(address, value);
            default -> store64(address, value);
        }
    }
}
