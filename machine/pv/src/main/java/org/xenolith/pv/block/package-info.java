/// Block devices: the back end of Xen's blkif.
///
/// ```
///                BlockBackend ◄── xenbus: offer, connect, changes, disconnect
///                     │
///   guest ring ──► BlockQueue ──► RequestParser ──► BlockRequest
///              ◄──    │                                  │ one thread each
///            responses│                                  ▼
///                     └───────────────── RequestPerformer ──► Drive ──► BlockDisk
///                                             │
///   guest pages ◄──────────── GrantedPages ◄──┘
/// ```
///
/// Read [BlockBackend] first, then `BlockQueue` and `RequestPerformer`.
package org.xenolith.pv.block;
