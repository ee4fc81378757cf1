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
/// An access by itself looks into the cached translations, in ten instructions. The first access of
/// a group ([PageGroups]) does so for all bytes of the group, and puts into the frame where they
/// are; the others need not look. If the bytes are on two pages, or the page is not at its first
/// place, or not to be written, there is 0 in the frame, and each access looks for itself.
final class AccessCode {
    private final BlockCode block;
    private final RegionCode region;
    private final Assembler code;
    private final Plan plan;
    private final Values values;
    private final PageGroups groups;

    /// By place of a group: what is to be added for its first access.
    private final int[] firsts = new int[PageGroups.PLACES];

    /// The address of an access: what a register holds, or if that is NONE a place in memory, and a
    /// displacement.
    private record Address(int register, int base, int at, int displacement) {}

    AccessCode(BlockCode block, RegionCode region, Assembler code, Plan plan, Values values) {
        this.block = block;
        this.region = region;
        this.code = code;
        this.plan = plan;
        this.values = values;
        groups = new PageGroups(plan);
    }

    /// RAX becomes the distance from [Frame#BASE] to the `bytes` bytes at the address that the op
    /// at `index` accesses, of which the answer must still be added; the region is left if there is
    /// no translation for them. Uses R11.
    int find(int index, boolean write, int address, int bytes) {
        var group = groups.of(index);
        if (group == null) {
            var at = addressInRegister(address);
            find(write, at, bytes, block.miss());
            return at.displacement;
        }
        return groups.isFirst(index)
                ? findFirst(group, write, address, bytes)
                : findOther(group, groups.distance(index), write, address, bytes);
    }

    /// The same for the address that a register holds.
    void find(boolean write, int register, int bytes) {
        find(write, new Address(register, NONE, 0, 0), bytes, block.miss());
    }

    private int findFirst(PageGroups.Group group, boolean write, int address, int bytes) {
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
        return at.displacement;
    }

    private int findOther(
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
        return displacement;
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

    private void find(boolean write, Address at, int bytes, int miss) {
        int other = code.label();
        int back = code.label();
        look(write, at, 0, bytes, other);
        code.bind(back);
        take(at);
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
        move(Width.W32, RAX, register, at.displacement + low);
        code.shiftNumber(Width.W32, Assembler.SHR, RAX, TranslationCache.PAGE_SHIFT);
        code.opNumber(Width.W64, AND, R11, -4096);
        code.opNumber(Width.W32, AND, RAX, TranslationCache.FIRST_MASK);
        code.op(Width.W64, CMP, R11, write ? WRITE_TAGS : READ_TAGS, RAX, 3, 0);
        code.jumpIf(Assembler.NOT_EQUAL, otherwise);
    }

    private void move(Width width, int to, int from, int displacement) {
        if (displacement == 0) {
            code.move(width, to, from);
        } else {
            code.op(width, LEA, to, from, displacement);
        }
    }

    /// RAX was the place of a page, and becomes what [#find] says.
    private void take(Address at) {
        code.op(Width.W64, MOV, RAX, Frame.OFFSETS, RAX, 3, 0);
        if (at.register == NONE) {
            code.op(Width.W64, ADD, RAX, at.base, at.at);
        } else {
            code.op(Width.W64, ADD, RAX, at.register);
        }
    }
}
