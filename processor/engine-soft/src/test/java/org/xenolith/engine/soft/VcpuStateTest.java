package org.xenolith.engine.soft;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.xenolith.engine.VcpuState;
import org.xenolith.engine.VcpuState.ModelSpecific;
import org.xenolith.state.StateException;
import org.xenolith.testkit.Fuzz;
import org.xenolith.testkit.StateDamage;

import java.util.SplittableRandom;

/// The laws that every device's state obeys, for vCPUs: a state survives its wire form and a
/// restore, and a damaged one is refused or is one that a vCPU can live with.
class VcpuStateTest {
    private static final int DAMAGES = 40;
    private static final int LATER_INSTRUCTIONS = 200;

    private static TestGuest guest() {
        return new TestGuest(SoftEngine.Options.of(SoftEngine.Tier.HANDLERS), Translator.BLOCK_MAX);
    }

    private static VcpuState withoutTime(VcpuState state) {
        return state.withMsrs(new ModelSpecific(0, state.msrs().registers()));
    }

    @Test
    void statesKeepTheLaws() {
        var fuzz = new Fuzz(31, 15);
        while (fuzz.goesOn()) {
            var random = new SplittableRandom(fuzz.seed());
            try (var guest = guest()) {
                guest.load(RandomProgram.next(random));
                guest.vcpu.run(random.nextInt(1, 5_000));
                var state = guest.vcpu.capture();
                var codec = VcpuState.CODEC;
                assertThat(codec.decode(codec.version(), codec.encode(state))).isEqualTo(state);
                try (var twin = guest()) {
                    twin.vcpu.restore(state);
                    assertThat(withoutTime(twin.vcpu.capture())).isEqualTo(withoutTime(state));
                }
                damageAndLive(guest, state, random);
            } catch (RuntimeException e) {
                throw new AssertionError(fuzz + ": " + e, e);
            }
        }
    }

    private static void damageAndLive(TestGuest guest, VcpuState state, SplittableRandom random) {
        for (int i = 0; i < DAMAGES; i++) {
            try {
                guest.vcpu.restore(damaged(state, random));
            } catch (StateException refused) {
                assertThat(refused.getMessage()).isNotBlank();
                continue;
            }
            guest.vcpu.run(LATER_INSTRUCTIONS);
        }
    }

    private static VcpuState damaged(VcpuState state, SplittableRandom random) {
        if (random.nextBoolean()) {
            return StateDamage.damage(state, random);
        }
        var codec = VcpuState.CODEC;
        return codec.decode(
                codec.version(), StateDamage.damageEncoded(codec.encode(state), random));
    }
}
