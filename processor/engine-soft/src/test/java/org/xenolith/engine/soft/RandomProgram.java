package org.xenolith.engine.soft;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;

/// Guest code at random: loops around blocks of integer instructions, memory accesses that straddle
/// pages and fault, forward jumps, calls, atomics, code that changes itself, and instructions that
/// no region can hold. r13 is an index, r14 the data, r15 and memory count loops.
final class RandomProgram {
    private static final int[] REGISTERS = {0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12};
    private static final int INDEX = 13;
    private static final int LEAF_INSTRUCTIONS = 5;
    private static final int PAGES = 4;

    private final RandomGenerator random;
    private final Assembler code = new Assembler(TestGuest.CODE);

    /// Addresses of immediate bytes that may be changed.
    private final List<Long> immediates = new ArrayList<>();

    private final List<Long> leaves = new ArrayList<>();

    private RandomProgram(RandomGenerator random) {
        this.random = random;
    }

    static Assembler next(RandomGenerator random) {
        return new RandomProgram(random).build();
    }

    private Assembler build() {
        code.jump(0, 0xE9); // filled in at the end
        for (int leaf = 0; leaf < 3; leaf++) {
            leaves.add(code.here());
            for (int count = random.nextInt(LEAF_INSTRUCTIONS); count >= 0; count--) {
                instruction(false);
            }
            code.bytes(0xC3);
        }
        long start = code.here();
        for (int register : REGISTERS) {
            code.load(register, random.nextLong() >>> random.nextInt(64));
        }
        // Pages that are not there yet.
        for (int page = 0; page < PAGES; page++) {
            presence(page);
        }
        loop(0);
        loop(0);
        code.bytes(0xF4);
        var all = code.toBytes();
        int first = (int) (start - TestGuest.CODE - 5);
        var patched = new Assembler(TestGuest.CODE).bytes(0xE9).number(first, 4);
        return patched.bytes(Arrays.copyOfRange(all, 5, all.length));
    }

    private void loop(int depth) {
        int counter = -8 - 8 * depth - 16 * random.nextInt(2);
        // mov qword [r14 + counter], n
        code.bytes(0x49, 0xC7, 0x46, counter & 0xFF).number(2 + random.nextInt(12), 4);
        long top = code.here();
        int parts = 2 + random.nextInt(8);
        for (int part = 0; part < parts; part++) {
            if (depth < 2 && random.nextInt(6) == 0) {
                loop(depth + 1);
            } else {
                instruction(true);
            }
        }
        code.bytes(0x49, 0xFF, 0x4E, counter & 0xFF).jump(top, 0x0F, 0x85); // dec; jnz
    }

    private int register() {
        return REGISTERS[random.nextInt(REGISTERS.length)];
    }

    private void instruction(boolean outside) {
        switch (random.nextInt(outside ? 31 : 20)) {
            case 0, 1, 2 -> modRm(size(), new int[] {8 * random.nextInt(8) + 1}, register());
            case 3, 4 -> immediate();
            case 5 -> code.load(register(), random.nextLong() >> random.nextInt(64));
            case 6 -> lea();
            case 7, 8 -> memory(size(), new int[] {8 * random.nextInt(8) + 3}, register());
            case 9, 10 -> memory(size(), new int[] {8 * random.nextInt(8) + 1}, register());
            case 11 -> memory(size(), new int[] {0x89 + 2 * random.nextInt(2)}, register());
            case 12 -> shift();
            case 13 -> modRm(size(), new int[] {0xD3}, random.nextInt(8));
            case 14 -> modRm(1, new int[] {0x0F, 0x90 + random.nextInt(16)}, 0);
            case 15 -> modRm(8, new int[] {0x0F, 0x40 + random.nextInt(16)}, register());
            case 16 -> modRm(8, new int[] {0x0F, 0xAF}, register());
            case 17 -> modRm(size(), new int[] {0xFF}, random.nextInt(2));
            case 18 -> modRm(8, new int[] {0x0F, choose(0xBC, 0xBD, 0xA3, 0xB6, 0xBE)}, register());
            case 19 -> modRm(choose(4, 8), new int[] {0xF7}, choose(2, 3, 4, 5));
            case 20, 21, 22 -> forwardJump();
            case 23 -> code.call(leaves.get(random.nextInt(leaves.size())));
            case 24 -> locked();
            case 25 -> pushPop();
            case 26 -> special();
            case 27 -> divide();
            case 28 -> patch();
            case 29 -> string();
            default -> presence(random.nextInt(PAGES));
        }
    }

    private int size() {
        return choose(1, 2, 4, 4, 8, 8);
    }

    private int choose(int... values) {
        return values[random.nextInt(values.length)];
    }

    /// An instruction on a register, with the opcode for operands above 8 bits.
    private void modRm(int bytes, int[] opcode, int field, int... rest) {
        int target = register();
        prefix(bytes, field, target, 0);
        opcode(bytes, opcode);
        code.bytes(0xC0 | (field & 7) << 3 | target & 7).bytes(rest);
    }

    private void prefix(int bytes, int field, int base, int index) {
        if (bytes == 2) {
            code.bytes(0x66);
        }
        int w = bytes == 8 ? 8 : 0;
        code.bytes(0x40 | w | field >>> 3 << 2 | index >>> 3 << 1 | base >>> 3);
    }

    private void opcode(int bytes, int[] opcode) {
        if (bytes == 1 && opcode.length == 1) {
            code.bytes(opcode[0] - 1);
        } else {
            code.bytes(opcode);
        }
    }

    /// The same on memory at `[r14 + r13 + displacement]`.
    private void memory(int bytes, int[] opcode, int field) {
        index();
        prefix(bytes, field, 14, INDEX);
        opcode(bytes, opcode);
        code.bytes(0x80 | (field & 7) << 3 | 4, 5 << 3 | 6).number(displacement(), 4);
    }

    private int displacement() {
        return random.nextInt(4) == 0 ? 0xFF8 + random.nextInt(8) : random.nextInt(64);
    }

    /// Puts something below 4 pages into r13: mov r13d, register; and r13d, mask.
    private void index() {
        int from = register();
        code.bytes(0x41 | from >>> 3 << 2, 0x89, 0xC0 | (from & 7) << 3 | 5);
        code.bytes(0x41, 0x81, 0xE5).number(choose(0x3F, 0x2FFF, 0x1000), 4);
    }

    /// REP MOVS or REP STOS of few elements or of some pages, forwards or backwards, from and to
    /// places that may overlap.
    private void string() {
        boolean backwards = random.nextInt(4) == 0;
        int count =
                random.nextInt(3) == 0 && !backwards ? random.nextInt(2500) : random.nextInt(50);
        stringPlace(6);
        stringPlace(7);
        code.bytes(0xB9).number(count, 4);
        if (backwards) {
            code.bytes(0xFD);
        }
        int bytes = size();
        if (bytes == 2) {
            code.bytes(0x66);
        }
        code.bytes(0xF3);
        if (bytes == 8) {
            code.bytes(0x48);
        }
        code.bytes(choose(0xA4, 0xA4, 0xAA) | (bytes == 1 ? 0 : 1));
        if (backwards) {
            code.bytes(0xFC);
        }
    }

    /// Far enough behind the loops' counters: lea register, [r14 + r13 + displacement].
    private void stringPlace(int register) {
        index();
        prefix(8, register, 14, INDEX);
        code.bytes(0x8D, 0x84 | register << 3, 5 << 3 | 6).number(0x400 + displacement(), 4);
    }

    private void immediate() {
        modRm(size() == 1 ? 4 : 8, new int[] {0x83}, random.nextInt(8), random.nextInt(256));
        immediates.add(code.here() - 1);
    }

    private void lea() {
        int base = register();
        int index = register();
        int field = register();
        prefix(choose(4, 8), field, base, index);
        code.bytes(0x8D, 0x44 | (field & 7) << 3);
        code.bytes(random.nextInt(4) << 6 | (index & 7) << 3 | base & 7, random.nextInt(256));
    }

    /// Over a few instructions, sometimes by a register.
    private void forwardJump() {
        var skipped = new Assembler(0);
        for (int count = 1 + random.nextInt(3); count > 0; count--) {
            skipped.bytes(0x48, 0x01 + 8 * random.nextInt(8), 0xC0 | choose(0x08, 0x1A, 0x33));
        }
        int length = skipped.toBytes().length;
        if (random.nextInt(5) == 0) {
            // lea rax, [rip + 2 + length]; jmp rax
            code.bytes(0x48, 0x8D, 0x05).number(length + 2, 4).bytes(0xFF, 0xE0);
        } else {
            code.bytes(0x70 + random.nextInt(16), length);
        }
        code.bytes(skipped.toBytes());
    }

    private void locked() {
        index();
        int field = register();
        int bytes = choose(2, 4, 8);
        if (bytes == 2) {
            code.bytes(0x66);
        }
        code.bytes(0xF0, 0x43 | (bytes == 8 ? 8 : 0) | field >>> 3 << 2);
        int[] opcode =
                switch (random.nextInt(4)) {
                    case 0 -> new int[] {0x0F, 0xC1};
                    case 1 -> new int[] {0x0F, 0xB1};
                    case 2 -> new int[] {0x87};
                    default -> new int[] {0x01};
                };
        code.bytes(opcode).bytes(0x80 | (field & 7) << 3 | 4, 5 << 3 | 6);
        code.number(displacement(), 4);
    }

    private void pushPop() {
        int from = register();
        int to = register();
        code.bytes(0x40 | from >>> 3, 0x50 | from & 7, 0x40 | to >>> 3, 0x58 | to & 7);
    }

    private void special() {
        switch (random.nextInt(13)) {
            case 7 -> // push number; popfq: no TF, no NT
                    code.bytes(0x68).number(random.nextInt() & 0x24_0AD5, 4).bytes(0x9D);
            case 8 -> code.bytes(0x0F, 0x01, 0xCA + random.nextInt(2)); // clac, stac
            case 9 -> code.bytes(0x0F, 0x01, 0xF8); // swapgs
            case 10 -> // mov r, segment; push fs
                    code.bytes(0x8C, 0xC0 | choose(0, 1, 2, 3) << 3 | choose(0, 1, 2, 3))
                            .bytes(0x0F, 0xA0, 0x58 | choose(0, 1, 2, 3));
            case 0 -> code.bytes(0x9C, 0x9D); // pushfq; popfq
            case 1 -> code.bytes(0xFA); // cli
            case 2 -> code.bytes(0xFB); // sti
            case 3 -> code.bytes(0xF5); // cmc
            case 4 -> code.bytes(0x0F, 0xA2); // cpuid
            case 5 -> { // lea rdi, [r14 + r13]; mov ecx, n; rep stosb
                index();
                code.bytes(0x4B, 0x8D, 0x3C, 0x2E, 0xB9).number(random.nextInt(20), 4);
                code.bytes(0xF3, 0xAA);
            }
            case 6 -> code.bytes(0x9F); // lahf
            case 11 -> { // mov r, number; wrfsbase r or wrgsbase r
                int register = choose(0, 1, 2, 3);
                code.load(register, random.nextLong() >> 17);
                code.bytes(0xF3, 0x48, 0x0F, 0xAE, choose(0xD0, 0xD8) | register);
            }
            case 12 -> // rdfsbase r or rdgsbase r
                    code.bytes(0xF3, choose(0x40, 0x48), 0x0F, 0xAE)
                            .bytes(choose(0xC0, 0xC8) | choose(0, 1, 2, 3));
            default -> code.bytes(0x9E); // sahf
        }
    }

    /// mov rcx, register; or rcx, 1; then a division of rdx:rax, or of ax, by it that mostly fits.
    private void divide() {
        int from = register();
        code.bytes(0x48 | from >>> 3 << 2, 0x89, 0xC1 | (from & 7) << 3, 0x48, 0x83, 0xC9, 1);
        boolean signed = random.nextBoolean();
        int bytes = size();
        if (bytes == 1) {
            code.bytes(signed ? 0x66 : 0x90, signed ? 0x98 : 0x90, 0x66, 0x83, 0xE0);
            code.bytes(choose(0x0F, 0x7F)); // cbw; and ax, number
        } else if (signed) {
            prefix(bytes, 0, 0, 0);
            code.bytes(0x99); // cwd, cdq, cqo
        } else {
            code.bytes(0x83, 0xE2, choose(0, 0x1F)); // and edx, number
        }
        prefix(bytes, 0, 0, 0);
        opcode(bytes, new int[] {0xF7});
        code.bytes(signed ? 0xF9 : 0xF1);
        code.bytes(0x48, 0x85, 0xC0); // test rax, rax
    }

    /// A shift, or a test of one bit.
    private void shift() {
        switch (random.nextInt(4)) {
            case 0 -> modRm(size(), new int[] {0xC1}, choose(0, 1, 4, 5, 7), random.nextInt(70));
            case 1 -> modRm(size(), new int[] {0xD1}, random.nextInt(8));
            case 2 -> doubleShift();
            default -> modRm(choose(2, 4, 8), bitTest(), register());
        }
    }

    /// BT, BTS, BTR, BTC.
    private int[] bitTest() {
        return new int[] {0x0F, choose(0xA3, 0xAB, 0xB3, 0xBB)};
    }

    /// SHLD or SHRD, by a number or by CL.
    private void doubleShift() {
        int opcode = choose(0xA4, 0xAC);
        int bytes = choose(2, 4, 8);
        if (random.nextBoolean()) {
            modRm(bytes, new int[] {0x0F, opcode}, register(), random.nextInt(bytes * 8));
        } else {
            modRm(bytes, new int[] {0x0F, opcode + 1}, register());
        }
    }

    /// mov byte [an immediate], al.
    private void patch() {
        if (!immediates.isEmpty()) {
            long at = immediates.get(random.nextInt(immediates.size()));
            long through = random.nextBoolean() ? at : at + TestGuest.ALIAS;
            code.bytes(0x88, 0x04, 0x25).number(through, 4);
        }
    }

    /// and byte [page-table entry], 0xFE; invlpg [page].
    private void presence(int page) {
        long number = (TestGuest.DATA >>> 12) + page;
        code.bytes(0x80, 0x24, 0x25).number(TestGuest.PAGE_TABLE + 8 * number, 4).bytes(0xFE);
        code.bytes(0x0F, 0x01, 0x3C, 0x25).number(number << 12, 4);
    }
}
