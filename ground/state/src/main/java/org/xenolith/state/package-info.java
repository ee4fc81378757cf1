/// What state records are made of, and their wire form (docs/specs/state-stream.md).
///
/// ```
///  record ──► StateCodec ──► Shape, one for each type of component ──► Bytes
/// ```
///
/// Read [org.xenolith.state.StateCodec] first.
package org.xenolith.state;
