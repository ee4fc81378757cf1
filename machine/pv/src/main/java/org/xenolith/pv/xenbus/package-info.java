/// How a back end and a front end of any kind find each other and part again, through xenstore.
///
/// Read [XenbusBackend] first.
package org.xenolith.pv.xenbus;
