package org.xenolith.pv;

import static org.xenolith.base.Sizes.PAGE_SHIFT;

import org.xenolith.base.Bug;
import org.xenolith.device.Device;
import org.xenolith.device.Lifecycle;
import org.xenolith.device.Migratability;
import org.xenolith.device.Outbox;
import org.xenolith.memory.GuestMemory;
import org.xenolith.state.Bytes;
import org.xenolith.state.StateCodec;

import java.util.Arrays;
import java.util.concurrent.CompletableFuture;

/// Back end of the PV console: one page shared with the guest that holds two rings of bytes
/// (`struct xencons_interface`, xen/include/public/io/console.h).
///
/// The guest's output goes to an [Outbox]; input waits in a bounded queue and enters the ring as
/// the guest makes room. Indices count bytes modulo 2^32; a pair of indices that cannot be (more
/// bytes than the ring holds) moves nothing until the guest has put it right.
///
/// All methods may be called from any thread. One thread at a time works on the rings; a call that
/// finds another at work leaves it a note and returns.
public final class PvConsole implements Device<PvConsoleState>, Lifecycle {
    /// Bytes of the ring that carries input to the guest; begins at offset 0.
    static final int IN_BYTES = 1024;

    /// Bytes of the ring that carries the guest's output; follows the input ring.
    static final int OUT_BYTES = 2048;

    static final int OUT = IN_BYTES;
    static final int IN_CONSUMER = IN_BYTES + OUT_BYTES;
    static final int IN_PRODUCER = IN_CONSUMER + 4;
    static final int OUT_CONSUMER = IN_CONSUMER + 8;
    static final int OUT_PRODUCER = IN_CONSUMER + 12;

    /// Bytes of input held for a guest that does not read.
    public static final int INPUT_BYTES_MAX = 64 * 1024;

    private final GuestMemory memory;
    private final long page;
    private final Outbox<Bytes> output;
    private final Runnable notifyGuest;

    private final Object lock = new Object();
    private final ByteQueue queuedInput = new ByteQueue(INPUT_BYTES_MAX);

    /// A thread works on the rings.
    private boolean busy;

    /// Someone came while a thread was at work: it has to look again.
    private boolean again;

    private boolean paused;
    private boolean halted;
    private CompletableFuture<Void> whenPaused = new CompletableFuture<>();

    /// @param gfn guest frame of the shared page (`HVM_PARAM_CONSOLE_PFN`)
    /// @param notifyGuest raises the console's event channel in the guest; called with no lock held
    public PvConsole(GuestMemory memory, long gfn, Outbox<Bytes> output, Runnable notifyGuest) {
        Bug.check(GuestMemory.isAddressable(gfn), "the console's page is addressable");
        this.memory = memory;
        this.page = gfn << PAGE_SHIFT;
        this.output = output;
        this.notifyGuest = notifyGuest;
        output.onRoom(this::notified);
    }

    /// The guest has signalled the console's event channel.
    public void notified() {
        if (!begin()) {
            return;
        }
        do {
            boolean moved = takeOutput();
            moved |= pushInput();
            if (moved) {
                notifyGuest.run();
            }
        } while (!finished());
    }

    /// Typed bytes for the guest: takes as many of them, from the front, as there is room for, and
    /// says how many. Does not wait. May be called from any thread.
    public int accept(byte[] bytes) {
        int taken;
        synchronized (lock) {
            if (halted) {
                return 0;
            }
            taken = Math.min(bytes.length, queuedInput.room());
            queuedInput.add(Arrays.copyOf(bytes, taken));
        }
        notified();
        return taken;
    }

    // ---------------------------------------------------------------- who works on the rings

    private boolean begin() {
        synchronized (lock) {
            if (paused || halted) {
                return false;
            }
            if (busy) {
                again = true;
                return false;
            }
            busy = true;
            return true;
        }
    }

    /// Ends the work, unless there is new work to do.
    private boolean finished() {
        CompletableFuture<Void> waiting;
        synchronized (lock) {
            if (again && !paused && !halted) {
                again = false;
                return false;
            }
            busy = false;
            again = false;
            waiting = paused ? whenPaused : null;
        }
        if (waiting != null) {
            waiting.complete(null);
        }
        return true;
    }

    // ---------------------------------------------------------------- the rings

    private boolean takeOutput() {
        if (memory.hostOffset(page) < 0) {
            return false;
        }
        int consumer = memory.readInt(page + OUT_CONSUMER);
        int producer = memory.readInt(page + OUT_PRODUCER);
        int length = producer - consumer;
        if (length <= 0 || length > OUT_BYTES) {
            return false;
        }
        GuestMemory.fence();
        var bytes = new byte[length];
        int start = consumer & (OUT_BYTES - 1);
        int first = Math.min(length, OUT_BYTES - start);
        memory.read(page + OUT + start, bytes, 0, first);
        memory.read(page + OUT, bytes, first, length - first);
        if (!output.offer(Bytes.of(bytes))) {
            return false;
        }
        GuestMemory.fence();
        memory.writeInt(page + OUT_CONSUMER, producer);
        return true;
    }

    private boolean pushInput() {
        if (memory.hostOffset(page) < 0) {
            return false;
        }
        int consumer = memory.readInt(page + IN_CONSUMER);
        int producer = memory.readInt(page + IN_PRODUCER);
        int used = producer - consumer;
        if (used < 0 || used > IN_BYTES) {
            return false;
        }
        GuestMemory.fence();
        byte[] bytes = dequeueInput(IN_BYTES - used);
        if (bytes.length == 0) {
            return false;
        }
        int start = producer & (IN_BYTES - 1);
        int first = Math.min(bytes.length, IN_BYTES - start);
        memory.write(page + start, bytes, 0, first);
        memory.write(page, bytes, first, bytes.length - first);
        GuestMemory.fence();
        memory.writeInt(page + IN_PRODUCER, producer + bytes.length);
        return true;
    }

    private byte[] dequeueInput(int room) {
        synchronized (lock) {
            var bytes = new byte[Math.min(room, queuedInput.size())];
            queuedInput.remove(bytes);
            return bytes;
        }
    }

    // ---------------------------------------------------------------- state

    @Override
    public PvConsoleState capture() {
        synchronized (lock) {
            return new PvConsoleState(Bytes.of(queuedInput.peekAll()));
        }
    }

    @Override
    public void restore(PvConsoleState state) {
        synchronized (lock) {
            queuedInput.clear();
            queuedInput.add(state.queuedInput().toArray());
        }
    }

    @Override
    public StateCodec<PvConsoleState> codec() {
        return PvConsoleState.CODEC;
    }

    @Override
    public Migratability migratability() {
        return new Migratability.Migratable();
    }

    // ---------------------------------------------------------------- life

    @Override
    public void start() {
        notified();
    }

    @Override
    public void pause() {
        boolean idle;
        CompletableFuture<Void> waiting;
        synchronized (lock) {
            if (!paused) {
                paused = true;
                whenPaused = new CompletableFuture<>();
            }
            idle = !busy;
            waiting = whenPaused;
        }
        if (idle) {
            waiting.complete(null);
        }
    }

    @Override
    public CompletableFuture<Void> paused() {
        synchronized (lock) {
            return whenPaused;
        }
    }

    /// Takes up what the guest and the host left while the console was paused.
    @Override
    public void resume() {
        synchronized (lock) {
            paused = false;
        }
        notified();
    }

    @Override
    public void reset() {
        synchronized (lock) {
            queuedInput.clear();
        }
    }

    @Override
    public void halt() {
        synchronized (lock) {
            halted = true;
            queuedInput.clear();
        }
    }
}
