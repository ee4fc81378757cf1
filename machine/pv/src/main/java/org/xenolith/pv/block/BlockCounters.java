package org.xenolith.pv.block;

import org.xenolith.xen.abi.BlkifAbi;

import java.util.concurrent.atomic.LongAdder;

/// Counts what a block device does. May be used from any thread.
final class BlockCounters {
    private final LongAdder reads = new LongAdder();
    private final LongAdder writes = new LongAdder();
    private final LongAdder flushes = new LongAdder();
    private final LongAdder discards = new LongAdder();
    private final LongAdder sectorsRead = new LongAdder();
    private final LongAdder sectorsWritten = new LongAdder();
    private final LongAdder errors = new LongAdder();

    void answered(BlockRequest request, int status) {
        if (status != BlkifAbi.BLKIF_RSP_OKAY) {
            errors.increment();
        }
        switch (request) {
            case BlockRequest.Refused _ -> {}
            case BlockRequest.Discard _ -> discards.increment();
            case BlockRequest.Transfer transfer -> transferred(transfer, status);
        }
    }

    private void transferred(BlockRequest.Transfer transfer, int status) {
        boolean done = status == BlkifAbi.BLKIF_RSP_OKAY;
        long sectors = done ? transfer.segments().bytes() / BlockRequest.SECTOR_BYTES : 0;
        switch (transfer.kind()) {
            case READ -> {
                reads.increment();
                sectorsRead.add(sectors);
            }
            case WRITE, BARRIER -> {
                writes.increment();
                sectorsWritten.add(sectors);
            }
            case FLUSH -> {
                flushes.increment();
                sectorsWritten.add(sectors);
            }
        }
    }

    BlockStatistics statistics() {
        return new BlockStatistics(
                reads.sum(),
                writes.sum(),
                flushes.sum(),
                discards.sum(),
                sectorsRead.sum(),
                sectorsWritten.sum(),
                errors.sum());
    }
}
