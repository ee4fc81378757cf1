/// What Xenolith is measured with. [org.xenolith.bench.CpuKernels] is a program: small C kernels as
/// guests without an operating system, on the software engine, on QEMU's TCG and on the host.
package org.xenolith.bench;
