package org.xenolith.engine.soft;

import static org.xenolith.engine.soft.Guest.*;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.xenolith.base.Clock;
import org.xenolith.engine.Exit;
import org.xenolith.engine.VcpuState;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.SplittableRandom;

/// Whatever a guest executes in ring 0, it harms nobody but itself: no exception escapes, a run
/// comes back, and the state can be captured and restored.
///
/// `-Dxenolith.seconds=600` makes it run that long, `-Dxenolith.seed=...` repeats a run.
@Tag("fuzz")
class HostileCodeTest {
    private static final long NANOS_MAX = Long.getLong("xenolith.seconds", 1) * 1_000_000_000L;

    private static final int EPISODES_A_GUEST = 200;
    private static final int CODE_BYTES = 64;

    /// What random bytes would seldom be: privileged instructions and far transfers.
    private static final String[] SNIPPETS = {
        "0F 22 C0",
        "0F 22 D8",
        "0F 22 E0",
        "0F 20 C0",
        "0F 23 F8",
        "0F 23 C0",
        "0F 21 F8",
        "0F 30",
        "0F 32",
        "0F 01 13",
        "0F 01 1B",
        "0F 01 F0",
        "0F 01 3B",
        "0F 01 F8",
        "0F 01 C1",
        "0F 00 D0",
        "0F 00 D8",
        "8E D8",
        "8E D0",
        "8E E8",
        "CF",
        "48 CF",
        "66 CF",
        "CB",
        "48 CB",
        "FF 2B",
        "FF 1B",
        "48 FF 2B",
        "0F 05",
        "0F 07",
        "48 0F 07",
        "0F 34",
        "0F 35",
        "CD 80",
        "CD 42",
        "CC",
        "F1",
        "9D",
        "9C",
        "FB",
        "FA",
        "F4",
        "F3 A4",
        "F3 A5",
        "F3 AB",
        "F3 6C",
        "F3 6E",
        "F0 0F C7 0B",
        "F0 01 03",
        "0F AE 03",
        "0F AE 0B",
        "61",
        "60",
        "C8 10 00 05",
        "0F 31",
        "0F A2",
        "0F 02 C1",
        "0F 03 C1",
        "0F 00 E1",
        "44 0F 22 C0",
        "EC",
        "EF",
        "0F 06"
    };

    private static final long[] VALUES = {
        0,
        1,
        -1,
        8,
        0x10,
        0x23,
        0x2B,
        0x40,
        0x43,
        0x80,
        0x1000,
        CODE,
        DATA,
        DATA + 4094,
        USER_DATA,
        STACK,
        0x3FFFF8,
        0x400000,
        1L << 47,
        -1L << 47,
        0x7FFF_FFFFL,
        0x8000_0000L,
        0xC000_0080L,
        0xC000_0082L,
        0x8000_0033L,
        0x8005_003BL,
        0x3020A0,
        0x174,
        0x277
    };

    private final long seed = Long.getLong("xenolith.seed", 1);
    private final SplittableRandom random = new SplittableRandom(seed);

    @ParameterizedTest
    @EnumSource(Guest.Paging.class)
    void randomCodeInTheKernelHarmsNobodyElse(Guest.Paging paging) {
        var clock = Clock.system();
        long end = clock.nanos() + NANOS_MAX;
        do {
            try (var guest = new Guest(execution(), paging)) {
                for (int episode = 0; episode < EPISODES_A_GUEST; episode++) {
                    play(guest);
                }
            } catch (RuntimeException | Error failure) {
                throw new AssertionError("seed " + seed + ": " + failure, failure);
            }
        } while (clock.nanos() < end);
    }

    private Execution execution() {
        // Mostly the fastest to begin.
        var all = Execution.values();
        return random.nextInt(8) < 5 ? Execution.EVALUATOR : all[random.nextInt(all.length)];
    }

    private void play(Guest guest) {
        var initial = guest.state();
        var registers = new ArrayList<Long>();
        for (int number = 0; number < 16; number++) {
            registers.add(value());
        }
        registers.set(RSP, random.nextInt(8) == 0 ? value() : STACK - random.nextInt(64));
        long flags = 2 | random.nextLong() & 0x24_7FD5;
        guest.memory().write(CODE, code());
        guest.memory().write(DATA + 8L * random.nextInt(512), code());
        var general = new VcpuState.General(registers, CODE, flags);
        var state = initial.withGeneral(general).withActivity(VcpuState.Activity.RUNNING);
        guest.vcpu().restore(state);
        live(guest);
        guest.vcpu().restore(guest.state());
        if (guest.state().segments().cs().selector() != CODE_SELECTOR || random.nextInt(4) == 0) {
            guest.reset();
        }
    }

    private void live(Guest guest) {
        var vcpu = guest.vcpu();
        for (int runs = 0; runs < 20; runs++) {
            if (random.nextInt(4) == 0 && vcpu.canTakeInterrupt()) {
                vcpu.interrupt(0x20 + random.nextInt(0xE0));
            }
            if (random.nextInt(16) == 0) {
                vcpu.nonMaskableInterrupt();
            }
            var exit = vcpu.run(200);
            if (exit.awaitsAnswer()) {
                answer(vcpu, exit);
            } else if (exit instanceof Exit.Shutdown || exit instanceof Exit.Halted) {
                return;
            }
        }
    }

    private void answer(SoftVcpu vcpu, Exit exit) {
        boolean mayFault = exit instanceof Exit.MsrRead || exit instanceof Exit.MsrWrite;
        if (mayFault && random.nextBoolean()) {
            vcpu.completeWithFault();
        } else {
            vcpu.complete(random.nextLong());
        }
    }

    private long value() {
        long value = VALUES[random.nextInt(VALUES.length)];
        return switch (random.nextInt(4)) {
            case 0 -> random.nextLong();
            case 1 -> value + random.nextInt(-8, 8);
            default -> value;
        };
    }

    private byte[] code() {
        var bytes = new byte[CODE_BYTES];
        random.nextBytes(bytes);
        for (int at = 0; at < CODE_BYTES - 8; ) {
            if (random.nextInt(3) > 0) {
                var snippet = SNIPPETS[random.nextInt(SNIPPETS.length)].replace(" ", "");
                var part = HexFormat.of().parseHex(snippet);
                System.arraycopy(part, 0, bytes, at, part.length);
                at += part.length;
            } else {
                at += random.nextInt(1, 5);
            }
        }
        return bytes;
    }
}
