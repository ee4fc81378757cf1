/// Frames on their way between the network interfaces of guests and the world.
///
/// A [org.xenolith.network.Frame] is an Ethernet frame with what is still to be done on it. A
/// [org.xenolith.network.Port] is what a guest's interface is plugged into; frames go both ways
/// through a [org.xenolith.network.FrameSink]. [org.xenolith.network.Ports] opens one for what a
/// configuration says, a [org.xenolith.network.PortKind]:
///
/// ```
///  Bridge    TapPort ── a thread for each queue ── TapInterface (module linux)
///  Passt     PasstPort ── StreamLink ── PasstProcess
///  Network   SwitchPort ── NetworkSwitch ── WaitingFrames ── the other guests
///                                        └── PeerLink ── StreamLink ── another process
/// ```
///
/// [org.xenolith.network.StreamLoop] is the one thread that reads all sockets. Decision 20 says why
/// it is so.
package org.xenolith.network;
