package org.xenolith.bench.guest;

import org.xenolith.base.Clock;

import java.io.IOException;

/// A hypervisor whose guest is a script of the host's shell: it knows how to begin, and for each
/// program what it says.
public record FakeHypervisor(String name, String programs) implements Hypervisor {
    /// What the guest says of its first lap: more than a trial must take to tell.
    static final long LAP_NANOS = 800_000_000;

    /// Two laps that are long enough, and a sum.
    public static String laps(String sum) {
        return "echo @begin; sleep 0.8; echo @lap %d; sleep 0.8; echo @lap; echo @end %s"
                .formatted(LAP_NANOS, sum);
    }

    @Override
    public Guest start(Machine machine) throws IOException, InterruptedException {
        var script =
                """
                printf 'a-host login: '
                echo @init
                printf '~ # '
                while read -r program arguments; do
                    case "$program $arguments" in
                    dmesg*) ;;
                    %s
                    *) echo "not found: $program" ;;
                    esac
                    printf '~ # '
                done
                """
                        .formatted(programs);
        var command = new ProcessBuilder("sh", "-c", script);
        return machine == Machine.WHOLE_SYSTEM
                ? Guest.bootSystem(command, new Counting(), Clock.system())
                : Guest.boot(command, new Counting(), Clock.system());
    }

    private static final class Counting implements Guest.Host {
        private long instructions;

        @Override
        public long instructions() {
            return instructions += 1000;
        }

        @Override
        public void end() {}
    }
}
