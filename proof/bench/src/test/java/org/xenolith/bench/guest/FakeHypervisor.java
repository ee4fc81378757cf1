package org.xenolith.bench.guest;

import org.xenolith.base.Clock;

import java.io.IOException;

/// A hypervisor whose guest is a script of the host's shell: it knows how to begin, and for each
/// program what it says.
public record FakeHypervisor(String name, String programs) implements Hypervisor {
    /// Two laps that are long enough, and a sum.
    public static String laps(String sum) {
        return "echo @begin; sleep 0.3; echo @lap 300000000; sleep 0.3; echo @lap; echo @end "
                + sum;
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
