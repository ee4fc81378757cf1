package org.xenolith.baseline;

import static org.xenolith.baseline.Assembler.CMP;
import static org.xenolith.baseline.Assembler.R11;
import static org.xenolith.baseline.Assembler.RAX;
import static org.xenolith.baseline.Assembler.RCX;
import static org.xenolith.baseline.Assembler.RDX;

import org.xenolith.ir.Width;
import org.xenolith.jit.TranslationCache;

/// Routines that look for a translation at its second place ([TranslationCache]), when something
/// else has been found at the first. They lie behind the entry code; regions find their addresses
/// in the frame.
///
/// A routine gets the first place of an access's first byte in RAX and the page of its last byte in
/// R11. It answers the second place in RAX and the host's condition `equal`; or another condition
/// if those are two pages. What it has found it notes down, for whoever may bring the page to its
/// first place. If the page is not there it pauses ([Pauses]), and answers when it is, or cannot
/// be.
final class SecondPlaces {
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
        int slot = Frame.slot(Frame.SECOND_PLACE);
        code.op(Width.W64, Assembler.STORE, RAX, Frame.REGISTERS, slot);
        code.bind(out);
        code.pop(RDX);
        code.pop(RCX);
        code.ret();
        code.bind(missing);
        code.pop(RDX);
        code.pop(RCX);
        Pauses.pause(code, reason);
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
