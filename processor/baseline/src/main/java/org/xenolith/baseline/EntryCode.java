package org.xenolith.baseline;

import org.xenolith.ir.Width;

import java.util.OptionalLong;

/// The code that all regions are entered through, one for each view of memory that may be in use
/// ([org.xenolith.ir.Enters]), and one for calls with that view only, which take half the time. It
/// is called as
///
/// ```c
/// int enter(long *registers, void *region, struct view first, ...)
/// ```
///
/// by the System V ABI, with the four pointers of each view one after the other; what else a region
/// needs is in slots of the registers. The answer is what is left of the budget.
final class EntryCode {
    /// No view: the first four pointers are those of the one in use.
    static final int ALONE = -1;

    private EntryCode() {}

    /// @param view the number of the one in use, or [#ALONE]
    /// @param flags the addresses of [FlagRoutine] and [CarryRoutine]
    /// @param clock the address of `clock_gettime`, if regions may ask for the time
    static Assembler generate(int view, long[] flags, OptionalLong clock) {
        var code = new Assembler();
        for (int register : Frame.SAVED) {
            code.push(register);
        }
        code.opNumber(Width.W64, Assembler.SUB, Assembler.RSP, Frame.BYTES);
        int place = Frame.view(0) - Long.BYTES; // the return address is not there yet
        for (int register : new int[] {Assembler.RDX, Assembler.RCX, Assembler.R8, Assembler.R9}) {
            code.op(Width.W64, Assembler.STORE, register, Assembler.RSP, place);
            place += Long.BYTES;
        }
        int control = Frame.CONTROL - Long.BYTES;
        var secondPlaces = new SecondPlaces(code);
        secondPlaces.begin();
        var time = new TimeRoutine(code, clock);
        time.begin();
        for (int routine = 0; routine < flags.length; routine++) {
            int at = Frame.FLAGS + (routine - 1) * Long.BYTES;
            code.load(Assembler.RAX, flags[routine]);
            code.op(Width.W64, Assembler.STORE, Assembler.RAX, Assembler.RSP, at);
        }
        int linker = DirectLinks.begin(code);
        FloatingControl.begin(code, control);
        code.move(Width.W64, Assembler.R11, Assembler.RSI);
        int hasViews = Frame.HAS_VIEWS - Long.BYTES;
        code.storeNumber(Width.W64, Assembler.RSP, Assembler.NONE, hasViews, view == ALONE ? 0 : 1);
        changeView(code, Math.max(view, 0), -Long.BYTES);
        code.opNumber(Width.W64, Assembler.ADD, Frame.REGISTERS, Frame.BIAS);
        load(code, Width.W32, Frame.BUDGET, Frame.INITIAL_BUDGET);
        code.load(Frame.FIRST_PLACE, Frame.FIRST_PLACE_BITS);
        code.call(Assembler.R11);
        FloatingControl.end(code, control);
        code.move(Width.W32, Assembler.RAX, Frame.BUDGET);
        code.opNumber(Width.W64, Assembler.ADD, Assembler.RSP, Frame.BYTES);
        for (int index = Frame.SAVED.length - 1; index >= 0; index--) {
            code.pop(Frame.SAVED[index]);
        }
        code.ret();
        secondPlaces.emit();
        time.emit();
        DirectLinks.emit(code, linker);
        code.link();
        return code;
    }

    /// Emits what brings a view into use. Uses RAX.
    ///
    /// @param displacement of the frame from where regions see it
    static void changeView(Assembler code, int view, int displacement) {
        int place = Frame.view(view) + displacement;
        for (int register : new int[] {Frame.READ_TAGS, Frame.WRITE_TAGS, Frame.OFFSETS}) {
            code.op(Width.W64, Assembler.MOV, register, Assembler.RSP, place);
            place += Long.BYTES;
        }
        code.op(Width.W64, Assembler.MOV, Assembler.RAX, Assembler.RSP, place);
        int links = Frame.LINKS + displacement;
        code.op(Width.W64, Assembler.STORE, Assembler.RAX, Assembler.RSP, links);
    }

    private static void load(Assembler code, Width width, int register, int slot) {
        code.op(width, Assembler.MOV, register, Frame.REGISTERS, Frame.slot(slot));
    }
}
