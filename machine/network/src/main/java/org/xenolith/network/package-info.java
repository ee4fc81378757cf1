/// Frames on their way between the network interfaces of guests and the world.
///
/// A [org.xenolith.network.Frame] is an Ethernet frame with what is still to be done on it. A
/// [org.xenolith.network.Port] is what a guest's interface is plugged into; frames go both ways
/// through a [org.xenolith.network.FrameSink].
package org.xenolith.network;
