package org.xenolith.base;

/// The number of a domain (`domid_t`, xen/include/public/xen.h): 0 is the control domain, guests
/// have 1 to [#MAX].
public record DomainId(int value) {
    /// `DOMID_FIRST_RESERVED` less one.
    public static final int MAX = 0x7FEF;

    /// `DOMID_SELF`: the calling domain, only ever in a hypercall's argument.
    public static final int SELF = 0x7FF0;

    public static final DomainId CONTROL = new DomainId(0);

    public DomainId {
        if (value < 0 || value > MAX) {
            throw new IllegalArgumentException("domain id " + value + " is outside 0.." + MAX);
        }
    }

    @Override
    public String toString() {
        return Integer.toString(value);
    }
}
