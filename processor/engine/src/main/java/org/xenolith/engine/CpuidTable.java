package org.xenolith.engine;

import java.util.LinkedHashMap;
import java.util.Map;

/// What CPUID answers, leaf by leaf. Immutable.
public final class CpuidTable {
    /// A leaf and sub-leaf; sub-leaf -1 stands for all.
    public record Key(int leaf, int subleaf) {}

    /// The four registers of an answer.
    public record Leaf(int eax, int ebx, int ecx, int edx) {
        public static final Leaf ZERO = new Leaf(0, 0, 0, 0);
    }

    private final Map<Key, Leaf> leaves;

    private CpuidTable(Map<Key, Leaf> leaves) {
        this.leaves = leaves;
    }

    /// The answer as stored: zero where nothing is known. What depends on the vCPU's state
    /// (OSXSAVE, APIC enable) is the engine's to add.
    public Leaf lookup(int leaf, int subleaf) {
        var exact = leaves.get(new Key(leaf, subleaf));
        if (exact != null) {
            return exact;
        }
        return leaves.getOrDefault(new Key(leaf, -1), Leaf.ZERO);
    }

    public Map<Key, Leaf> leaves() {
        return leaves;
    }

    public static Builder builder() {
        return new Builder();
    }

    public Builder toBuilder() {
        var builder = new Builder();
        builder.leaves.putAll(leaves);
        return builder;
    }

    /// Collects leaves; a later one replaces an earlier one.
    public static final class Builder {
        private final Map<Key, Leaf> leaves = new LinkedHashMap<>();

        /// A leaf that does not depend on the sub-leaf.
        public Builder leaf(int leaf, int eax, int ebx, int ecx, int edx) {
            leaves.put(new Key(leaf, -1), new Leaf(eax, ebx, ecx, edx));
            return this;
        }

        public Builder subleaf(int leaf, int subleaf, int eax, int ebx, int ecx, int edx) {
            leaves.put(new Key(leaf, subleaf), new Leaf(eax, ebx, ecx, edx));
            return this;
        }

        public CpuidTable build() {
            return new CpuidTable(Map.copyOf(leaves));
        }
    }
}
