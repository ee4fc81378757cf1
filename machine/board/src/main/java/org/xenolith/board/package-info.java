/// From a configuration to a running domain.
///
/// ```
///  DomainConfig ──► Xenolith.create ──► Domain ──► Machine (one for each boot)
///                                         │            │
///                                      Console ◄── console ring, serial port
/// ```
///
/// Read [Domain] first: it is what a program or a domain process holds. A [Machine] lives from one
/// boot to the next shutdown; the domain decides by its `on_*` actions what follows.
package org.xenolith.board;
