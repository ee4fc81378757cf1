package org.xenolith.baseline;

import static org.xenolith.baseline.Assembler.R11;
import static org.xenolith.baseline.Assembler.RAX;
import static org.xenolith.baseline.Assembler.RCX;

import org.xenolith.base.Bug;
import org.xenolith.ir.Width;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// Where regions begin that one vCPU may enter in one mode: a table of sets of four entries, by the
/// guest's address, in which a region that is left looks for the next. **Hot path.** Benchmark:
/// `pipe` and `shell` of `bench`.
///
/// An entry is a tag, which is the guest's address with a *salt* in its upper bits, and the address
/// of code. Each half of the guest's addresses has a salt; with another, all entries of that half
/// are those of another time and find nothing. One thread puts entries in and uses them; any may
/// take one out.
public final class Links {
    /// Salts are below this, and used again after as many.
    public static final int SALTS = 1 << 15;

    private static final int SALT_SHIFT = 48;
    private static final int SETS = 1 << 12;

    /// With two, some hot regions of a kernel's thousand came to lie in one set with two others.
    static final int WAYS = 4;

    /// Bytes from one entry to the next.
    static final int ENTRY_BYTES = 2 * Long.BYTES;

    private static final int SET_SHIFT = Integer.numberOfTrailingZeros(WAYS * ENTRY_BYTES);

    /// With no salt an address that a region is left for: those are canonical, or since a direct
    /// jump is not checked, at most 2 GiB and an instruction from one that is.
    private static final long EMPTY = 3L << 46;

    private final long[] entries = new long[2 * WAYS * SETS];
    private final MemorySegment memory = MemorySegment.ofArray(entries);
    private final long[] salts = new long[2];

    /// Which of the entries in use of a set is replaced next.
    private int replaced;

    public Links() {
        clear();
    }

    /// From now on entries count that are put in under these salts.
    public void salt(int lower, int upper) {
        Bug.check(lower >= 0 && lower < SALTS, "a salt is below its bound");
        Bug.check(upper >= 0 && upper < SALTS, "a salt is below its bound");
        salts[0] = (long) lower << SALT_SHIFT;
        salts[1] = (long) upper << SALT_SHIFT;
    }

    /// The salt of the half that an address is in, in the bits that it has in a tag.
    private long salt(long pc) {
        return salts[half(pc)];
    }

    private static int half(long pc) {
        return (int) (pc >>> 63);
    }

    /// Tells the code of regions that a context executes what the salts are.
    void tell(long[] registers) {
        System.arraycopy(salts, 0, registers, Frame.SALT, salts.length);
    }

    MemorySegment memory() {
        return memory;
    }

    private static int set(long pc) {
        return (int) (pc ^ pc >>> 12) & SETS - 1;
    }

    /// Emits what makes R11 point to the set of the address in RAX, and RAX its tag. Uses RCX.
    static void find(Assembler code) {
        code.move(Width.W64, R11, RAX);
        code.shiftNumber(Width.W64, Assembler.SHR, R11, 12);
        code.op(Width.W64, Assembler.XOR, R11, RAX);
        code.opNumber(Width.W32, Assembler.AND, R11, SETS - 1);
        code.shiftNumber(Width.W32, Assembler.SHL, R11, SET_SHIFT);
        code.op(Width.W64, Assembler.ADD, R11, Assembler.RSP, Frame.LINKS);
        code.move(Width.W64, RCX, RAX);
        code.shiftNumber(Width.W64, Assembler.SHR, RCX, 63);
        code.op(Width.W64, Assembler.XOR, RAX, Frame.REGISTERS, RCX, 3, Frame.slot(Frame.SALT));
    }

    /// The same for an address that is known.
    static void find(Assembler code, long pc) {
        code.op(Width.W64, Assembler.MOV, R11, Assembler.RSP, Frame.LINKS);
        int slot = Frame.SALT + half(pc);
        code.op(Width.W64, Assembler.XOR, RAX, Frame.REGISTERS, Frame.slot(slot));
        code.opNumber(Width.W64, Assembler.ADD, R11, set(pc) << SET_SHIFT);
    }

    /// Emits what makes RAX, a tag of an address of the upper half, that address.
    static void address(Assembler code) {
        code.op(Width.W64, Assembler.XOR, RAX, Frame.REGISTERS, Frame.slot(Frame.SALT + 1));
    }

    /// Whether the region at a canonical address of the guest is known here.
    public boolean knows(long pc, MachineRegion region) {
        int at = find(pc);
        return at >= 0 && entries[at + 1] == region.address();
    }

    /// Where the entry of an address is, or -1.
    private int find(long pc) {
        long tag = pc ^ salt(pc);
        int first = first(pc);
        for (int at = first; at < first + 2 * WAYS; at += 2) {
            if (entries[at] == tag) {
                return at;
            }
        }
        return -1;
    }

    private static int first(long pc) {
        return 2 * WAYS * set(pc);
    }

    public void put(long pc, MachineRegion region) {
        int at = place(pc);
        entries[at] = EMPTY;
        entries[at + 1] = region.address();
        entries[at] = pc ^ salt(pc);
    }

    /// An entry never moves within its set: whoever takes it out at that moment would not find it.
    private int place(long pc) {
        int known = find(pc);
        if (known >= 0) {
            return known;
        }
        int first = first(pc);
        for (int at = first; at < first + 2 * WAYS; at += 2) {
            if (entries[at] == EMPTY) {
                return at;
            }
        }
        return first + 2 * (replaced++ & WAYS - 1);
    }

    /// No region is found at an address any more, once the vCPU sees this.
    public void forget(long pc) {
        int first = first(pc);
        for (int at = first; at < first + 2 * WAYS; at += 2) {
            entries[at] = EMPTY;
        }
    }

    public void clear() {
        Arrays.fill(entries, EMPTY);
    }
}
