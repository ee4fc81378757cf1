package org.xenolith.guests;

import org.xenolith.base.Clock;
import org.xenolith.migration.Migration;
import org.xenolith.migration.MigrationOptions;
import org.xenolith.network.Ports;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.file.Path;

/// A process to which the domain of [MigrationNetworkTest] goes, and from where it comes back. Says
/// at which port it listens; then, for each port that it is told, sends the domain there, and says
/// how that was. Its argument is the directory of networks.
final class AwayProcess {
    private AwayProcess() {}

    public static void main(String[] arguments) throws Exception {
        var directory = Path.of(arguments[0]);
        try (var ports = new Ports(directory, Clock.system(), System.err::println);
                var host = new MigrationHost(MigrationNetworkTest.config(1), ports::open);
                var orders = new BufferedReader(new InputStreamReader(System.in))) {
            System.out.println(host.port());
            for (var order = orders.readLine(); order != null; order = orders.readLine()) {
                int port = Integer.parseInt(order);
                System.out.println(
                        Migration.send(
                                host.take(),
                                () -> MigrationHost.dial(port),
                                MigrationOptions.DEFAULT,
                                _ -> {}));
            }
        }
    }
}
