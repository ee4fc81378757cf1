package org.xenolith.testkit;

import org.xenolith.base.Entropy;
import org.xenolith.device.Device;
import org.xenolith.state.StateException;

import java.util.Objects;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/// The laws that the state of every device obeys, checked over random histories of accesses:
///
/// 1. capture changes nothing;
/// 2. restore then capture gives the same state;
/// 3. the original and its restored twin answer every later access alike, and end alike;
/// 4. decode(encode(s)) equals s;
/// 5. a damaged state, or a damaged wire form of one, is refused with [StateException], which
///    leaves the device as it was, or is a state that the device can live with.
public final class DeviceLaws {
    private static final int DAMAGES_PER_HISTORY = 8;
    private static final int STEPS_AFTER_DAMAGE = 16;

    private DeviceLaws() {}

    /// Runs `histories` histories of up to `stepsMax` steps on rigs from `rigs`. A failure names
    /// the seed of its history, which with a count of 1 replays it.
    ///
    /// @throws AssertionError if a law is broken
    public static <S extends Record> void check(
            Supplier<? extends DeviceRig<S>> rigs, long seed, int histories, int stepsMax) {
        for (int history = 0; history < histories; history++) {
            long historySeed = seed + history;
            try {
                checkHistory(rigs.get(), historySeed, stepsMax);
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("history with seed " + historySeed + ": " + e, e);
            }
        }
    }

    private static <S extends Record> void checkHistory(
            DeviceRig<S> original, long seed, int stepsMax) {
        var random = random(seed);
        int before = random.nextInt(stepsMax + 1);
        for (int step = 0; step < before; step++) {
            original.step(random);
        }
        S state = original.device().capture();
        same("capture after capture", state, original.device().capture());
        var codec = original.device().codec();
        same("what was encoded", state, codec.decode(codec.version(), codec.encode(state)));
        var twin = original.fresh();
        twin.device().restore(state);
        same("capture after restore", state, twin.device().capture());
        damageAndLive(original, state, random);
        long future = random.nextLong();
        answerAlike(original, twin, random(future), random(future), stepsMax);
        same("the state at the end", original.device().capture(), twin.device().capture());
    }

    private static <S extends Record> void answerAlike(
            DeviceRig<S> original,
            DeviceRig<S> twin,
            RandomGenerator mine,
            RandomGenerator theirs,
            int steps) {
        for (int step = 0; step < steps; step++) {
            same("the answer to step " + step, original.step(mine), twin.step(theirs));
        }
    }

    private static <S extends Record> void damageAndLive(
            DeviceRig<S> original, S state, RandomGenerator random) {
        for (int i = 0; i < DAMAGES_PER_HISTORY; i++) {
            var victim = original.fresh();
            S untouched = victim.device().capture();
            try {
                victim.device().restore(damaged(original.device(), state, random));
            } catch (StateException refused) {
                same("the state after a refusal", untouched, victim.device().capture());
                continue;
            }
            var later = random(random.nextLong());
            for (int step = 0; step < STEPS_AFTER_DAMAGE; step++) {
                victim.step(later);
            }
            victim.device().capture();
        }
    }

    private static <S extends Record> S damaged(Device<S> device, S state, RandomGenerator random) {
        if (random.nextBoolean()) {
            return StateDamage.damage(state, random);
        }
        var codec = device.codec();
        var damaged = StateDamage.damageEncoded(codec.encode(state), random);
        return codec.decode(codec.version(), damaged);
    }

    /// Random numbers that replay from `seed`.
    public static RandomGenerator random(long seed) {
        return Entropy.seeded(seed)::nextLong;
    }

    private static void same(String what, Object expected, Object actual) {
        if (!Objects.equals(expected, actual)) {
            throw new AssertionError(what + " differs: " + expected + " but " + actual);
        }
    }
}
