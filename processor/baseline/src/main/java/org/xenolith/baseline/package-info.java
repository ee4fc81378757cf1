/// Regions as machine code of an x86-64 host, made in one pass.
///
/// ```
///  Region ──► RegionFlow ──► Plan ──► BlockCode ──► Assembler ──► ExecutableMemory
///              (of jit)     what is    op by op      encodings      (of linux)
///                           made where    │
///                                      Values: host registers
///                                      FlagCode: lazy flags
/// ```
///
/// [org.xenolith.baseline.MachineCodeCompiler] is the door. Guest registers live in the context
/// between instructions; within a block, and from block to block of a trace (`Traces`), values are
/// kept in host registers by `Values`. Where code for an instruction would be more than a few host
/// instructions, the region is left there.
///
/// Nothing checks what the code does with memory: it is for a process that holds one domain.
package org.xenolith.baseline;
