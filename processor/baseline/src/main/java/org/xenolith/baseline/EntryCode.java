package org.xenolith.baseline;

import org.xenolith.ir.Width;

import java.util.OptionalLong;

/// The code that all regions are entered through. It is called as
///
/// ```c
/// int enter(long *registers, long *readTags, long *writeTags, long *offsets, long *links,
///           void *region)
/// ```
///
/// by the System V ABI; what else a region needs is in slots of the registers. The answer is what
/// is left of the budget.
final class EntryCode {
    private static final int[] SAVED = {
        Assembler.RBX, Assembler.RBP, Assembler.R12, Assembler.R13, Assembler.R14, Assembler.R15
    };

    private EntryCode() {}

    /// @param clock the address of `clock_gettime`, if regions may ask for the time
    static Assembler generate(OptionalLong clock) {
        var code = new Assembler();
        for (int register : SAVED) {
            code.push(register);
        }
        code.opNumber(Width.W64, Assembler.SUB, Assembler.RSP, Frame.BYTES);
        int links = Frame.LINKS - Long.BYTES; // the return address is not there yet
        code.op(Width.W64, Assembler.STORE, Assembler.R8, Assembler.RSP, links);
        int control = Frame.CONTROL - Long.BYTES;
        var secondPlaces = new SecondPlaces(code);
        secondPlaces.begin();
        var time = new TimeRoutine(code, clock);
        time.begin();
        FloatingControl.begin(code, control);
        code.move(Width.W64, Assembler.R11, Assembler.R9);
        code.move(Width.W64, Frame.WRITE_TAGS, Assembler.RDX);
        code.move(Width.W64, Frame.OFFSETS, Assembler.RCX);
        code.opNumber(Width.W64, Assembler.ADD, Frame.REGISTERS, Frame.BIAS);
        load(code, Width.W32, Frame.BUDGET, Frame.INITIAL_BUDGET);
        load(code, Width.W64, Frame.BASE, Frame.INITIAL_BASE);
        code.call(Assembler.R11);
        FloatingControl.end(code, control);
        code.move(Width.W32, Assembler.RAX, Frame.BUDGET);
        code.opNumber(Width.W64, Assembler.ADD, Assembler.RSP, Frame.BYTES);
        for (int index = SAVED.length - 1; index >= 0; index--) {
            code.pop(SAVED[index]);
        }
        code.ret();
        secondPlaces.emit();
        time.emit();
        code.link();
        return code;
    }

    private static void load(Assembler code, Width width, int register, int slot) {
        code.op(width, Assembler.MOV, register, Frame.REGISTERS, Frame.slot(slot));
    }
}
