package org.xenolith.pv.xenbus;

import java.util.Map;

/// What a kind of device does when [XenbusBackend] moves from one state to the next. Calls come one
/// at a time, from the back end's worker.
public interface XenbusDevice {
    /// The nodes of the back end that a front end wants to know before it connects.
    Map<String, String> offer();

    /// Connects to what the front end has published; returns the nodes that describe the device.
    /// Whatever was begun has been undone if it throws.
    Map<String, String> connect(FrontendNodes frontend) throws XenbusException;

    /// Lets go of everything of the guest's: pages, event channels. Waits for what is under way.
    /// Does nothing if nothing is connected.
    void disconnect();

    /// The nodes that have to change since the last call, or since [#connect], while connected: the
    /// front end is told to look at them again. Empty for none.
    Map<String, String> changes();
}
