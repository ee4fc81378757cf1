/// Finding the pages of a running guest that the other side does not have, and packing them. What
/// moves a machine and what mirrors one have it in common.
///
/// ```
///   Rounds ──► PageSink: PageSender ──► StreamWriter ──► MeteredOutput ──► connection
///                          │ SentPages: of a page that goes again, the difference
///                          └ PackingChoice
///            or SpreadPages ──► Lane, of each connection: a thread with a PageSender
/// ```
package org.xenolith.migration.pages;
