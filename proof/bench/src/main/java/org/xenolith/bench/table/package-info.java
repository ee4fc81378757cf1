/// The table of `./dev bench`: its rows, what a run of one gives, and how they are set side by
/// side. Begin with [org.xenolith.bench.table.Rows]. Nothing here starts a process or reads a
/// clock.
package org.xenolith.bench.table;
