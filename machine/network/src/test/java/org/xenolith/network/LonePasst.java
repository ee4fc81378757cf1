package org.xenolith.network;

import org.xenolith.base.Clock;
import org.xenolith.base.DomainId;

import java.nio.file.Files;
import java.util.OptionalInt;

/// A process with an interface on passt, until it is killed.
final class LonePasst {
    private LonePasst() {}

    public static void main(String... arguments) throws Exception {
        var ports =
                new Ports(Files.createTempDirectory("unused"), Clock.system(), System.out::println);
        ports.open(
                PortKind.Passt.PLAIN,
                new GuestInterface(new DomainId(1), 0, 1, OptionalInt.empty()));
        System.out.println("started");
        Thread.sleep(Long.MAX_VALUE);
    }
}
