/// The guest that is measured: its program and initramfs, the two hypervisors that start it, and
/// what it says on its console.
///
/// ```
///  GuestFiles ──► Hypervisor.start ──► Guest ──► GuestConsole ──► Transcript ──► Mark, Lap
/// ```
///
/// Time is the host's, taken when the guest's marks arrive; what the guest's own clock says is kept
/// beside it.
package org.xenolith.bench.guest;
