package org.xenolith.engine.soft;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// A guest that uses two pages in turn whose translations have the same first place.
@Timeout(120)
class SharedPlacesTest {
    private static final int PAGE = TestGuest.DATA;

    /// As far from it as first places go.
    private static final int OTHER = PAGE + (4 << 20);

    private static final int TABLE = 0x70000;
    private static final int[] FRAMES = {0x50000, 0x51000};
    private static final int TABLE_2 = 0x3000;
    private static final int ROUNDS = 400;
    private static final int RBX = 3;

    private final Assembler code = new Assembler(TestGuest.CODE);

    /// `body` so many times, counted in ecx.
    private void loop(Runnable body) {
        code.bytes(0x31, 0xDB, 0xB9).number(ROUNDS, 4);
        long top = code.here();
        body.run();
        code.bytes(0xFF, 0xC9).jump(top, 0x0F, 0x85);
        code.bytes(0xF4);
    }

    /// add rbx, [address]
    private void add(int address) {
        code.bytes(0x48, 0x03, 0x1C, 0x25).number(address, 4);
    }

    /// inc qword [address]
    private void increment(int address) {
        code.bytes(0x48, 0xFF, 0x04, 0x25).number(address, 4);
    }

    private TestGuest run(Execution execution, int value) {
        var guest = new TestGuest(execution.options(0, true), Translator.BLOCK_MAX);
        guest.memory.writeLong(TABLE_2 + 16, TABLE + 3);
        guest.memory.writeLong(TABLE + 8L * (PAGE >>> 12), FRAMES[0] + 3);
        guest.memory.writeLong(FRAMES[0], value);
        guest.memory.writeLong(FRAMES[1], 1000L * value);
        guest.load(code);
        guest.runToHalt(100_000);
        return guest;
    }

    @ParameterizedTest
    @EnumSource
    void bothAreReadAndWritten(Execution execution) {
        loop(() -> {
            increment(PAGE);
            increment(OTHER);
            add(PAGE);
            add(OTHER);
        });

        try (var guest = run(execution, 0)) {
            assertThat(guest.memory.readLong(PAGE)).isEqualTo(ROUNDS);
            assertThat(guest.memory.readLong(FRAMES[0])).isEqualTo(ROUNDS);
            assertThat(guest.register(RBX)).isEqualTo((long) ROUNDS * (ROUNDS + 1));
        }
    }

    /// An access across their borders belongs to none of them.
    @ParameterizedTest
    @EnumSource
    void whatCrossesAPageIsFoundInBoth(Execution execution) {
        loop(() -> {
            add(PAGE);
            add(OTHER);
            add(PAGE - 4);
        });

        try (var guest = run(execution, 5)) {
            assertThat(guest.register(RBX)).isEqualTo(ROUNDS * 5L);
        }
    }

    private void mapOther(int frame) {
        code.load(0, frame + 3).bytes(0x48, 0x89, 0x04, 0x25);
        code.number(TABLE + 8L * (PAGE >>> 12), 4);
    }

    private void addBothFrames(Runnable flush) {
        loop(() -> {
            for (int frame : FRAMES) {
                mapOther(frame);
                flush.run();
                add(OTHER);
                add(PAGE); // OTHER goes to its second place
                add(OTHER);
            }
        });
    }

    @ParameterizedTest
    @EnumSource
    void aPageAtItsSecondPlaceIsForgottenByInvlpg(Execution execution) {
        addBothFrames(() -> code.load(2, OTHER).bytes(0x0F, 0x01, 0x3A));

        try (var guest = run(execution, 1)) {
            assertThat(guest.register(RBX)).isEqualTo(ROUNDS * 2002L);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aPageAtItsSecondPlaceIsForgottenWithTheAddressSpace(Execution execution) {
        addBothFrames(() -> code.bytes(0x0F, 0x20, 0xD8, 0x0F, 0x22, 0xD8));

        try (var guest = run(execution, 1)) {
            assertThat(guest.register(RBX)).isEqualTo(ROUNDS * 2002L);
        }
    }
}
