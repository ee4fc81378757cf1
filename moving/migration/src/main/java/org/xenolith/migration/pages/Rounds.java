package org.xenolith.migration.pages;

import org.xenolith.memory.GuestMemory;
import org.xenolith.memory.ZeroPages;

import java.io.IOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/// Finds the pages of a running guest that the target does not have as they are. For one thread.
///
/// A page goes if its frame has been written since the round before began, or if its gfn shows
/// another frame than it did; a gfn that shows none any more goes as a hole. Where a round goes may
/// be another sink each time, as long as the target gets them all, in their order.
public final class Rounds {
    private static final int CHUNK_SHIFT = 9;
    private static final int CHUNK = 1 << CHUNK_SHIFT;

    /// Several gfns show the frame.
    private static final int SEVERAL = -2;

    private static final int NOBODY = -1;

    private final GuestMemory memory;
    private final ZeroPages zeros;

    /// `sent.get(gfn >> 9)[gfn & 511]` is the frame plus one that the gfn showed when it was sent.
    private final Map<Integer, int[]> sent = new HashMap<>();

    /// Which gfn shows a frame, as of the last look at the whole map.
    private final int[] shownBy;

    private Set<Long> without = Set.of();
    private int mapChanges = -1;
    private int since;
    private int number;

    public Rounds(GuestMemory memory) {
        this.memory = memory;
        this.zeros = new ZeroPages(memory);
        this.shownBy = new int[memory.frameCount()];
    }

    /// Rounds so far.
    public int number() {
        return number;
    }

    /// Frames that have been written since the last round began.
    public long dirty() {
        long dirty = 0;
        int frames = memory.frameCount();
        for (int frame = memory.nextDirty(0, since);
                frame < frames;
                frame = memory.nextDirty(frame + 1, since)) {
            dirty++;
        }
        return dirty;
    }

    /// Sends one round.
    ///
    /// @param ownPages gfns that are not sent
    public void send(Set<Long> ownPages, PageSink sink) throws IOException {
        number++;
        int changes = memory.mapChanges();
        int epoch = memory.beginEpoch();
        zeros.forget();
        boolean sameMap = changes == mapChanges && ownPages.equals(without);
        without = ownPages;
        if (!sameMap || !sendDirtyFrames(sink)) {
            sendHoles(sink);
            sendWholeMap(sink);
            mapChanges = changes;
        }
        since = epoch;
        sink.flush();
    }

    // ---------------------------------------------------------------- the map has changed

    private void sendHoles(PageSink sink) throws IOException {
        for (var chunk : sent.entrySet()) {
            for (int i = 0; i < CHUNK; i++) {
                long gfn = ((long) chunk.getKey() << CHUNK_SHIFT) + i;
                if (chunk.getValue()[i] != 0 && isGone(gfn)) {
                    sink.hole(gfn);
                    chunk.getValue()[i] = 0;
                }
            }
        }
    }

    private boolean isGone(long gfn) {
        return memory.frameAt(gfn) < 0 || without.contains(gfn);
    }

    private void sendWholeMap(PageSink sink) throws IOException {
        Arrays.fill(shownBy, NOBODY);
        for (long gfn = memory.nextMapped(0); gfn >= 0; gfn = memory.nextMapped(gfn + 1)) {
            int frame = memory.frameAt(gfn);
            if (frame < 0 || without.contains(gfn)) {
                continue;
            }
            shownBy[frame] = shownBy[frame] == NOBODY ? (int) gfn : SEVERAL;
            var chunk = sent.computeIfAbsent((int) (gfn >>> CHUNK_SHIFT), _ -> new int[CHUNK]);
            int within = (int) gfn & CHUNK - 1;
            if (chunk[within] != frame + 1 || memory.dirtyEpoch(frame) >= since) {
                send(gfn, frame, chunk[within] == 0, sink);
                chunk[within] = frame + 1;
            }
        }
    }

    // ---------------------------------------------------------------- it has not

    /// False if that is not enough to find all pages. These frames have been written, so the host
    /// need not be asked whether it has them.
    private boolean sendDirtyFrames(PageSink sink) throws IOException {
        int frames = memory.frameCount();
        for (int frame = memory.nextDirty(0, since);
                frame < frames;
                frame = memory.nextDirty(frame + 1, since)) {
            if (shownBy[frame] == SEVERAL) {
                return false;
            }
            if (shownBy[frame] != NOBODY) {
                sink.content(shownBy[frame], memory.page(frame), number > 1);
            }
        }
        return true;
    }

    private void send(long gfn, int frame, boolean isNew, PageSink sink) throws IOException {
        if (isNew && zeros.isZero(frame)) {
            sink.allocated(gfn);
        } else {
            sink.content(gfn, zeros.content(frame), number > 1);
        }
    }
}
