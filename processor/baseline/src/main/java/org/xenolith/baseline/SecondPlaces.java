package org.xenolith.baseline;

import static org.xenolith.baseline.Assembler.CMP;
import static org.xenolith.baseline.Assembler.R11;
import static org.xenolith.baseline.Assembler.RAX;
import static org.xenolith.baseline.Assembler.RCX;
import static org.xenolith.baseline.Assembler.RDX;
import static org.xenolith.baseline.Frame.REGISTERS;

import org.xenolith.ir.Width;
import org.xenolith.jit.TranslationCache;

/// Routines that look for a translation at its second place ([TranslationCache]), when something
/// else has been found at the first. They lie behind the entry code; regions find their addresses
/// in the frame.
///
/// A routine gets the first place of an access's first byte in RAX and the page of its last byte in
/// R11. It answers the place of the page in RAX and the host's condition `equal`; or another
/// condition if those are two pages. If the page is not there it pauses ([Pauses]), and answers
/// when it is, or cannot be.
///
/// A page that is found comes to its first place, and what was there to a second one: among pages
/// that lie at random there are always some that have lost their places to pages that only pass
/// through. Java knows more of each place than code does, so it is told ([PageMoves]).
final class SecondPlaces {
    // Of what is noted of a move: from which place, to which, where what was there went, in which
    // view.
    private static final int TO_SHIFT = 16;
    private static final int FIRST_SHIFT = 32;
    private static final int VIEW_SHIFT = 48;

    // While a page is moved.
    private static final int FROM = Assembler.R14;
    private static final int WRITE_TAG = Assembler.R12;
    private static final int OFFSET = Assembler.R13;
    private static final int OTHER = Assembler.RBX;
    private static final int[] PROMOTES_WITH = {FROM, WRITE_TAG, OFFSET, OTHER};

    private final Assembler code;
    private final int read;
    private final int write;

    SecondPlaces(Assembler code) {
        this.code = code;
        read = code.label();
        write = code.label();
    }

    /// Puts the addresses of the routines into the frame, which has no return address yet. Uses
    /// RAX.
    void begin() {
        store(read, Frame.SECOND_READ);
        store(write, Frame.SECOND_WRITE);
    }

    private void store(int label, int place) {
        code.loadAddress(RAX, label);
        code.op(Width.W64, Assembler.STORE, RAX, Assembler.RSP, place - Long.BYTES);
    }

    void emit() {
        routine(read, Frame.READ_TAGS, Pauses.FOR_READING);
        routine(write, Frame.WRITE_TAGS, Pauses.FOR_WRITING);
    }

    private void routine(int label, int tags, int reason) {
        int out = code.label();
        int missing = code.label();
        code.bind(label);
        code.push(RCX);
        code.push(RDX);
        code.move(Width.W64, RDX, R11);
        code.shiftNumber(Width.W64, Assembler.SHR, RDX, TranslationCache.PAGE_SHIFT);
        code.move(Width.W32, RCX, RDX);
        code.opNumber(Width.W32, Assembler.AND, RCX, TranslationCache.FIRST_MASK);
        code.op(Width.W32, CMP, RCX, RAX);
        code.jumpIf(Assembler.NOT_EQUAL, out);
        find(code);
        code.op(Width.W64, CMP, R11, tags, RAX, 3, 0);
        code.jumpIf(Assembler.NOT_EQUAL, missing);
        code.opNumber(Width.W32, CMP, REGISTERS, Frame.slot(Frame.MOVES), Frame.MOVES_MAX);
        code.jumpIf(Assembler.EQUAL, out);
        promote();
        code.op(Width.W32, CMP, RAX, RAX);
        code.bind(out);
        code.pop(RDX);
        code.pop(RCX);
        code.ret();
        code.bind(missing);
        code.pop(RDX);
        code.pop(RCX);
        Pauses.pause(code, reason);
    }

    /// Brings the page in R11 from its second place, in RAX, to its first, in RCX, which RAX
    /// becomes. Uses RDX.
    private void promote() {
        for (int register : PROMOTES_WITH) {
            code.push(register);
        }
        int free = code.label();
        code.move(Width.W64, FROM, RAX);
        at(Assembler.MOV, WRITE_TAG, Frame.WRITE_TAGS, RAX);
        at(Assembler.MOV, OFFSET, Frame.OFFSETS, RAX);
        code.load(OTHER, TranslationCache.EMPTY);
        at(Assembler.STORE, OTHER, Frame.READ_TAGS, RAX);
        at(Assembler.STORE, OTHER, Frame.WRITE_TAGS, RAX);
        at(Assembler.MOV, OTHER, Frame.READ_TAGS, RCX);
        code.opNumber(Width.W64, CMP, OTHER, (int) TranslationCache.EMPTY);
        code.jumpIf(Assembler.EQUAL, free);
        code.move(Width.W64, RDX, OTHER);
        code.shiftNumber(Width.W64, Assembler.SHR, RDX, TranslationCache.PAGE_SHIFT);
        find(code);
        at(Assembler.STORE, OTHER, Frame.READ_TAGS, RAX);
        for (int array : new int[] {Frame.WRITE_TAGS, Frame.OFFSETS}) {
            at(Assembler.MOV, OTHER, array, RCX);
            at(Assembler.STORE, OTHER, array, RAX);
        }
        code.bind(free);
        at(Assembler.STORE, R11, Frame.READ_TAGS, RCX);
        at(Assembler.STORE, WRITE_TAG, Frame.WRITE_TAGS, RCX);
        at(Assembler.STORE, OFFSET, Frame.OFFSETS, RCX);
        note();
        code.move(Width.W64, RAX, RCX);
        for (int index = PROMOTES_WITH.length - 1; index >= 0; index--) {
            code.pop(PROMOTES_WITH[index]);
        }
    }

    /// The element of an array at an index.
    private void at(int opcode, int register, int array, int index) {
        code.op(Width.W64, opcode, register, array, index, 3, 0);
    }

    /// Puts down that the page at `FROM` is at the place in RCX, and what was there at the one in
    /// RAX.
    private void note() {
        code.shiftNumber(Width.W64, Assembler.SHL, RAX, TO_SHIFT);
        code.op(Width.W64, Assembler.OR, FROM, RAX);
        code.move(Width.W64, RAX, RCX);
        code.shiftNumber(Width.W64, Assembler.SHL, RAX, FIRST_SHIFT);
        code.op(Width.W64, Assembler.OR, FROM, RAX);
        code.op(Width.W64, Assembler.MOV, RAX, REGISTERS, Frame.slot(Frame.PRESENT_VIEW));
        code.shiftNumber(Width.W64, Assembler.SHL, RAX, VIEW_SHIFT);
        code.op(Width.W64, Assembler.OR, FROM, RAX);
        int moves = Frame.slot(Frame.MOVES);
        code.op(Width.W64, Assembler.MOV, RDX, REGISTERS, moves);
        code.op(Width.W64, Assembler.STORE, FROM, REGISTERS, RDX, 3, Frame.slot(Frame.MOVED));
        code.opNumber(Width.W64, Assembler.ADD, REGISTERS, moves, 1);
    }

    /// Tells what has been moved since this was asked last.
    static void tell(long[] registers, PageMoves listener) {
        int moves = (int) registers[Frame.MOVES];
        for (int move = 0; move < moves; move++) {
            long noted = registers[Frame.MOVED + move];
            listener.moved(
                    (int) (noted >>> VIEW_SHIFT),
                    part(noted, 0),
                    part(noted, FIRST_SHIFT),
                    part(noted, TO_SHIFT));
        }
        registers[Frame.MOVES] = 0;
    }

    private static int part(long noted, int shift) {
        return (int) (noted >>> shift) & 0xFFFF;
    }

    /// Emits what makes RAX the second place of the page whose number is in RDX.
    static void find(Assembler code) {
        code.move(Width.W64, RAX, RDX);
        code.shiftNumber(Width.W64, Assembler.SHR, RAX, TranslationCache.SECOND_SHIFT);
        code.op(Width.W32, Assembler.XOR, RAX, RDX);
        code.opNumber(Width.W32, Assembler.AND, RAX, TranslationCache.SECOND_MASK);
        code.opNumber(Width.W32, Assembler.ADD, RAX, TranslationCache.SECOND_BASE);
    }
}
