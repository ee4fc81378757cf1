package org.xenolith.xen.abi;

/// The states of either end of a xenbus device (`enum xenbus_state`,
/// xen/include/public/io/xenbus.h).
public final class XenbusAbi {
    public static final int XenbusStateUnknown = 0;
    public static final int XenbusStateInitialising = 1;
    public static final int XenbusStateInitWait = 2;
    public static final int XenbusStateInitialised = 3;
    public static final int XenbusStateConnected = 4;
    public static final int XenbusStateClosing = 5;
    public static final int XenbusStateClosed = 6;
    public static final int XenbusStateReconfiguring = 7;
    public static final int XenbusStateReconfigured = 8;

    private XenbusAbi() {}
}
