package org.xenolith.engine.soft;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.xenolith.x86.Bits;

/// A guest whose machine code brings pages from their second places to their first
/// ([org.xenolith.baseline.PageMoves]) before something else happens to them. What Java knows of
/// them must have moved too: where they are in memory, whether they are global, how large the
/// mapping is.
@Timeout(120)
class MovedPagesTest {
    private static final int HOME = TestGuest.DATA;

    /// As far from it as first places go. It is mapped to one frame after the other.
    private static final int GUEST = HOME + (4 << 20);

    private static final int INTRUDER = HOME + (8 << 20);

    private static final int TABLE_2 = 0x3000;
    private static final int GUEST_TABLE = 0x70000;
    private static final int INTRUDER_TABLE = 0x71000;
    private static final int TABLE_PLACE = 8 * (HOME >>> 12);
    private static final int PRESENT = 3; // and may be written
    private static final int GLOBAL = 0x100;
    private static final int LARGE = 0x80;

    private static final int[] GUEST_FRAMES = {0x50000, 0x51000};
    private static final int INTRUDER_FRAME = 0x52000;
    private static final int RESULT = 0x60000;

    private static final int HOME_VALUE = 1;
    private static final int[] GUEST_VALUES = {10, 1000};
    private static final int INTRUDER_VALUE = 100_000;

    private static final int ROUNDS = 200;
    private static final int RBX = 3;
    private static final int RSI = 6;

    private final Assembler code = new Assembler(TestGuest.CODE);

    /// `body` so many times, counted in ecx.
    private void loop(Runnable body) {
        code.bytes(0x31, 0xDB, 0x31, 0xF6, 0xB9).number(ROUNDS, 4);
        long top = code.here();
        body.run();
        code.bytes(0xFF, 0xC9).jump(top, 0x0F, 0x85);
        code.bytes(0xF4);
    }

    /// mov rax, cr4; or rax, bits; mov cr4, rax
    private void setControl(long bits) {
        code.bytes(0x0F, 0x20, 0xE0, 0x48, 0x0D).number(bits, 4).bytes(0x0F, 0x22, 0xE0);
    }

    /// mov rax, value; mov [address], rax
    private void store(int address, long value) {
        code.load(0, value).bytes(0x48, 0x89, 0x04, 0x25).number(address, 4);
    }

    /// add rbx, [address]
    private void add(int... addresses) {
        for (int address : addresses) {
            code.bytes(0x48, 0x03, 0x1C, 0x25).number(address, 4);
        }
    }

    /// The same into rsi, by instructions that are Java's: fild qword [address]; fistp qword
    /// [result]; add rsi, [result].
    private void addByJava(int... addresses) {
        for (int address : addresses) {
            code.bytes(0xDF, 0x2C, 0x25).number(address, 4);
            code.bytes(0xDF, 0x3C, 0x25).number(RESULT, 4);
            code.bytes(0x48, 0x03, 0x34, 0x25).number(RESULT, 4);
        }
    }

    private void invalidate(int address) {
        code.load(2, address).bytes(0x0F, 0x01, 0x3A);
    }

    /// mov rax, cr3; mov cr3, rax
    private void forgetWhatIsNotGlobal() {
        code.bytes(0x0F, 0x20, 0xD8, 0x0F, 0x22, 0xD8);
    }

    private void mapGuest(int frame) {
        store(GUEST_TABLE + TABLE_PLACE, frame + PRESENT);
    }

    /// stac
    private void allowUserPages() {
        code.bytes(0x0F, 0x01, 0xCB);
    }

    /// clac
    private void forbidUserPages() {
        code.bytes(0x0F, 0x01, 0xCA);
    }

    private TestGuest run(Execution execution) {
        var guest = new TestGuest(execution.options(0, true), Translator.BLOCK_MAX);
        var memory = guest.memory;
        memory.writeLong(TABLE_2 + 16, GUEST_TABLE + PRESENT);
        memory.writeLong(TABLE_2 + 32, INTRUDER_TABLE + PRESENT);
        // That of the code too: its regions stay linked whatever is forgotten.
        for (int page : new int[] {TestGuest.CODE, HOME}) {
            int entry = TestGuest.PAGE_TABLE + 8 * (page >>> 12);
            memory.writeLong(entry, page + GLOBAL + PRESENT);
        }
        memory.writeLong(INTRUDER_TABLE + TABLE_PLACE, INTRUDER_FRAME + GLOBAL + PRESENT);
        memory.writeLong(HOME, HOME_VALUE);
        memory.writeLong(GUEST_FRAMES[0], GUEST_VALUES[0]);
        memory.writeLong(GUEST_FRAMES[1], GUEST_VALUES[1]);
        memory.writeLong(INTRUDER_FRAME, INTRUDER_VALUE);
        guest.load(code);
        guest.runToHalt(1000);
        return guest;
    }

    /// What is read in all rounds, if each reads a page so often with each frame of GUEST.
    private static long sum(int home, int guest, int intruder) {
        long ofGuest = (long) guest * (GUEST_VALUES[0] + GUEST_VALUES[1]);
        return ROUNDS * (2L * home * HOME_VALUE + ofGuest + 2L * intruder * INTRUDER_VALUE);
    }

    /// In one run of machine code GUEST gets the place of HOME, and INTRUDER that of GUEST.
    private void intrude(Runnable reads) {
        setControl(Bits.CR4_PGE);
        loop(() -> {
            for (int frame : GUEST_FRAMES) {
                mapGuest(frame);
                invalidate(HOME);
                invalidate(INTRUDER);
                forgetWhatIsNotGlobal();
                add(GUEST, HOME, GUEST, INTRUDER);
                reads.run();
            }
        });
    }

    @ParameterizedTest
    @EnumSource
    void aPageThatMovesBeforeAnotherIsPutInItsPlaceIsNoMoreGlobalThanBefore(Execution execution) {
        intrude(() -> add(HOME, GUEST));

        try (var guest = run(execution)) {
            assertThat(guest.register(RBX)).isEqualTo(sum(2, 3, 1));
        }
    }

    @ParameterizedTest
    @EnumSource
    void aPageThatMovesBeforeAnotherIsPutInItsPlaceIsFoundByJavaToo(Execution execution) {
        intrude(() -> addByJava(HOME, GUEST, INTRUDER));

        try (var guest = run(execution)) {
            assertThat(guest.register(RBX)).isEqualTo(sum(1, 2, 1));
            assertThat(guest.register(RSI)).isEqualTo(sum(1, 1, 1));
        }
    }

    private void mapGuestLarge() {
        store(TABLE_2 + 16, LARGE + PRESENT);
    }

    private void mapGuestSmall() {
        store(TABLE_2 + 16, GUEST_TABLE + PRESENT);
    }

    /// As large, it shows what HOME has.
    @ParameterizedTest
    @EnumSource
    void aPageThatMovesBeforeAnotherIsPutInItsPlaceIsAsLargeAsBefore(Execution execution) {
        mapGuest(GUEST_FRAMES[0]);
        loop(() -> {
            mapGuestLarge();
            for (int page : new int[] {GUEST, HOME, INTRUDER}) {
                invalidate(page);
            }
            add(GUEST, HOME, GUEST, INTRUDER);
            mapGuestSmall();
            invalidate(GUEST + 4096);
            add(GUEST);
        });

        try (var guest = run(execution)) {
            long round = 3L * HOME_VALUE + INTRUDER_VALUE + GUEST_VALUES[0];
            assertThat(guest.register(RBX)).isEqualTo(ROUNDS * round);
        }
    }

    /// GUEST gets the place of HOME in the view that user pages may be reached in, while Java has
    /// seen code in the other last.
    private void moveInTheOtherView(Runnable reads) {
        setControl(Bits.CR4_PGE | Bits.CR4_SMAP);
        loop(() -> {
            for (int frame : GUEST_FRAMES) {
                mapGuest(frame);
                invalidate(HOME);
                forgetWhatIsNotGlobal();
                allowUserPages();
                add(GUEST, HOME);
                forbidUserPages();
                add(GUEST, HOME);
                allowUserPages();
                add(GUEST);
                forbidUserPages();
                reads.run();
            }
        });
    }

    @ParameterizedTest
    @EnumSource
    void aPageThatMovesInOneViewIsNoMoreGlobalThere(Execution execution) {
        moveInTheOtherView(() -> {});

        try (var guest = run(execution)) {
            assertThat(guest.register(RBX)).isEqualTo(sum(2, 3, 0));
        }
    }

    @ParameterizedTest
    @EnumSource
    void aPageThatMovesInOneViewIsFoundByJavaInBoth(Execution execution) {
        moveInTheOtherView(() -> {
            addByJava(HOME, GUEST);
            allowUserPages();
            addByJava(HOME, GUEST);
            forbidUserPages();
        });

        try (var guest = run(execution)) {
            assertThat(guest.register(RBX)).isEqualTo(sum(2, 3, 0));
            assertThat(guest.register(RSI)).isEqualTo(sum(2, 2, 0));
        }
    }
}
