package org.xenolith.migration;

import org.xenolith.base.Sizes;
import org.xenolith.board.CopiedDisk;
import org.xenolith.board.HeldMachine;
import org.xenolith.memory.GuestMemory;
import org.xenolith.state.Bytes;
import org.xenolith.state.stream.StreamRecord;
import org.xenolith.state.stream.StreamWriter;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;

/// A machine that is memory and one state, which says how often the memory has been written.
final class FakeMachine implements LeavingMachine, AutoCloseable {
    static final long OWN_PAGE = 3;

    final GuestMemory memory;
    volatile boolean running = true;

    /// Its pages at each moment at which it stood still and went on.
    final List<Map<Long, byte[]>> moments = new CopyOnWriteArrayList<>();

    volatile boolean gone;
    volatile int throttled;
    volatile boolean disksReleased;

    FakeMachine(int pages) {
        memory = GuestMemory.withRam((long) pages * Sizes.PAGE_BYTES, 2);
        for (int page = 0; page < pages; page += 2) {
            memory.writeLong((long) page * Sizes.PAGE_BYTES + 8, 0x1234_5678L * page + 1);
        }
    }

    /// A write of the guest's, which it does only while it runs.
    synchronized void write(long gpa, long value) {
        if (running) {
            memory.writeLong(gpa, value);
        }
    }

    private synchronized void standStill() {
        running = false;
    }

    @Override
    public GuestMemory memory() {
        return memory;
    }

    @Override
    public Set<Long> ownPages() {
        return Set.of(OWN_PAGE);
    }

    @Override
    public String config() {
        return "name = \"fake\"";
    }

    @Override
    public void saveStaticData(StreamWriter out) throws IOException {
        out.write(new StreamRecord.State("fake", 1, 0, Bytes.of((byte) 7)));
        out.write(new StreamRecord.StaticDataEnd());
    }

    @Override
    public List<CopiedDisk> copyDisks() {
        return List.of();
    }

    @Override
    public void throttle(int percent) {
        throttled = Math.max(throttled, percent);
    }

    @Override
    public void flushDisks() {}

    @Override
    public synchronized HeldMachine moment(Copier copier) throws MigrationException {
        try {
            copier.copy(ownPages());
            moments.add(FakeLanding.pagesOf(memory));
            return new Moment();
        } catch (IOException e) {
            throw new MigrationException(e.getMessage(), e);
        }
    }

    private static final class Moment implements HeldMachine {
        @Override
        public Set<Long> ownPages() {
            return Set.of(OWN_PAGE);
        }

        @Override
        public void save(StreamWriter out) throws IOException {
            out.write(new StreamRecord.State("fake", 1, 1, Bytes.of((byte) 8)));
            out.write(new StreamRecord.Checkpoint());
        }
    }

    @Override
    public void leave(Last last) throws MigrationException {
        standStill();
        try {
            last.with(new Held());
            gone = true;
        } catch (IOException e) {
            goOn();
            throw new MigrationException(e.getMessage(), e);
        } catch (MigrationException | RuntimeException e) {
            goOn();
            throw e;
        }
    }

    private void goOn() {
        disksReleased = false;
        running = true;
    }

    private final class Held implements Still {
        @Override
        public boolean wasPaused() {
            return false;
        }

        @Override
        public Set<Long> ownPages() {
            return Set.of(OWN_PAGE);
        }

        @Override
        public void release() {
            disksReleased = true;
        }

        @Override
        public void saveDevices(StreamWriter out) throws IOException {
            out.write(new StreamRecord.State("fake", 1, 1, Bytes.of((byte) 9)));
            out.write(new StreamRecord.Checkpoint());
        }
    }

    @Override
    public void close() {
        memory.close();
    }
}
