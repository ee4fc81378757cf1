package org.xenolith.xen;

import static org.xenolith.state.StateException.require;

import org.xenolith.base.Sizes;
import org.xenolith.memory.GuestMemory;
import org.xenolith.state.Bytes;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// A page that Xen provides and the guest may map at one place of its memory map: the shared info
/// page, a frame of the grant table. Guarded by the domain's lock.
final class SpecialPage {
    /// Not mapped.
    static final long NO_GFN = -1;

    private final GuestMemory memory;
    private int frame;
    private long gfn = NO_GFN;

    private SpecialPage(GuestMemory memory, int frame) {
        this.memory = memory;
        this.frame = frame;
    }

    /// A page of zeros, or null if guest memory has no frame left.
    static SpecialPage allocate(GuestMemory memory) {
        int frame = memory.allocateFrame();
        return frame < 0 ? null : new SpecialPage(memory, frame);
    }

    int frame() {
        return frame;
    }

    /// The first byte of the page in [GuestMemory#segment].
    long place() {
        return (long) frame << Sizes.PAGE_SHIFT;
    }

    /// Where the guest has it, or [#NO_GFN].
    long gfn() {
        return gfn;
    }

    /// Shows it at `newGfn`, and no longer anywhere else. What was there is the caller's to free.
    void map(long newGfn) {
        if (gfn != NO_GFN && gfn != newGfn) {
            memory.unmap(gfn);
        }
        memory.map(newGfn, frame);
        gfn = newGfn;
    }

    /// It is no longer where it was: someone else has changed the memory map there.
    void unhooked() {
        gfn = NO_GFN;
    }

    /// Gives the frame back.
    void discard() {
        if (gfn != NO_GFN) {
            memory.unmap(gfn);
            gfn = NO_GFN;
        }
        memory.freeFrame(frame);
    }

    /// Where the page is mapped, and its content.
    record State(long gfn, Bytes content) {
        State {
            require(
                    gfn == NO_GFN || GuestMemory.isAddressable(gfn),
                    "a special page is mapped within guest memory");
            require(content.length() == Sizes.PAGE_BYTES, "a page has 4096 bytes");
        }
    }

    State capture() {
        var bytes = new byte[Sizes.PAGE_BYTES];
        MemorySegment.copy(
                memory.segment(), ValueLayout.JAVA_BYTE, place(), bytes, 0, bytes.length);
        return new State(gfn, Bytes.of(bytes));
    }

    /// Takes the place and content of `state`. If guest memory already has a page there, which came
    /// with it, that page becomes this one.
    void restore(State state) {
        if (gfn != NO_GFN && gfn != state.gfn) {
            memory.unmap(gfn);
        }
        int there = state.gfn == NO_GFN ? -1 : memory.frameAt(state.gfn);
        if (there >= 0 && there != frame) {
            memory.freeFrame(frame);
            frame = there;
        } else if (there < 0 && state.gfn != NO_GFN) {
            memory.map(state.gfn, frame);
        }
        gfn = state.gfn;
        var content = state.content.toArray();
        MemorySegment.copy(
                content, 0, memory.segment(), ValueLayout.JAVA_BYTE, place(), content.length);
        memory.wrote(frame);
    }
}
