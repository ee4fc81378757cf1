/// What tests of several modules need of TLS.
package org.xenolith.xl.tls.testing;
