package org.xenolith.network.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;

/// A network namespace of this host's kernel that a test has made: a host of its own, with no way
/// to any other but what the test adds. Gone when it is closed.
public final class Namespace implements AutoCloseable {
    private static final AtomicInteger COUNTER = new AtomicInteger();
    private static final Linker LINKER = Linker.nativeLinker();
    private static final int O_RDONLY = 0;
    private static final int CLONE_NEWNET = 0x40000000;

    private final String name;
    private final int number;

    private Namespace(String name, int number) {
        this.name = name;
        this.number = number;
    }

    /// Skips the test where none can be made.
    public static void assumePossible() {
        assumeTrue(
                System.getProperty("user.name").equals("root"),
                "only root may make network namespaces");
        assumeTrue(Files.exists(Path.of("/dev/net/tun")), "there is no /dev/net/tun on this host");
        assumeTrue(isOnPath("ip"), "ip is not installed (package iproute2)");
        String probe = "xenolith-probe-" + ProcessHandle.current().pid();
        assumeTrue(
                exitCode(List.of("ip", "netns", "add", probe)) == 0,
                "this host lets root make no network namespace");
        exitCode(List.of("ip", "netns", "del", probe));
    }

    public static boolean isOnPath(String program) {
        return List.of(System.getenv("PATH").split(":")).stream()
                .anyMatch(directory -> Files.isExecutable(Path.of(directory, program)));
    }

    /// With a loopback interface that is up.
    public static Namespace create() {
        int number = COUNTER.incrementAndGet();
        var name = "xenolith-%d-%d".formatted(ProcessHandle.current().pid(), number);
        assertThat(exitCode(List.of("ip", "netns", "add", name))).isZero();
        var namespace = new Namespace(name, number);
        namespace.ip("link set lo up");
        return namespace;
    }

    /// A bridge that the kernel of this namespace has an address on.
    public void bridge(String bridge, String address) {
        // Without an address of its own it would take that of its ports, which is always the same.
        ip("link add %s address 02:00:00:00:00:%02x type bridge".formatted(bridge, number));
        ip("addr add %s dev %s".formatted(address, bridge));
        ip("link set %s up".formatted(bridge));
    }

    /// A cable to another namespace, in a subnet of 24 bits.
    public void connectTo(Namespace other, String ownAddress, String otherAddress) {
        addCable(other);
        ip("addr add %s/24 dev %s".formatted(ownAddress, cableTo(other)));
        other.ip("addr add %s/24 dev %s".formatted(otherAddress, other.cableTo(this)));
    }

    /// A cable between a bridge of this namespace and one of another.
    public void connectBridges(String bridge, Namespace other, String otherBridge) {
        addCable(other);
        ip("link set %s master %s".formatted(cableTo(other), bridge));
        other.ip("link set %s master %s".formatted(other.cableTo(this), otherBridge));
    }

    private void addCable(Namespace other) {
        ip(
                "link add %s type veth peer name %s netns %s"
                        .formatted(cableTo(other), other.cableTo(this), other.name));
        ip("link set %s up".formatted(cableTo(other)));
        other.ip("link set %s up".formatted(other.cableTo(this)));
    }

    /// This end of the cable to another namespace.
    public String cableTo(Namespace other) {
        return "to-" + other.number;
    }

    /// `ip ARGUMENTS` in the namespace, which must succeed.
    public void ip(String arguments) {
        var words = new ArrayList<>(List.of("ip", "-n", name));
        words.addAll(List.of(arguments.split(" ")));
        assertThat(exitCode(words)).as("ip " + arguments).isZero();
    }

    /// What `work` answers on a thread that is in the namespace, as are the sockets that it makes.
    public <T> T call(Callable<T> work) throws Exception {
        var task =
                new FutureTask<>(() -> {
                    enter();
                    return work.call();
                });
        Thread.ofPlatform().daemon().start(task);
        try {
            return task.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Exception cause) {
                throw cause;
            }
            throw e;
        }
    }

    /// The text of a file of `/proc/net`.
    public String proc(String file) {
        try {
            return call(() -> Files.readString(Path.of("/proc/thread-self/net", file)));
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /// A counter of `/proc/net/snmp`: `Tcp`, `InCsumErrors`.
    public long counter(String protocol, String counter) {
        var lines = proc("snmp").lines().filter(line -> line.startsWith(protocol + ":")).toList();
        int column = List.of(lines.get(0).split(" ")).indexOf(counter);
        assertThat(column).isPositive();
        return Long.parseLong(lines.get(1).split(" ")[column]);
    }

    private void enter() throws IOException {
        try (var arena = Arena.ofConfined()) {
            int file =
                    (int)
                            function("open", ADDRESS, JAVA_INT)
                                    .invokeWithArguments(
                                            arena.allocateFrom("/run/netns/" + name), O_RDONLY);
            int result =
                    (int)
                            function("setns", JAVA_INT, JAVA_INT)
                                    .invokeWithArguments(file, CLONE_NEWNET);
            function("close", JAVA_INT).invokeWithArguments(file);
            assertThat(result).isZero();
        } catch (Throwable e) {
            throw new IOException(e);
        }
    }

    private static MethodHandle function(String name, ValueLayout... arguments) {
        return LINKER.downcallHandle(
                LINKER.defaultLookup().findOrThrow(name),
                FunctionDescriptor.of(JAVA_INT, arguments));
    }

    private static int exitCode(List<String> command) {
        try {
            return new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start()
                    .waitFor();
        } catch (IOException e) {
            return -1;
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        exitCode(List.of("ip", "netns", "del", name));
    }
}
