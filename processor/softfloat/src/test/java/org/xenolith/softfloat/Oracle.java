package org.xenolith.softfloat;

import org.junit.jupiter.api.Assumptions;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;

/// The host's own processor, reached through a small C program: what the arithmetic here is
/// measured against. Tests that ask for it are skipped where the host is not x86-64 or has no gcc.
final class Oracle {
    static final int RECORD = 40;

    private static Path program;

    private final ByteBuffer requests;

    Oracle(int cases) {
        requests = ByteBuffer.allocate(cases * RECORD).order(ByteOrder.LITTLE_ENDIAN);
    }

    record Case(int operation, int control, long a0, long a1, long b0, long b1) {}

    record Answer(int status, int extra, long r0, long r1, long s0, long s1) {}

    void add(Case c) {
        requests.putInt(c.operation).putInt(c.control);
        requests.putLong(c.a0).putLong(c.a1).putLong(c.b0).putLong(c.b1);
    }

    /// Runs all cases; read the answers with [#answer].
    ByteBuffer run() throws IOException, InterruptedException {
        Path directory = program().getParent();
        Path in = Files.createTempFile(directory, "requests", ".bin");
        Path out = Files.createTempFile(directory, "answers", ".bin");
        try {
            Files.write(in, Arrays.copyOf(requests.array(), requests.position()));
            execute(program.toString(), in.toString(), out.toString());
            return ByteBuffer.wrap(Files.readAllBytes(out)).order(ByteOrder.LITTLE_ENDIAN);
        } finally {
            Files.delete(in);
            Files.delete(out);
        }
    }

    static Answer answer(ByteBuffer answers, int index) {
        int at = index * RECORD;
        return new Answer(
                answers.getInt(at),
                answers.getInt(at + 4),
                answers.getLong(at + 8),
                answers.getLong(at + 16),
                answers.getLong(at + 24),
                answers.getLong(at + 32));
    }

    private static synchronized Path program() throws IOException, InterruptedException {
        if (program == null) {
            Assumptions.assumeTrue(
                    System.getProperty("os.arch").equals("amd64"), "the host is not x86-64");
            Path directory = Files.createTempDirectory("softfloat-oracle");
            Path source = directory.resolve("oracle.c");
            try (InputStream resource = Oracle.class.getResourceAsStream("oracle.c")) {
                Files.copy(resource, source);
            }
            Path binary = directory.resolve("oracle");
            try {
                execute("gcc", "-O1", "-o", binary.toString(), source.toString());
            } catch (IOException e) {
                Assumptions.abort("no gcc: " + e.getMessage());
            }
            for (Path file : new Path[] {directory, source, binary}) {
                file.toFile().deleteOnExit();
            }
            program = binary;
        }
        return program;
    }

    private static void execute(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).inheritIO().start();
        if (!process.waitFor(120, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new IllegalStateException(command[0] + " does not end");
        }
        if (process.exitValue() != 0) {
            throw new IllegalStateException(command[0] + " ended with " + process.exitValue());
        }
    }
}
