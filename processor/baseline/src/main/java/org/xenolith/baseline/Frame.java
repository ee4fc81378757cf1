package org.xenolith.baseline;

import org.xenolith.ir.Context;
import org.xenolith.jit.TranslationCache;

/// Where things are while machine code of a region runs. The entry code makes a frame on the host's
/// stack, and calls the region; regions jump to each other within it, and the last returns.
final class Frame {
    /// The address of the context's registers, [#BIAS] bytes further, so that the first 32 slots
    /// are reached with a displacement of one byte.
    static final int REGISTERS = Assembler.RDI;

    static final int BIAS = 128;

    /// Which bits of an address are its page's first place ([TranslationCache]), as BEXTR takes it
    /// (SDM vol. 2A): how many, and from which on.
    static final int FIRST_PLACE = Assembler.RBP;

    static final int FIRST_PLACE_BITS =
            Integer.bitCount(TranslationCache.FIRST_MASK) << Byte.SIZE
                    | TranslationCache.PAGE_SHIFT;

    static final int READ_TAGS = Assembler.RSI;
    static final int WRITE_TAGS = Assembler.R8;
    static final int OFFSETS = Assembler.R9;

    /// How many instructions may still be executed.
    static final int BUDGET = Assembler.R10;

    // Slots of the context for what Java keeps in fields.
    static final int PC = Context.NEAR_COMPILER_SLOTS;
    static final int FLAG_KIND = PC + 1;
    static final int FLAG_LEFT = PC + 2;
    static final int FLAG_RIGHT = PC + 3;
    static final int FLAG_RESULT = PC + 4;
    static final int FLAG_CARRY = PC + 5;

    // The same for what is handed over to the entry code.
    static final int INITIAL_BUDGET = Context.COMPILER_SLOTS;

    /// The salt of lower addresses, and behind it that of upper ones: see [Links].
    static final int SALT = INITIAL_BUDGET + 1;

    /// Where code says that it would have changed the view, had they been there.
    static final int WANTS_VIEWS = INITIAL_BUDGET + 3;

    /// How many pages have changed places since Java has asked, see [SecondPlaces]; which they are
    /// is at [#MOVED].
    static final int MOVES = INITIAL_BUDGET + 4;

    /// The number of the view in use.
    static final int PRESENT_VIEW = INITIAL_BUDGET + 5;

    /// Where the list of [DirectLinks] goes on, where it ends, or 0 if there is none, and the
    /// distance from code to where it is written.
    static final int LINKED = INITIAL_BUDGET + 6;

    static final int LINKED_END = INITIAL_BUDGET + 7;
    static final int CODE_DISTANCE = INITIAL_BUDGET + 8;

    /// Pages that have changed places, in order, and how many there is room for.
    static final int MOVED = INITIAL_BUDGET + 9;

    static final int MOVES_MAX = 48;

    /// What code that has paused waits for ([Pauses]), or 0; and behind it what is kept of it.
    static final int PAUSED = MOVED + MOVES_MAX;

    /// The stack's places of where the bytes of [PageGroups] are, behind the return address: an
    /// address each, or 0 if each access must look itself.
    private static final int GROUPS = Long.BYTES;

    /// The stack's place of the address of the entries of [Links].
    static final int LINKS = GROUPS + PageGroups.PLACES * Long.BYTES;

    /// The stack's place of the slot of the guest's MXCSR, if that is the host's now; else of 0.
    /// See [FloatingControl].
    static final int CONTROL = LINKS + Long.BYTES;

    /// The stack's places of the addresses of the routines of [SecondPlaces].
    static final int SECOND_READ = CONTROL + Long.BYTES;

    static final int SECOND_WRITE = SECOND_READ + Long.BYTES;

    /// The stack's place of the address of [FlagRoutine].
    static final int FLAGS = SECOND_WRITE + Long.BYTES;

    /// The stack's place of the address of [CarryRoutine].
    static final int CARRY = FLAGS + Long.BYTES;

    /// The stack's place of the address of [TimeRoutine].
    static final int TIME = CARRY + Long.BYTES;

    /// The stack's place of the address of the routine of [DirectLinks].
    static final int LINKER = TIME + Long.BYTES;

    /// The stack's place of 1 if the pointers of all views are there, else of 0.
    static final int HAS_VIEWS = LINKER + Long.BYTES;

    /// The stack's place of values of a trace, of so many bytes: behind what is reached with a
    /// displacement of one byte.
    static final int VALUES = HAS_VIEWS + Long.BYTES;

    static final int VALUE_BYTES = 512;

    /// The stack's place of the pointers of the first view, which the entry code puts there.
    private static final int FIRST_VIEW = VALUES + VALUE_BYTES;

    /// Pointers of a view: tags for reading and for writing, offsets, links.
    private static final int VIEW_POINTERS = 4;

    private static final int VIEW_BYTES = VIEW_POINTERS * Long.BYTES;

    /// Bytes of the frame without the return address.
    static final int BYTES = FIRST_VIEW + VIEW_BYTES - Long.BYTES;

    /// Registers that the entry code saves.
    static final int[] SAVED = {
        Assembler.RBX, Assembler.RBP, Assembler.R12, Assembler.R13, Assembler.R14, Assembler.R15
    };

    /// The stack's place of the pointers of the second view: the caller has put them there.
    private static final int OTHER_VIEWS = Long.BYTES + BYTES + (SAVED.length + 1) * Long.BYTES;

    private Frame() {}

    static int group(int place) {
        return GROUPS + place * Long.BYTES;
    }

    /// The stack's place of the four pointers of a view ([org.xenolith.ir.Enters]).
    static int view(int number) {
        return number == 0 ? FIRST_VIEW : OTHER_VIEWS + (number - 1) * VIEW_BYTES;
    }

    /// The displacement of a slot from [#REGISTERS].
    static int slot(int slot) {
        return slot * Long.BYTES - BIAS;
    }
}
