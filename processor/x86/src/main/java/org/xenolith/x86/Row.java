package org.xenolith.x86;

import org.xenolith.base.Bug;
import org.xenolith.ir.HostInstruction;
import org.xenolith.ir.HostInstruction.Opcode;

import java.util.List;
import java.util.Optional;
import java.util.Set;

/// One line of the manual's opcode column and what it means.
///
/// The encoding is written as in SDM vol. 2: an optional mandatory prefix (`NP` for none of them,
/// `66`, `F3`, `F2`), optional `REX.W` or `W0`, opcode bytes in hexadecimal (`+r` where the low
/// three bits are a register), then `/r`, a digit `/0` to `/7` for ModRM.reg, and optionally `reg`
/// or `mem` where only one form of ModRM.rm belongs to the row. A whole ModRM byte may stand as a
/// last opcode byte (`0F 01 /0 C1`).
///
/// Setters return the row itself and are used only while a table is being written.
public final class Row {
    /// What the instruction does, as ops.
    @FunctionalInterface
    public interface Meaning {
        void lift(Lifter lifter, Instruction instruction);
    }

    /// Whose availability an instruction depends on.
    public enum Unit {
        INTEGER,
        X87,
        MMX,
        SSE
    }

    private final String name;
    private final Encoding encoding;
    private final Meaning meaning;
    private final List<Spec> operands;
    private boolean lockable;
    private boolean modifying;
    private boolean endsBlock;
    private boolean default64;
    private boolean forced64;
    private boolean privileged;
    private boolean onlyLong;
    private boolean notLong;
    private Unit unit = Unit.INTEGER;
    private Optional<HostInstruction.Opcode> host = Optional.empty();
    private boolean usesXmm0;
    private int undefinedFlags;
    private boolean wait;

    private Row(String name, String encoding, Meaning meaning, List<Spec> operands) {
        this.name = name;
        this.encoding = Encoding.parse(encoding, operands);
        this.meaning = meaning;
        this.operands = operands;
        Bug.check(operands.size() <= 4, "row " + name + " has at most four operands");
    }

    public static Row row(String name, String encoding, Meaning meaning, Spec... operands) {
        return new Row(name, encoding, meaning, List.of(operands));
    }

    /// LOCK is allowed with a memory destination.
    public Row lockable() {
        lockable = true;
        return this;
    }

    /// The first operand is read and written; implied by [#lockable].
    public Row modifying() {
        modifying = true;
        return this;
    }

    /// The instruction may change what follows it (the mode, the address space) or leave.
    public Row endsBlock() {
        endsBlock = true;
        return this;
    }

    /// In 64-bit mode the operand size is 64 without REX.W; 16 bits remain possible.
    public Row default64() {
        default64 = true;
        return this;
    }

    /// In 64-bit mode the operand size is 64 whatever the prefixes say.
    public Row forced64() {
        forced64 = true;
        return this;
    }

    /// #GP(0) unless CPL is 0.
    public Row privileged() {
        privileged = true;
        return this;
    }

    /// #UD outside 64-bit mode.
    public Row only64() {
        onlyLong = true;
        return this;
    }

    /// #UD in 64-bit mode.
    public Row not64() {
        notLong = true;
        return this;
    }

    public Row uses(Unit unit) {
        this.unit = unit;
        return this;
    }

    /// An x86-64 host with the `features` (see [HostForm]) does the same with the same opcode.
    Row sameOnHost(int features) {
        host = Optional.of(HostForm.opcode(encoding, features, Opcode.NO_CONTROL));
        return this;
    }

    /// The same, if its MXCSR is the guest's.
    Row roundedOnHost() {
        host = Optional.of(HostForm.opcode(encoding, HostForm.VECTORS, Registers.MXCSR));
        return this;
    }

    /// An x86-64 host does the same with another opcode.
    Row onHost(String otherEncoding) {
        var other = Encoding.parse(otherEncoding, operands);
        host = Optional.of(HostForm.opcode(other, HostForm.VECTORS, Opcode.NO_CONTROL));
        return this;
    }

    /// XMM0 is an operand that is not named.
    Row withXmm0() {
        usesXmm0 = true;
        return this;
    }

    /// WAIT: checked against CR0.MP and CR0.TS together.
    public Row waits() {
        wait = true;
        return this;
    }

    /// The status flags that the manual leaves undefined, at their places in RFLAGS.
    public Row undefined(int flags) {
        undefinedFlags = flags;
        return this;
    }

    public String name() {
        return name;
    }

    public Encoding encoding() {
        return encoding;
    }

    public Meaning meaning() {
        return meaning;
    }

    public List<Spec> operands() {
        return operands;
    }

    public boolean isLockable() {
        return lockable;
    }

    /// The first operand is read and written: a fault of its read counts as one of a write.
    public boolean isModifying() {
        return modifying || lockable;
    }

    public boolean isEndOfBlock() {
        return endsBlock;
    }

    boolean isDefault64() {
        return default64;
    }

    boolean isForced64() {
        return forced64;
    }

    public boolean isPrivileged() {
        return privileged;
    }

    public boolean isOnly64() {
        return onlyLong;
    }

    public boolean isNot64() {
        return notLong;
    }

    /// What an x86-64 host does the same with.
    Optional<HostInstruction.Opcode> host() {
        return host;
    }

    boolean usesXmm0() {
        return usesXmm0;
    }

    public Unit unit() {
        return unit;
    }

    boolean isWait() {
        return wait;
    }

    public int undefinedFlags() {
        return undefinedFlags;
    }

    /// Whether the instruction reaches the stack without naming it in an operand.
    public boolean touchesStack() {
        return name.startsWith("PUSH")
                || name.startsWith("POP ")
                || Set.of(
                                "POP", "POPA", "POPF", "CALL", "CALLF", "RET", "RETF", "IRET",
                                "ENTER", "LEAVE")
                        .contains(name);
    }

    @Override
    public String toString() {
        return name + " (" + encoding + ") " + operands;
    }
}
