package org.xenolith.linux;

import org.xenolith.base.Bug;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// A queue of a tap interface. A packet is a `struct virtio_net_hdr` of [#HEADER_BYTES], in the
/// host's byte order, and the frame that it speaks of.
///
/// One thread at a time may read and await, another one write; [#wake] may be called by any.
/// Nothing may be called after, or while, the interface is closed.
public final class TapQueue {
    /// include/uapi/linux/virtio_net.h, `struct virtio_net_hdr`: the kernel's default.
    public static final int HEADER_BYTES = 10;

    /// A header, an Ethernet header with a VLAN tag, and the longest IP packet.
    public static final int PACKET_BYTES_MAX = HEADER_BYTES + 18 + 65_535;

    // asm-generic/errno-base.h and errno.h; sys/eventfd.h; asm-generic/poll.h
    private static final int EAGAIN = 11;
    private static final int EBADF = 9;
    private static final int EBADFD = 77;
    private static final int EFD_NONBLOCK_CLOEXEC = 0x80800;
    private static final short POLLIN = 1;

    /// `struct pollfd`: fd, events, revents.
    private static final int POLLFD_BYTES = 8;

    private final Arena arena = Arena.ofShared();
    private final int fd;
    private final int event;
    private final Direction reading = new Direction(arena);
    private final Direction writing = new Direction(arena);
    private final MemorySegment polled = arena.allocate(2 * POLLFD_BYTES, 8);
    private final MemorySegment counter = arena.allocate(Long.BYTES, 8);

    /// A packet in native memory, and the same as a buffer.
    private static final class Direction {
        private final MemorySegment packet;
        private final ByteBuffer buffer;
        private final MemorySegment state;

        Direction(Arena arena) {
            packet = arena.allocate(PACKET_BYTES_MAX, 8);
            buffer = packet.asByteBuffer().order(ByteOrder.nativeOrder());
            state = Libc.state(arena);
        }
    }

    /// Owns `fd`, which must not block, from now on.
    TapQueue(int fd) throws LinuxException {
        this.fd = fd;
        this.event = Libc.eventfd(0, EFD_NONBLOCK_CLOEXEC);
        watch(0, fd);
        watch(1, event);
    }

    private void watch(int index, int descriptor) {
        polled.set(ValueLayout.JAVA_INT, index * POLLFD_BYTES, descriptor);
        polled.set(ValueLayout.JAVA_SHORT, index * POLLFD_BYTES + 4, POLLIN);
    }

    /// The next packet, from position 0 to the limit, until the next call; an empty buffer if none
    /// is there. **Hot path.**
    ///
    /// @throws LinuxException if the interface is gone
    public ByteBuffer read() throws LinuxException {
        long length = Libc.read(fd, reading.packet, PACKET_BYTES_MAX, reading.state);
        if (length < 0 && length != -EAGAIN) {
            throw new LinuxException("read", (int) -length);
        }
        // The kernel tells the true length of a packet that it had to cut; such cannot come from a
        // guest or the host, whose packets are as long as IP allows at most.
        int known = length > PACKET_BYTES_MAX ? 0 : (int) Math.max(length, 0);
        return reading.buffer.position(0).limit(known);
    }

    /// Where the next packet to [#write] is put, from position 0.
    public ByteBuffer packet() {
        return writing.buffer.clear();
    }

    /// Sends what is in [#packet] before its position. False if the kernel would not have it: the
    /// header does not go with the frame, or the interface is down. **Hot path.**
    ///
    /// @throws LinuxException if the interface is gone
    public boolean write() throws LinuxException {
        int length = writing.buffer.position();
        long written = Libc.write(fd, writing.packet, length, writing.state);
        if (written == -EBADFD || written == -EBADF) {
            throw new LinuxException("write", (int) -written);
        }
        return written == length;
    }

    /// Waits until there is something to read, the interface is gone, or [#wake] has been called.
    public void await() throws LinuxException {
        Libc.poll(polled, 2);
        if (polled.get(ValueLayout.JAVA_SHORT, POLLFD_BYTES + 6) != 0) {
            Libc.read(event, counter, Long.BYTES, reading.state);
        }
    }

    /// Ends the wait of whoever is in [#await], or the next one.
    public void wake() {
        try (var confined = Arena.ofConfined()) {
            var one = confined.allocate(Long.BYTES, 8);
            one.set(ValueLayout.JAVA_LONG, 0, 1);
            long written = Libc.write(event, one, Long.BYTES, Libc.state(confined));
            Bug.check(written == Long.BYTES || written == -EAGAIN, "an event can be counted");
        }
    }

    void close() throws LinuxException {
        arena.close();
        Libc.close(event);
        Libc.close(fd);
    }
}
