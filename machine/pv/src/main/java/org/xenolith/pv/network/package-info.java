/// Network interfaces: the back end of Xen's netif.
///
/// ```
///               NetworkBackend ◄── xenbus: offer, connect, changes, disconnect
///                     │
///                     │        NetworkQueue, one for each pair of rings
///   transmit ring ──► │ Transmitter ──► TransmitPacket ──► Frame ──► Port.world()
///                     │   │ worker                           ▲
///                     │   └── Segmenter, InternetChecksum ───┘ what the world cannot do
///                     │
///   receive ring  ◄── │ ReceiveRing ◄── Receiver ◄── GuestSink ◄── whoever brings a frame
///                     │                                  │
///   control ring  ──► ControlRing ──► HashSteering ──────┘ which ring
/// ```
///
/// A frame for the guest is written by the thread that brings it, or not taken: nothing waits here.
/// What the guest transmits is copied once, out of its pages into the array that its frame keeps.
///
/// Read [NetworkBackend] first, then `Transmitter` and `Receiver`.
package org.xenolith.pv.network;
