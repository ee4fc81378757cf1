/// The record stream that carries a machine: Xen's own (docs/specs/libxc-migration-stream.pandoc in
/// the Xen tree, version 3), with a few records of ours (docs/specs/state-stream.md).
///
/// ```
///  StreamRecord, PageList ──► StreamWriter ──► a channel
///
///  a file, mapped ──► MappedInput ──►┐
///                                    ├──► StreamReader ──► StreamRecord
///  a channel ───────► ChannelInput ──►┘
/// ```
///
/// Read [StreamRecord] first. What the records mean to a machine is for who reads and writes it.
package org.xenolith.state.stream;
