package org.xenolith.migration;

/// How a machine has moved.
///
/// @param rounds with the last one
/// @param pages with content that were sent, some more than once
/// @param wireBytes the stream
/// @param totalNanos from the first word to the last
/// @param rehearsalNanos for which it stood still some time before, so that `downtime` is short; 0
///   without a rehearsal
/// @param downtime in which it ran nowhere
public record MigrationReport(
        int rounds,
        long pages,
        long wireBytes,
        long totalNanos,
        long rehearsalNanos,
        Downtime downtime) {
    /// The parts of the time in which the machine ran nowhere, in nanoseconds, as the source sees
    /// them: the target's answer has come back in each that waits for one.
    ///
    /// @param stop until all stood still and its states were taken
    /// @param pages the last ones
    /// @param states the devices', and letting go of the disks
    /// @param arrive until the target could start it
    /// @param start until the target had started it
    public record Downtime(long stop, long pages, long states, long arrive, long start) {
        public long total() {
            return stop + pages + states + arrive + start;
        }
    }
}
