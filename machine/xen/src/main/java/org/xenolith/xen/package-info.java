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
/// Errors are those of Xen 4.17, which it claims to be; where it knowingly differs is listed in
/// `docs/quirks.md`.
package org.xenolith.xen;
