/// x86 floating point in plain Java, equal to the hardware bit for bit.
///
/// ```
///   Float80…  x87: operations on (significand, signExponent), state in FpuContext ─┐
///                                                                                  ├► Kernel ► Rounding
///   Float32, Float64, FloatLanes  SSE: operations on bits, state in Mxcsr ─────────┘
/// ```
///
/// Both contexts are [Unrounded] numbers: an operation sorts out special operands by the rules of
/// its unit, lets [Kernel] compute the exact result into the context, and lets [Rounding] pack it.
/// All state is in the context that the caller passes; all methods are static.
///
/// Read first: [FpuContext], [Float80Arithmetic], [Kernel].
package org.xenolith.softfloat;
