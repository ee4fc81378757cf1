/// The language in which the meaning of guest instructions is written down once.
///
/// Read [org.xenolith.ir.Op] first: the ops. A [org.xenolith.ir.Unit] is a sequence of them that is
/// executed as a whole, on a [org.xenolith.ir.Context]; status flags are lazy
/// ([org.xenolith.ir.FlagRule], [org.xenolith.ir.Flags]). [org.xenolith.ir.Verifier] states the
/// laws that units keep, [org.xenolith.ir.Evaluator] is the reference for what they do, and
/// [org.xenolith.ir.Passes] make them do it with less.
package org.xenolith.ir;
