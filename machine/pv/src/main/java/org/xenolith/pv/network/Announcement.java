package org.xenolith.pv.network;

import org.xenolith.base.TimerQueue;
import org.xenolith.device.Worker;
import org.xenolith.network.Frame;
import org.xenolith.network.FrameSink;

import java.nio.ByteBuffer;

/// Has the switches of a world learn where an address is now, by a few frames that come from it: a
/// guest that does not know that it has moved says nothing by itself. They are reverse ARP requests
/// (RFC 903), which no host of today answers; the frame, how many there are and when they come are
/// those of QEMU after a migration (net/announce.c there). What the world has no room for is not
/// sent again.
final class Announcement implements AutoCloseable {
    static final int ROUNDS = 5;

    private static final long FIRST_NANOS = 50_000_000;
    private static final long STEP_NANOS = 100_000_000;

    /// The shortest frame of an Ethernet, without its checksum.
    private static final int FRAME_BYTES = 60;

    private static final short TYPE_RARP = (short) 0x8035;
    private static final short HARDWARE_ETHERNET = 1;
    private static final short PROTOCOL_IPV4 = 0x0800;
    private static final byte HARDWARE_BYTES = 6;
    private static final byte PROTOCOL_BYTES = 4;
    private static final short REQUEST_REVERSE = 3;

    private final FrameSink world;
    private final Frame frame;
    private final TimerQueue timers;
    private final TimerQueue.Timer timer;
    private final Worker worker;

    // Under the monitor.
    private int rounds;
    private long nextNanos;
    private boolean paused;

    /// Begins at once.
    Announcement(
            NetworkBackend.Surroundings around, String name, MacAddress address, FrameSink world) {
        this.world = world;
        this.frame = Frame.plain(request(address));
        this.timers = around.timers();
        this.worker = around.workers().worker(name + "-announce", this::announce);
        this.timer = timers.timer(worker::wake);
        this.nextNanos = timers.clock().nanos();
        worker.wake();
    }

    /// Who asks which protocol address belongs to its own hardware address.
    static byte[] request(MacAddress address) {
        return ByteBuffer.allocate(FRAME_BYTES)
                .putShort((short) -1)
                .putInt(-1)
                .put(address.bytes())
                .putShort(TYPE_RARP)
                .putShort(HARDWARE_ETHERNET)
                .putShort(PROTOCOL_IPV4)
                .put(HARDWARE_BYTES)
                .put(PROTOCOL_BYTES)
                .putShort(REQUEST_REVERSE)
                .put(address.bytes())
                .putInt(0)
                .put(address.bytes())
                .array();
    }

    private synchronized void announce() {
        long now = timers.clock().nanos();
        if (paused || rounds == ROUNDS || now < nextNanos) {
            return;
        }
        world.offer(0, frame);
        nextNanos = now + FIRST_NANOS + rounds * STEP_NANOS;
        rounds++;
        if (rounds < ROUNDS) {
            timer.arm(nextNanos);
        }
    }

    /// Sends nothing more when this returns, until [#resume].
    synchronized void pause() {
        paused = true;
    }

    /// Only when paused.
    synchronized void resume() {
        paused = false;
        worker.wake();
    }

    @Override
    public void close() {
        timer.cancel();
        worker.close();
        timer.cancel(); // the worker may have armed it
    }
}
