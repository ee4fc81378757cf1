/// The guest that is measured: its program and initramfs, the two hypervisors that start it, and
/// what it says on its console.
///
/// ```
///  GuestFiles ──► Hypervisor.start ──► Guest ──► GuestConsole ──► Transcript ──► Mark, Lap
/// ```
///
/// Guests of some kinds ([org.xenolith.bench.guest.Machine]) have a disk or a network; what of the
/// host's is behind them is [org.xenolith.bench.guest.Devices]'s.
///
/// Time is the host's, taken when the guest's marks arrive; what the guest's own clock says is kept
/// beside it.
package org.xenolith.bench.guest;
