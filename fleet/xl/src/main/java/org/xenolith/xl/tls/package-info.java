/// Connections between hosts, by the JDK's TLS, whose two ends prove to each other who they are.
///
/// [TlsIdentity] is what a host proves itself with and whom it believes; [TlsDialer] makes
/// connections, [TlsListener] takes them. What they carry is not their business.
package org.xenolith.xl.tls;
