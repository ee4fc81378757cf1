package org.xenolith.simulation;

import org.xenolith.mirror.protocol.Decision;

import java.util.Optional;
import java.util.function.Consumer;

/// The arbiter. Requests and answers are lost where it cannot be reached.
final class Register {
    private final World world;
    private final long delayMax;

    /// Who has not been answered for so long asks no more.
    private final long answerNanosMax;

    private Optional<Decision> decision = Optional.empty();
    private boolean forgetful;

    /// How one host reaches it.
    final class Path {
        private final Host host;
        private long cutUntil;

        Path(Host host) {
            this.host = host;
        }

        void cut(long nanos) {
            host.tell("does not reach the arbiter for " + nanos / World.MILLISECOND + " ms");
            cutUntil = Math.max(cutUntil, world.now() + nanos);
        }

        private boolean isCut() {
            return world.now() < cutUntil;
        }

        /// `answered` gets the decision, or nothing if it does not come in time.
        void claim(Decision wanted, Consumer<Optional<Decision>> answered) {
            var claim =
                    new Object() {
                        boolean done;
                    };
            host.later(
                    answerNanosMax,
                    () -> {
                        if (!claim.done) {
                            claim.done = true;
                            answered.accept(Optional.empty());
                        }
                    });
            world.after(
                    world.between(0, delayMax),
                    () -> {
                        if (isCut()) {
                            return;
                        }
                        var is = decide(wanted);
                        world.after(
                                world.between(0, delayMax),
                                () -> {
                                    if (!isCut()) {
                                        host.later(
                                                0,
                                                () -> {
                                                    if (!claim.done) {
                                                        claim.done = true;
                                                        answered.accept(Optional.of(is));
                                                    }
                                                });
                                    }
                                });
                    });
        }
    }

    Register(World world, long delayMax) {
        this.world = world;
        this.delayMax = delayMax;
        this.answerNanosMax = world.between(300 * World.MILLISECOND, 700 * World.MILLISECOND);
    }

    /// It gives everybody what he wants: a broken arbiter, for tests of the judge.
    void forget() {
        forgetful = true;
    }

    Optional<Decision> decision() {
        return decision;
    }

    private Decision decide(Decision wanted) {
        if (decision.isEmpty() || forgetful) {
            decision = Optional.of(wanted);
            world.tell("arbiter", "decides " + wanted);
        }
        return decision.get();
    }
}
