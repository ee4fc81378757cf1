package org.xenolith.pv;

import org.xenolith.pv.xenbus.XenbusState;

import java.util.List;
import java.util.SplittableRandom;

/// A front end that writes anything into its part of xenstore: mostly states in any order, and
/// among its other nodes now and then a value that makes sense.
public final class RandomNodes {
    private final FakeGuest guest;
    private final String frontend;
    private final List<String> names;
    private final SplittableRandom random;
    private final String ring;
    private final String channel;

    /// @param frontend the path of its directory
    /// @param names of nodes in it that the back end reads, besides `state`
    public RandomNodes(
            FakeGuest guest, String frontend, List<String> names, SplittableRandom random) {
        this.guest = guest;
        this.frontend = frontend;
        this.names = names;
        this.random = random;
        this.ring = Integer.toString(guest.grant(guest.page()));
        this.channel = Integer.toString(guest.allocatePort());
    }

    /// Changes one of them.
    public void change() {
        switch (random.nextInt(40)) {
            case 0 -> guest.store.remove(frontend);
            case 1 -> guest.store.write(frontend + "/state", value());
            default -> {
                if (random.nextInt(3) > 0) {
                    var states = XenbusState.values();
                    guest.frontendState(states[random.nextInt(states.length)]);
                } else {
                    changeNode(frontend + "/" + names.get(random.nextInt(names.size())));
                }
            }
        }
    }

    private void changeNode(String path) {
        if (random.nextInt(9) == 0) {
            guest.store.remove(path);
        } else {
            guest.store.write(path, value());
        }
    }

    private String value() {
        return switch (random.nextInt(8)) {
            case 0 -> "x".repeat(random.nextInt(4000));
            case 1 -> Long.toString(random.nextLong());
            case 2 -> Integer.toString(random.nextInt(20));
            case 3 -> Integer.toString(random.nextInt(3));
            case 4, 5 -> channel;
            default -> ring;
        };
    }
}
