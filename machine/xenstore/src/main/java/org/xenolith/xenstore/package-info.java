/// The xenstore.
///
/// ```
///  guest ring ── StoreRing ──┐
///  socket ── StoreConnection ┼─► Connection ─► RequestParser ─► StoreCore ─► Tree (immutable)
///  this process ── XenStore ─┘      ▲                              │   └── Transaction (a snapshot)
///                                   └──────── watch events ────────┘
/// ```
///
/// Read [XenStore] first, then `Tree`, `Transaction` and `StoreCore`.
package org.xenolith.xenstore;
