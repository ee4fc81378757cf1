package org.xenolith.xl;

import org.xenolith.maker.Progress;

import java.io.PrintStream;
import java.util.Locale;

/// How far a long work is: a bar over and over in one line of a terminal, and elsewhere a line when
/// something else begins.
final class ProgressBar implements Progress {
    private static final int WIDTH = 30;
    private static final int LINE_CHARACTERS = 78;

    private final PrintStream out;
    private final boolean terminal;
    private String lastWhat = "";
    private int lastPercent = -1;

    ProgressBar(PrintStream out, boolean terminal) {
        this.out = out;
        this.terminal = terminal;
    }

    static boolean isTerminal() {
        var console = System.console();
        return console != null && console.isTerminal();
    }

    @Override
    public void at(String what, double part) {
        int percent = (int) (100 * Math.clamp(part, 0, 1));
        if (terminal && (percent != lastPercent || !what.equals(lastWhat))) {
            int filled = WIDTH * percent / 100;
            var line =
                    String.format(
                            Locale.ROOT,
                            "[%s%s] %3d %%  %s",
                            "#".repeat(filled),
                            ".".repeat(WIDTH - filled),
                            percent,
                            what);
            out.printf("\r%-" + LINE_CHARACTERS + "s", line);
            out.flush();
        } else if (!terminal && !what.equals(lastWhat)) {
            out.printf(Locale.ROOT, "xl: %s (%d %%)%n", what, percent);
        }
        lastPercent = percent;
        lastWhat = what;
    }

    /// Leaves the line.
    void end() {
        if (terminal && lastPercent >= 0) {
            out.println();
        }
    }
}
