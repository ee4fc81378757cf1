package org.xenolith.x86;

/// Where instruction bytes come from.
@FunctionalInterface
public interface CodeSource {
    /// The byte at offset `pc` of the code segment, 0 to 255. Throws [Trap] if it cannot be
    /// fetched.
    int byteAt(long pc);
}
