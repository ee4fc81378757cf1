package org.xenolith.baseline;

import static org.xenolith.baseline.Assembler.NONE;
import static org.xenolith.baseline.Assembler.R11;
import static org.xenolith.baseline.Assembler.RAX;
import static org.xenolith.baseline.Assembler.RCX;
import static org.xenolith.baseline.Assembler.RDI;
import static org.xenolith.baseline.Assembler.RDX;
import static org.xenolith.baseline.Assembler.RSI;
import static org.xenolith.baseline.Assembler.RSP;
import static org.xenolith.baseline.Frame.REGISTERS;

import org.xenolith.base.Bug;
import org.xenolith.ir.Context;
import org.xenolith.ir.Width;
import org.xenolith.jit.TranslationCache;

/// Code that finds no translation of a page *pauses*: it puts all that it has in registers and on
/// the stack into the context and returns to Java, which looks in the guest's page tables and lets
/// it go on in the middle of the instruction. Without that the instruction would be executed by
/// other means, and the code behind it would be entered at an address where mostly nothing begins.
///
/// The slot [Frame#PAUSED] says what is waited for; when code is to go on, its answer.
final class Pauses {
    // What PAUSED may be.
    static final int NOT = 0;
    static final int FOR_READING = 1;
    static final int FOR_WRITING = 2;

    /// There is no translation: the instruction is left to others.
    static final int REFUSED = 3;

    /// The page that is waited for.
    static final int PAGE = Frame.PAUSED + 1;

    /// Where the code goes on: the return address of the routine that pauses.
    private static final int PLACE = Frame.PAUSED + 2;

    private static final int CONTROL = Frame.PAUSED + 3;
    private static final int SAVED = Frame.PAUSED + 4;
    private static final int[] GENERAL = {
        RCX, RDX, Assembler.RBX, Assembler.R12, Assembler.R13, Assembler.R14, Assembler.R15
    };
    private static final int VECTORS = SAVED + GENERAL.length;
    private static final int VECTOR_COUNT = 16;
    private static final int VALUES = VECTORS + 2 * VECTOR_COUNT;
    private static final int VALUE_COUNT = Frame.VALUE_BYTES / Long.BYTES;

    static {
        Bug.check(VALUES + VALUE_COUNT <= Context.SLOTS, "the context has a slot for each value");
    }

    private Pauses() {}

    /// Emits the end of a routine that regions call, with a page in R11: it returns to Java, and
    /// later from the routine, as [#resume] says.
    static void pause(Assembler code, int reason) {
        for (int index = 0; index < GENERAL.length; index++) {
            code.op(Width.W64, Assembler.STORE, GENERAL[index], REGISTERS, slot(SAVED + index));
        }
        code.op(Width.W64, Assembler.STORE, R11, REGISTERS, slot(PAGE));
        code.storeNumber(Width.W64, REGISTERS, NONE, slot(Frame.PAUSED), reason);
        code.pop(RAX);
        code.op(Width.W64, Assembler.STORE, RAX, REGISTERS, slot(PLACE));
        code.op(Width.W32, Assembler.MOV, RAX, RSP, Frame.CONTROL);
        code.op(Width.W64, Assembler.STORE, RAX, REGISTERS, slot(CONTROL));
        var vectors = new VectorAssembler(code);
        for (int register = 0; register < VECTOR_COUNT; register++) {
            vectors.store(register, REGISTERS, slot(VECTORS + 2 * register));
        }
        code.move(Width.W64, R11, REGISTERS);
        code.op(Width.W64, Assembler.LEA, RSI, RSP, Frame.VALUES);
        code.op(Width.W64, Assembler.LEA, RDI, REGISTERS, slot(VALUES));
        code.load(RCX, VALUE_COUNT);
        code.repeatMove(Width.W64);
        code.move(Width.W64, REGISTERS, R11);
        code.ret();
    }

    /// What is entered instead of a region when code is to go on. The routine that has paused
    /// answers as [SecondPlaces] says.
    static Assembler resume() {
        var code = new Assembler();
        restoreStack(code);
        restoreControl(code);
        var vectors = new VectorAssembler(code);
        for (int register = 0; register < VECTOR_COUNT; register++) {
            vectors.load(register, REGISTERS, slot(VECTORS + 2 * register));
        }
        for (int index = 0; index < GENERAL.length; index++) {
            code.op(Width.W64, Assembler.MOV, GENERAL[index], REGISTERS, slot(SAVED + index));
        }
        code.op(Width.W64, Assembler.MOV, R11, REGISTERS, slot(PAGE));
        code.op(Width.W64, Assembler.MOV, RAX, REGISTERS, slot(PLACE));
        code.push(RAX);
        answer(code);
        code.link();
        return code;
    }

    /// Where pages are is to be asked anew.
    private static void restoreStack(Assembler code) {
        code.move(Width.W64, RAX, RSI);
        code.move(Width.W64, R11, REGISTERS);
        code.op(Width.W64, Assembler.LEA, RSI, REGISTERS, slot(VALUES));
        code.op(Width.W64, Assembler.LEA, RDI, RSP, Frame.VALUES);
        code.load(RCX, VALUE_COUNT);
        code.repeatMove(Width.W64);
        code.move(Width.W64, REGISTERS, R11);
        code.move(Width.W64, RSI, RAX);
        for (int place = 0; place < PageGroups.PLACES; place++) {
            code.storeNumber(Width.W64, RSP, NONE, Frame.group(place), 0);
        }
    }

    /// If the guest's MXCSR was the host's, it is again.
    private static void restoreControl(Assembler code) {
        int unused = code.label();
        code.op(Width.W64, Assembler.MOV, RAX, REGISTERS, slot(CONTROL));
        code.op(Width.W32, Assembler.TEST, RAX, RAX);
        code.jumpIf(Assembler.EQUAL, unused);
        code.op(Width.W32, Assembler.STORE, RAX, RSP, Frame.CONTROL);
        new VectorAssembler(code).loadControl(REGISTERS, RAX, slot(0));
        code.bind(unused);
    }

    /// Looks once more for the page in R11.
    private static void answer(Assembler code) {
        int writing = code.label();
        int out = code.label();
        code.op(Width.W64, Assembler.MOV, RAX, REGISTERS, slot(Frame.PAUSED));
        code.storeNumber(Width.W64, REGISTERS, NONE, slot(Frame.PAUSED), NOT);
        code.opNumber(Width.W32, Assembler.CMP, RAX, FOR_WRITING);
        code.jumpIf(Assembler.EQUAL, writing);
        code.jumpIf(Assembler.ABOVE, out);
        look(code, Frame.READ_TAGS);
        code.bind(writing);
        look(code, Frame.WRITE_TAGS);
        code.bind(out);
        code.ret();
    }

    private static void look(Assembler code, int tags) {
        int out = code.label();
        code.move(Width.W64, RAX, R11);
        code.shiftNumber(Width.W64, Assembler.SHR, RAX, TranslationCache.PAGE_SHIFT);
        code.opNumber(Width.W32, Assembler.AND, RAX, TranslationCache.FIRST_MASK);
        code.op(Width.W64, Assembler.CMP, R11, tags, RAX, 3, 0);
        code.jumpIf(Assembler.EQUAL, out);
        code.push(RDX);
        code.move(Width.W64, RDX, R11);
        code.shiftNumber(Width.W64, Assembler.SHR, RDX, TranslationCache.PAGE_SHIFT);
        SecondPlaces.find(code);
        code.op(Width.W64, Assembler.CMP, R11, tags, RAX, 3, 0);
        code.pop(RDX);
        code.bind(out);
        code.ret();
    }

    private static int slot(int slot) {
        return Frame.slot(slot);
    }
}
