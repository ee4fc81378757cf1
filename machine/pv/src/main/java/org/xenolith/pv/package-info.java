/// Back ends on rings that they share with a guest. Here the console; block devices are in
/// [org.xenolith.pv.block], what all kinds of devices have in common in [org.xenolith.pv.xenbus].
///
/// ```
///  guest ring ──► PvConsole ──► Outbox ──► whoever shows it
///             ◄──    input queue   ◄──────  who types
/// ```
///
/// Read [PvConsole] first.
package org.xenolith.pv;
