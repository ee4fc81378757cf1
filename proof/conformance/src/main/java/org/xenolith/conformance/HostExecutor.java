package org.xenolith.conformance;

import org.xenolith.state.Bytes;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/// Runs cases on the host's processor, in a child process compiled from `host-executor.c`.
///
/// One thread at a time. Needs x86-64 Linux and gcc; see [#unavailable].
public final class HostExecutor implements CaseExecutor {
    /// Cases that travel together.
    public static final int BATCH_MAX = 1024;

    private static final int CASE_BYTES = 864;
    private static final int RESULT_BYTES = 624;
    private static final int HELLO_BYTES = 44;
    private static final int MAGIC = 0x31454858;
    private static final int COMPILE_SECONDS_MAX = 60;

    private final Path directory;
    private final Process process;
    private final OutputStream toChild;
    private final DataInputStream fromChild;
    private final HostFeatures features;
    private final ByteBuffer request =
            ByteBuffer.allocate(4 + BATCH_MAX * CASE_BYTES).order(ByteOrder.LITTLE_ENDIAN);

    private HostExecutor(Path directory, Process process) throws IOException {
        this.directory = directory;
        this.process = process;
        this.toChild = process.getOutputStream();
        this.fromChild =
                new DataInputStream(new BufferedInputStream(process.getInputStream(), 1 << 16));
        this.features = readHello();
        toChild.write(Arena.background());
        toChild.flush();
    }

    /// Why this host cannot run cases; empty if it can.
    public static Optional<String> unavailable() {
        if (!System.getProperty("os.name").equals("Linux")
                || !System.getProperty("os.arch").equals("amd64")) {
            return Optional.of("the host is not x86-64 Linux");
        }
        try {
            var compiler =
                    new ProcessBuilder("gcc", "--version")
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start();
            return compiler.waitFor(COMPILE_SECONDS_MAX, TimeUnit.SECONDS)
                            && compiler.exitValue() == 0
                    ? Optional.empty()
                    : Optional.of("gcc does not work");
        } catch (IOException e) {
            return Optional.of("there is no gcc");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.of("interrupted");
        }
    }

    /// Compiles and starts the child.
    public static HostExecutor start() throws IOException {
        var directory = Files.createTempDirectory("xenolith-host-executor");
        try {
            var program = compile(directory);
            var process =
                    new ProcessBuilder(program.toString())
                            .redirectError(ProcessBuilder.Redirect.INHERIT)
                            .start();
            try {
                return new HostExecutor(directory, process);
            } catch (IOException e) {
                process.destroy();
                throw e;
            }
        } catch (IOException e) {
            delete(directory);
            throw e;
        }
    }

    private static Path compile(Path directory) throws IOException {
        var source = directory.resolve("host-executor.c");
        var program = directory.resolve("host-executor");
        try (var resource = HostExecutor.class.getResourceAsStream("host-executor.c")) {
            Files.copy(resource, source);
        }
        var compiler =
                new ProcessBuilder(
                                "gcc",
                                "-O2",
                                "-Wall",
                                "-fno-stack-protector",
                                "-fcf-protection=none",
                                "-Wl,-z,now",
                                "-o",
                                program.toString(),
                                source.toString())
                        .inheritIO()
                        .start();
        try {
            if (!compiler.waitFor(COMPILE_SECONDS_MAX, TimeUnit.SECONDS)) {
                compiler.destroyForcibly();
                throw new IOException("gcc takes too long to compile the host executor");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while compiling the host executor", e);
        }
        if (compiler.exitValue() != 0) {
            throw new IOException("gcc cannot compile the host executor");
        }
        return program;
    }

    public HostFeatures features() {
        return features;
    }

    @Override
    public List<CpuOutcome> run(List<CpuCase> cases) throws IOException {
        var outcomes = new ArrayList<CpuOutcome>(cases.size());
        for (int from = 0; from < cases.size(); from += BATCH_MAX) {
            runBatch(cases.subList(from, Math.min(cases.size(), from + BATCH_MAX)), outcomes);
        }
        return outcomes;
    }

    private void runBatch(List<CpuCase> batch, List<CpuOutcome> outcomes) throws IOException {
        request.clear();
        request.putInt(batch.size());
        for (var test : batch) {
            put(test);
        }
        toChild.write(request.array(), 0, request.position());
        toChild.flush();
        int done = 0;
        try {
            for (; done < batch.size(); done++) {
                outcomes.add(readOutcome());
            }
        } catch (EOFException e) {
            throw new IOException("the host executor died in a batch of " + batch.size(), e);
        }
    }

    private void put(CpuCase test) {
        int start = request.position();
        test.registers().forEach(request::putLong);
        request.putLong(test.rip()).putLong(test.rflags());
        request.putLong(test.fsBase()).putLong(test.gsBase());
        request.putInt(test.mode().ordinal()).putInt(test.code().length());
        request.put(test.code().toArray());
        for (int i = 0; i < CpuCase.PATCHES_MAX; i++) {
            request.position(start + 232 + i * (8 + MemoryPatch.BYTES_MAX));
            if (i < test.memory().size()) {
                var patch = test.memory().get(i);
                request.putInt(patch.offset()).putInt(patch.content().length());
                request.put(patch.content().toArray());
            } else {
                request.putInt(0).putInt(0);
            }
        }
        request.position(start + 448);
        request.put(test.fxsave().toArray());
    }

    private CpuOutcome readOutcome() throws IOException {
        var buffer = read(RESULT_BYTES);
        var registers = new Long[16];
        for (int i = 0; i < 16; i++) {
            registers[i] = buffer.getLong();
        }
        long rip = buffer.getLong();
        long rflags = buffer.getLong();
        long fsBase = buffer.getLong();
        long gsBase = buffer.getLong();
        int vector = (int) buffer.getLong();
        long error = buffer.getLong();
        long address = buffer.getLong();
        var selectors = new ArrayList<Integer>(6);
        for (int i = 0; i < 6; i++) {
            selectors.add(buffer.getShort() & 0xFFFF);
        }
        buffer.getInt();
        var fxsave = new byte[CpuCase.FXSAVE_BYTES];
        buffer.get(fxsave);
        int runs = buffer.getInt();
        var changes = readChanges(runs, read(buffer.getInt()));
        return new CpuOutcome(
                List.of(registers),
                rip,
                rflags,
                fsBase,
                gsBase,
                vector,
                error,
                address,
                selectors,
                Bytes.of(fxsave),
                changes);
    }

    /// The child cuts runs every 64 bytes; here they become maximal again.
    private static List<MemoryPatch> readChanges(int runs, ByteBuffer buffer) {
        var changes = new ArrayList<MemoryPatch>(runs);
        for (int i = 0; i < runs; i++) {
            int offset = buffer.getInt();
            var content = new byte[buffer.getInt()];
            buffer.get(content);
            if (!changes.isEmpty() && changes.getLast().end() == offset) {
                var before = changes.removeLast();
                int length = before.content().length();
                var joined = Arrays.copyOf(before.content().toArray(), length + content.length);
                System.arraycopy(content, 0, joined, length, content.length);
                changes.add(new MemoryPatch(before.offset(), Bytes.of(joined)));
            } else {
                changes.add(new MemoryPatch(offset, Bytes.of(content)));
            }
        }
        return changes;
    }

    private ByteBuffer read(int length) throws IOException {
        var bytes = new byte[length];
        fromChild.readFully(bytes);
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private HostFeatures readHello() throws IOException {
        var hello = read(HELLO_BYTES);
        if (hello.getInt() != MAGIC) {
            throw new IOException("the host executor speaks another protocol");
        }
        int facilities = hello.getInt();
        int signature = hello.getInt();
        int leaf1Ecx = hello.getInt();
        int leaf1Edx = hello.getInt();
        int leaf7Ebx = hello.getInt();
        int extendedEcx = hello.getInt();
        int extendedEdx = hello.getInt();
        var vendor = new byte[12];
        hello.get(vendor);
        return new HostFeatures(
                new String(vendor, StandardCharsets.US_ASCII),
                signature,
                (facilities & 1) != 0,
                (facilities & 2) != 0,
                (facilities & 4) != 0,
                leaf1Ecx,
                leaf1Edx,
                leaf7Ebx,
                extendedEcx,
                extendedEdx);
    }

    @Override
    public void close() throws IOException {
        try (toChild;
                fromChild) {
            process.destroy();
        } finally {
            delete(directory);
        }
    }

    private static void delete(Path directory) throws IOException {
        Files.deleteIfExists(directory.resolve("host-executor.c"));
        Files.deleteIfExists(directory.resolve("host-executor"));
        Files.deleteIfExists(directory);
    }
}
