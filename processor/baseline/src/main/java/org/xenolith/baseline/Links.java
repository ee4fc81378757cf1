package org.xenolith.baseline;

import org.xenolith.base.Bug;
import org.xenolith.ir.Width;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// Where regions begin that one vCPU may enter in one mode: a direct-mapped table, by the guest's
/// address, in which a region that is left looks for the next. **Hot path.** Benchmark: `pipe` and
/// `shell` of `bench`.
///
/// An entry is a tag, which is the guest's address with a *salt* in its upper bits, and the address
/// of code. Another salt, and all entries are those of another time: they find nothing. One thread
/// puts entries in and uses them; any may take one out.
public final class Links {
    /// Salts are below this, and used again after as many.
    public static final int SALTS = 1 << 15;

    private static final int SALT_SHIFT = 48;
    private static final int ENTRIES = 1 << 12;

    /// No canonical address with any salt.
    private static final long EMPTY = 1L << 47;

    private final long[] entries = new long[2 * ENTRIES];
    private final MemorySegment memory = MemorySegment.ofArray(entries);
    private long salt;

    public Links() {
        clear();
    }

    /// From now on entries count that are put in under this salt.
    public void salt(int salt) {
        Bug.check(salt >= 0 && salt < SALTS, "a salt is below its bound");
        this.salt = (long) salt << SALT_SHIFT;
    }

    /// The salt in the bits that it has in a tag.
    long salt() {
        return salt;
    }

    MemorySegment memory() {
        return memory;
    }

    /// Where the entry of a guest's address is, in bytes.
    static int offset(long pc) {
        return index(pc) * 2 * Long.BYTES;
    }

    private static int index(long pc) {
        return (int) (pc ^ pc >>> 12) & ENTRIES - 1;
    }

    /// Emits what makes a register the offset of the entry of the address that another has.
    static void offset(Assembler code, int to, int from) {
        code.move(Width.W64, to, from);
        code.shiftNumber(Width.W64, Assembler.SHR, to, 12);
        code.op(Width.W64, Assembler.XOR, to, from);
        code.opNumber(Width.W32, Assembler.AND, to, ENTRIES - 1);
        code.shiftNumber(Width.W32, Assembler.SHL, to, 4);
    }

    /// Whether the region at a canonical address of the guest is known here.
    public boolean knows(long pc, MachineRegion region) {
        int at = 2 * index(pc);
        return entries[at] == (pc ^ salt) && entries[at + 1] == region.address();
    }

    public void put(long pc, MachineRegion region) {
        int at = 2 * index(pc);
        entries[at] = EMPTY;
        entries[at + 1] = region.address();
        entries[at] = pc ^ salt;
    }

    /// No region is found at an address any more, once the vCPU sees this.
    public void forget(long pc) {
        entries[2 * index(pc)] = EMPTY;
    }

    public void clear() {
        Arrays.fill(entries, EMPTY);
    }
}
