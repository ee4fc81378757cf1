package org.xenolith.xl;

import org.xenolith.xl.control.ControlException;
import org.xenolith.xl.control.MigrationClient;
import org.xenolith.xl.tls.TlsAddress;
import org.xenolith.xl.tls.TlsDialer;
import org.xenolith.xl.tls.TlsException;
import org.xenolith.xl.tls.TlsIdentity;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// How the other host of `xl migrate` and `xl remus` is reached: by TLS, or by ssh or what is in
/// its place.
final class Dialing {
    private Dialing() {}

    /// @param host as the operator has written it
    /// @param receiving options of `xl migrate-receive` there
    static MigrationClient.Dialer dialer(Arguments arguments, String host, List<String> receiving)
            throws UsageException, ControlException {
        var tls = tlsAddress(host);
        if (tls.isPresent()) {
            var dialer = new TlsDialer(identity(arguments));
            return link -> Relay.start(Relay.End.of(link), Relay.End.of(dialer.dial(tls.get())));
        }
        var command = List.of("sh", "-c", command(arguments, host, receiving));
        return link -> Relay.start(Relay.End.of(link), Relay.End.of(command));
    }

    private static Optional<TlsAddress> tlsAddress(String word) throws UsageException {
        try {
            return TlsAddress.parse(word);
        } catch (IllegalArgumentException e) {
            throw new UsageException(e.getMessage());
        }
    }

    /// Who this host is, as `--tls` says.
    static TlsIdentity identity(Arguments arguments) throws ControlException {
        var usual = Path.of(System.getProperty("user.home"), ".xenolith", "tls");
        try {
            return TlsIdentity.read(arguments.value("tls").map(Path::of).orElse(usual));
        } catch (TlsException e) {
            throw new ControlException(e.getMessage(), e);
        }
    }

    /// As Xen's xl has it; `exec`, so that no shell stays between.
    private static String command(Arguments arguments, String host, List<String> receiving) {
        var ssh = arguments.value("s").orElse("ssh");
        return ssh.isEmpty()
                ? host
                : "exec %s %s xl migrate-receive %s"
                        .formatted(ssh, host, String.join(" ", receiving))
                        .strip();
    }
}
