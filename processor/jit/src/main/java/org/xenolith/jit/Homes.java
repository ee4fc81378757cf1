package org.xenolith.jit;

import org.xenolith.ir.CarryRule;
import org.xenolith.ir.Condition;
import org.xenolith.ir.FlagRule;
import org.xenolith.ir.Op;
import org.xenolith.ir.Width;

import java.lang.classfile.Label;
import java.util.List;
import java.util.function.Consumer;

/// Where registers, flags and memory are while compiled code runs, and how it is left. The emitter
/// says what is to be done; an implementation says it in bytecode. A value that an operation takes
/// comes as a `Runnable` that emits what pushes it on the JVM's stack, as a `long`.
///
/// Slots, constants and targets are as they stand in the ops: numbers, or places where to find
/// them.
interface Homes {
    /// Whether what may fault is to be executed in its own place, the JVM's stack being empty.
    boolean faultsInPlace();

    /// An instruction begins.
    void boundary(long pc);

    void pushConstant(Width width, long value);

    void pushRegister(int slot);

    void writeRegister(int slot, Runnable value);

    /// Values that the rule does not use are `null`. `resultUsed`: the result is made for others
    /// too.
    void setFlags(
            FlagRule rule,
            Width width,
            Runnable left,
            Runnable right,
            Runnable result,
            boolean resultUsed);

    /// The same if a condition holds: where it does not, what `unless` emits jumps to the label
    /// that it is given.
    void setFlagsIf(
            Consumer<Label> unless,
            FlagRule rule,
            Width width,
            Runnable left,
            Runnable right,
            Runnable result);

    void writeFlags(Runnable value);

    void setCarry(CarryRule rule, Width width, Runnable value);

    /// Pushes the flags at their places in RFLAGS, as a `long`.
    void pushFlags();

    /// Pushes whether a condition holds, as an `int` of 0 or 1.
    void pushTest(Condition condition);

    /// Memory accesses are told which value of the unit their address is.
    void pushLoad(Width width, int address, Runnable target);

    void store(Width width, int address, Runnable target, Runnable value);

    void storePair(int address, Runnable target, Runnable low, Runnable high);

    void storeConditional(
            Width width, int address, Runnable target, Runnable expected, Runnable value);

    /// Calls a helper; its value, if it has one, is pushed.
    void call(Op.Call call, List<Runnable> arguments);

    /// Goes on at a known address; ends the path.
    void jump(long target);

    /// Goes on at a computed address; ends the path.
    void jumpTo(Runnable target);

    /// Goes on where a helper has said; ends the path.
    void leave();

    /// The unit is over without having said where to go on; ends the path.
    void end();
}
