package org.xenolith.xtf;

import java.time.Duration;

/// What became of a test. `console` is all that its guest has written, `log` the hypervisor's own
/// words about it.
public record Outcome(XtfTest test, Verdict verdict, Duration time, String console, String log) {}
