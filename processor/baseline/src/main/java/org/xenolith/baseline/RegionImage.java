package org.xenolith.baseline;

import java.lang.foreign.MemorySegment;

/// The machine code of a region, which does not depend on where it lies, nor on the process.
///
/// @param explicitFlags whether the context's flags must be explicit at its entry
public record RegionImage(MemorySegment code, boolean explicitFlags) {}
