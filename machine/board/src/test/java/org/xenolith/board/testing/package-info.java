/// Devices of which nothing is there but what is known of them, for tests of whatever asks a domain
/// for its devices.
package org.xenolith.board.testing;
