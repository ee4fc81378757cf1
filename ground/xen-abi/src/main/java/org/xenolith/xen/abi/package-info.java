/// Xen's public interface as data: numbers and structure layouts, in the headers' own spelling.
///
/// One class for each public header holds its numbers (`EventChannelAbi` for `event_channel.h`) and
/// its structures as [Struct]s, which know both layouts: that of 64-bit callers and that of 32-bit
/// ones. [XenErrno] holds the error numbers. Behaviour is in `org.xenolith.xen`.
///
/// A test compares every number, size and offset with the C headers where a compiler and the
/// headers are installed.
package org.xenolith.xen.abi;
