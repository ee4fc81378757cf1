package org.xenolith.migration;

import org.xenolith.base.Sizes;
import org.xenolith.board.FurtherPages;
import org.xenolith.memory.GuestMemory;
import org.xenolith.state.stream.StreamException;
import org.xenolith.state.stream.StreamInput;
import org.xenolith.state.stream.StreamReader;
import org.xenolith.state.stream.StreamRecord;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;

/// Reads machines into a map of pages.
final class FakeLanding implements Landing {
    /// Frames that a machine has here.
    volatile int pagesMax = 100_000;

    /// The pages of the machine that has arrived.
    volatile Map<Long, byte[]> pages = Map.of();

    volatile boolean running;
    volatile boolean closed;
    volatile int rounds;

    /// The pages of the machines that have been tried out.
    final List<Map<Long, byte[]>> rehearsals = new CopyOnWriteArrayList<>();

    private volatile Runnable atRound = () -> {};
    volatile Optional<String> refusal = Optional.empty();

    /// What happens in the world between a round's arrival and the answer.
    void atRound(Runnable work) {
        atRound = work;
    }

    @Override
    public Landed prepare(String config, StreamInput stream, Progress told)
            throws MigrationException, IOException {
        if (refusal.isPresent()) {
            throw new MigrationException(refusal.get());
        }
        try {
            pages = read(new StreamReader(stream), told);
        } catch (StreamException e) {
            throw new MigrationException(e.getMessage(), e);
        }
        return new Landed() {
            @Override
            public void start(boolean paused) {
                running = true;
            }

            @Override
            public void close() {
                closed = true;
            }
        };
    }

    private Map<Long, byte[]> read(StreamReader reader, Progress told)
            throws IOException, StreamException {
        var all = new HashMap<Long, byte[]>();
        try (var further = told.begin(some -> take(some, all))) {
            return read(reader, told, further, all);
        }
    }

    private Map<Long, byte[]> read(
            StreamReader reader, Progress told, FurtherPages further, Map<Long, byte[]> all)
            throws IOException, StreamException {
        while (true) {
            var record = reader.next();
            switch (record) {
                case StreamRecord.Pages some -> take(some, all);
                case StreamRecord.Round(int number) -> {
                    rounds = number;
                    atRound.run();
                    told.taken(number);
                }
                case StreamRecord.Barrier(int number) -> further.barrier(number);
                case StreamRecord.Rehearsal _ -> {
                    rehearsals.add(copyOf(all));
                    told.rehearsed();
                }
                case StreamRecord.End _ -> {
                    return all;
                }
                default -> {}
            }
        }
    }

    private static Map<Long, byte[]> copyOf(Map<Long, byte[]> all) {
        return all.entrySet().stream()
                .collect(Collectors.toMap(Map.Entry::getKey, page -> page.getValue().clone()));
    }

    private void take(StreamRecord.Pages some, Map<Long, byte[]> all) throws StreamException {
        synchronized (all) {
            takeAlone(some, all);
        }
    }

    private void takeAlone(StreamRecord.Pages some, Map<Long, byte[]> all) throws StreamException {
        long at = 0;
        for (int i = 0; i < some.count(); i++) {
            long gfn = some.gfn(i);
            byte[] content = new byte[Sizes.PAGE_BYTES];
            if (some.kind(i).hasContent()) {
                content =
                        some.contents()
                                .asSlice(at, Sizes.PAGE_BYTES)
                                .toArray(ValueLayout.JAVA_BYTE);
                at += Sizes.PAGE_BYTES;
            }
            switch (some.kind(i)) {
                case CONTENT -> all.put(gfn, content);
                case ALLOCATED -> all.putIfAbsent(gfn, content);
                case HOLE -> all.remove(gfn);
                case DELTA -> {
                    var before = all.get(gfn);
                    if (before == null) {
                        throw new StreamException("a page is changed that is not there");
                    }
                    for (int b = 0; b < content.length; b++) {
                        before[b] ^= content[b];
                    }
                }
            }
            if (all.size() > pagesMax) {
                throw new StreamException("the stream has more pages than the machine");
            }
        }
    }

    /// Whether it has all pages of `memory` and no other.
    boolean has(GuestMemory memory) {
        return areSame(pages, pagesOf(memory));
    }

    /// All that is copied of a machine's memory.
    static Map<Long, byte[]> pagesOf(GuestMemory memory) {
        var all = new HashMap<Long, byte[]>();
        memory.forEachPage((gfn, content) -> all.put(gfn, content.toArray(ValueLayout.JAVA_BYTE)));
        all.remove(FakeMachine.OWN_PAGE);
        return all;
    }

    static boolean areSame(Map<Long, byte[]> some, Map<Long, byte[]> others) {
        return some.keySet().equals(others.keySet())
                && others.entrySet().stream()
                        .allMatch(page -> Arrays.equals(page.getValue(), some.get(page.getKey())));
    }
}
