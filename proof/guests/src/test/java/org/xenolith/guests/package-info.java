/// Whole guests: unmodified Debian kernels from the guest kit, booted through the Java API and
/// through `xl`, and asked in their own shell whether what they see is right.
///
/// [Guest] is a booted domain whose shell runs commands. A test that needs a kernel which neither
/// the kit's cache nor apt has is skipped, with the reason.
package org.xenolith.guests;
