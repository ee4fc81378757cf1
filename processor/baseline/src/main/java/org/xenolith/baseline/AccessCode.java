package org.xenolith.baseline;

import static org.xenolith.baseline.Assembler.ADD;
import static org.xenolith.baseline.Assembler.AND;
import static org.xenolith.baseline.Assembler.CMP;
import static org.xenolith.baseline.Assembler.LEA;
import static org.xenolith.baseline.Assembler.MOV;
import static org.xenolith.baseline.Assembler.NONE;
import static org.xenolith.baseline.Assembler.R11;
import static org.xenolith.baseline.Assembler.RAX;
import static org.xenolith.baseline.Assembler.RSP;
import static org.xenolith.baseline.Assembler.STORE;
import static org.xenolith.baseline.Assembler.TEST;
import static org.xenolith.baseline.Frame.READ_TAGS;
import static org.xenolith.baseline.Frame.WRITE_TAGS;

import org.xenolith.ir.Op;
import org.xenolith.ir.Width;
import org.xenolith.jit.TranslationCache;

/// Makes the code that finds where in memory the bytes at a guest's address are.
///
/// An access by itself looks into the cached translations, in seven instructions with its own. The
/// first access of a group ([PageGroups]) does so for all bytes of the group, and puts into the
/// frame where they are; the others need not look. If the bytes are on two pages, or the page is
/// not at its first place, or not to be written, there is 0 in the frame, and each access looks for
/// itself.
final class AccessCode {
    private static final int PAGE_BYTES = 1 << TranslationCache.PAGE_SHIFT;

    private final BlockCode block;
    private final RegionCode region;
    private final Assembler code;
    private final Plan plan;
    private final Values values;
    private final PageGroups groups;

    /// The host has BEXTR.
    private final boolean takesBits;

    /// By place of a group: what is to be added for its first access.
    private final int[] firsts = new int[PageGroups.PLACES];

    /// The address of an access: what a register holds, or if that is NONE a place in memory, and a
    /// displacement.
    private record Address(int register, int base, int at, int displacement) {}

    /// Where the bytes of an access are: at RAX, plus what a register holds if it is not NONE, plus
    /// a displacement.
    record Place(int index, int displacement) {}

    AccessCode(BlockCode block, RegionCode region, Assembler code, Plan plan, Values values) {
        takesBits = region.hostHas(HostProcessor.BMI1);
        this.block = block;
        this.region = region;
        this.code = code;
        this.plan = plan;
        this.values = values;
        groups = new PageGroups(plan);
    }

    /// Finds the `bytes` bytes at the address that the op at `index` accesses; the region is left
    /// if there is no translation for them. Uses RAX and R11.
    Place find(int index, boolean write, int address, int bytes) {
        if (plan.isConstant(address)) {
            long known = plan.constant(address, Width.W64);
            if (isNear(known, bytes)) {
                return findKnown(write, (int) known);
            }
        }
        var group = groups.of(index);
        if (group == null) {
            var at = addressInRegister(address);
            findPage(write, at, bytes, block.miss());
            return new Place(at.register, at.displacement);
        }
        return groups.isFirst(index)
                ? findFirst(group, write, address, bytes)
                : findOther(group, groups.distance(index), write, address, bytes);
    }

    /// The same for the address that a register holds: RAX becomes where they are.
    void find(boolean write, int register, int bytes) {
        find(write, new Address(register, NONE, 0, 0), bytes, block.miss());
    }

    /// Whether the bytes at an address are on one page, and instructions can have the address.
    private static boolean isNear(long address, int bytes) {
        return address == (int) address
                && (address & -PAGE_BYTES) == (address + bytes - 1 & -PAGE_BYTES);
    }

    /// The same for an address that code can have, sign-extended: a kernel's own data.
    private Place findKnown(boolean write, int address) {
        int page = address & -PAGE_BYTES;
        int place = TranslationCache.first(address);
        int miss = block.miss();
        int other = code.label();
        int found = code.label();
        int tags = write ? WRITE_TAGS : READ_TAGS;
        code.opNumber(Width.W64, CMP, tags, place * Long.BYTES, page);
        code.jumpIf(Assembler.NOT_EQUAL, other);
        code.op(Width.W64, MOV, RAX, Frame.OFFSETS, place * Long.BYTES);
        code.bind(found);
        region.aside(() -> {
            code.bind(other);
            code.load(RAX, place);
            code.load(R11, page);
            code.call(RSP, write ? Frame.SECOND_WRITE : Frame.SECOND_READ);
            code.jumpIf(Assembler.NOT_EQUAL, miss);
            takePage();
            code.jump(found);
        });
        return new Place(NONE, address);
    }

    private Place findFirst(PageGroups.Group group, boolean write, int address, int bytes) {
        var at = addressInRegister(address);
        int place = Frame.group(group.place());
        int miss = block.miss();
        int alone = code.label();
        int found = code.label();
        look(group.writes(), at, group.low(), group.high(), alone);
        take(at);
        code.op(Width.W64, STORE, RAX, RSP, place);
        code.bind(found);
        region.aside(() -> {
            code.bind(alone);
            code.storeNumber(Width.W64, RSP, NONE, place, 0);
            find(write, at, bytes, miss);
            code.jump(found);
        });
        firsts[group.place()] = at.displacement;
        return new Place(NONE, at.displacement);
    }

    private Place findOther(
            PageGroups.Group group, int distance, boolean write, int address, int bytes) {
        var at = address(address);
        int displacement = firsts[group.place()] + distance;
        int miss = block.miss();
        int alone = code.label();
        int found = code.label();
        code.op(Width.W64, MOV, RAX, RSP, Frame.group(group.place()));
        code.op(Width.W64, TEST, RAX, RAX);
        code.jumpIf(Assembler.EQUAL, alone);
        code.bind(found);
        region.aside(() -> {
            code.bind(alone);
            find(write, at, bytes, miss);
            if (displacement != at.displacement) {
                code.op(Width.W64, LEA, RAX, RAX, at.displacement - displacement);
            }
            code.jump(found);
        });
        return new Place(NONE, displacement);
    }

    // ---------------------------------------------------------------- addresses

    private Address addressInRegister(int address) {
        return new Address(block.any(base(address), Width.W64), NONE, 0, displacement(address));
    }

    /// The same, but no register becomes another value's for it.
    private Address address(int address) {
        int base = base(address);
        int displacement = displacement(address);
        int register = values.register(base);
        return register >= 0
                ? new Address(register, NONE, 0, displacement)
                : new Address(NONE, values.base(base), values.displacement(base), displacement);
    }

    private int base(int address) {
        return plan.isDeferred(address) ? ((Op.Binary) plan.op(address)).left() : address;
    }

    private int displacement(int address) {
        return plan.isDeferred(address)
                ? (int) plan.constant(((Op.Binary) plan.op(address)).right(), Width.W64)
                : 0;
    }

    // ---------------------------------------------------------------- translations

    /// RAX becomes where the bytes are, less the displacement of their address.
    private void find(boolean write, Address at, int bytes, int miss) {
        findPage(write, at, bytes, miss);
        add(at);
    }

    /// RAX becomes what is to be added to their address.
    private void findPage(boolean write, Address at, int bytes, int miss) {
        int other = code.label();
        int back = code.label();
        look(write, at, 0, bytes, other);
        code.bind(back);
        takePage();
        region.secondLook(other, write, back, miss);
    }

    /// RAX becomes the place of the page of the bytes from `low` to `high`, as distances from an
    /// address; it goes to `otherwise` if they are on two, or the page is not there.
    private void look(boolean write, Address at, int low, int high, int otherwise) {
        int register = at.register;
        if (register == NONE) {
            code.op(Width.W64, MOV, RAX, at.base, at.at);
            register = RAX;
        }
        move(Width.W64, R11, register, at.displacement + high - 1);
        firstPlace(register, at.displacement + low);
        code.opNumber(Width.W64, AND, R11, -PAGE_BYTES);
        code.op(Width.W64, CMP, R11, write ? WRITE_TAGS : READ_TAGS, RAX, 3, 0);
        code.jumpIf(Assembler.NOT_EQUAL, otherwise);
    }

    /// RAX becomes the first place of the page of the byte at what a register holds, and further.
    private void firstPlace(int register, int displacement) {
        if (!takesBits) {
            move(Width.W32, RAX, register, displacement);
            code.shiftNumber(Width.W32, Assembler.SHR, RAX, TranslationCache.PAGE_SHIFT);
            code.opNumber(Width.W32, AND, RAX, TranslationCache.FIRST_MASK);
            return;
        }
        int from = register;
        if (displacement != 0) {
            code.op(Width.W32, LEA, RAX, register, displacement);
            from = RAX;
        }
        code.extractBits(RAX, from, Frame.FIRST_PLACE);
    }

    private void move(Width width, int to, int from, int displacement) {
        if (displacement == 0) {
            code.move(width, to, from);
        } else {
            code.op(width, LEA, to, from, displacement);
        }
    }

    private void take(Address at) {
        takePage();
        add(at);
    }

    /// RAX was the place of a page, and becomes what is to be added to addresses on it.
    private void takePage() {
        code.op(Width.W64, MOV, RAX, Frame.OFFSETS, RAX, 3, 0);
    }

    private void add(Address at) {
        if (at.register == NONE) {
            code.op(Width.W64, ADD, RAX, at.base, at.at);
        } else {
            code.op(Width.W64, ADD, RAX, at.register);
        }
    }
}
