package org.xenolith.simulation;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// A machine: memory, a disk, and answers. The answer to a question is chance when it is asked
/// first, and the same from then on: so two pasts cannot be taken for one.
final class Guest {
    /// One change of memory and of the disk.
    record Entry(long question, long answer) {}

    private final List<Entry> memory = new ArrayList<>();
    private final Map<Long, Entry> byQuestion = new HashMap<>();
    private final long[] disk = new long[8];
    private long digest;

    void apply(Entry entry) {
        memory.add(entry);
        byQuestion.put(entry.question, entry);
        disk[place(entry)] = entry.answer;
        digest = 31 * digest + entry.answer;
    }

    private int place(Entry entry) {
        return (int) (entry.question % disk.length);
    }

    int size() {
        return memory.size();
    }

    List<Entry> since(int size) {
        return List.copyOf(memory.subList(size, memory.size()));
    }

    Entry answer(long question, long chance) {
        var before = byQuestion.get(question);
        if (before != null) {
            return before;
        }
        var entry = new Entry(question, chance);
        apply(entry);
        return entry;
    }

    boolean has(Entry entry) {
        return entry.equals(byQuestion.get(entry.question));
    }

    /// All of what it is, in one number.
    long digest() {
        long all = digest;
        for (long block : disk) {
            all = 31 * all + block;
        }
        return all;
    }
}
