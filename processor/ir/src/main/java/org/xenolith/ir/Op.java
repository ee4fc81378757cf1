package org.xenolith.ir;

import java.util.List;

/// One operation of the language. A *value* is the index in its unit of the op that made it; it
/// lives in a `long`, zero-extended from its [Width]. Addresses are values of 64 bits.
///
/// An instruction is a run of ops from its [Boundary] up to the next. Within it, whatever may fault
/// precedes whatever changes architectural state, so that a fault leaves nothing half done.
public sealed interface Op {
    /// An instruction begins: its address and its length in bytes (1 to 15).
    record Boundary(long pc, int length) implements Op {}

    record Const(Width width, long value) implements Op {}

    /// The whole 64 bits of register `slot`.
    record ReadRegister(int slot) implements Op {}

    /// Replaces the whole 64 bits of register `slot`.
    record WriteRegister(int slot, int value) implements Op {}

    /// Reads memory at a linear address. May fault.
    record Load(Width width, int address) implements Op {}

    /// Writes memory at a linear address. May fault, and has then written nothing.
    record Store(Width width, int address, int value) implements Op {}

    /// Writes 16 bytes, both or, if it faults, neither.
    record StorePair(int address, int low, int high) implements Op {}

    /// Atomically writes `value` if memory still holds `expected`; else the instruction begins
    /// again. What every locked read-modify-write ends in. May fault.
    record StoreConditional(Width width, int address, int expected, int value) implements Op {}

    record Binary(BinaryKind kind, Width width, int left, int right) implements Op {}

    record Unary(UnaryKind kind, Width width, int value) implements Op {}

    /// Changes width: zero- or sign-extends, or drops high bits.
    record Convert(boolean signed, Width from, Width to, int value) implements Op {}

    /// `ifTrue` where `condition` is not zero.
    record Select(Width width, int condition, int ifTrue, int ifFalse) implements Op {}

    /// 1 where the comparison of two values of `width` holds, else 0; of width 8.
    record Compare(CompareKind kind, Width width, int left, int right) implements Op {}

    /// The six status flags follow from an operation that has been done.
    record SetFlags(FlagRule rule, Width width, int left, int right, int result) implements Op {}

    /// The same where `condition` is not zero; else all flags stay: a shift by a count that may be
    /// zero.
    record SetFlagsIf(int condition, FlagRule rule, Width width, int left, int right, int result)
            implements Op {
        /// What is done where the condition holds.
        public SetFlags flags() {
            return new SetFlags(rule, width, left, right, result);
        }
    }

    /// CF, and with a rotation OF, follow from a value; the other flags stay.
    record SetCarry(CarryRule rule, Width width, int value) implements Op {}

    /// 1 where the condition holds for the present flags, else 0; of width 8.
    record Test(Condition condition) implements Op {}

    /// The six status flags at their places in RFLAGS; of width 64.
    record ReadFlags() implements Op {}

    /// Sets the six status flags from their places in RFLAGS; other bits are ignored.
    record WriteFlags(int value) implements Op {}

    /// Calls a Java method. A helper that takes the context may fault and, unless it is [ReadOnly],
    /// change anything. A helper without it is pure. A value, if there is one, is of width 64.
    record Call(Helper helper, List<Integer> arguments) implements Op {
        public Call {
            arguments = List.copyOf(arguments);
        }
    }

    /// Changes nothing. It says that on an x86-64 host one instruction does all that the ops before
    /// it in its guest instruction do, other than calls of helpers with a [Guard]: a compiler for
    /// such a host may make that instruction in their place.
    ///
    /// @param address the value that is the address of the instruction's memory, or [#NONE]
    /// @param result the value that the host's instruction answers, or [#NONE]: in the general
    ///   register of its [HostInstruction.Part.Result]; if it has none, what is said at
    ///   [HostInstruction#answersIndex]
    record Host(HostInstruction instruction, int address, int result) implements Op {
        /// No value.
        public static final int NONE = -1;
    }

    /// Ends a unit: on to a known address.
    record Jump(long target) implements Op {}

    /// Ends a unit: to one of two known addresses.
    record Branch(int condition, long taken, long notTaken) implements Op {}

    /// Ends a unit: on to a computed address.
    record JumpTo(int target) implements Op {}

    /// Ends a unit: the context's own `pc` has been set by the helper just called.
    record Leave() implements Op {}

    /// Arithmetic wraps at the width. Shift and rotate counts are below the width, and may be of
    /// any width themselves.
    enum BinaryKind {
        ADD,
        SUB,
        MUL,
        MUL_HIGH_UNSIGNED,
        MUL_HIGH_SIGNED,
        AND,
        OR,
        XOR,
        SHIFT_LEFT,
        SHIFT_RIGHT,
        SHIFT_RIGHT_SIGNED,
        ROTATE_LEFT,
        ROTATE_RIGHT
    }

    enum UnaryKind {
        NOT,
        NEGATE,
        SWAP_BYTES,
        LEADING_ZEROS,
        TRAILING_ZEROS,
        COUNT_ONES
    }

    enum CompareKind {
        EQUAL,
        NOT_EQUAL,
        LESS_UNSIGNED,
        LESS_SIGNED
    }

    /// Whether this op ends its unit.
    default boolean endsUnit() {
        return this instanceof Jump
                || this instanceof Branch
                || this instanceof JumpTo
                || this instanceof Leave;
    }
}
