package org.xenolith.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/// A tap interface of the host, in the network namespace of the thread that has made it: what is
/// written to its queues arrives at it, what leaves by it can be read from them. The kernel
/// computes checksums and cuts long segments of TCP for us, and gives us packets on which that has
/// not been done. The interface is gone when it is closed or the process has ended.
///
/// May be used from any thread; see [TapQueue] for the queues.
public final class TapInterface implements AutoCloseable {
    /// Includes the zero at the end.
    private static final int IFNAMSIZ = 16;

    // include/uapi/linux/if_tun.h and asm-generic/ioctl.h; the same on x86-64 and aarch64
    private static final long TUNSETIFF = 0x400454CA;
    private static final long TUNSETOFFLOAD = 0x400454D0;
    private static final int IFF_TAP = 0x0002;
    private static final int IFF_MULTI_QUEUE = 0x0100;
    private static final int IFF_NO_PI = 0x1000;
    private static final int IFF_VNET_HDR = 0x4000;
    private static final int TUN_F_CSUM_TSO4_TSO6 = 0x7;

    // include/uapi/linux/sockios.h
    private static final int SIOCGIFFLAGS = 0x8913;
    private static final int SIOCSIFFLAGS = 0x8914;
    private static final int SIOCGIFMTU = 0x8921;
    private static final int SIOCSIFMTU = 0x8922;
    private static final int SIOCSIFNAME = 0x8923;
    private static final int SIOCSIFHWADDR = 0x8924;
    private static final int SIOCGIFINDEX = 0x8933;
    private static final int SIOCBRADDIF = 0x89A2;

    // include/uapi/linux/if.h and if_arp.h
    private static final short IFF_UP = 0x1;
    private static final short IFF_NOARP = 0x80;
    private static final short IFF_MULTICAST = 0x1000;
    private static final short ARPHRD_ETHER = 1;

    // asm-generic/fcntl.h, bits/socket.h, asm-generic/errno-base.h
    private static final int O_RDWR_NONBLOCK_CLOEXEC = 0x80802;
    private static final int AF_INET = 2;
    private static final int SOCK_DGRAM_CLOEXEC = 0x80002;
    private static final int ENODEV = 19;

    /// Of an interface that is only to be closed yet; the kernel puts in a number.
    private static final String RETIRED_NAME = "retired%d";

    private final String name;
    private final List<TapQueue> queues;

    /// Of the namespace that the interface is in, whoever uses it.
    private final int socket;

    private TapInterface(String name, List<TapQueue> queues, int socket) {
        this.name = name;
        this.queues = List.copyOf(queues);
        this.socket = socket;
    }

    /// Makes an interface, which is down. The call that was refused is `open` if `/dev/net/tun` is
    /// not there or not ours, and `TUNSETIFF` if the interface cannot be made.
    public static TapInterface create(String name, int queues) throws LinuxException {
        if (!HostFile.isSupported()) {
            throw new LinuxException("open", 0);
        }
        var opened = new ArrayList<TapQueue>();
        try {
            for (int i = 0; i < queues; i++) {
                opened.add(openQueue(name, queues > 1 ? IFF_MULTI_QUEUE : 0));
            }
            return new TapInterface(name, opened, socket());
        } catch (LinuxException e) {
            for (var queue : opened) {
                queue.close();
            }
            throw e;
        }
    }

    private static TapQueue openQueue(String name, int flags) throws LinuxException {
        int fd = Libc.open("/dev/net/tun", O_RDWR_NONBLOCK_CLOEXEC);
        try (var arena = Arena.ofConfined()) {
            var request = request(arena, name);
            request.set(
                    ValueLayout.JAVA_SHORT,
                    IFNAMSIZ,
                    (short) (IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | flags));
            ioctl("TUNSETIFF", fd, TUNSETIFF, request);
            ioctl(
                    "TUNSETOFFLOAD",
                    fd,
                    TUNSETOFFLOAD,
                    MemorySegment.ofAddress(TUN_F_CSUM_TSO4_TSO6));
            return new TapQueue(fd);
        } catch (LinuxException e) {
            Libc.close(fd);
            throw e;
        }
    }

    public String name() {
        return name;
    }

    public List<TapQueue> queues() {
        return queues;
    }

    /// The MTU of any interface; nothing if there is none of this name.
    public static OptionalInt mtuOf(String name) throws LinuxException {
        int socket = socket();
        try (var arena = Arena.ofConfined()) {
            var request = request(arena, name);
            ioctl("SIOCGIFMTU", socket, SIOCGIFMTU, request);
            return OptionalInt.of(request.get(ValueLayout.JAVA_INT, IFNAMSIZ));
        } catch (LinuxException e) {
            if (e.errno() == ENODEV) {
                return OptionalInt.empty();
            }
            throw e;
        } finally {
            Libc.close(socket);
        }
    }

    public void setMtu(int mtu) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            var request = request(arena, name);
            request.set(ValueLayout.JAVA_INT, IFNAMSIZ, mtu);
            control("SIOCSIFMTU", SIOCSIFMTU, request);
        }
    }

    /// @param address 6 bytes
    public void setAddress(byte[] address) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            var request = request(arena, name);
            request.set(ValueLayout.JAVA_SHORT, IFNAMSIZ, ARPHRD_ETHER);
            MemorySegment.copy(address, 0, request, ValueLayout.JAVA_BYTE, IFNAMSIZ + 2, 6);
            control("SIOCSIFHWADDR", SIOCSIFHWADDR, request);
        }
    }

    public void joinBridge(String bridge) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            var own = request(arena, name);
            control("SIOCGIFINDEX", SIOCGIFINDEX, own);
            var request = request(arena, bridge);
            request.set(ValueLayout.JAVA_INT, IFNAMSIZ, own.get(ValueLayout.JAVA_INT, IFNAMSIZ));
            control("SIOCBRADDIF", SIOCBRADDIF, request);
        }
    }

    /// Lets frames through, as a port of a bridge that the host itself does not use: no ARP, no
    /// multicast of its own.
    public void up() throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            var request = request(arena, name);
            control("SIOCGIFFLAGS", SIOCGIFFLAGS, request);
            short flags = request.get(ValueLayout.JAVA_SHORT, IFNAMSIZ);
            request.set(
                    ValueLayout.JAVA_SHORT,
                    IFNAMSIZ,
                    (short) (flags & ~IFF_MULTICAST | IFF_UP | IFF_NOARP));
            control("SIOCSIFFLAGS", SIOCSIFFLAGS, request);
        }
    }

    /// Takes the interface out of use and gives up its name, which takes the kernel a millisecond;
    /// to remove it, which is left to [#close], takes it tens of them. Nobody may be using a queue.
    public void retire() throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            var request = request(arena, name);
            control("SIOCGIFFLAGS", SIOCGIFFLAGS, request);
            short flags = request.get(ValueLayout.JAVA_SHORT, IFNAMSIZ);
            request.set(ValueLayout.JAVA_SHORT, IFNAMSIZ, (short) (flags & ~IFF_UP));
            control("SIOCSIFFLAGS", SIOCSIFFLAGS, request);
            put(request, IFNAMSIZ, RETIRED_NAME);
            control("SIOCSIFNAME", SIOCSIFNAME, request);
        }
    }

    /// Nobody may be using a queue.
    @Override
    public void close() throws LinuxException {
        Libc.close(socket);
        for (var queue : queues) {
            queue.close();
        }
    }

    /// `struct ifreq` of a name, which is cut where the kernel's ends.
    private static MemorySegment request(Arena arena, String name) {
        var request = arena.allocate(40, 8);
        put(request, 0, name);
        return request;
    }

    private static void put(MemorySegment request, int at, String name) {
        for (int i = 0; i < IFNAMSIZ; i++) {
            boolean within = i < Math.min(name.length(), IFNAMSIZ - 1);
            request.set(ValueLayout.JAVA_BYTE, at + i, within ? (byte) name.charAt(i) : 0);
        }
    }

    private static int socket() throws LinuxException {
        return Libc.socket(AF_INET, SOCK_DGRAM_CLOEXEC, 0);
    }

    private void control(String call, long number, MemorySegment request) throws LinuxException {
        ioctl(call, socket, number, request);
    }

    /// So that it is told which one was refused.
    private static void ioctl(String call, int fd, long number, MemorySegment argument)
            throws LinuxException {
        try {
            Libc.ioctl(fd, number, argument);
        } catch (LinuxException e) {
            throw new LinuxException(call, e.errno());
        }
    }
}
