package org.xenolith.baseline;

import static org.xenolith.baseline.Assembler.CMP;
import static org.xenolith.baseline.Assembler.LEA;
import static org.xenolith.baseline.Assembler.NONE;
import static org.xenolith.baseline.Assembler.R11;
import static org.xenolith.baseline.Assembler.RAX;
import static org.xenolith.baseline.Assembler.RCX;
import static org.xenolith.baseline.Assembler.RDX;
import static org.xenolith.baseline.Assembler.STORE;
import static org.xenolith.baseline.Assembler.TEST;
import static org.xenolith.baseline.Frame.REGISTERS;

import org.xenolith.base.Bug;
import org.xenolith.ir.Enters;
import org.xenolith.ir.Flags;
import org.xenolith.ir.Guard;
import org.xenolith.ir.HostTime;
import org.xenolith.ir.Op;
import org.xenolith.ir.Op.BinaryKind;
import org.xenolith.ir.Op.CompareKind;
import org.xenolith.ir.Ops;
import org.xenolith.ir.Unit;
import org.xenolith.ir.Width;

/// Makes the code of a trace ([Traces]), op by op. RAX and R11 are for the inside of an op.
final class BlockCode {
    private final RegionCode region;
    private final Assembler code;
    private final FlagCode flags;
    private final Plan plan;
    private final Values values;
    private final AccessCode accesses;
    private final VectorCode vectors;
    private final IntegerCalls integers;
    private final StringCode strings;

    /// The label of [#miss()]; made when first asked for.
    private int miss = NONE;

    private long instruction;
    private int instructionsLeft;

    /// @param unit all blocks of the trace, one after the other
    BlockCode(RegionCode region, Assembler code, FlagCode flags, Unit unit) {
        this.region = region;
        this.code = code;
        this.flags = flags;
        plan = new Plan(unit);
        values = new Values(code, plan);
        accesses = new AccessCode(this, region, code, plan, values);
        vectors = new VectorCode(accesses, code, plan, values);
        integers = new IntegerCalls(code, plan, values);
        strings = new StringCode(this, accesses, code, plan, values);
    }

    void emit() {
        beginBlock();
        for (int index = 0; index < plan.size(); index++) {
            if (!plan.isSkipped(index)) {
                values.begin(index);
                emit(index);
                values.end();
            }
            if (plan.op(index).endsUnit() && index + 1 < plan.size()) {
                beginBlock();
            }
        }
    }

    private void beginBlock() {
        instructionsLeft = region.beginBlock() + 1;
    }

    private void emit(int index) {
        switch (plan.op(index)) {
            case Op.Boundary(long pc, _) -> {
                instruction = pc;
                instructionsLeft--;
                miss = NONE;
            }
            case Op.Const _ -> throw new Bug("a constant is made where it is used");
            case Op.ReadRegister(int slot) -> values.read(slot, index);
            case Op.WriteRegister(int slot, int value) -> {
                values.write(slot, value);
                vectors.overwritten(slot);
            }
            case Op.Load(var width, int address) -> load(index, width, address);
            case Op.Store(var width, int address, int value) -> {
                var place = accesses.find(index, true, address, width.bytes());
                store(width, place, 0, value);
            }
            case Op.StorePair(int address, int low, int high) -> {
                var place = accesses.find(index, true, address, 2 * Long.BYTES);
                store(Width.W64, place, 0, low);
                store(Width.W64, place, Long.BYTES, high);
            }
            case Op.StoreConditional op -> storeConditional(index, op);
            case Op.Binary op -> binary(index, op);
            case Op.Unary op -> unary(index, op);
            case Op.Convert(boolean signed, var from, var to, int value) ->
                    convert(index, signed, from, to, value);
            case Op.Select op -> select(index, op);
            case Op.Compare _, Op.Test _ -> {
                int condition = compute(plan.op(index));
                code.set(condition, RAX);
                code.extend(false, Width.W8, Width.W64, values.define(index), RAX);
            }
            case Op.SetFlags op -> {
                storeFlags(op);
                flags.become(FlagCode.kindAfter(op.rule(), op.width()));
            }
            case Op.SetFlagsIf op -> {
                int kind = FlagCode.kindAfter(op.rule(), op.width());
                flags.becomeIf(condition(op.condition()), kind, () -> storeFlags(op.flags()));
            }
            case Op.SetCarry(var rule, var width, int value) -> {
                flags.prepareCarry(rule);
                flagValue(Frame.FLAG_CARRY, value);
                flags.becomeCarry(rule, width);
            }
            case Op.ReadFlags() -> {
                flags.read();
                code.move(Width.W64, values.define(index), RAX);
            }
            case Op.WriteFlags(int value) -> {
                extended(false, Ops.width(plan.op(value)), RAX, value);
                code.opNumber(Width.W32, Assembler.AND, RAX, Flags.STATUS);
                flags.store(Frame.FLAG_RESULT, RAX);
                flags.become(FlagCode.explicit());
            }
            case Op.Call call -> {
                if (StringCode.canDo(call)) {
                    strings.emit(call);
                } else if (call.helper().hostTime().isPresent()) {
                    time(index, call.helper().hostTime().get());
                } else if (call.helper().enters().isPresent()) {
                    enter(call, call.helper().enters().get());
                } else if (call.helper().takesContext()) {
                    guard(call);
                } else {
                    integers.call(index, call);
                }
            }
            case Op.Host host -> vectors.emit(index, host);
            case Op.Jump(long target) -> region.jump(target);
            case Op.Branch(int condition, long taken, long notTaken) ->
                    region.branch(condition(condition), taken, notTaken);
            case Op.JumpTo(int target) -> {
                int register = values.fetch(target, Width.W64, RAX);
                region.jumpTo(register);
            }
            case Op.Leave() -> throw new Bug("no unit of a region leaves by a helper");
        }
    }

    /// Where to go if the instruction cannot be done.
    int miss() {
        if (miss == NONE) {
            miss = region.miss(instruction, instructionsLeft);
        }
        return miss;
    }

    private void time(int index, HostTime time) {
        vectors.forget();
        code.call(Assembler.RSP, Frame.TIME);
        code.op(Width.W64, Assembler.ADD, RAX, REGISTERS, Frame.slot(time.offset()));
        code.move(Width.W64, values.define(index), RAX);
    }

    private void enter(Op.Call call, Enters view) {
        int special = call.arguments().getFirst();
        if (!plan.isConstant(special) || plan.constant(special, Width.W64) != 0) {
            extended(false, Ops.width(plan.op(special)), RAX, special);
            code.op(Width.W64, TEST, RAX, RAX);
            code.jumpIf(Assembler.NOT_EQUAL, miss());
        }
        int ready = code.label();
        code.opNumber(Width.W64, CMP, Assembler.RSP, Frame.HAS_VIEWS, 0);
        code.jumpIf(Assembler.NOT_EQUAL, ready);
        code.storeNumber(Width.W64, REGISTERS, NONE, Frame.slot(Frame.WANTS_VIEWS), 1);
        code.jump(miss());
        code.bind(ready);
        EntryCode.changeView(code, view.view(), 0);
        code.storeNumber(Width.W64, REGISTERS, NONE, Frame.slot(view.slot()), view.view());
        code.storeNumber(Width.W64, REGISTERS, NONE, Frame.slot(Frame.PRESENT_VIEW), view.view());
    }

    // ---------------------------------------------------------------- memory

    private void load(int index, Width width, int address) {
        var place = accesses.find(index, false, address, width.bytes());
        int target = values.define(index);
        code.extend(false, width, Width.W64, target, RAX, place.index(), place.displacement());
    }

    /// Stores where [AccessCode#find] has found, and so many bytes further.
    private void store(Width width, AccessCode.Place place, int further, int value) {
        int at = place.displacement() + further;
        if (plan.isConstant(value)) {
            long number = plan.constant(value, width);
            if (width != Width.W64 || number == (int) number) {
                code.storeNumber(width, RAX, place.index(), at, (int) number);
                return;
            }
        }
        int register = values.fetch(value, width, R11);
        code.op(width, STORE, register, RAX, place.index(), 0, at);
    }

    private void storeConditional(int index, Op.StoreConditional op) {
        var width = op.width();
        var place = accesses.find(index, true, op.address(), width.bytes());
        code.op(Width.W64, LEA, R11, RAX, place.index(), 0, place.displacement());
        if (width != Width.W8) {
            code.testNumber(Width.W8, R11, width.bytes() - 1);
            code.jumpIf(Assembler.NOT_EQUAL, miss());
        }
        int value = any(op.value(), width);
        values.copy(RAX, op.expected(), width);
        code.compareAndExchange(width, R11, value);
        code.jumpIf(Assembler.NOT_EQUAL, miss());
    }

    // ---------------------------------------------------------------- two operands

    private void binary(int index, Op.Binary op) {
        switch (op.kind()) {
            case ADD, SUB -> sum(index, op);
            case AND -> simple(index, op, Assembler.AND);
            case OR -> simple(index, op, Assembler.OR);
            case XOR -> simple(index, op, Assembler.XOR);
            case MUL -> multiply(index, op);
            case MUL_HIGH_UNSIGNED -> multiplyHigh(index, op, false);
            case MUL_HIGH_SIGNED -> multiplyHigh(index, op, true);
            case SHIFT_LEFT -> shift(index, op, Assembler.SHL);
            case SHIFT_RIGHT -> shift(index, op, Assembler.SHR);
            case SHIFT_RIGHT_SIGNED -> shift(index, op, Assembler.SAR);
            case ROTATE_LEFT -> shift(index, op, Assembler.ROL);
            case ROTATE_RIGHT -> shift(index, op, Assembler.ROR);
        }
    }

    /// The host's width for an operation that works on more bits than it must.
    private static Width whole(Width width) {
        return width == Width.W64 ? Width.W64 : Width.W32;
    }

    /// A sum goes into another register in one step where neither operand's can be used.
    private void sum(int index, Op.Binary op) {
        boolean add = op.kind() == BinaryKind.ADD;
        int left = values.register(op.left());
        if (left < 0 || values.dies(op.left())) {
            simple(index, op, add ? Assembler.ADD : Assembler.SUB);
            return;
        }
        var width = whole(op.width());
        if (plan.isConstant(op.right())) {
            long number = plan.constant(op.right(), width);
            number = width.signExtend(add ? number : -number);
            if (number == (int) number) {
                int target = values.define(index);
                code.op(width, LEA, target, left, (int) number);
                return;
            }
        } else if (add) {
            int right = values.register(op.right());
            if (right >= 0 && !values.dies(op.right())) {
                int target = values.define(index);
                code.op(width, LEA, target, left, right, 0, 0);
                return;
            }
        }
        simple(index, op, add ? Assembler.ADD : Assembler.SUB);
    }

    private void simple(int index, Op.Binary op, int opcode) {
        int left = op.left();
        int right = op.right();
        if (opcode != Assembler.SUB && isBetterFirst(right, left)) {
            left = op.right();
            right = op.left();
        }
        var width = whole(op.width());
        if (plan.isConstant(right)) {
            long number = width.signExtend(plan.constant(right, op.width()));
            if (number == (int) number) {
                int target = values.define(index, left, width);
                code.opNumber(width, opcode, target, (int) number);
                return;
            }
        }
        operate(index, width, opcode, left, right);
    }

    /// Whether an operation is shorter with this value as its target.
    private boolean isBetterFirst(int value, int than) {
        if (plan.isConstant(than)) {
            return true;
        }
        return !plan.isConstant(value)
                && values.register(value) >= 0
                && values.dies(value)
                && !(values.register(than) >= 0 && values.dies(than));
    }

    /// `op target, right`, where the target begins as the left value.
    private void operate(int index, Width width, int opcode, int left, int right) {
        int register = values.register(right);
        if (register < 0 && !plan.isConstant(right) && values.dies(right)) {
            int base = values.base(right);
            int displacement = values.displacement(right);
            int target = values.define(index, left, width);
            code.op(width, opcode, target, base, displacement);
            return;
        }
        if (register < 0) {
            register = values.fetch(right, width, RAX);
        }
        int target = values.define(index, left, width);
        code.op(width, opcode, target, register);
    }

    private void multiply(int index, Op.Binary op) {
        var width = whole(op.width());
        if (plan.isConstant(op.right())) {
            long number = width.signExtend(plan.constant(op.right(), width));
            if (number == (int) number && !plan.isConstant(op.left())) {
                int source = values.fetch(op.left(), width, NONE);
                code.multiplyNumber(width, values.define(index), source, (int) number);
                return;
            }
        }
        operate(index, width, Assembler.IMUL, op.left(), op.right());
    }

    private void multiplyHigh(int index, Op.Binary op, boolean signed) {
        var width = op.width();
        if (width == Width.W64) {
            values.clear(RDX);
            int right = values.fetch(op.right(), width, R11);
            values.copy(RAX, op.left(), width);
            code.multiply(signed, right);
            code.move(width, values.define(index), RDX);
            return;
        }
        extended(signed, width, RAX, op.left());
        extended(signed, width, R11, op.right());
        code.op(Width.W64, Assembler.IMUL, RAX, R11);
        code.shiftNumber(Width.W64, Assembler.SHR, RAX, width.bits());
        int target = values.define(index);
        code.extend(false, width, Width.W64, target, RAX);
    }

    /// Puts a value, extended to 64 bits, into a scratch register.
    private void extended(boolean signed, Width width, int register, int value) {
        values.copyExtended(signed, width, register, value);
    }

    // ---------------------------------------------------------------- shifts

    private void shift(int index, Op.Binary op, int digit) {
        boolean variable = !plan.isConstant(op.right());
        if (variable) {
            values.clear(RCX);
            values.copy(RCX, op.right(), Width.W32);
        }
        int target = shifted(index, op, digit);
        boolean rotates = digit == Assembler.ROL || digit == Assembler.ROR;
        var width = rotates ? op.width() : whole(op.width());
        if (variable) {
            code.shift(width, digit, target);
        } else {
            code.shiftNumber(width, digit, target, (int) plan.constant(op.right(), Width.W8));
        }
    }

    /// A register with what is to be shifted, such that what comes in is right.
    private int shifted(int index, Op.Binary op, int digit) {
        var width = op.width();
        boolean signed = digit == Assembler.SAR;
        boolean extends_ =
                signed && width.bits() < Integer.SIZE
                        || digit == Assembler.SHR
                                && width.bits() < Integer.SIZE
                                && plan.bits(op.left()) > width.bits();
        int target = values.define(index, op.left(), whole(width));
        if (extends_) {
            code.extend(signed, width, Width.W32, target, target);
        }
        return target;
    }

    // ---------------------------------------------------------------- one operand

    private void unary(int index, Op.Unary op) {
        var width = op.width();
        switch (op.kind()) {
            case NOT -> code.not(whole(width), values.define(index, op.value(), whole(width)));
            case NEGATE ->
                    code.negate(whole(width), values.define(index, op.value(), whole(width)));
            case SWAP_BYTES -> swapBytes(index, op);
            case LEADING_ZEROS -> {
                extended(false, width, RAX, op.value());
                code.load(R11, 2 * Long.SIZE - 1);
                code.op(Width.W64, Assembler.BSR, RAX, RAX);
                code.op(Width.W64, Assembler.CMOV | Assembler.EQUAL, RAX, R11);
                code.opNumber(Width.W32, Assembler.XOR, RAX, Long.SIZE - 1);
                int target = values.define(index);
                code.op(Width.W32, LEA, target, RAX, width.bits() - Long.SIZE);
            }
            case TRAILING_ZEROS -> {
                extended(false, width, RAX, op.value());
                code.load(R11, width.bits());
                int target = values.define(index);
                code.op(Width.W64, Assembler.BSF, target, RAX);
                code.op(Width.W64, Assembler.CMOV | Assembler.EQUAL, target, R11);
            }
            case COUNT_ONES -> {
                extended(false, width, RAX, op.value());
                code.populationCount(values.define(index), RAX);
            }
        }
    }

    private void swapBytes(int index, Op.Unary op) {
        int target = values.define(index, op.value(), whole(op.width()));
        switch (op.width()) {
            case W8 -> code.extend(false, Width.W8, Width.W32, target, target);
            case W16 -> code.shiftNumber(Width.W16, Assembler.ROL, target, 8);
            case W32, W64 -> code.swapBytes(op.width(), target);
        }
    }

    private void convert(int index, boolean signed, Width from, Width to, int value) {
        int register = values.register(value);
        if (register < 0) {
            int base = values.base(value);
            int displacement = values.displacement(value);
            int target = values.define(index);
            code.extend(signed, from, to, target, base, NONE, displacement);
        } else {
            code.extend(signed, from, to, values.define(index), register);
        }
    }

    // ---------------------------------------------------------------- conditions

    /// The target begins as the value that a move replaces; the condition may need that value too.
    private void select(int index, Op.Select op) {
        var width = whole(op.width());
        int ifTrue = any(op.ifTrue(), op.width());
        int target = values.define(index);
        values.copy(target, op.ifFalse(), op.width());
        int condition = condition(op.condition());
        code.op(width, Assembler.CMOV | condition, target, ifTrue);
    }

    /// A register with a value that stays when conditions are computed.
    int any(int value, Width width) {
        if (!plan.isConstant(value)) {
            return values.fetch(value, width, NONE);
        }
        int register = values.allocate();
        code.load(register, plan.constant(value, width));
        return register;
    }

    /// Emits what makes the host's flags tell whether a value is not zero.
    ///
    /// @return the host's condition code
    private int condition(int value) {
        if (plan.isDeferred(value)) {
            return compute(plan.op(value));
        }
        var width = Ops.width(plan.op(value));
        int register = values.fetch(value, width, RAX);
        code.op(width, TEST, register, register);
        return Assembler.NOT_EQUAL;
    }

    private int compute(Op op) {
        return switch (op) {
            case Op.Compare compare -> compare(compare);
            case Op.Test(var condition) -> flags.test(condition);
            case Op.Binary(_, _, int left, _) -> condition(left) ^ 1;
            case Op _ -> throw new Bug("a condition that is put off compares");
        };
    }

    private int compare(Op.Compare op) {
        var width = op.width();
        if (plan.isConstant(op.left()) && !plan.isConstant(op.right())) {
            compare(width, op.right(), op.left());
            return swapped(op.kind());
        }
        compare(width, op.left(), op.right());
        return switch (op.kind()) {
            case EQUAL -> Assembler.EQUAL;
            case NOT_EQUAL -> Assembler.NOT_EQUAL;
            case LESS_UNSIGNED -> Assembler.BELOW;
            case LESS_SIGNED -> Assembler.LESS;
        };
    }

    private static int swapped(CompareKind kind) {
        return switch (kind) {
            case EQUAL -> Assembler.EQUAL;
            case NOT_EQUAL -> Assembler.NOT_EQUAL;
            case LESS_UNSIGNED -> Assembler.ABOVE;
            case LESS_SIGNED -> Assembler.GREATER;
        };
    }

    private void compare(Width width, int left, int right) {
        if (plan.isConstant(right)) {
            long number = width.signExtend(plan.constant(right, width));
            if (number == (int) number) {
                compareNumber(width, left, (int) number);
                return;
            }
        }
        int other = values.fetch(right, width, RAX);
        int register = values.register(left);
        if (register >= 0) {
            code.op(width, CMP, register, other);
        } else if (plan.isConstant(left) || !values.dies(left)) {
            code.op(width, CMP, values.fetch(left, width, R11), other);
        } else {
            // cmp r/m, r
            code.op(width, CMP - 2, other, values.base(left), values.displacement(left));
        }
    }

    private void compareNumber(Width width, int left, int number) {
        int register = values.register(left);
        if (register < 0 && !plan.isConstant(left) && values.dies(left)) {
            code.opNumber(width, CMP, values.base(left), values.displacement(left), number);
            return;
        }
        if (register < 0) {
            register = values.fetch(left, width, R11);
        }
        if (number == 0) {
            code.op(width, TEST, register, register);
        } else {
            code.opNumber(width, CMP, register, number);
        }
    }

    // ---------------------------------------------------------------- flags

    /// Stores the values that flags follow from. No value goes elsewhere by it.
    private void storeFlags(Op.SetFlags op) {
        flagValue(Frame.FLAG_RESULT, op.result());
        if (Ops.usesRight(op.rule())) {
            flagValue(Frame.FLAG_RIGHT, op.right());
        }
        if (FlagCode.storesLeft(op.rule())) {
            flagValue(Frame.FLAG_LEFT, op.left());
        }
    }

    /// Stores a value, zero-extended.
    private void flagValue(int slot, int value) {
        var width = Ops.width(plan.op(value));
        int at = Frame.slot(slot);
        if (plan.isConstant(value)) {
            long number = plan.constant(value, width);
            if (number == (int) number) {
                code.storeNumber(Width.W64, REGISTERS, NONE, at, (int) number);
                return;
            }
        }
        int register = plan.isConstant(value) ? NONE : values.register(value);
        boolean clean = plan.bits(value) <= width.bits();
        if (register >= 0 && clean) {
            flags.store(slot, register);
            return;
        }
        extended(false, width, RAX, value);
        flags.store(slot, RAX);
    }

    // ---------------------------------------------------------------- guards

    private void guard(Op.Call call) {
        var guard = call.helper().guardForm().orElseThrow();
        if (IntegerCalls.isDivision(guard.form())) {
            integers.guard(call, guard.form(), miss());
            return;
        }
        int value = call.arguments().getFirst();
        boolean isWide = Ops.width(plan.op(value)) == Width.W64 && guard.bits() >= Integer.SIZE;
        if (guard.form() == Guard.Form.FITS_SIGNED && isWide && region.isUpper()) {
            upperGuard(value, guard.bits());
            return;
        }
        extended(false, Ops.width(plan.op(value)), RAX, value);
        switch (guard.form()) {
            case FITS_SIGNED -> compareSigned(guard.bits());
            case IS_ZERO -> code.op(Width.W64, TEST, RAX, RAX);
            case IS_MULTIPLE -> code.testNumber(Width.W32, RAX, (1 << guard.bits()) - 1);
            case DIVIDES_UNSIGNED, DIVIDES_SIGNED ->
                    throw new Bug("a guard of a division comes else");
            case OTHER -> throw new Bug("a guard of no known form is not in a region");
        }
        code.jumpIf(Assembler.NOT_EQUAL, miss());
    }

    /// Emits what makes the host's flags tell whether RAX is what its low bits are, sign-extended.
    private void compareSigned(int bits) {
        int unused = Long.SIZE - bits;
        code.move(Width.W64, R11, RAX);
        code.shiftNumber(Width.W64, Assembler.SHL, RAX, unused);
        code.shiftNumber(Width.W64, Assembler.SAR, RAX, unused);
        code.op(Width.W64, CMP, RAX, R11);
    }

    /// In the upper half such a number is mostly an address of a kernel's code, in the last 2 GiB.
    private void upperGuard(int value, int bits) {
        int miss = miss();
        int other = code.label();
        int fits = code.label();
        int register = values.fetch(value, Width.W64, RAX);
        code.opNumber(Width.W64, CMP, register, Integer.MIN_VALUE);
        code.jumpIf(Assembler.BELOW, other);
        code.bind(fits);
        region.aside(() -> {
            code.bind(other);
            code.move(Width.W64, RAX, register);
            compareSigned(bits);
            code.jumpIf(Assembler.NOT_EQUAL, miss);
            code.jump(fits);
        });
    }

    /// Whether the machine code can be made for a call.
    ///
    /// @param features of the host, see [HostProcessor]
    static boolean canCall(Op.Call call, int features) {
        if (call.helper().hostTime().isPresent()) {
            return (features & HostProcessor.TIME) != 0;
        }
        return IntegerCalls.canCall(call)
                || StringCode.canDo(call)
                || call.helper().enters().isPresent()
                || call.helper()
                        .guardForm()
                        .filter(guard -> guard.form() != Guard.Form.OTHER)
                        .isPresent();
    }
}
