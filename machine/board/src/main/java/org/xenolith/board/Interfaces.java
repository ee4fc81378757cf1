package org.xenolith.board;

import java.util.List;

/// The network interfaces of one domain or of one of its machines. May be used from any thread;
/// refusals and what the host cannot do are [DomainException]s, and leave everything as it was.
public interface Interfaces {
    /// Plugs an interface in; the guest notices it by itself. Returns it with its number and its
    /// address.
    VifConfig attach(VifConfig vif) throws DomainException, InterruptedException;

    /// Asks the guest to let go of an interface, waits until it has, and unplugs it. With `force`
    /// nobody is asked.
    void detach(int devid, boolean force) throws DomainException, InterruptedException;

    /// Pulls an interface's cable or puts it in; the guest is told, and frames go nowhere
    /// meanwhile.
    void setLink(int devid, boolean up) throws DomainException;

    /// In the order of their numbers.
    List<InterfaceInfo> list();
}
