/// Benchmarks of inner parts, for JMH: `./dev bench jmh [ARGS]`. What they say about a change is a
/// ratio of two runs on one host.
package org.xenolith.bench.inner;
