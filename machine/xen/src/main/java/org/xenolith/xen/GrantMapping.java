package org.xenolith.xen;

/// A page that a guest has granted to a back end in our process, which reads and writes it by its
/// guest-physical address while the mapping lasts. May be used from any thread.
public interface GrantMapping extends AutoCloseable {
    /// The guest frame number of the page.
    long gfn();

    /// Whether the guest allows writing.
    boolean writable();

    /// Ends the mapping; the guest may then take the grant back. Does nothing the second time.
    @Override
    void close();
}
