/// What Xenolith is measured with: `./dev bench`, see `docs/benchmarks.md`.
///
/// [org.xenolith.bench.Main] compares whole guests on Xenolith and on QEMU's TCG: a
/// [org.xenolith.bench.Session] starts those of `guest`, does the rows of `table`, and has its
/// table written there. [org.xenolith.bench.CpuKernels] runs small C kernels as guests without an
/// operating system, on the software engine alone, on TCG and on the host; `inner` is for JMH.
package org.xenolith.bench;
