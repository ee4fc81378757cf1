/// Back ends on rings that they share with a guest. So far the console.
///
/// ```
///  guest ring ──► PvConsole ──► Outbox ──► whoever shows it
///             ◄──    input queue   ◄──────  who types
/// ```
///
/// Read [PvConsole] first.
package org.xenolith.pv;
