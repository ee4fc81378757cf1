package org.xenolith.ir;

import org.xenolith.base.Bug;

import java.util.ArrayList;
import java.util.List;

/// Checks the laws that every unit keeps:
///
/// - every instruction begins with a [Op.Boundary];
/// - every use follows its definition, and widths agree;
/// - what ends a unit is its last op;
/// - within one instruction, nothing that may fault follows anything that changes state. A store
///   and the call of a helper with the context are both (unless it is [ReadOnly]), so there is at
///   most one of them, and only register and flag writes come after it;
/// - [Op.Leave] comes after the call of a helper with the context, in the same instruction.
public final class Verifier {
    private static final int INSTRUCTION_BYTES_MAX = 15;

    private final List<Op> ops;
    private final List<String> violations = new ArrayList<>();

    private Verifier(Unit unit) {
        ops = unit.ops();
    }

    /// What is wrong with a unit, a sentence each; nothing if it keeps the laws.
    public static List<String> violations(Unit unit) {
        var verifier = new Verifier(unit);
        verifier.checkValues();
        verifier.checkOrder();
        return List.copyOf(verifier.violations);
    }

    /// Throws [Bug] if the unit breaks a law.
    ///
    /// @return the unit
    public static Unit check(Unit unit) {
        var violations = violations(unit);
        if (!violations.isEmpty()) {
            throw new Bug(String.join("; ", violations) + " in\n" + unit);
        }
        return unit;
    }

    private void checkValues() {
        for (int index = 0; index < ops.size(); index++) {
            var op = ops.get(index);
            boolean defined = true;
            for (int value : Ops.operands(op)) {
                if (value < 0 || value >= index || !Ops.hasValue(ops.get(value))) {
                    report(index, "uses %" + value + ", which is no value made before it");
                    defined = false;
                }
            }
            if (defined) {
                checkOp(index, op);
            }
        }
    }

    private void checkOp(int index, Op op) {
        switch (op) {
            case Op.Boundary(_, int length) -> {
                if (length < 1 || length > INSTRUCTION_BYTES_MAX) {
                    report(index, "has an impossible length");
                }
            }
            case Op.Const _, Op.Test _, Op.ReadFlags _, Op.Jump _, Op.Leave _ -> {}
            case Op.WriteFlags _, Op.SetCarry _, Op.Branch _ -> {}
            case Op.ReadRegister(int slot) -> checkSlot(index, slot);
            case Op.WriteRegister(int slot, int value) -> {
                checkSlot(index, slot);
                checkWidth(index, value, Width.W64);
            }
            case Op.Load(_, int address) -> checkWidth(index, address, Width.W64);
            case Op.Store(var width, int address, int value) -> {
                checkWidth(index, address, Width.W64);
                checkWidth(index, value, width);
            }
            case Op.StorePair(int address, int low, int high) -> {
                checkWidth(index, address, Width.W64);
                checkWidth(index, low, Width.W64);
                checkWidth(index, high, Width.W64);
            }
            case Op.StoreConditional(var width, int address, int expected, int value) -> {
                checkWidth(index, address, Width.W64);
                checkWidth(index, expected, width);
                checkWidth(index, value, width);
            }
            case Op.Binary(var kind, var width, int left, int right) -> {
                checkWidth(index, left, width);
                if (!Ops.isShift(kind)) {
                    checkWidth(index, right, width);
                }
            }
            case Op.Unary(_, var width, int value) -> checkWidth(index, value, width);
            case Op.Convert(_, var from, _, int value) -> checkWidth(index, value, from);
            case Op.Select(var width, _, int ifTrue, int ifFalse) -> {
                checkWidth(index, ifTrue, width);
                checkWidth(index, ifFalse, width);
            }
            case Op.Compare(_, var width, int left, int right) -> {
                checkWidth(index, left, width);
                checkWidth(index, right, width);
            }
            case Op.SetFlags flags -> checkFlags(index, flags);
            case Op.SetFlagsIf set -> checkFlags(index, set.flags());
            case Op.Call(var helper, var arguments) -> {
                if (arguments.size() != helper.arity()) {
                    report(index, "gives " + arguments.size() + " arguments");
                }
            }
            case Op.Host(var instruction, int address, _) -> {
                instruction.vectors().forEach(vector -> checkSlot(index, vector.slot() + 1));
                if (address != Op.Host.NONE) {
                    checkWidth(index, address, Width.W64);
                }
            }
            case Op.JumpTo(int target) -> checkWidth(index, target, Width.W64);
        }
    }

    private void checkFlags(int index, Op.SetFlags flags) {
        switch (flags.rule()) {
            case EXPLICIT -> {}
            case ADD, ADC, SUB, SBB -> {
                checkWidth(index, flags.left(), flags.width());
                checkWidth(index, flags.right(), flags.width());
                checkWidth(index, flags.result(), flags.width());
            }
            case SHL, SHR, SAR -> {
                checkWidth(index, flags.left(), flags.width());
                checkWidth(index, flags.result(), flags.width());
            }
            case LOGIC, INC, DEC, MUL -> checkWidth(index, flags.result(), flags.width());
        }
    }

    private void checkSlot(int index, int slot) {
        if (slot < 0 || slot >= Context.COMPILER_SLOTS || Context.isNearCompilers(slot)) {
            report(index, "names a register that does not exist");
        }
    }

    private void checkWidth(int index, int value, Width expected) {
        var actual = Ops.width(ops.get(value));
        if (actual != expected) {
            report(index, "wants %" + value + " of " + expected + ", not " + actual);
        }
    }

    private void checkOrder() {
        if (!ops.isEmpty() && !(ops.getFirst() instanceof Op.Boundary)) {
            report(0, "is no boundary");
        }
        int changed = -1;
        boolean called = false;
        for (int index = 0; index < ops.size(); index++) {
            var op = ops.get(index);
            if (op instanceof Op.Boundary) {
                changed = -1;
                called = false;
            }
            if (Ops.mayFault(op) && changed >= 0) {
                report(index, "may fault after %" + changed + " has changed state");
            }
            if (Ops.changesState(op)) {
                changed = index;
            }
            called |= Ops.callsContext(op);
            if (op instanceof Op.Leave && !called) {
                report(index, "leaves without a helper that has set the pc");
            }
            if (op.endsUnit() && index < ops.size() - 1) {
                report(index, "ends the unit before its last op");
            }
        }
    }

    private void report(int index, String what) {
        violations.add("%" + index + " " + what + ": " + Printer.print(ops.get(index)));
    }
}
