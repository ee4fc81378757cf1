package org.xenolith.network;

import org.xenolith.base.Clock;
import org.xenolith.base.DomainId;

import java.nio.file.Path;
import java.util.OptionalInt;

/// A process with one interface on a network, which sends back what it gets, until it is killed.
final class LoneMember {
    static final int ADDRESS = 77;

    private LoneMember() {}

    public static void main(String... arguments) throws Exception {
        var ports = new Ports(Path.of(arguments[0]), Clock.system(), line -> {});
        var port =
                ports.open(
                        new PortKind.Network(arguments[1]),
                        new GuestInterface(new DomainId(1), 0, 1, OptionalInt.empty()));
        port.open(
                new FrameSink() {
                    @Override
                    public boolean offer(int queue, Frame frame) {
                        port.world().offer(0, Frames.of(ADDRESS, 1, Frames.text(frame)));
                        return true;
                    }

                    @Override
                    public void onRoom(int queue, Runnable retry) {}
                });
        System.out.println("joined");
        while (true) {
            port.world().offer(0, Frames.of(ADDRESS, Frames.BROADCAST, "here I am"));
            Thread.sleep(100);
        }
    }
}
