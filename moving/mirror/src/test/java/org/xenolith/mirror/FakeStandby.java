package org.xenolith.mirror;

import org.xenolith.base.Sizes;
import org.xenolith.state.stream.PageKind;
import org.xenolith.state.stream.StreamException;
import org.xenolith.state.stream.StreamReader;
import org.xenolith.state.stream.StreamRecord;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The copy of a [FakeMirrored].
final class FakeStandby implements StandbyMachine {
    private static final int PAGES_MAX = 10_000;

    private record Page(long gfn, PageKind kind, byte[] content) {}

    private final Map<Long, byte[]> memory = new HashMap<>();
    private final List<Page> aside = new ArrayList<>();
    private long countAside;
    private long count;
    private volatile long committed = -1;
    private volatile boolean promoted;
    private volatile boolean discarded;
    private volatile boolean failing;
    private volatile boolean breaking;

    boolean isPromoted() {
        return promoted;
    }

    boolean isDiscarded() {
        return discarded;
    }

    long committed() {
        return committed;
    }

    /// The count from which it goes on.
    long count() {
        return count;
    }

    void failNextCommit() {
        failing = true;
    }

    /// What is asked of it next ends as nobody expects.
    void breakDown() {
        breaking = true;
    }

    private void requireSound() {
        if (breaking) {
            throw new OutOfMemoryError("a test's");
        }
    }

    /// The first page says how far the guest was; so does the state.
    boolean isWhole() {
        var first = ByteBuffer.wrap(memory.get(0L)).order(ByteOrder.LITTLE_ENDIAN);
        return first.getLong() == count;
    }

    @Override
    public void receive(StreamReader stream, Rounds rounds) throws IOException, StreamException {
        while (true) {
            switch (stream.next()) {
                case StreamRecord.Pages some -> keep(some);
                case StreamRecord.Round(int number) -> rounds.taken(number);
                case StreamRecord.State state -> {
                    if (state.instance() == 1) {
                        countAside = state.encoded().buffer().getLong();
                    }
                }
                case StreamRecord.Checkpoint _ -> {
                    return;
                }
                case StreamRecord.StaticDataEnd _ -> {}
                case StreamRecord other -> throw new StreamException("unexpected " + other);
            }
        }
    }

    private void keep(StreamRecord.Pages some) throws StreamException {
        long at = 0;
        for (int i = 0; i < some.count(); i++) {
            var content = new byte[Sizes.PAGE_BYTES];
            if (some.kind(i).hasContent()) {
                content =
                        some.contents()
                                .asSlice(at, Sizes.PAGE_BYTES)
                                .toArray(ValueLayout.JAVA_BYTE);
                at += Sizes.PAGE_BYTES;
            }
            if (aside.size() == PAGES_MAX) {
                throw new StreamException("too many pages");
            }
            aside.add(new Page(some.gfn(i), some.kind(i), content));
        }
    }

    @Override
    public void commit(long epoch) throws MirrorException {
        requireSound();
        if (failing) {
            throw new MirrorException("the disk is full");
        }
        aside.forEach(this::apply);
        aside.clear();
        count = countAside;
        committed = epoch;
    }

    private void apply(Page page) {
        switch (page.kind) {
            case CONTENT -> memory.put(page.gfn, page.content);
            case ALLOCATED -> memory.putIfAbsent(page.gfn, page.content);
            case HOLE -> memory.remove(page.gfn);
            case DELTA -> {
                var before = memory.get(page.gfn);
                for (int i = 0; i < before.length; i++) {
                    before[i] ^= page.content[i];
                }
            }
        }
    }

    @Override
    public void promote() {
        requireSound();
        promoted = true;
    }

    @Override
    public void discard() {
        discarded = true;
    }
}
