package org.xenolith.boot.grub;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.xenolith.base.Clock;
import org.xenolith.testkit.Fuzz;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;

/// Whatever a guest writes into its grub.cfg is followed or refused, in bounded time.
@Timeout(value = 1, unit = TimeUnit.DAYS) // ./dev fuzz says how long.
class GrubFuzzTest {
    private static final long NANOS_MAX = 10_000_000_000L;

    private static final String[] PIECES = {
        "if ",
        "then ",
        "elif ",
        "else ",
        "fi ",
        "; ",
        "\n",
        "{ ",
        "} ",
        "menuentry ",
        "submenu ",
        "function ",
        "f ",
        "for ",
        "i ",
        "in ",
        "do ",
        "done ",
        "set ",
        "a=",
        "b=$a ",
        "$a ",
        "${a} ",
        "$1 ",
        "$? ",
        "\"",
        "'",
        "\\",
        "# ",
        "[ ",
        "] ",
        "! ",
        "-a ",
        "-f ",
        "= ",
        "( ",
        ") ",
        "true ",
        "linux /k ",
        "initrd /i ",
        "load_env ",
        "source /self ",
        "search ",
        "--set=root ",
        "--id ",
        "$",
        "${",
        "default=1>2\n",
        "é",
        "\0",
        "x",
        "while ",
    };

    private final Clock clock = Clock.system();

    @Test
    @Tag("fuzz")
    void anyTextIsFollowedOrRefused() {
        var fuzz = new Fuzz(1, 3000);
        while (fuzz.goesOn()) {
            var random = new SplittableRandom(fuzz.seed());
            var text = text(random);
            long start = clock.nanos();
            try {
                var volumes =
                        new Volumes(
                                new LinkedHashMap<>(
                                        Map.of(
                                                "hd0",
                                                new FakeFileSystem(
                                                        "u", "l", Map.of("/self", text)))));
                Grub.choose(text, volumes, "hd0", "/boot/grub", Optional.empty());
            } catch (GrubException e) {
                assertThat(e.getMessage()).isNotBlank();
            } catch (RuntimeException | Error e) {
                throw new AssertionError(fuzz + ": " + text, e);
            }
            assertThat(clock.nanos() - start).as("%s: time", fuzz).isLessThan(NANOS_MAX);
        }
    }

    private static String text(SplittableRandom random) {
        var text = new StringBuilder();
        int pieces = random.nextInt(1, 200);
        for (int i = 0; i < pieces; i++) {
            text.append(PIECES[random.nextInt(PIECES.length)]);
            if (random.nextInt(20) == 0) {
                text.append("menuentry m { linux /k }\n");
            }
        }
        return text.toString();
    }
}
