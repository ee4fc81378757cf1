/// What primary and backup do, and when: two state machines without threads, clocks or sockets.
/// Events go in, with the time, and actions come out. Threads run them in earnest, simulations on a
/// time of their own.
///
/// ```
///                 Welcome          epoch 0 is sent         Committed 0
///   GREETING ──────────► COPYING ──────────────► STARTING ────────────► PROTECTED     primary
///       │ any failure       │                       │ lost                │ lost
///       ▼                   ▼       ALONE           ▼                     ▼
///   UNPROTECTED ◄───────────┴────────────────── ASKING ──────────────► FENCED
///                                                            PROMOTED
///
///                 Commit 0          lost              PROMOTED
///   RECEIVING ──────────► STANDBY ──────► ASKING ──────────────► PROMOTED             backup
///       │ lost               │ GiveUp        │ ALONE
///       └────────────────────┴───────────────┴──────► DISCARDED
/// ```
///
/// Read [Decision] first, then [PrimaryProtocol] and [BackupProtocol].
package org.xenolith.mirror.protocol;
