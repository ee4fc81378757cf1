package org.xenolith.baseline;

import static org.xenolith.baseline.Assembler.NONE;
import static org.xenolith.baseline.Assembler.RAX;
import static org.xenolith.baseline.Frame.REGISTERS;

import org.xenolith.base.Bug;
import org.xenolith.ir.Flags;
import org.xenolith.ir.HostInstruction;
import org.xenolith.ir.HostInstruction.Part;
import org.xenolith.ir.Op;
import org.xenolith.ir.Width;

import java.util.Arrays;

/// Makes the code of a trace for what one of the host's own instructions does ([Op.Host]), on the
/// host's vector registers of the same numbers. A vector that has been in its register stays there
/// to the end of the trace; it is always in its slots too, so that a way out need not save any.
final class VectorCode {
    private static final int REGISTERS_MAX = 16;

    /// The flags that a comparison answers.
    private static final int COMPARED = Flags.ZF | Flags.PF | Flags.CF;

    private final AccessCode accesses;
    private final Assembler code;
    private final VectorAssembler vectors;
    private final Plan plan;
    private final Values values;

    /// By register of the host: the slot whose vector it holds, or NONE.
    private final int[] held = new int[REGISTERS_MAX];

    VectorCode(AccessCode accesses, Assembler code, Plan plan, Values values) {
        this.accesses = accesses;
        this.code = code;
        this.plan = plan;
        this.values = values;
        vectors = new VectorAssembler(code);
        forget();
    }

    /// A slot has got a value by other means.
    void overwritten(int slot) {
        for (int register = 0; register < held.length; register++) {
            if (held[register] == slot || held[register] == slot - 1) {
                held[register] = NONE;
            }
        }
    }

    /// No register holds anything any more.
    void forget() {
        Arrays.fill(held, NONE);
    }

    void emit(int index, Op.Host op) {
        var instruction = op.instruction();
        for (var vector : instruction.vectors()) {
            if (vector.use().reads()) {
                fetch(vector);
            }
        }
        if (instruction.answersIndex()) {
            values.clear(Assembler.RCX);
        }
        int reg = register(instruction.reg(), index);
        switch (instruction.rm()) {
            case Part.Memory(int bytes, boolean written) -> {
                var at = accesses.find(index, written, op.address(), bytes);
                emit(instruction, reg, RAX, at.index(), at.displacement());
            }
            case Part.General(int slot) ->
                    emit(instruction, reg, REGISTERS, NONE, Frame.slot(slot));
            case Part.Vector _, Part.Result _, Part.Digit _ ->
                    emit(instruction, reg, register(instruction.rm(), index));
        }
        for (var vector : instruction.vectors()) {
            if (vector.use().writes()) {
                keep(vector);
            }
        }
        if (instruction.answersIndex()) {
            answerIndex(index);
        } else if (answersFlags(op) && plan.isUsed(index)) {
            vectors.loadFlags();
            vectors.extendHigh();
            int target = values.define(index);
            code.opNumber(Width.W32, Assembler.AND, RAX, COMPARED);
            code.move(Width.W32, target, RAX);
        }
    }

    /// Whether what an op answers is flags.
    private static boolean answersFlags(Op.Host op) {
        var instruction = op.instruction();
        return op.result() != Op.Host.NONE
                && !(instruction.reg() instanceof Part.Result)
                && !(instruction.rm() instanceof Part.Result);
    }

    private void answerIndex(int index) {
        code.pushFlags();
        code.pop(RAX);
        code.opNumber(Width.W32, Assembler.AND, RAX, Flags.STATUS);
        code.shiftNumber(Width.W64, Assembler.SHL, RAX, Integer.SIZE);
        code.op(Width.W64, Assembler.OR, RAX, Assembler.RCX);
        code.move(Width.W64, values.define(index), RAX);
    }

    /// How many low bits of what an op answers may be other than zero.
    static int bits(Op.Host op) {
        return switch (op.instruction()) {
            case HostInstruction instruction when instruction.answersIndex() -> Long.SIZE;
            case HostInstruction(_, _, Part.Result(var width), _, _, _) -> width.bits();
            case HostInstruction(_, _, _, Part.Result(var width), _, _) -> width.bits();
            case HostInstruction _ -> Integer.SIZE - Integer.numberOfLeadingZeros(COMPARED);
        };
    }

    private int register(Part part, int index) {
        return switch (part) {
            case Part.Digit(int value) -> value;
            case Part.Vector(int number, _, _) -> number;
            case Part.Result _ -> plan.isUsed(index) ? values.define(index) : RAX;
            case Part.General _, Part.Memory _ -> throw new Bug(part + " is in memory");
        };
    }

    private void emit(HostInstruction instruction, int reg, int rm) {
        vectors.op(instruction.opcode(), instruction.wide(), reg, rm);
        instruction.immediate().ifPresent(code::bytes);
    }

    private void emit(HostInstruction instruction, int reg, int base, int index, int at) {
        vectors.op(instruction.opcode(), instruction.wide(), reg, base, index, at);
        instruction.immediate().ifPresent(code::bytes);
    }

    /// Sees to it that a vector is in its register.
    private void fetch(Part.Vector vector) {
        int register = vector.number();
        if (held[register] != vector.slot()) {
            vectors.load(register, REGISTERS, Frame.slot(vector.slot()));
            held[register] = vector.slot();
        }
    }

    /// A vector's register has got its value, which comes into its slots.
    private void keep(Part.Vector vector) {
        int slot = vector.slot();
        values.overwrite(slot);
        values.overwrite(slot + 1);
        vectors.store(vector.number(), REGISTERS, Frame.slot(slot));
        overwritten(slot);
        overwritten(slot + 1);
        held[vector.number()] = slot;
    }
}
