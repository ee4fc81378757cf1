package org.xenolith.xl.control;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/// What HotSpot's second compiler, C2, leaves to the first in the process of a domain: what the JDK
/// does to make classes and call sites, and what only compares and finds code that is kept. All of
/// it is called often for some seconds and then no more, and is large once everything is inlined;
/// compiled by C2 it takes a processor from the guest for longer than it saves, and what the guest
/// needs waits behind it. See docs/decisions/0037-what-is-not-for-c2.md.
///
/// Once C2 has been refused a method, C1 makes of it what it makes where there is no other
/// compiler: code without counters.
///
/// They are a file of the build ([BuildCache]), of HotSpot's compiler directives (JEP 165).
final class CompilerDirectives {
    /// Classes and methods, as directives match them: `*` only at the beginning or the end of a
    /// name.
    private static final List<String> NOT_FOR_C2 =
            List.of(
                    // call sites and method handles, but for the handles of variables
                    "java/lang/invoke/BoundMethodHandle*.*",
                    "java/lang/invoke/ClassSpecializer*.*",
                    "java/lang/invoke/DirectMethodHandle*.*",
                    "java/lang/invoke/InvokerBytecodeGenerator*.*",
                    "java/lang/invoke/Invokers*.*",
                    "java/lang/invoke/LambdaForm*.*",
                    "java/lang/invoke/MemberName*.*",
                    "java/lang/invoke/MethodHandles*.*",
                    "java/lang/invoke/MethodType*.*",
                    "sun/invoke/*.*",
                    // class files
                    "java/lang/classfile/*.*",
                    "jdk/internal/classfile/*.*",
                    // code that is kept, looked for and compared; what compares is an intrinsic of
                    // C1 too
                    "java/lang/foreign/MemorySegment.mismatch",
                    "jdk/internal/foreign/SegmentBulkOperations.mismatch",
                    "org/xenolith/engine/soft/CodeStore*.*",
                    "org/xenolith/engine/soft/PlacedRegion*.*",
                    "org/xenolith/engine/soft/StoredRegion*.*");

    private static final String SUFFIX = ".directives";

    private final BuildCache files;

    /// @param files of the build
    CompilerDirectives(BuildCache files) {
        this.files = files;
    }

    /// The options of a JVM that keeps to them. A JVM that does not find the file, or does not
    /// understand it, does not start; so there are none where it cannot be written.
    List<String> options() {
        try {
            files.createDirectory();
            write();
        } catch (IOException e) {
            return List.of();
        }
        return List.of(
                "-XX:+UnlockDiagnosticVMOptions",
                "-XX:CompilerDirectivesFile=" + files.file(SUFFIX));
    }

    /// What they name.
    static List<String> notForC2() {
        return NOT_FOR_C2;
    }

    private void write() throws IOException {
        var file = files.file(SUFFIX);
        var text = text().getBytes(StandardCharsets.UTF_8);
        if (Files.exists(file) && Arrays.equals(Files.readAllBytes(file), text)) {
            BuildCache.use(file);
            return;
        }
        var unfinished = Files.createTempFile(files.directory(), "unfinished", null);
        try {
            Files.write(unfinished, text);
            Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
            files.removeOld(SUFFIX);
        } finally {
            Files.deleteIfExists(unfinished);
        }
    }

    private static String text() {
        var patterns =
                NOT_FOR_C2.stream()
                        .map(pattern -> '"' + pattern + '"')
                        .collect(Collectors.joining(", "));
        return "[{match: [%s], c2: {Exclude: true}}]\n".formatted(patterns);
    }
}
