package org.xenolith.board;

import java.util.Collections;
import java.util.SortedSet;
import java.util.TreeSet;

/// On which processors of the host a vCPU may run (`hard`) and should (`soft`), which says nothing
/// here. An empty set is all of them.
public record Affinity(SortedSet<Integer> hard, SortedSet<Integer> soft) {
    public static final Affinity ALL =
            new Affinity(Collections.emptySortedSet(), Collections.emptySortedSet());

    public Affinity {
        hard = Collections.unmodifiableSortedSet(new TreeSet<>(hard));
        soft = Collections.unmodifiableSortedSet(new TreeSet<>(soft));
    }
}
