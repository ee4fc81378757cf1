package org.xenolith.guests;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// An sshd of the test's own on a host, that lets the test's own key in as root.
final class SshServer {
    private SshServer() {}

    /// Skips the test where none can be started.
    static void assumePossible() throws Exception {
        assumeTrue(System.getProperty("user.name").equals("root"), "sshd is for root to start");
        HostTool.assumePresent("sshd", "ssh", "ssh-keygen");
    }

    /// Starts one, which ends with the test. The command that reaches it under `name` and runs `xl`
    /// there begins with what this returns.
    ///
    /// @param address one that `host` has
    static String start(XlHosts hosts, XlHost host, String name, String address) throws Exception {
        // Where a daemon that is started by hand keeps an empty directory (Debian's sshd).
        Files.createDirectories(Path.of("/run/sshd"));
        var key = key(hosts, name + "-key");
        var hostKey = key(hosts, name + "-host-key");
        int port = HostTool.freePort();
        var serverConfig =
                hosts.write(
                        name + "-sshd_config",
                        "Port " + port,
                        "ListenAddress " + address,
                        "HostKey " + hostKey,
                        "AuthorizedKeysFile " + key + ".pub",
                        "PidFile none",
                        "StrictModes no",
                        "UsePAM no",
                        "PasswordAuthentication no",
                        "PermitRootLogin prohibit-password",
                        "SetEnv XDG_RUNTIME_DIR=%s PATH=%s:/usr/bin:/bin"
                                .formatted(host.directory(), hosts.programs()));
        var config =
                hosts.write(
                        name + "-ssh_config",
                        "Host " + name,
                        "  HostName " + address,
                        "  Port " + port,
                        "  User root",
                        "  IdentityFile " + key,
                        "  IdentitiesOnly yes",
                        "  UserKnownHostsFile " + hosts.root().resolve(name + "-known_hosts"),
                        "  StrictHostKeyChecking accept-new",
                        "  BatchMode yes");
        host.run(List.of("/usr/sbin/sshd", "-D", "-e", "-f", serverConfig.toString()))
                .awaitLine("Server listening");
        return "ssh -F " + config;
    }

    private static Path key(XlHosts hosts, String name) throws Exception {
        var key = hosts.root().resolve(name);
        HostTool.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key.toString());
        return key;
    }
}
