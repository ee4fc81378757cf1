/// How `xl` and the domains' processes find and talk to each other.
///
/// ```
///  RuntimeDirectory
///    lock, next-domid, hypervisor.log
///    domains/3/  lock          held as long as the domain's process lives
///                domain.json   domid, name, uuid, pid
///                control.sock  ControlServer ◄── ControlClient
/// ```
///
/// There is no daemon: each domain is a process of its own ([DomainProcess]), started by
/// [DomainLauncher]. The protocol is in `docs/specs/control-socket.md`.
package org.xenolith.xl.control;
