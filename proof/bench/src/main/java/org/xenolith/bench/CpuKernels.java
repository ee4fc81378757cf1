package org.xenolith.bench;

import org.xenolith.engine.soft.SoftEngine;

import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// `./dev bench engine [scale=S] [tier=T] [backend=B] [after=N] [only=NAME,…]` runs every kernel on
/// the software engine, on QEMU's TCG and on the host, each twice in a row, and prints a table.
/// Times are of the second time; `first` is how much longer than it the first took on the engine.
public final class CpuKernels {
    private final PrintStream out;
    private final SoftEngine.Options options;
    private final Workshop workshop;
    private final List<Double> ratios = new ArrayList<>();

    private CpuKernels(PrintStream out, SoftEngine.Options options, Workshop workshop) {
        this.out = out;
        this.options = options;
        this.workshop = workshop;
    }

    public static void main(String[] arguments) throws IOException, InterruptedException {
        double scale = 1;
        var tier = SoftEngine.Tier.COMPILER;
        var backend = SoftEngine.Backend.BOTH;
        int after = -1;
        var only = List.<String>of();
        for (var argument : arguments) {
            var value = argument.substring(argument.indexOf('=') + 1);
            if (argument.startsWith("scale=")) {
                scale = Double.parseDouble(value);
            } else if (argument.startsWith("tier=")) {
                tier = SoftEngine.Tier.valueOf(value);
            } else if (argument.startsWith("backend=")) {
                backend = SoftEngine.Backend.valueOf(value);
            } else if (argument.startsWith("after=")) {
                after = Integer.parseInt(value);
            } else if (argument.startsWith("only=")) {
                only = List.of(value.split(","));
            } else {
                throw new IllegalArgumentException("unknown argument " + argument);
            }
        }
        try (var directory = new WorkDirectory()) {
            var workshop = new Workshop(directory.path());
            var usual = SoftEngine.Options.of(tier);
            int compileAfter = after < 0 ? usual.compileAfter() : after;
            var options =
                    new SoftEngine.Options(tier, usual.patience(), compileAfter, false, backend);
            new CpuKernels(System.out, options, workshop).run(scale, only);
        }
    }

    private void run(double scale, List<String> only) throws IOException, InterruptedException {
        out.println("kernel      M insns   MIPS   first   native    TCG   /native   /TCG");
        for (var kernel : Kernel.ALL) {
            if (only.isEmpty() || only.contains(kernel.name())) {
                line(kernel.scaled(scale));
            }
        }
        double logarithms = ratios.stream().mapToDouble(Math::log).sum();
        out.printf(
                Locale.ROOT,
                "geometric mean against TCG: %.2f%n",
                Math.exp(logarithms / ratios.size()));
    }

    private void line(Kernel kernel) throws IOException, InterruptedException {
        var image = workshop.guest(kernel);
        var host = ProcessRunner.run(workshop.program(kernel));
        var tcg = ProcessRunner.tcg(image);
        Lap ours;
        try {
            ours = EngineRunner.run(image, options);
        } catch (IOException failed) {
            out.printf("%-10s %s%n", kernel.name(), failed.getMessage());
            return;
        }
        double instructions = ours.instructions() / 1e6;
        double ofNative = (double) host.secondNanos() / ours.secondNanos();
        double ratio = (double) tcg.secondNanos() / ours.secondNanos();
        ratios.add(ratio);
        out.printf(
                Locale.ROOT,
                "%-10s %8.0f %6.0f %6.0f%% %8.0f %6.0f %8.2f %7.2f %s%n",
                kernel.name(),
                instructions,
                instructions * 1e9 / ours.secondNanos(),
                100.0 * ours.firstNanos() / ours.secondNanos() - 100,
                instructions * 1e9 / host.secondNanos(),
                instructions * 1e9 / tcg.secondNanos(),
                ofNative,
                ratio,
                ours.sum().equals(host.sum()) && ours.sum().equals(tcg.sum()) ? "" : "WRONG");
    }
}
