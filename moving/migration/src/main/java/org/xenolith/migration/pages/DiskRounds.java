package org.xenolith.migration.pages;

import org.xenolith.board.CopiedDisk;
import org.xenolith.state.Bytes;
import org.xenolith.state.stream.StreamRecord;
import org.xenolith.state.stream.StreamWriter;

import java.io.IOException;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Sends what the target does not have of disks that are in use. For one thread.
public final class DiskRounds implements AutoCloseable {
    private static final int PLACE_SHIFT = 16;

    private final List<CopiedDisk> disks;
    private final StreamWriter out;

    /// Places of 64 KiB that are something else than zeros there, by disk.
    private final Map<Integer, BitSet> sent = new HashMap<>();

    private long bytes;

    public DiskRounds(List<CopiedDisk> disks, StreamWriter out) {
        this.disks = disks;
        this.out = out;
    }

    /// Tells the target which disks come.
    public void begin() throws IOException {
        for (var disk : disks) {
            out.write(new StreamRecord.Disk(disk.number(), disk.bytes()));
            sent.put(disk.number(), new BitSet());
        }
    }

    /// How much has been sent, and looked at and found to be zeros.
    public long bytes() {
        return bytes;
    }

    public long dirtyBytes() {
        return disks.stream().mapToLong(CopiedDisk::dirtyBytes).sum();
    }

    /// Sends all that has been written since it was sent last.
    public void send() throws IOException {
        for (var disk : disks) {
            for (var part = disk.next(0); part.isPresent(); ) {
                send(disk.number(), part.get());
                part = disk.next(part.get().offset() + part.get().content().length);
            }
        }
    }

    private void send(int number, CopiedDisk.Part part) throws IOException {
        bytes += part.content().length;
        var there = sent.get(number);
        int place = (int) (part.offset() >>> PLACE_SHIFT);
        if (there.get(place) || !isZero(part.content())) {
            there.set(place);
            var content = Bytes.of(part.content());
            out.write(new StreamRecord.DiskData(number, part.offset(), content));
        }
    }

    private static boolean isZero(byte[] content) {
        for (byte octet : content) {
            if (octet != 0) {
                return false;
            }
        }
        return true;
    }

    @Override
    public void close() {
        disks.forEach(CopiedDisk::close);
    }
}
