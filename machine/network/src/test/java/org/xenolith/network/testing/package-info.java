/// Networks of this host's kernel that tests make for themselves.
package org.xenolith.network.testing;
