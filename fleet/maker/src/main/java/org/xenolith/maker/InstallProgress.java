package org.xenolith.maker;

import java.util.function.Consumer;
import java.util.regex.Pattern;

/// Makes progress of what mmdebstrap prints with `--verbose`: its own lines say in which part of
/// its work it is, those of apt and dpkg how far.
final class InstallProgress implements Consumer<String> {
    private static final Pattern COUNT = Pattern.compile("\\d+ upgraded, (\\d+) newly installed.*");

    /// Each package is fetched, unpacked and set up.
    private static final int STEPS_PER_PACKAGE = 3;

    private final Progress progress;
    private final double end;
    private String what = "Reading package lists";
    private double from;
    private double to;
    private int steps;
    private int stepsMax = 1;

    /// All of it ends at the part `end` of the whole work.
    InstallProgress(Progress progress, double end) {
        this.progress = progress;
        this.end = end;
    }

    @Override
    public void accept(String line) {
        if (line.startsWith("I: ")) {
            stage(line.substring(3));
            return;
        }
        var count = COUNT.matcher(line);
        if (count.matches()) {
            stepsMax = Math.max(1, STEPS_PER_PACKAGE * Integer.parseInt(count.group(1)));
        } else if (line.startsWith("Get:")
                || line.startsWith("Unpacking ")
                || line.startsWith("Setting up ")) {
            steps++;
        }
        tell();
    }

    private void stage(String text) {
        if (text.startsWith("running apt-get update")) {
            begin("Reading package lists", 0, 0.06);
        } else if (text.startsWith("downloading packages")) {
            begin("Fetching the base system", 0.06, 0.3);
        } else if (text.startsWith("installing essential")) {
            begin("Installing the base system", 0.2, 0.4);
        } else if (text.startsWith("installing remaining")) {
            begin("Installing packages", 0.4, 0.9);
        } else if (text.startsWith("cleaning")) {
            begin("Setting up the guest", 0.9, 0.95);
        } else if (text.startsWith("creating tarball")) {
            begin("Collecting files", 0.95, 1);
        }
    }

    private void begin(String name, double lower, double upper) {
        what = name;
        from = Math.max(lower, part());
        to = Math.max(from, upper);
        steps = 0;
        tell();
    }

    private double part() {
        return from + (to - from) * Math.min(1, (double) steps / stepsMax);
    }

    private void tell() {
        progress.at(what, end * part());
    }
}
