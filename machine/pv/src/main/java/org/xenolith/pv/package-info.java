/// The PV console and the hub that people attach to.
///
/// ```
///  guest ring ──► PvConsole ──► Outbox ──► ConsoleHub ──► ConsoleSession (any number)
///             ◄──    input queue   ◄──────     input   ◄──
/// ```
///
/// Read [PvConsole] first, then [ConsoleHub].
package org.xenolith.pv;
