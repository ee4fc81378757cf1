package org.xenolith.device;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;

class HeldOutboxTest {
    private final List<Integer> seen = new ArrayList<>();
    private int room = Integer.MAX_VALUE;
    private final HeldOutbox<Integer> outbox = new HeldOutbox<>(this::take, _ -> 1, 3);

    private boolean take(int effect) {
        if (room == 0) {
            return false;
        }
        room--;
        seen.add(effect);
        return true;
    }

    @Test
    void everythingLeavesAtOnceUntilItIsHeld() {
        assertThat(outbox.offer(1)).isTrue();
        room = 0;
        assertThat(outbox.offer(2)).isFalse();
        var retries = new AtomicInteger();
        outbox.onRoom(retries::incrementAndGet);
        outbox.roomOutside();
        assertThat(retries).hasValue(1);
        assertThat(seen).containsExactly(1);
    }

    @Test
    void whatIsHeldLeavesWithItsEpochInOrder() {
        outbox.offer(0);
        outbox.seal(0);
        outbox.offer(1);
        outbox.seal(1);
        outbox.offer(2);
        outbox.release(0);
        assertThat(seen).containsExactly(0);
        outbox.release(1);
        assertThat(seen).containsExactly(0, 1);
        outbox.seal(2);
        outbox.release(2);
        assertThat(seen).containsExactly(0, 1, 2);
    }

    @Test
    void oneThatIsFullRefusesAndTellsWhenThereIsRoom() {
        var retries = new AtomicInteger();
        outbox.onRoom(retries::incrementAndGet);
        outbox.seal(0);
        assertThat(List.of(outbox.offer(1), outbox.offer(2), outbox.offer(3))).containsOnly(true);
        assertThat(outbox.offer(4)).isFalse();
        outbox.seal(1);
        assertThat(retries).hasValue(0);
        outbox.release(1);
        assertThat(retries).hasValue(1);
        assertThat(seen).containsExactly(1, 2, 3);
        assertThat(outbox.offer(4)).isTrue();
    }

    @Test
    void smallOnesOfOneEpochWaitTogether() {
        var words = new ArrayList<String>();
        HeldOutbox.Joiner<String> joiner =
                (first, second) ->
                        first.length() + second.length() > 4
                                ? Optional.empty()
                                : Optional.of(first + second);
        var joining = new HeldOutbox<String>(words::add, word -> word.length() + 10, joiner, 40);
        joining.seal(0);
        "abcdefg".chars().forEach(letter -> joining.offer(Character.toString(letter)));
        joining.seal(1); // what follows is of another epoch
        assertThat(joining.offer("h")).isTrue(); // 14 and 13 before
        assertThat(joining.offer("ij")).isTrue();
        assertThat(joining.offer("k")).as("it would be 41").isFalse();
        joining.release(1);
        assertThat(words).containsExactly("abcd", "efg");
        joining.release(2);
        assertThat(words).containsExactly("abcd", "efg", "hij");
    }

    @Test
    void nothingJoinsWhatIsJustLeaving() {
        var words = new ArrayList<String>();
        var late = new ArrayList<HeldOutbox<String>>();
        var joining =
                new HeldOutbox<String>(
                        word -> {
                            words.add(word);
                            if (word.equals("a")) {
                                late.getFirst().offer("b"); // meanwhile
                            }
                            return true;
                        },
                        String::length,
                        (first, second) -> Optional.of(first + second),
                        100);
        late.add(joining);
        joining.seal(0);
        joining.offer("a");
        joining.letGo();
        assertThat(words).containsExactly("a", "b");
    }

    @Test
    void whatHasNotLeftWhenAnotherHoldsItMayStillLeave() {
        outbox.seal(0);
        outbox.offer(1);
        outbox.offer(2);
        outbox.seal(70);
        room = 1;
        outbox.letGo();
        assertThat(seen).containsExactly(1);
        outbox.seal(0); // of another mirror
        outbox.offer(3);
        room = 5;
        outbox.roomOutside();
        assertThat(seen).containsExactly(1, 2);
        outbox.seal(1);
        outbox.release(1);
        assertThat(seen).containsExactly(1, 2, 3);
    }

    @Test
    void aWorldWithoutRoomGetsTheRestLater() {
        outbox.seal(0);
        outbox.offer(1);
        outbox.offer(2);
        outbox.seal(1);
        room = 1;
        outbox.release(1);
        assertThat(seen).containsExactly(1);
        room = 5;
        outbox.roomOutside();
        assertThat(seen).containsExactly(1, 2);
    }

    @Test
    void whatIsDroppedNeverLeaves() {
        outbox.seal(0);
        outbox.offer(1);
        outbox.drop();
        outbox.seal(1);
        outbox.release(1);
        outbox.letGo();
        assertThat(outbox.offer(2)).isTrue();
        assertThat(seen).isEmpty();
    }

    @Test
    void whatIsLetGoLeavesBeforeWhatComesAfterwards() {
        outbox.seal(0);
        outbox.offer(1);
        outbox.offer(2);
        room = 1;
        outbox.letGo();
        assertThat(seen).containsExactly(1);
        outbox.offer(3);
        room = Integer.MAX_VALUE;
        outbox.roomOutside();
        outbox.offer(4);
        assertThat(seen).containsExactly(1, 2, 3, 4);
    }

    /// One offers, one commits, one gives the world room: what the world sees is what was offered,
    /// in order, and all of it in the end.
    @Test
    void nothingIsLostOrOvertakenByAnyNumberOfThreads() throws Exception {
        for (long seed = 0; seed < 5; seed++) {
            race(new SplittableRandom(seed));
        }
    }

    private static void race(SplittableRandom random) throws InterruptedException {
        int count = 5_000;
        var seen = new ArrayList<Integer>();
        var room = new AtomicInteger();
        var turn = new Object();
        var held =
                new HeldOutbox<Integer>(
                        effect -> {
                            if (room.getAndUpdate(left -> Math.max(0, left - 1)) == 0) {
                                return false;
                            }
                            seen.add(effect); // by one thread at a time
                            return true;
                        },
                        _ -> 1,
                        50);
        var retried = new Semaphore(0);
        held.onRoom(retried::release);
        held.seal(0);
        var sealed = new AtomicInteger();
        var offering =
                Thread.ofPlatform()
                        .start(() -> {
                            for (int i = 0; i < count; i++) {
                                while (!offer(held, i, turn)) {
                                    retried.acquireUninterruptibly();
                                }
                            }
                        });
        var committing =
                Thread.ofPlatform()
                        .start(() -> {
                            while (offering.isAlive()) {
                                synchronized (turn) {
                                    held.seal(sealed.incrementAndGet());
                                }
                                held.release(sealed.get());
                            }
                        });
        while (offering.isAlive() || committing.isAlive()) {
            room.addAndGet(random.nextInt(100));
            held.roomOutside();
        }
        room.set(Integer.MAX_VALUE);
        held.letGo();
        assertThat(seen).hasSize(count).isSorted();
    }

    /// Nothing is offered while an epoch is sealed.
    private static boolean offer(HeldOutbox<Integer> held, int effect, Object turn) {
        synchronized (turn) {
            return held.offer(effect);
        }
    }
}
