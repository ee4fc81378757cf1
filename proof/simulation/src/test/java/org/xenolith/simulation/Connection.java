package org.xenolith.simulation;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Consumer;

/// A connection as TCP makes them: what is sent arrives in its order, late, or not at all and
/// nothing after it. Nothing goes where the way is cut; when it is whole again it goes on. Each
/// side hears of the end some time, if the way to it is whole.
final class Connection {
    /// What comes out of an end.
    sealed interface Item {
        record Said(Object what) implements Item {}

        record Ended(String reason) implements Item {}
    }

    private final World world;
    private final long delayMax;
    private boolean broken;

    Connection(World world, long delayMax) {
        this.world = world;
        this.delayMax = delayMax;
    }

    /// One direction.
    final class Way {
        private final Host to;
        private final Consumer<Item> receiver;
        private final Deque<Item> underWay = new ArrayDeque<>();
        private long cutUntil;
        private long lastArrival;
        private boolean ended;
        private boolean receiverClosed;

        Way(Host to, Consumer<Item> receiver) {
            this.to = to;
            this.receiver = receiver;
        }

        void cut(long nanos) {
            cutUntil = Math.max(cutUntil, world.now() + nanos);
        }

        void send(Object what) {
            if (!ended && !broken) {
                arrive(new Item.Said(what));
            }
        }

        /// The sender says nothing more.
        void end(String reason) {
            if (!ended && !broken) {
                arrive(new Item.Ended(reason));
                ended = true;
            }
        }

        /// The receiver does not listen any more.
        void closeReceiver() {
            receiverClosed = true;
        }

        private void arrive(Item item) {
            underWay.add(item);
            long at = world.now() + world.between(delayMax / 20, delayMax);
            lastArrival = Math.max(at, lastArrival);
            world.at(lastArrival, this::deliverOne);
        }

        /// Whatever is the first of what is under way, so that the order stays.
        private void deliverOne() {
            if (world.now() < cutUntil) {
                world.at(cutUntil, this::deliverOne);
                return;
            }
            to.later(
                    0,
                    () -> {
                        var item = underWay.poll();
                        if (item != null && !receiverClosed) {
                            receiver.accept(item);
                        }
                    });
        }

        /// What was under way is lost.
        private void breakOff() {
            underWay.clear();
            underWay.add(new Item.Ended("reset"));
            world.after(world.between(0, 4 * delayMax), this::deliverOne);
        }
    }

    void breakOff(Way one, Way other) {
        if (!broken) {
            world.tell("link", "breaks");
            broken = true;
            one.breakOff();
            other.breakOff();
        }
    }
}
