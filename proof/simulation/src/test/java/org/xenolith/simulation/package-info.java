/// A mirror with all that can happen to it, in one thread, on virtual time, from one seed.
///
/// ```
///   Scenario ──► World: time, chance, order
///      ├ PrimaryHost ── Guest ── PrimaryProtocol ──┐
///      ├ Connection                                 ├─► Judge: what must never be, what must be
///      ├ BackupHost ── Standby ── BackupProtocol ──┤
///      ├ Register (the arbiter)                     │
///      ├ Client: asks, counts, remembers ───────────┘
///      └ Faults: what goes wrong, and when
/// ```
///
/// The protocol is the very one that real hosts run. A seed that fails names itself; see it again
/// by `-Dxenolith.seed=`.
package org.xenolith.simulation;
