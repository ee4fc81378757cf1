/// Live migration (docs/specs/migration-protocol.md): a machine is copied while it runs, stands
/// still for the last of it, and goes on elsewhere.
///
/// ```
///   source                                            target
///   LeavingMachine ──► Departure ──► Link ──► Arrival ──► Landing
///                        │  pages by rounds:              │
///                        │  pages.Rounds ──► PageSender   │ Claims: who may run it
///                        └─ Convergence: when to stop     │
/// ```
///
/// Further connections: the source makes them ([FurtherLinks]) and sends pages by all
/// ([org.xenolith.migration.pages.SpreadPages]); at the target [Joins] bring them together,
/// [Gathering] knows which they are, and [JoinedPages] reads them.
///
/// Read [Departure] first, then [Arrival]; [Frame] is what they say to each other beside the
/// machine's stream. [DomainMachine] and [DomainLanding] are the two ends of a real domain.
package org.xenolith.migration;
