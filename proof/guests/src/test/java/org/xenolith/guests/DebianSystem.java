package org.xenolith.guests;

import static org.assertj.core.api.Assertions.assertThat;

import org.xenolith.maker.GuestSpec;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;

/// A system that `xl guest debian` has made, running in a process of its own and reached at its
/// console and by ssh. For one thread.
final class DebianSystem implements AutoCloseable {
    private final GuestProcess process;
    private final Ssh ssh;
    private final String bootTime;

    private DebianSystem(GuestProcess process, Ssh ssh, String bootTime) {
        this.process = process;
        this.ssh = ssh;
        this.bootTime = bootTime;
    }

    /// Boots what is on the image, and logs in at the console.
    static DebianSystem boot(GuestSpec spec) throws Exception {
        int port = HostTool.freePort();
        var process =
                GuestProcess.start(
                        SystemProcess.class,
                        spec.directory(),
                        spec.image().toString(),
                        spec.directory().toString(),
                        Integer.toString(port),
                        spec.user(),
                        Files.readString(spec.passwordFile().orElseThrow()).strip(),
                        spec.cloudInit() ? spec.seed().toString() : "");
        try {
            var ready = process.line();
            assertThat(ready).startsWith(SystemProcess.READY);
            return new DebianSystem(
                    process,
                    new Ssh(spec.privateKey(), port, spec.user()),
                    ready.substring(SystemProcess.READY.length()));
        } catch (IOException | AssertionError e) {
            process.close();
            throw e;
        }
    }

    /// Until the login, as [java.time.Duration] writes it.
    String bootTime() {
        return bootTime;
    }

    Ssh ssh() {
        return ssh;
    }

    /// What a command prints that is typed at the console.
    String run(String command) throws IOException {
        process.say(SystemProcess.RUN + command);
        var lines = new ArrayList<String>();
        for (var line = process.line(); !line.equals(SystemProcess.DONE); line = process.line()) {
            lines.add(line.substring(1));
        }
        return String.join("\n", lines);
    }

    /// What systemd says of the system when it has started. (Its own `--wait` can miss the signal
    /// that it waits for.)
    String stateAfterStart() throws IOException {
        return run(
                "while systemctl is-system-running | grep -qx -e starting -e initializing;"
                        + " do sleep 1; done; systemctl is-system-running");
    }

    /// That it is up with nothing failed, and is who it is to be.
    void assertWhole() throws IOException {
        assertThat(stateAfterStart()).isEqualTo("running");
        assertThat(run("systemctl --failed --no-legend --plain | cat")).isEmpty();
        assertThat(run("systemctl is-active multi-user.target ssh serial-getty@hvc0"))
                .isEqualTo("active\nactive\nactive");
        assertThat(run("hostname; id -un; sudo id -un"))
                .isEqualTo("a-host\n" + MadeGuest.USER + "\nroot");
    }

    /// Gives a command that reboots, and logs in again.
    void reboot(String command) throws IOException {
        process.say(SystemProcess.REBOOT + command);
        assertThat(process.line()).isEqualTo(SystemProcess.DONE);
    }

    /// Gives a command that ends the domain; the reason of its end.
    String end(String command) throws IOException {
        process.say(SystemProcess.END + command);
        return process.line();
    }

    /// As `kill -9`.
    void kill() throws IOException, InterruptedException {
        process.kill();
    }

    @Override
    public void close() {
        process.close();
    }
}
