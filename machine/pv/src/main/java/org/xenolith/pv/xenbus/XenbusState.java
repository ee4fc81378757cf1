package org.xenolith.pv.xenbus;

import org.xenolith.xen.abi.XenbusAbi;

import java.util.Arrays;
import java.util.Optional;

/// How far one end of a device is (`enum xenbus_state`, xen/include/public/io/xenbus.h).
public enum XenbusState {
    UNKNOWN(XenbusAbi.XenbusStateUnknown),
    INITIALISING(XenbusAbi.XenbusStateInitialising),
    INIT_WAIT(XenbusAbi.XenbusStateInitWait),
    INITIALISED(XenbusAbi.XenbusStateInitialised),
    CONNECTED(XenbusAbi.XenbusStateConnected),
    CLOSING(XenbusAbi.XenbusStateClosing),
    CLOSED(XenbusAbi.XenbusStateClosed),
    RECONFIGURING(XenbusAbi.XenbusStateReconfiguring),
    RECONFIGURED(XenbusAbi.XenbusStateReconfigured);

    private final int number;

    XenbusState(int number) {
        this.number = number;
    }

    public int number() {
        return number;
    }

    /// The value of a `state` node.
    public String text() {
        return Integer.toString(number);
    }

    /// What a `state` node says; UNKNOWN if it is not there or says nothing that is known.
    public static XenbusState of(Optional<String> text) {
        return Arrays.stream(values())
                .filter(state -> text.isPresent() && state.text().equals(text.get().strip()))
                .findFirst()
                .orElse(UNKNOWN);
    }
}
