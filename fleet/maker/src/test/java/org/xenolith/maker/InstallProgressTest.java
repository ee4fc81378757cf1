package org.xenolith.maker;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;

/// What mmdebstrap prints becomes a progress that never goes back.
class InstallProgressTest {
    @Test
    void linesOfAptAndDpkgMoveItOn() {
        var parts = new ArrayList<Double>();
        var names = new ArrayList<String>();
        var progress =
                new InstallProgress(
                        (what, part) -> {
                            parts.add(part);
                            names.add(what);
                        },
                        0.8);
        var lines =
                List.of(
                        "I: running apt-get update...",
                        "Get:1 some list",
                        "I: downloading packages with apt...",
                        "0 upgraded, 2 newly installed, 0 to remove and 0 not upgraded.",
                        "Get:1 a",
                        "Get:2 b",
                        "I: installing essential packages...",
                        "Unpacking a (1) ...",
                        "Setting up a (1) ...",
                        "I: installing remaining packages inside the chroot...",
                        "0 upgraded, 1 newly installed, 0 to remove and 0 not upgraded.",
                        "Get:1 c",
                        "Unpacking c (1) ...",
                        "Setting up c (1) ...",
                        "Setting up more than there should be ...",
                        "I: cleaning package lists and apt cache...",
                        "I: creating tarball...");
        lines.forEach(progress);
        assertThat(parts).isSorted().allMatch(part -> part >= 0 && part <= 0.8);
        assertThat(parts.getLast()).isGreaterThan(0.7);
        assertThat(names).contains("Fetching the base system", "Installing packages");
        int begun = names.indexOf("Installing packages");
        assertThat(parts.get(begun + 2)).isGreaterThan(parts.get(begun));
    }
}
