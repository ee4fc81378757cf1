package org.xenolith.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.xenolith.ir.Evaluator;
import org.xenolith.x86.InstructionSet;
import org.xenolith.x86.Row;

import java.util.HashSet;
import java.util.Set;
import java.util.TreeSet;

class CoverageTest {
    private static final long SEED = 7;
    private static final int CASES = 400_000;

    /// A host that has everything.
    private static final HostFeatures FEATURES =
            new HostFeatures("GenuineIntel", 0, true, true, true, -1, -1, -1, -1, -1);

    /// What differs from processor to processor, enters the host's kernel, or is emulated by it.
    private static final Set<String> OTHERS =
            Set.of(
                    "CPUID",
                    "RDTSC",
                    "RDTSCP",
                    "RDRAND",
                    "RDSEED",
                    "SGDT",
                    "SIDT",
                    "SLDT",
                    "STR",
                    "SMSW",
                    "SYSCALL",
                    "SYSENTER",
                    "VMCALL",
                    "VMMCALL");

    @Test
    void everyRowIsRunByAForm() {
        var executor = new MeaningExecutor(Evaluator::new, false);
        var generator = new CaseGenerator(FEATURES, SEED);
        var seen = new HashSet<Row>();
        for (int i = 0; i < CASES; i++) {
            executor.row(generator.next()).ifPresent(seen::add);
        }
        var missing = new TreeSet<String>();
        for (var row : InstructionSet.ALL.rows()) {
            if (!seen.contains(row) && !OTHERS.contains(row.name())) {
                missing.add(row.toString());
            }
        }
        assertThat(missing).isEmpty();
    }
}
