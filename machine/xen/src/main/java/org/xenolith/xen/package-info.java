/// The Xen side of a domain: hypercalls, event channels, grant tables, shared pages, time.
///
/// ```
///   guest ──vmcall──► XenDomain ──► Hypercalls ──► one row: parser ──► performer
///                         ▲             (table)        │                  │
///     board: vcpuRuns,    │                            ▼                  ▼
///     pendingCallbackVector                     MemoryOp, SchedOp…   MemoryOps, Scheduling…
///                         │                     (validated records)   under the DomainLock
///   back ends ──notify──► EventChannels ──► TwoLevelEvents | FifoEvents ──► Upcalls
///                                           (guest memory)                    │
///   board ◄──────────────── DomainHost: interrupt, wake, shutdown… ◄──────────┘
/// ```
///
/// Read first: [XenDomain], what a machine sees; [DomainHost] and [VcpuContext], what it must
/// provide; `Hypercalls`, the table; `EventChannels`, the largest performer.
///
/// How a hypercall is made: `Call` copies arguments out of guest memory, in the layout of a 64-bit
/// or of a 32-bit caller; the row's parser makes them an operation, a record of a sealed type; the
/// performer checks and acts under the domain's one lock, and copies results back without it. A
/// refusal travels as the checked `Refusal` inside the package and leaves as a negative number.
/// Listeners are called when the lock is free again (`DomainLock`).
///
/// Errors are those of Xen 4.17, which it claims to be. It differs knowingly in this:
///
/// - lists are cut short where Xen would interrupt and continue the hypercall: reservations after
///   2^18 pages, with the count done; other lists after 2^18 entries and console writes over 1 MiB,
///   with `E2BIG`;
/// - `CONSOLEIO_write` is open to guests, as in a debug build;
/// - grant tables have version 1 only, and grants are mapped by back ends in our process or by the
///   granting domain itself;
/// - runstate and time areas are found once, when registered, and followed by guest-physical
///   address from then on;
/// - callbacks by GSI and PCI INTx reach a machine that says it has the wires, and are ignored
///   elsewhere, as Xen does for PVH.
package org.xenolith.xen;
