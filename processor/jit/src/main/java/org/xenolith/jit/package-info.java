/// Units of the intermediate language as JVM bytecode.
///
/// ```
///  Unit ──► Shape + parameters ──► HandlerClass ──► Emitter ──► Homes
///             one class a shape      class file      ops         state
/// ```
///
/// [org.xenolith.jit.HandlerFactory] is the door: code for a unit, evaluated as long as its shape
/// is rare. `Emitter` turns ops into bytecode by the order that `Schedule` finds; `Computations`
/// knows how each computing op is spelled; `Homes` decides where registers, flags and memory are,
/// which is what a compiler of larger regions would do in its own way.
package org.xenolith.jit;
