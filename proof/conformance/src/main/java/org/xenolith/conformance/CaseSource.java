package org.xenolith.conformance;

/// Where cases come from.
@FunctionalInterface
public interface CaseSource {
    CpuCase next();
}
