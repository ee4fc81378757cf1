package org.xenolith.xen;

/// Which Xen a guest sees, and an operator in `xl info`.
public final class XenVersion {
    public static final int MAJOR = 4;
    public static final int MINOR = 17;
    public static final String EXTRA = ".0-xenolith";

    /// What kinds of guests it runs, in Xen's spelling (`XENVER_capabilities`).
    public static final String CAPABILITIES =
            "xen-3.0-x86_64 hvm-3.0-x86_32 hvm-3.0-x86_32p hvm-3.0-x86_64 ";

    private XenVersion() {}
}
