package org.xenolith.conformance;

import java.util.Set;

/// In what two processors may differ on a case and both be right. `undefinedFlags` are the status
/// flags that the manual leaves undefined; `approximate`: floating-point results need not agree in
/// the last bits; `partialOnFault`: when it faults it may have done part of its work, as long as it
/// can be begun again; `freedoms`: what the host's vendor does otherwise.
public record Allowance(
        long undefinedFlags, boolean approximate, boolean partialOnFault, Set<Freedom> freedoms) {
    public static final Allowance NONE = new Allowance(0, false, false, Set.of());

    public Allowance {
        freedoms = Set.copyOf(freedoms);
    }

    boolean has(Freedom freedom) {
        return freedoms.contains(freedom);
    }
}
