/// The group `outlive` of `./dev bench`: what it costs that a machine outlives its host, beside the
/// goals that there are for it and what Remus's authors have published.
///
/// ```
///  OutliveSession ──► Moves, Restores, Mirrors, FailOvers ──► Readings ──► OutliveTable
///                          │
///                         Lab: two Hosts, which are two runtime directories in one network
///                              namespace with a bridge; `xl` as a user types it
/// ```
///
/// Begin with [org.xenolith.bench.outlive.Figures], the rows.
package org.xenolith.bench.outlive;
