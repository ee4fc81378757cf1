/// A connection within a test, for tests of whatever speaks with another host.
package org.xenolith.migration.testing;
