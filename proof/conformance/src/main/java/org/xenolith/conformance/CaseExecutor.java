package org.xenolith.conformance;

import java.io.IOException;
import java.util.List;

/// Runs cases, each from its own initial state.
public interface CaseExecutor extends AutoCloseable {
    /// The outcomes in the order of the cases.
    List<CpuOutcome> run(List<CpuCase> cases) throws IOException;

    @Override
    void close() throws IOException;
}
