package org.xenolith.baseline;

import org.xenolith.ir.Context;
import org.xenolith.ir.Width;

import java.util.Arrays;

/// Where the values of a trace are: in a host register, in the slot of the register of the guest
/// that has the same value now, or on the stack. What was to be kept longest goes first when
/// registers run out, and costs nothing if it is in a slot anyway.
final class Values {
    private static final int NOWHERE = -1;
    private static final int REGISTERS = 16;
    private static final int[] POOL = {
        Assembler.RBX,
        Assembler.R12,
        Assembler.R13,
        Assembler.R14,
        Assembler.R15,
        Assembler.RDX,
        Assembler.RCX
    };

    private final Assembler code;
    private final Plan plan;

    // By home value.
    private final int[] registers;
    private final int[] stack;
    private final int[] slots;

    /// By host register, slot, place on the stack: the home value that is there.
    private final int[] inRegister = new int[REGISTERS];

    private final int[] inSlot = new int[Context.SLOTS];
    private final int[] onStack = new int[Frame.VALUE_BYTES / Long.BYTES];

    private int position;
    private int pinned;

    Values(Assembler code, Plan plan) {
        this.code = code;
        this.plan = plan;
        registers = new int[plan.size()];
        stack = new int[plan.size()];
        slots = new int[plan.size()];
        for (var places : new int[][] {registers, stack, slots, inRegister, inSlot, onStack}) {
            Arrays.fill(places, NOWHERE);
        }
    }

    // ---------------------------------------------------------------- time

    /// The op at `position` begins. Registers that it uses stay until it ends.
    void begin(int position) {
        this.position = position;
        pinned = 0;
    }

    /// The op ends; values that nobody uses any more are forgotten.
    void end() {
        for (int register : POOL) {
            int value = inRegister[register];
            if (value != NOWHERE && plan.last(value) <= position) {
                inRegister[register] = NOWHERE;
                registers[value] = NOWHERE;
            }
        }
    }

    /// Whether the present op is the last that uses a value.
    boolean dies(int value) {
        return plan.last(plan.home(value)) <= position;
    }

    // ---------------------------------------------------------------- registers

    private boolean isPinned(int register) {
        return (pinned & 1 << register) != 0;
    }

    private void pin(int register) {
        pinned |= 1 << register;
    }

    /// A free register, for the present op.
    int allocate() {
        int best = NOWHERE;
        for (int register : POOL) {
            if (isPinned(register)) {
                continue;
            }
            if (inRegister[register] == NOWHERE) {
                pin(register);
                return register;
            }
            if (best == NOWHERE || cost(register) < cost(best)) {
                best = register;
            }
        }
        if (best == NOWHERE) {
            throw new Unfit("a trace keeps too many values");
        }
        evict(best);
        pin(best);
        return best;
    }

    /// What is kept in memory anyway first; then what is used last.
    private int cost(int register) {
        int value = inRegister[register];
        int cost = plan.size() - plan.last(value);
        return isInMemory(value) ? cost : cost + plan.size();
    }

    private boolean isInMemory(int home) {
        return slots[home] != NOWHERE || stack[home] != NOWHERE;
    }

    private void evict(int register) {
        int value = inRegister[register];
        if (value == NOWHERE) {
            return;
        }
        if (!isInMemory(value) && plan.last(value) >= position) {
            stack[value] = stackPlace(value);
            code.op(Width.W64, Assembler.STORE, register, Assembler.RSP, stackAt(value));
        }
        registers[value] = NOWHERE;
        inRegister[register] = NOWHERE;
    }

    private int stackPlace(int value) {
        for (int place = 0; place < onStack.length; place++) {
            if (onStack[place] == NOWHERE || plan.last(onStack[place]) < position) {
                onStack[place] = value;
                return place;
            }
        }
        throw new Unfit("a trace keeps too many values");
    }

    private int stackAt(int home) {
        return Frame.VALUES + stack[home] * Long.BYTES;
    }

    /// Makes a certain register free for the present op. Its value, if the op uses it, is in
    /// another register or in memory afterwards.
    void clear(int register) {
        int value = inRegister[register];
        boolean wasPinned = isPinned(register);
        pin(register);
        if (value != NOWHERE && wasPinned) {
            inRegister[register] = NOWHERE;
            int other = allocate();
            code.move(Width.W64, other, register);
            inRegister[other] = value;
            registers[value] = other;
        } else {
            evict(register);
        }
    }

    /// The register that a value is in, or -1.
    int register(int value) {
        int register = registers[plan.home(value)];
        if (register != NOWHERE) {
            pin(register);
        }
        return register;
    }

    /// A register that holds a value; a constant is put into `scratch`.
    int fetch(int value, Width width, int scratch) {
        if (plan.isConstant(value)) {
            code.load(scratch, plan.constant(value, width));
            return scratch;
        }
        int register = register(value);
        if (register == NOWHERE) {
            int home = plan.home(value);
            register = allocate();
            code.op(Width.W64, Assembler.MOV, register, base(value), displacement(value));
            bind(home, register);
        }
        return register;
    }

    private void bind(int home, int register) {
        registers[home] = register;
        inRegister[register] = home;
    }

    /// Puts a value, of which at least the bits of `width` count, into a certain register that is
    /// no value's. Flags stay.
    void copy(int register, int value, Width width) {
        if (plan.isConstant(value)) {
            code.load(register, plan.constant(value, width));
            return;
        }
        var whole = width == Width.W64 ? Width.W64 : Width.W32;
        int from = register(value);
        if (from != NOWHERE) {
            code.move(whole, register, from);
        } else {
            code.op(whole, Assembler.MOV, register, base(value), displacement(value));
        }
    }

    /// Puts a value, zero- or sign-extended from `width` to 64 bits, into a certain register that
    /// is no value's.
    void copyExtended(boolean signed, Width width, int register, int value) {
        if (plan.isConstant(value)) {
            long number = plan.constant(value, width);
            code.load(register, signed ? width.signExtend(number) : number);
            return;
        }
        int from = register(value);
        if (from != NOWHERE) {
            code.extend(signed, width, Width.W64, register, from);
        } else {
            int base = base(value);
            int displacement = displacement(value);
            code.extend(signed, width, Width.W64, register, base, Assembler.NONE, displacement);
        }
    }

    // ---------------------------------------------------------------- memory

    /// The register that the memory of a value that is in no register is based on.
    int base(int value) {
        return slots[plan.home(value)] != NOWHERE ? Frame.REGISTERS : Assembler.RSP;
    }

    int displacement(int value) {
        int home = plan.home(value);
        return slots[home] != NOWHERE ? Frame.slot(slots[home]) : stackAt(home);
    }

    // ---------------------------------------------------------------- definitions

    /// A register for the value that the op at `index` makes.
    int define(int index) {
        int register = allocate();
        bind(index, register);
        return register;
    }

    /// A register for the value that the op at `index` makes out of another, which is in it: that
    /// of the other, if nobody uses that any more.
    int define(int index, int from, Width width) {
        int register = register(from);
        if (register != NOWHERE && dies(from)) {
            registers[plan.home(from)] = NOWHERE;
            bind(index, register);
            return register;
        }
        int target = allocate();
        copy(target, from, width);
        bind(index, target);
        return target;
    }

    // ---------------------------------------------------------------- slots

    /// A register of the guest is read for the first time.
    void read(int slot, int index) {
        inSlot[slot] = index;
        slots[index] = slot;
    }

    /// A register of the guest gets a value.
    void write(int slot, int value) {
        int home = plan.home(value);
        if (inSlot[slot] == home) {
            return;
        }
        overwrite(slot);
        store(slot, value);
        inSlot[slot] = plan.isConstant(value) ? NOWHERE : home;
        if (inSlot[slot] != NOWHERE && slots[home] == NOWHERE) {
            slots[home] = slot;
        }
    }

    /// A slot is about to get something that is no value of the trace: the value that is there, if
    /// it is used later, is in a register afterwards.
    void overwrite(int slot) {
        int old = inSlot[slot];
        if (old != NOWHERE && slots[old] == slot) {
            if (plan.last(old) > position && registers[old] == NOWHERE && stack[old] == NOWHERE) {
                fetch(old, Width.W64, NOWHERE);
            }
            slots[old] = NOWHERE;
        }
        inSlot[slot] = NOWHERE;
    }

    private void store(int slot, int value) {
        int at = Frame.slot(slot);
        if (plan.isConstant(value)) {
            long number = plan.constant(value, Width.W64);
            if (number == (int) number) {
                code.storeNumber(Width.W64, Frame.REGISTERS, Assembler.NONE, at, (int) number);
                return;
            }
        }
        int register = dies(value) ? register(value) : NOWHERE;
        if (register == NOWHERE && dies(value) && !plan.isConstant(value)) {
            register = Assembler.RAX;
            copy(register, value, Width.W64);
        } else if (register == NOWHERE) {
            register = fetch(value, Width.W64, Assembler.RAX);
        }
        code.op(Width.W64, Assembler.STORE, register, Frame.REGISTERS, at);
    }
}
