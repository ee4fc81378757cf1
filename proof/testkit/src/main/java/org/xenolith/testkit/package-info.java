/// Test support. Nothing that ships depends on this module; tests of every module may.
///
/// - [org.xenolith.testkit.DeviceLaws]: the laws that every device's state obeys. A device gets
///   them with one [org.xenolith.testkit.DeviceRig] and one call.
/// - [org.xenolith.testkit.StateDamage]: random damage of state records, through their
///   constructors.
/// - [org.xenolith.testkit.ManualClock]: time that stands still until the test moves it.
package org.xenolith.testkit;
