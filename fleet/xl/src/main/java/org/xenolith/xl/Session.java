package org.xenolith.xl;

import org.xenolith.base.Clock;
import org.xenolith.xl.control.RuntimeDirectory;

import java.io.PrintStream;

/// Where a verb does its work: its output, the domains it sees, and the options before the verb.
record Session(
        PrintStream out,
        PrintStream err,
        RuntimeDirectory runtime,
        Clock clock,
        boolean dryRun,
        boolean verbose) {}
